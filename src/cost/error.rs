use crate::pricing::{PricingError, UnknownBook};
use crate::units::{Currency, MoneyError};

/// Why there is no statement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CostError {
    /// The registry is to be billed by a book that is not there.
    #[error(transparent)]
    Book(#[from] UnknownBook),
    /// No bill can be drawn up.
    #[error(transparent)]
    Pricing(#[from] PricingError),
    /// Savings were asked for without a price book or without the bytes on Alpine.
    #[error("there are no savings without a price book and the sizes on Alpine")]
    NoAlpine,
    /// The minimum saving is set in another currency than the price book's.
    #[error(
        "worth.minimum_saving is in another currency than the price book, which is in {currency}; write the amount \
         without a currency to mean that of each price book"
    )]
    MinimumSaving {
        /// The currency of the price book.
        currency: Currency,
    },
    /// A month that the calendar no longer has.
    #[error("there is no such month")]
    EndOfCalendar,
    /// Two editions of a book within one period, in two currencies.
    #[error("price book `{book}` changes from {from} to {to} within the period; ask for shorter periods")]
    CurrencyChanges {
        /// The book's id.
        book: String,
        /// The currency before.
        from: Currency,
        /// The currency after.
        to: Currency,
    },
}

impl From<MoneyError> for CostError {
    fn from(error: MoneyError) -> Self {
        Self::Pricing(error.into())
    }
}
