use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::units::{ByteCount, Period, Window, apportion};

use super::error::PricingError;
use super::history::ByteHistory;

/// What a registry stored and moved: all a bill depends on besides the book and the period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageHistory {
    /// Bytes in the ordinary class of storage, over time.
    pub stored: ByteHistory,
    /// Bytes in other classes, by the class's name; not counted in `stored`.
    pub classes: BTreeMap<String, ByteHistory>,
    /// The regions beyond the first that keep a copy.
    pub replicas: Vec<String>,
    /// How many users are paid for, where a plan is priced per user.
    pub seats: u32,
    /// How many repositories there are, for plans that limit them.
    pub repositories: u64,
    /// Bytes that other registries of the same account store. They fill quota and tiers first, where a book
    /// pools them.
    pub stored_elsewhere: ByteCount,
    /// What was moved, by day and destination, best summed over repositories. Days before the period count towards the tiers of their
    /// month; days outside it are not charged.
    pub moved: Vec<MovedBytes>,
    /// Bytes that everything else in the account moves to a zone each month. They fill the tiers first.
    pub moved_elsewhere: BTreeMap<String, ByteCount>,
    /// The price of a unit moved to a zone, in the book's currency, where the user knows what one more unit
    /// costs; quota and tiers are then left aside.
    pub transfer_price: BTreeMap<String, Decimal>,
    /// What was read back from other classes of storage, by day.
    pub retrieved: Vec<RetrievedBytes>,
}

/// Bytes moved to one destination in one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovedBytes {
    /// The day, in UTC.
    pub day: NaiveDate,
    /// The destination, as the book names it.
    pub zone: String,
    /// How many bytes.
    pub bytes: u128,
}

impl MovedBytes {
    /// Bytes of which only the sum over a period is known (an assumption, a polled counter), spread evenly over
    /// its days. They add up to the sum.
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

/// Bytes read back from a class of storage in one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetrievedBytes {
    /// The day, in UTC.
    pub day: NaiveDate,
    /// The class, as the book names it.
    pub class: String,
    /// How many bytes.
    pub bytes: u128,
}

impl UsageHistory {
    /// Usage of storage alone: no replicas, no traffic, one user.
    pub fn storing(stored: ByteHistory) -> Self {
        Self {
            stored,
            classes: BTreeMap::new(),
            replicas: Vec::new(),
            seats: 1,
            repositories: 0,
            stored_elsewhere: ByteCount::ZERO,
            moved: Vec::new(),
            moved_elsewhere: BTreeMap::new(),
            transfer_price: BTreeMap::new(),
            retrieved: Vec::new(),
        }
    }

    /// The same usage with other bytes in the ordinary class, as on Alpine.
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
