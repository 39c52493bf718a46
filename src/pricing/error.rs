use crate::units::{ByteOverflow, Inexact, MoneyError, NoWeight};

/// Why a bill cannot be computed. A faulty book never gets this far; see [`BookFaults`](super::BookFaults).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PricingError {
    /// Usage names a destination for which the book has no price.
    #[error("price book `{book}` has no transfer zone `{zone}`; it has {}", list(known))]
    UnknownZone {
        /// The book's id.
        book: String,
        /// The unknown name.
        zone: String,
        /// The names in the book.
        known: Vec<String>,
    },
    /// Usage names a storage class for which the book has no price.
    #[error("price book `{book}` has no storage class `{class}`; it has {}", list(known))]
    UnknownClass {
        /// The book's id.
        book: String,
        /// The unknown name.
        class: String,
        /// The names in the book.
        known: Vec<String>,
    },
    /// The registry has replicas and the plan offers none.
    #[error(
        "price book `{book}` has no price for replicas; choose a plan that offers them or add [replicas]"
    )]
    NoReplicas {
        /// The book's id.
        book: String,
    },
    /// Two bills, or a bill and a rule, that do not match.
    #[error("{0}")]
    Mismatch(String),
    /// An invalid share or set of shares.
    #[error("{0}")]
    BadShare(String),
    /// A quantity is too large.
    #[error("a quantity is too large to be billed exactly")]
    Overflow,
    /// Exact arithmetic with an amount failed.
    #[error(transparent)]
    Money(#[from] MoneyError),
    /// A cost cannot be divided because all weights are zero.
    #[error(transparent)]
    NoWeight(#[from] NoWeight),
}

impl From<Inexact> for PricingError {
    fn from(_: Inexact) -> Self {
        Self::Overflow
    }
}

impl From<ByteOverflow> for PricingError {
    fn from(_: ByteOverflow) -> Self {
        Self::Overflow
    }
}

/// Names as a list in a sentence.
pub(super) fn list(names: &[String]) -> String {
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}
