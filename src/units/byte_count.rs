use std::fmt;

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::two_digits;

/// A number of bytes, from 0 to 2⁶³ − 1.
///
/// The upper bound is that of `int64`, the type of sizes in the OCI specifications and in PostgreSQL. `{}` formats it
/// in IEC units (`1.50 GiB`); it serializes as a plain integer.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "u64", into = "u64")]
#[schemars(inline, description = "", extend("format" = "int64"))]
pub struct ByteCount(u64);

/// A size or a sum of sizes does not fit into 63 bits, or is negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a number of bytes must lie between 0 and 9223372036854775807")]
pub struct ByteOverflow;

impl ByteCount {
    /// Zero bytes.
    pub const ZERO: Self = Self(0);
    /// The largest count.
    pub const MAX: Self = Self(i64::MAX as u64);

    /// A number of pebibytes (2⁵⁰ bytes), at most 8191 of them.
    pub const fn from_pebibytes(count: u16) -> Self {
        let bytes = (count as u64) << 50;
        assert!(bytes <= Self::MAX.0, "too many pebibytes");
        Self(bytes)
    }

    /// The count as an integer.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The count as PostgreSQL's `bigint`. It always fits.
    pub const fn as_i64(self) -> i64 {
        self.0 as i64
    }

    /// The sum.
    ///
    /// # Errors
    /// If it exceeds [`Self::MAX`].
    pub fn checked_add(self, other: Self) -> Result<Self, ByteOverflow> {
        // Two values of at most 2⁶³ − 1 cannot overflow 64 bits, so the range check is enough.
        Self::try_from(self.0 + other.0)
    }

    /// The sum of many counts.
    ///
    /// # Errors
    /// If it exceeds [`Self::MAX`].
    pub fn checked_sum(counts: impl IntoIterator<Item = Self>) -> Result<Self, ByteOverflow> {
        counts.into_iter().try_fold(Self::ZERO, Self::checked_add)
    }

    /// The count as text where it is a guess: two significant digits, such as `8.2 GiB`. `{}` shows hundredths.
    pub fn approximate(self) -> String {
        let mut unit = 0;
        let mut divisor: u64 = 1;
        // From 1000 KiB on, the next unit needs fewer digits.
        while unit + 1 < UNITS.len() && self.0 / divisor >= 1000 {
            divisor *= 1024;
            unit += 1;
        }
        if unit == 0 {
            return format!("{} B", self.0);
        }
        let count = two_digits(Decimal::from(self.0) / Decimal::from(divisor));
        let text = if count < Decimal::TEN && count.scale() == 0 {
            format!("{count:.1}")
        } else {
            count.to_string()
        };
        format!("{text} {}", UNITS[unit])
    }
}

/// The IEC units, each 1024 times the one before.
const UNITS: [&str; 7] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

impl TryFrom<u64> for ByteCount {
    type Error = ByteOverflow;

    fn try_from(value: u64) -> Result<Self, ByteOverflow> {
        if value > Self::MAX.0 {
            return Err(ByteOverflow);
        }
        Ok(Self(value))
    }
}

impl TryFrom<i64> for ByteCount {
    type Error = ByteOverflow;

    fn try_from(value: i64) -> Result<Self, ByteOverflow> {
        u64::try_from(value).map(Self).map_err(|_| ByteOverflow)
    }
}

impl TryFrom<u128> for ByteCount {
    type Error = ByteOverflow;

    fn try_from(value: u128) -> Result<Self, ByteOverflow> {
        u64::try_from(value)
            .map_err(|_| ByteOverflow)
            .and_then(Self::try_from)
    }
}

impl From<u32> for ByteCount {
    fn from(value: u32) -> Self {
        Self(u64::from(value))
    }
}

impl From<ByteCount> for u64 {
    fn from(value: ByteCount) -> Self {
        value.0
    }
}

impl fmt::Display for ByteCount {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Integer arithmetic in hundredths, so that 1023.996 KiB becomes 1.00 MiB and not 1024.00 KiB.
        let mut unit = 0;
        let mut hundredths = u128::from(self.0) * 100;
        let mut divisor: u128 = 1;
        while unit + 1 < UNITS.len() && (hundredths + divisor / 2) / divisor >= 102_400 {
            divisor *= 1024;
            unit += 1;
        }
        hundredths = (hundredths + divisor / 2) / divisor;
        let text = if unit == 0 {
            format!("{} B", self.0)
        } else {
            format!("{}.{:02} {}", hundredths / 100, hundredths % 100, UNITS[unit])
        };
        formatter.pad(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_iec_units_rounded_to_hundredths() {
        for (bytes, text) in [
            (0_u64, "0 B"),
            (1023, "1023 B"),
            (1024, "1.00 KiB"),
            (1_048_571, "1.00 MiB"),
            (536_870_912_000, "500.00 GiB"),
            (i64::MAX as u64, "8.00 EiB"),
        ] {
            assert_eq!(ByteCount::try_from(bytes).unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_guess_has_two_significant_digits() {
        for (bytes, text) in [
            (0_u64, "0 B"),
            (999, "999 B"),
            (1010, "0.99 KiB"),
            (8_826_000_000, "8.2 GiB"),
            (129_000_000, "120 MiB"),
            (5 << 30, "5.0 GiB"),
            (i64::MAX as u64, "8.0 EiB"),
        ] {
            assert_eq!(ByteCount::try_from(bytes).unwrap().approximate(), text);
        }
    }

    #[test]
    fn refuses_what_does_not_fit() {
        assert_eq!(ByteCount::try_from(u64::MAX), Err(ByteOverflow));
        assert_eq!(ByteCount::try_from(-1_i64), Err(ByteOverflow));
        assert_eq!(
            ByteCount::MAX.checked_add(ByteCount::from(1_u32)),
            Err(ByteOverflow)
        );
        assert!(serde_json::from_str::<ByteCount>("-1").is_err());
    }
}
