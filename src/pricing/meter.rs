//! The arithmetic of meters: cumulative counts, cut into tiers, in exact decimals.
//!
//! A meter counts in integers (byte-seconds, or bytes) from the start of its window and fills its tiers from below. A
//! period is charged the difference between the readings at its end and at its start. Both are rounded the same way,
//! so the pieces of a period add up to the whole to the last digit, wherever it is cut.

use rust_decimal::Decimal;

use crate::units::{exact_product, exact_sum};

use super::book::Rate;
use super::error::PricingError;

/// Decimals of a quantity. Our choice: a billionth of a GiB-day is about one byte for a day.
pub const QUANTITY_DECIMALS: u32 = 9;

/// A quantity in billionths of its unit.
pub(super) type Billionths = u128;

/// One unit, in billionths.
pub(super) const UNIT: Billionths = 1_000_000_000;

/// A range of a price list with one price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Band {
    /// Its start and end, in bytes.
    from: u64,
    to: Option<u64>,
    /// The price of a unit; zero if included.
    pub(super) price: Decimal,
    /// Whether it is within the quota or free allowance.
    pub(super) included: bool,
}

/// The bands of a rate as charged: the included quota first, then the tiers above it.
fn bands(rate: &Rate) -> Vec<Band> {
    let mut bands = Vec::with_capacity(rate.tiers.len() + 1);
    if rate.included > 0 {
        bands.push(Band {
            from: 0,
            to: Some(rate.included),
            price: Decimal::ZERO,
            included: true,
        });
    }
    for tier in &rate.tiers {
        if tier.to.is_none_or(|to| to > rate.included) {
            let from = tier.from.max(rate.included);
            bands.push(Band {
                from,
                to: tier.to,
                price: tier.price,
                included: false,
            });
        }
    }
    bands
}

/// The quantity that a meter counted within a band.
#[derive(Debug, Clone, Copy)]
pub(super) struct BandUsage {
    pub(super) band: Band,
    pub(super) quantity: Billionths,
    /// For an included band: what it would have cost by the tiers.
    pub(super) worth: Decimal,
}

impl BandUsage {
    pub(super) fn nothing(band: Band) -> Self {
        Self {
            band,
            quantity: 0,
            worth: Decimal::ZERO,
        }
    }

    pub(super) fn add(&mut self, quantity: Billionths, worth: Decimal) -> Result<(), PricingError> {
        self.quantity = self
            .quantity
            .checked_add(quantity)
            .ok_or(PricingError::Overflow)?;
        self.worth = exact_sum(self.worth, worth)?;
        Ok(())
    }
}

/// The quantity within a band over an interval.
fn quantity_in(band: Band, interval: MeterInterval) -> Result<Billionths, PricingError> {
    let bound = |bytes: u64| {
        u128::from(bytes)
            .checked_mul(interval.counts_per_byte)
            .ok_or(PricingError::Overflow)
    };
    let low = bound(band.from)?;
    let high = band.to.map(bound).transpose()?.unwrap_or(u128::MAX);
    let reading = |counts: u128| billionths(counts.clamp(low, high), interval.counts_per_unit);
    let (start, end) = interval.readings;
    Ok(reading(end)? - reading(start)?)
}

/// A meter's readings at the start and end of an interval, and their conversion to units.
#[derive(Debug, Clone, Copy)]
pub(super) struct MeterInterval {
    /// The readings at the start and at the end, since the window began.
    pub(super) readings: (u128, u128),
    /// The counts of one byte in a whole window: the window's seconds for storage, 1 for traffic.
    pub(super) counts_per_byte: u128,
    /// The counts of one unit of quantity.
    pub(super) counts_per_unit: u128,
}

/// Sums the intervals of one meter by band.
#[derive(Debug)]
pub(super) struct Counter<'a> {
    rate: &'a Rate,
    counted: Vec<BandUsage>,
}

impl<'a> Counter<'a> {
    /// A counter at zero.
    pub(super) fn new(rate: &'a Rate) -> Self {
        Self {
            rate,
            counted: bands(rate).into_iter().map(BandUsage::nothing).collect(),
        }
    }

    /// Adds an interval.
    pub(super) fn add(&mut self, interval: MeterInterval) -> Result<(), PricingError> {
        for counted in &mut self.counted {
            let quantity = quantity_in(counted.band, interval)?;
            let worth = if counted.band.included && quantity > 0 {
                worth_of_included(self.rate, interval)?
            } else {
                Decimal::ZERO
            };
            counted.add(quantity, worth)?;
        }
        Ok(())
    }

    /// The counted quantities, from the lowest band up.
    pub(super) fn finish(self) -> Vec<BandUsage> {
        self.counted
    }
}

/// What the included part of an interval would cost by the tiers alone.
fn worth_of_included(rate: &Rate, interval: MeterInterval) -> Result<Decimal, PricingError> {
    let mut worth = Decimal::ZERO;
    for tier in rate.tiers.iter().filter(|tier| tier.from < rate.included) {
        let to = tier.to.map_or(rate.included, |to| to.min(rate.included));
        let band = Band {
            from: tier.from,
            to: Some(to),
            price: tier.price,
            included: false,
        };
        let quantity = decimal(quantity_in(band, interval)?)?;
        worth = exact_sum(worth, exact_product(tier.price, quantity)?)?;
    }
    Ok(worth)
}

/// Counts as billionths of a unit, rounded half up.
pub(super) fn billionths(counts: u128, counts_per_unit: u128) -> Result<Billionths, PricingError> {
    let (whole, rest) = (counts / counts_per_unit, counts % counts_per_unit);
    // A unit is at most 2³⁰ bytes for 31 days, so the remainder times a billion stays far below 2¹²⁸.
    let fraction = (rest * UNIT + counts_per_unit / 2) / counts_per_unit;
    whole
        .checked_mul(UNIT)
        .and_then(|whole| whole.checked_add(fraction))
        .ok_or(PricingError::Overflow)
}

/// Billionths as a decimal.
pub(super) fn decimal(billionths: Billionths) -> Result<Decimal, PricingError> {
    let value = i128::try_from(billionths).map_err(|_| PricingError::Overflow)?;
    Decimal::try_from_i128_with_scale(value, QUANTITY_DECIMALS)
        .map(|decimal| decimal.normalize())
        .map_err(|_| PricingError::Overflow)
}

#[cfg(test)]
mod tests {
    use super::super::book::Tier;
    use super::*;

    fn rate(included: u64) -> Rate {
        let tier = |from, to, price| Tier {
            from,
            to,
            price: Decimal::new(price, 2),
        };
        Rate {
            included,
            tiers: vec![
                tier(0, Some(100), 10),
                tier(100, Some(300), 8),
                tier(300, None, 5),
            ],
        }
    }

    #[test]
    fn the_quota_pushes_the_tiers_aside() {
        let prices = |included| -> Vec<(u64, Option<u64>, bool)> {
            bands(&rate(included))
                .iter()
                .map(|band| (band.from, band.to, band.included))
                .collect()
        };
        assert_eq!(
            prices(40),
            [
                (0, Some(40), true),
                (40, Some(100), false),
                (100, Some(300), false),
                (300, None, false)
            ]
        );
        assert_eq!(
            prices(100),
            [(0, Some(100), true), (100, Some(300), false), (300, None, false)]
        );
        assert_eq!(prices(400), [(0, Some(400), true), (400, None, false)]);
        assert_eq!(prices(0)[0], (0, Some(100), false));
    }

    #[test]
    fn quantities_are_rounded_to_billionths() {
        assert_eq!(billionths(1, 3).unwrap(), 333_333_333);
        assert_eq!(billionths(2, 3).unwrap(), 666_666_667);
        assert_eq!(billionths(1 << 30, 1 << 30).unwrap(), UNIT);
        assert_eq!(decimal(1_500_000_000).unwrap().to_string(), "1.5");
    }
}
