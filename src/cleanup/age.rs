use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// The longest age in days. Our choice: a hundred years, longer than any image exists.
const LONGEST_DAYS: u32 = 36_500;

/// An age such as `90d`, `12h` or `2w`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AgeLimit {
    hours: u32,
}

/// A text that is no age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected an age such as 90d, 12h or 2w, of at most {LONGEST_DAYS} days")]
pub struct InvalidAge;

impl AgeLimit {
    /// An age of so many days; `None` if there are too many.
    pub fn from_days(days: u32) -> Option<Self> {
        Self::from_hours(days.checked_mul(24)?)
    }

    /// An age of so many hours; `None` if there are too many.
    pub fn from_hours(hours: u32) -> Option<Self> {
        (hours <= LONGEST_DAYS * 24).then_some(Self { hours })
    }

    /// The age in whole days, if it is one.
    pub fn whole_days(self) -> Option<u32> {
        self.hours.is_multiple_of(24).then_some(self.hours / 24)
    }

    /// The moment that is this long before another one.
    pub fn before(self, at: DateTime<Utc>) -> DateTime<Utc> {
        let span = TimeDelta::hours(i64::from(self.hours));
        at.checked_sub_signed(span).unwrap_or(DateTime::<Utc>::MIN_UTC)
    }
}

impl FromStr for AgeLimit {
    type Err = InvalidAge;

    fn from_str(text: &str) -> Result<Self, InvalidAge> {
        let unit = text.chars().next_back().ok_or(InvalidAge)?;
        let hours = match unit {
            'h' => 1,
            'd' => 24,
            'w' => 7 * 24,
            _ => return Err(InvalidAge),
        };
        let number = &text[..text.len() - 1];
        let is_plain = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let number = number.parse::<u32>().ok().filter(|_| is_plain);
        number
            .and_then(|number| number.checked_mul(hours))
            .and_then(Self::from_hours)
            .ok_or(InvalidAge)
    }
}

impl TryFrom<String> for AgeLimit {
    type Error = InvalidAge;

    fn try_from(text: String) -> Result<Self, InvalidAge> {
        text.parse()
    }
}

impl From<AgeLimit> for String {
    fn from(age: AgeLimit) -> Self {
        age.to_string()
    }
}

impl fmt::Display for AgeLimit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.whole_days() {
            Some(days) => write!(formatter, "{days}d"),
            None => write!(formatter, "{}h", self.hours),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_a_number_with_its_unit() {
        for (text, shown) in [
            ("90d", "90d"),
            ("12h", "12h"),
            ("2w", "14d"),
            ("48h", "2d"),
            ("0d", "0d"),
        ] {
            assert_eq!(text.parse::<AgeLimit>().unwrap().to_string(), shown);
        }
        for wrong in [
            "",
            "d",
            "90",
            "-1d",
            "+1d",
            "1.5d",
            "90 d",
            "1m",
            "99999d",
            "4294967295w",
            "1ä",
        ] {
            assert_eq!(wrong.parse::<AgeLimit>(), Err(InvalidAge), "{wrong}");
        }
    }
}
