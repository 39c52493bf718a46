use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::units::{Period, SECONDS_PER_DAY, Window};

/// How many bytes a seller's "GB" has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum ByteUnit {
    /// 2³⁰ bytes, whatever the price list calls them.
    #[serde(rename = "GiB")]
    Gibibyte,
    /// 10⁹ bytes.
    #[serde(rename = "GB")]
    Gigabyte,
}

impl ByteUnit {
    /// The bytes in one unit.
    pub const fn bytes(self) -> u64 {
        match self {
            Self::Gibibyte => 1 << 30,
            Self::Gigabyte => 1_000_000_000,
        }
    }

    /// `GiB` or `GB`, FOCUS's abbreviations.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gibibyte => "GiB",
            Self::Gigabyte => "GB",
        }
    }
}

/// The interval of a price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Per {
    /// A day of 24 hours.
    Day,
    /// A month, of the length that `month` of the price book says.
    Month,
}

impl Per {
    /// `Days` or `Months`, the second half of a unit in FOCUS.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Day => "Days",
            Self::Month => "Months",
        }
    }
}

/// The length of the month in a storage price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum MonthConvention {
    /// The calendar month: 28 to 31 days.
    #[serde(rename = "calendar_days")]
    CalendarDays,
    /// 730 hours, a twelfth of 365 days.
    #[serde(rename = "hours_730")]
    Hours730,
    /// 30.4 days.
    #[serde(rename = "days_30.4")]
    Days30Point4,
}

impl MonthConvention {
    /// Seconds in the month of `day`.
    pub(super) fn seconds(self, day: NaiveDate) -> u64 {
        match self {
            Self::CalendarDays => Window::Month
                .around(day)
                .map_or(30 * SECONDS_PER_DAY, Period::seconds),
            Self::Hours730 => 730 * 3_600,
            Self::Days30Point4 => 304 * SECONDS_PER_DAY / 10,
        }
    }

    /// Seconds in a price's interval, on a given day.
    pub(super) fn seconds_per(self, per: Per, day: NaiveDate) -> u64 {
        match per {
            Per::Day => SECONDS_PER_DAY,
            Per::Month => self.seconds(day),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_as_long_as_agreed() {
        let march: NaiveDate = "2026-03-10".parse().unwrap();
        // 744 h in March: finops.md 2, the S3 FAQ's own example.
        assert_eq!(MonthConvention::CalendarDays.seconds(march), 744 * 3_600);
        assert_eq!(MonthConvention::Hours730.seconds(march), 2_628_000);
        assert_eq!(MonthConvention::Days30Point4.seconds(march), 2_626_560);
    }
}
