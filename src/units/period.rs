use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Seconds in a day. Bills are in UTC, where every day has the same length.
pub const SECONDS_PER_DAY: u64 = 86_400;

/// Whole days in UTC, end exclusive: October is `2026-10-01` to `2026-11-01`.
///
/// Billing has no finer unit than a day, so neither has a period. Never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "PeriodDates", into = "PeriodDates")]
#[schemars(description = "Whole days in UTC.")]
pub struct Period {
    start: NaiveDate,
    end: NaiveDate,
}

/// A period would end before it starts, or a month does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a billing period holds at least one day and ends after it starts")]
pub struct EmptyPeriod;

#[derive(Serialize, Deserialize, JsonSchema)]
struct PeriodDates {
    /// The first day.
    start: NaiveDate,
    /// The day after the last.
    end: NaiveDate,
}

impl Period {
    /// The days from `start` up to but not including `end`.
    ///
    /// # Errors
    /// If `end` is not after `start`.
    pub fn new(start: NaiveDate, end: NaiveDate) -> Result<Self, EmptyPeriod> {
        if start < end {
            Ok(Self { start, end })
        } else {
            Err(EmptyPeriod)
        }
    }

    /// A calendar month, `month` counting from 1.
    ///
    /// # Errors
    /// If there is no such month.
    pub fn month(year: i32, month: u32) -> Result<Self, EmptyPeriod> {
        NaiveDate::from_ymd_opt(year, month, 1)
            .and_then(month_of)
            .ok_or(EmptyPeriod)
    }

    /// The calendar month of a day. Fails only at the end of the calendar.
    pub fn month_containing(day: NaiveDate) -> Result<Self, EmptyPeriod> {
        month_of(day).ok_or(EmptyPeriod)
    }

    /// The first day.
    pub const fn start(self) -> NaiveDate {
        self.start
    }

    /// The day after the last day.
    pub const fn end(self) -> NaiveDate {
        self.end
    }

    /// The number of days.
    pub fn days(self) -> u64 {
        self.end
            .signed_duration_since(self.start)
            .num_days()
            .unsigned_abs()
    }

    /// The number of seconds.
    pub fn seconds(self) -> u64 {
        self.days() * SECONDS_PER_DAY
    }

    /// Whether a day is in the period.
    pub fn contains(self, day: NaiveDate) -> bool {
        self.start <= day && day < self.end
    }

    /// Start and end in Unix seconds.
    pub fn epoch_seconds(self) -> (i64, i64) {
        let moment = |day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc().timestamp();
        (moment(self.start), moment(self.end))
    }

    /// The last second of the last day.
    pub fn last_second(self) -> DateTime<Utc> {
        self.end.and_time(NaiveTime::MIN).and_utc() - TimeDelta::seconds(1)
    }

    /// The period cut into windows: days, or calendar months.
    pub fn split(self, window: Window) -> Vec<Self> {
        let mut pieces = Vec::new();
        let mut start = self.start;
        while start < self.end {
            let end = window
                .around(start)
                .map_or(self.end, |whole| whole.end.min(self.end));
            pieces.push(Self { start, end });
            start = end;
        }
        pieces
    }
}

/// The span over which a meter sums before it starts again at its first tier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Window {
    /// Quota and tiers apply to each day.
    Day,
    /// Quota and tiers apply to the average over the calendar month.
    Month,
}

impl Window {
    /// The window of a day; `None` only at the end of the calendar.
    pub fn around(self, day: NaiveDate) -> Option<Period> {
        match self {
            Self::Day => Some(Period {
                start: day,
                end: day.checked_add_days(Days::new(1))?,
            }),
            Self::Month => month_of(day),
        }
    }
}

fn month_of(day: NaiveDate) -> Option<Period> {
    let start = day.with_day(1)?;
    Some(Period {
        start,
        end: start.checked_add_months(Months::new(1))?,
    })
}

impl TryFrom<PeriodDates> for Period {
    type Error = EmptyPeriod;

    fn try_from(dates: PeriodDates) -> Result<Self, EmptyPeriod> {
        Self::new(dates.start, dates.end)
    }
}

impl From<Period> for PeriodDates {
    fn from(period: Period) -> Self {
        Self {
            start: period.start,
            end: period.end,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn splits_at_months() {
        let period = Period::new(day("2026-01-30"), day("2026-03-02")).unwrap();
        let months: Vec<(NaiveDate, u64)> = period
            .split(Window::Month)
            .iter()
            .map(|piece| (piece.start(), piece.days()))
            .collect();
        assert_eq!(
            months,
            [
                (day("2026-01-30"), 2),
                (day("2026-02-01"), 28),
                (day("2026-03-01"), 1)
            ]
        );
        assert_eq!(period.split(Window::Day).len(), 31);
    }

    #[test]
    fn is_never_empty() {
        assert!(Period::new(day("2026-01-01"), day("2026-01-01")).is_err());
        assert!(Period::month(2026, 13).is_err());
        assert!(serde_json::from_str::<Period>(r#"{"start":"2026-02-01","end":"2026-01-01"}"#).is_err());
        assert_eq!(Period::month(2024, 2).unwrap().days(), 29);
    }
}
