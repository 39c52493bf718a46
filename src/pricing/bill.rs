use serde::{Deserialize, Serialize};

use crate::units::{ByteCount, Currency, Money, Period};

use super::book::PriceBook;
use super::error::PricingError;
use super::line::{Charge, Line};
use super::usage::UsageHistory;
use super::warning::{self, Warning};
use super::{fee, storage, transfer};

/// The modelled cost of a registry over a period under a price book. A model of the invoice, not an invoice.
///
/// If the period is cut anywhere and the bills of the pieces are added line by line, the result is this bill to the
/// last digit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bill {
    /// The id of the price book.
    pub book: String,
    /// The edition of the price book.
    pub book_version: String,
    /// The billed days.
    pub period: Period,
    /// The currency of every amount.
    pub currency: Currency,
    /// The charges. Quota and free allowance are separate lines with a price of zero.
    pub lines: Vec<Line>,
    /// The exact sum of the lines.
    pub total: Money,
    /// The average of stored bytes over the period, in the default class, one copy.
    pub average_stored: ByteCount,
    /// What must be stated wherever the bill, or anything made from it, is shown.
    pub warnings: Vec<Warning>,
}

/// Computes the bill of one registry, or of several whose histories are summed because they share an account.
///
/// # Errors
/// If usage names a zone or class that the book does not have, has replicas that the plan does not offer, or is too
/// large for exact arithmetic.
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
        warnings: warning::for_bill(book, usage, period),
    })
}

impl Bill {
    /// The exact sum of the lines that `wanted` selects.
    pub fn subtotal(&self, wanted: impl Fn(Charge) -> bool) -> Result<Money, PricingError> {
        let picked = self
            .lines
            .iter()
            .filter(|line| wanted(line.charge))
            .map(|line| line.cost);
        Ok(Money::checked_total(self.currency, picked)?)
    }

    /// The value of quota and free allowances: what their bytes would have cost without them.
    pub fn quota_benefit(&self) -> Result<Money, PricingError> {
        let worth = self.lines.iter().filter_map(|line| line.worth);
        Ok(Money::checked_total(self.currency, worth)?)
    }
}
