use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::units::{ByteCount, ByteOverflow};

/// A modelled number of bytes. The actual size lies between `low` and `high` as often as the model's coverage states,
/// and above `expected` half of the time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Estimate {
    /// The actual size is seldom smaller.
    pub low: ByteCount,
    /// The single best estimate.
    pub expected: ByteCount,
    /// The actual size is seldom larger.
    pub high: ByteCount,
}

impl Estimate {
    /// A known size.
    pub fn exact(bytes: ByteCount) -> Self {
        Self {
            low: bytes,
            expected: bytes,
            high: bytes,
        }
    }

    /// An expected number of bytes, and how far the actual one may lie below and above. Cut off at zero.
    ///
    /// # Errors
    /// If a sum exceeds the range of [`ByteCount`].
    pub fn around(expected: u128, below: u128, above: u128) -> Result<Self, ByteOverflow> {
        Ok(Self {
            low: expected.saturating_sub(below).try_into()?,
            expected: expected.try_into()?,
            high: expected.saturating_add(above).try_into()?,
        })
    }

    /// The sum, bound by bound. Wider than necessary, because errors seldom all go in one direction.
    ///
    /// # Errors
    /// If a sum exceeds the range of [`ByteCount`].
    pub fn checked_add(self, other: Self) -> Result<Self, ByteOverflow> {
        Ok(Self {
            low: self.low.checked_add(other.low)?,
            expected: self.expected.checked_add(other.expected)?,
            high: self.high.checked_add(other.high)?,
        })
    }

    /// The saving if this replaces `before`. The smallest size gives the largest saving.
    pub fn saved_from(self, before: ByteCount) -> SavingEstimate {
        SavingEstimate {
            low: before.as_i64() - self.high.as_i64(),
            expected: before.as_i64() - self.expected.as_i64(),
            high: before.as_i64() - self.low.as_i64(),
        }
    }
}

/// A modelled difference of bytes; negative if switching costs bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SavingEstimate {
    /// The actual saving is seldom smaller.
    pub low: i64,
    /// The single best estimate.
    pub expected: i64,
    /// The actual saving is seldom larger.
    pub high: i64,
}

impl SavingEstimate {
    /// An expected saving, and how many bytes less or more it may be.
    ///
    /// # Errors
    /// If a bound exceeds 64 bits.
    pub fn around(expected: i128, fewer: u128, more: u128) -> Result<Self, ByteOverflow> {
        let narrow = |value: i128| i64::try_from(value).map_err(|_| ByteOverflow);
        let wide = |value: u128| i128::try_from(value).map_err(|_| ByteOverflow);
        Ok(Self {
            low: narrow(expected - wide(fewer)?)?,
            expected: narrow(expected)?,
            high: narrow(expected + wide(more)?)?,
        })
    }

    /// The sum, bound by bound. Wider than necessary, because errors seldom all go in one direction.
    ///
    /// # Errors
    /// If a sum exceeds 64 bits.
    pub fn checked_add(self, other: Self) -> Result<Self, ByteOverflow> {
        let sum = |one: i64, other: i64| one.checked_add(other).ok_or(ByteOverflow);
        Ok(Self {
            low: sum(self.low, other.low)?,
            expected: sum(self.expected, other.expected)?,
            high: sum(self.high, other.high)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_saving_turns_the_bounds_around() {
        let after = Estimate::around(40, 10, 30).unwrap();
        let saving = after.saved_from(ByteCount::from(60_u32));
        assert_eq!((saving.low, saving.expected, saving.high), (-10, 20, 30));
    }

    #[test]
    fn fewer_than_no_bytes_are_not_estimated() {
        assert_eq!(Estimate::around(5, 9, 1).unwrap().low, ByteCount::ZERO);
        assert_eq!(Estimate::around(u128::MAX, 0, 0), Err(ByteOverflow));
    }
}
