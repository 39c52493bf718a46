use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::units::{ByteCount, Period, Window, apportion};

use super::error::PricingError;
use super::history::ByteHistory;

/// What a registry stored and moved: the input of a bill besides the price book and the period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageHistory {
    /// Bytes in the default storage class, over time.
    pub stored: ByteHistory,
    /// Bytes in other classes, by name; not included in `stored`.
    pub classes: BTreeMap<String, ByteHistory>,
    /// The regions beyond the first that hold a replica.
    pub replicas: Vec<String>,
    /// The number of paid users, for plans priced per user.
    pub seats: u32,
    /// Whether another registry of the account pays the fee, for plans priced per account.
    pub fee_elsewhere: bool,
    /// The number of repositories, for plans that limit them.
    pub repositories: u64,
    /// Bytes that other registries of the same account store. They fill quota and tiers first, if the book pools them.
    pub stored_elsewhere: ByteCount,
    /// Moved bytes by day and destination, ideally summed over repositories. Days before the period count towards the
    /// tiers of their month; days outside it are not charged.
    pub moved: Vec<MovedBytes>,
    /// Bytes per month that everything else in the account moves to a zone. They fill the tiers first.
    pub moved_elsewhere: BTreeMap<String, ByteCount>,
    /// The price of a unit moved to a zone, in the book's currency, if the user knows the marginal price; quota and
    /// tiers are then ignored.
    pub transfer_price: BTreeMap<String, Decimal>,
    /// Bytes retrieved from other storage classes, by day.
    pub retrieved: Vec<RetrievedBytes>,
}

/// Bytes moved to one destination on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovedBytes {
    /// The day, in UTC.
    pub day: NaiveDate,
    /// The destination, as named in the book.
    pub zone: String,
    /// The number of bytes.
    pub bytes: u128,
}

impl MovedBytes {
    /// Spreads the sum of a period (an assumption, or a polled counter) evenly over its days. The parts add up to the
    /// sum.
    ///
    /// # Errors
    /// If a day's bytes exceed the range of [`ByteCount`].
    pub fn spread(zone: &str, bytes: u128, period: Period) -> Result<Vec<Self>, PricingError> {
        let days: Vec<NaiveDate> = period.split(Window::Day).into_iter().map(Period::start).collect();
        let parts = apportion(bytes, &vec![1; days.len()])?;
        let moved = days.into_iter().zip(parts);
        Ok(moved
            .map(|(day, bytes)| Self {
                day,
                zone: zone.to_owned(),
                bytes,
            })
            .collect())
    }
}

/// Bytes retrieved from a storage class on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetrievedBytes {
    /// The day, in UTC.
    pub day: NaiveDate,
    /// The class, as named in the book.
    pub class: String,
    /// The number of bytes.
    pub bytes: u128,
}

impl UsageHistory {
    /// Usage of storage alone: no replicas, no traffic, one user.
    pub fn from_stored(stored: ByteHistory) -> Self {
        Self {
            stored,
            classes: BTreeMap::new(),
            replicas: Vec::new(),
            seats: 1,
            repositories: 0,
            fee_elsewhere: false,
            stored_elsewhere: ByteCount::ZERO,
            moved: Vec::new(),
            moved_elsewhere: BTreeMap::new(),
            transfer_price: BTreeMap::new(),
            retrieved: Vec::new(),
        }
    }

    /// The same usage with other bytes in the default class, as on Alpine.
    pub fn with_stored(&self, stored: ByteHistory) -> Self {
        Self {
            stored,
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_is_spread_over_days_without_losing_a_byte() {
        let november = Period::month(2026, 11).unwrap();
        let moved = MovedBytes::spread("internet", 1_000_000_007, november).unwrap();
        assert_eq!(moved.len(), 30);
        assert_eq!(moved.iter().map(|moved| moved.bytes).sum::<u128>(), 1_000_000_007);
        assert!(moved.iter().all(|moved| moved.bytes / 1_000 == 33_333));
    }
}
