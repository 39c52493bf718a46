use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::units::{ByteCount, Money, Period};

use super::bill::bill;
use super::book::PriceBook;
use super::error::PricingError;
use super::usage::UsageHistory;

/// The marginal and the average cost of storage over a period, including replicas and fees.
///
/// Below the quota, one more unit costs nothing although the average is high. Finance needs to see that difference before
/// it pays for a migration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitCosts {
    /// The unit: `GiB` or `GB`.
    pub unit: String,
    /// The additional cost of one more unit throughout the period. Exact.
    pub one_more: Money,
    /// The saving of one unit less throughout the period. Exact.
    pub one_less: Money,
    /// All costs but traffic, divided by the average of stored units, rounded to ten decimals; null if nothing is stored.
    pub average: Option<Money>,
}

/// Computes the marginal and the average price of storage by computing the bill again.
///
/// # Errors
/// As for [`bill`](super::bill).
pub fn unit_costs(book: &PriceBook, usage: &UsageHistory, period: Period) -> Result<UnitCosts, PricingError> {
    let unit = book.unit.bytes();
    let now = bill(book, usage, period)?;
    let more = usage
        .stored
        .map(|bytes| ByteCount::try_from(bytes.get() + unit).unwrap_or(ByteCount::MAX));
    let less = usage
        .stored
        .map(|bytes| ByteCount::try_from(bytes.get().saturating_sub(unit)).unwrap_or_default());
    let more = bill(book, &usage.with_stored(more), period)?.total;
    let less = bill(book, &usage.with_stored(less), period)?.total;
    let kept = now.subtotal(|charge| !charge.is_transfer())?;
    let average = kept
        .amount()
        .checked_mul(Decimal::from(unit))
        .and_then(|cost| cost.checked_div(Decimal::from(now.average_stored.get())))
        .map(|average| Money::new(average.round_dp(10), book.currency));
    Ok(UnitCosts {
        unit: book.unit.name().to_owned(),
        one_more: more.checked_sub(now.total)?,
        one_less: now.total.checked_sub(less)?,
        average,
    })
}
