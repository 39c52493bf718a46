use serde::{Deserialize, Serialize};

use crate::units::{ByteCount, Currency, Money, Period};

use super::book::PriceBook;
use super::error::PricingError;
use super::line::{Charge, Line};
use super::usage::UsageHistory;
use super::warning::{self, Warning};
use super::{fee, storage, transfer};

/// What a registry costs over a period under a price book: a model of the invoice, not an invoice.
///
/// Cut the period anywhere, add the bills of the pieces line by line, and the result is this bill to the
/// last digit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bill {
    /// The id of the book.
    pub book: String,
    /// The edition of the book.
    pub book_version: String,
    /// The days charged for.
    pub period: Period,
    /// The currency of every amount.
    pub currency: Currency,
    /// The charges. Quota and free allowance are lines of their own, at a price of zero.
    pub lines: Vec<Line>,
    /// The exact sum of the lines.
    pub total: Money,
    /// The average of stored bytes over the period, in the ordinary class, one copy.
    pub average_stored: ByteCount,
    /// What a reader must be told wherever the bill or anything made from it is shown.
    pub warnings: Vec<Warning>,
}

/// Draws up the bill of one registry (or of several histories summed, where an account is billed as one).
///
/// # Errors
/// Where usage names a zone or class the book does not have, has replicas the plan does not offer, or is
/// too large to be reckoned with exactly.
pub fn bill(book: &PriceBook, usage: &UsageHistory, period: Period) -> Result<Bill, PricingError> {
    let mut lines = fee::lines(book, usage, period)?;
    lines.extend(storage::lines(book, usage, period)?);
    lines.extend(transfer::lines(book, usage, period)?);
    let total = Money::checked_total(book.currency, lines.iter().map(|line| line.cost))?;
    Ok(Bill {
        book: book.id.clone(),
        book_version: book.version.clone(),
        period,
        currency: book.currency,
        lines,
        total,
        average_stored: usage.stored.average(period),
        warnings: warning::of(book, usage, period),
    })
}

impl Bill {
    /// The exact sum of the lines that `wanted` picks.
    pub fn subtotal(&self, wanted: impl Fn(Charge) -> bool) -> Result<Money, PricingError> {
        let picked = self
            .lines
            .iter()
            .filter(|line| wanted(line.charge))
            .map(|line| line.cost);
        Ok(Money::checked_total(self.currency, picked)?)
    }

    /// What quota and free allowances are worth: what their bytes would have cost without them.
    pub fn quota_benefit(&self) -> Result<Money, PricingError> {
        let worth = self.lines.iter().filter_map(|line| line.worth);
        Ok(Money::checked_total(self.currency, worth)?)
    }
}
