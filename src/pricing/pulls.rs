use std::collections::BTreeMap;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::units::{ByteCount, apportion};

use super::error::PricingError;

/// A share of a whole, from 0 to 1, to at most nine decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "Decimal", into = "Decimal")]
pub struct Share(Decimal);

const BILLION: u128 = 1_000_000_000;

impl Share {
    /// One half.
    pub const HALF: Self = Self(Decimal::from_parts(5, 0, 0, false, 1));
    /// All of it.
    pub const ALL: Self = Self(Decimal::ONE);

    /// A share, refused outside 0 to 1 or with more than nine decimals.
    pub fn new(share: Decimal) -> Result<Self, PricingError> {
        let share = share.normalize();
        if share < Decimal::ZERO || share > Decimal::ONE || share.scale() > 9 {
            return Err(PricingError::BadShare(format!(
                "{share} is no share; give a number from 0 to 1 with at most nine decimals"
            )));
        }
        Ok(Self(share))
    }

    /// The share as a decimal.
    pub const fn get(self) -> Decimal {
        self.0
    }

    /// The share in billionths of the whole.
    fn billionths(self) -> u128 {
        // At most 1 with at most nine decimals, so this is a whole number and fits.
        (self.0 * Decimal::from(BILLION as u64))
            .to_u128()
            .unwrap_or(BILLION)
    }
}

impl TryFrom<Decimal> for Share {
    type Error = PricingError;

    fn try_from(share: Decimal) -> Result<Self, PricingError> {
        Self::new(share)
    }
}

impl From<Share> for Decimal {
    fn from(share: Share) -> Self {
        share.0
    }
}

/// Pulls of one image, or of many with the same sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pulls {
    /// How often it was pulled.
    pub count: u64,
    /// What a pull moves to a node that has nothing of it.
    pub cold_bytes: ByteCount,
    /// What a pull moves to a node that already has its base.
    pub warm_bytes: ByteCount,
    /// Which share of pulls finds a node without the base; configured, or measured from blob events.
    pub cold_share: Share,
}

/// Bytes that pulls move, as an interval.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MovedEstimate {
    /// Every pull found the base on its node.
    pub low: u128,
    /// Between the two, by the share of cold pulls.
    pub expected: u128,
    /// Every pull was cold.
    pub high: u128,
}

impl Pulls {
    /// How many bytes the pulls moved.
    pub fn moved(&self) -> MovedEstimate {
        let (count, share) = (u128::from(self.count), self.cold_share.billionths());
        let cold = u128::from(self.cold_bytes.get());
        // A base larger than the image would be a contradiction; then nothing is saved by having it.
        let warm = u128::from(self.warm_bytes.get()).min(cold);
        // Below 2⁶⁴ × 2⁶³, so sums stay in range; the share is applied to the difference in two steps for the same reason.
        let (low, high) = (count * warm, count * cold);
        let difference = high - low;
        let part = difference / BILLION * share + (difference % BILLION * share + BILLION / 2) / BILLION;
        MovedEstimate {
            low,
            expected: low + part,
            high,
        }
    }
}

impl MovedEstimate {
    /// The sum of two estimates, bound by bound: pulls of different repositories grow and shrink together.
    pub fn checked_add(self, other: Self) -> Result<Self, PricingError> {
        let add = |one: u128, two: u128| one.checked_add(two).ok_or(PricingError::Overflow);
        Ok(Self {
            low: add(self.low, other.low)?,
            expected: add(self.expected, other.expected)?,
            high: add(self.high, other.high)?,
        })
    }
}

/// Where pulled bytes go: shares by zone, which add up to 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destinations(BTreeMap<String, Share>);

impl Destinations {
    /// Shares by the names of the book's zones; refused unless they add up to 1.
    pub fn new(shares: BTreeMap<String, Share>) -> Result<Self, PricingError> {
        let sum: u128 = shares.values().map(|share| share.billionths()).sum();
        if sum != BILLION {
            return Err(PricingError::BadShare(format!(
                "the shares of destinations add up to {} and not to 1",
                Decimal::from_i128_with_scale(i128::try_from(sum).unwrap_or(i128::MAX), 9).normalize()
            )));
        }
        Ok(Self(shares))
    }

    /// Everything to one zone.
    pub fn only(zone: impl Into<String>) -> Self {
        Self(BTreeMap::from([(zone.into(), Share::ALL)]))
    }

    /// Bytes by zone; they add up to what was given.
    pub fn split(&self, bytes: u128) -> Result<BTreeMap<String, u128>, PricingError> {
        let weights: Vec<u128> = self.0.values().map(|share| share.billionths()).collect();
        Ok(self.0.keys().cloned().zip(apportion(bytes, &weights)?).collect())
    }
}

/// How long a pull takes at a bandwidth, in milliseconds, rounded up: bytes over the wire and nothing else, neither
/// unpacking nor round trips. None at a bandwidth of zero.
pub fn pull_milliseconds(bytes: ByteCount, bits_per_second: u64) -> Option<u128> {
    let milli_bits = u128::from(bytes.get()) * 8 * 1_000;
    (bits_per_second > 0).then(|| milli_bits.div_ceil(u128::from(bits_per_second)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(text: &str) -> Share {
        Share::new(text.parse().unwrap()).unwrap()
    }

    #[test]
    fn expects_between_warm_and_cold() {
        let pulls = Pulls {
            count: 1_000,
            cold_bytes: ByteCount::from(80_000_000),
            warm_bytes: ByteCount::from(50_000_000),
            cold_share: share("0.25"),
        };
        let expected = MovedEstimate {
            low: 50_000_000_000,
            expected: 57_500_000_000,
            high: 80_000_000_000,
        };
        assert_eq!(pulls.moved(), expected);
    }

    #[test]
    fn the_largest_pulls_do_not_overflow() {
        let pulls = Pulls {
            count: u64::MAX,
            cold_bytes: ByteCount::MAX,
            warm_bytes: ByteCount::ZERO,
            cold_share: Share::ALL,
        };
        let moved = pulls.moved();
        assert_eq!(moved.expected, moved.high);
        assert!(
            moved
                .checked_add(moved)
                .and_then(|twice| twice.checked_add(twice))
                .is_err()
        );
    }

    #[test]
    fn destinations_add_up() {
        let zones = [
            ("internet", "0.333333333"),
            ("other-region", "0.333333333"),
            ("same-region", "0.333333334"),
        ];
        let shares = zones
            .iter()
            .map(|&(zone, part)| (zone.to_owned(), share(part)))
            .collect();
        let split = Destinations::new(shares).unwrap().split(100).unwrap();
        assert_eq!(split.values().sum::<u128>(), 100);
        assert!(Destinations::new(BTreeMap::from([("internet".to_owned(), share("0.9"))])).is_err());
        assert!(Share::new("1.1".parse().unwrap()).is_err());
        assert!(Share::new("-0.1".parse().unwrap()).is_err());
    }

    #[test]
    fn a_pull_takes_as_long_as_its_bits() {
        // 125 MB are a thousand megabits.
        assert_eq!(
            pull_milliseconds(ByteCount::from(125_000_000), 100_000_000),
            Some(10_000)
        );
        assert_eq!(pull_milliseconds(ByteCount::from(1), 100_000_000), Some(1));
        assert_eq!(pull_milliseconds(ByteCount::from(1), 0), None);
    }
}
