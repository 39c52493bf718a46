//! The window of days that a reader asks for, in the words of OpenCost.

use chrono::{DateTime, Datelike as _, Days, NaiveDate, TimeDelta};

use super::period::Period;

/// The forms of a window, for help and error messages.
pub const WINDOW_FORMS: &str = "today, yesterday, week, lastweek, month, lastmonth, a number of days such as 7d, a month such as \
     2026-10, a day such as 2026-10-15, or first day and end such as 2026-10-01,2026-11-01 (the end is excluded; RFC 3339 times \
     and Unix seconds are also accepted)";

/// The maximum length of a window in days. Our choice: ten years, longer than any registry's history.
const LONGEST_WINDOW_DAYS: u64 = 3660;

/// Why a text is not a window.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidWindow {
    /// The text has none of the forms.
    #[error("expected {WINDOW_FORMS}")]
    Unreadable,
    /// The end is not after the start.
    #[error("the window ends on {end}, which is not after its start on {start}; the end is excluded")]
    Empty {
        /// The first day.
        start: NaiveDate,
        /// The day after the last.
        end: NaiveDate,
    },
    /// The window has too many days.
    #[error("the window has {days} days; the maximum is {LONGEST_WINDOW_DAYS}")]
    TooLong {
        /// The number of days.
        days: u64,
    },
    /// The window starts or ends in the future.
    #[error(transparent)]
    Future(#[from] FutureMonth),
}

/// Days that have not begun yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{} has not begun; the last possible month is {}", .asked.format("%Y-%m"), .last.format("%Y-%m"))]
pub struct FutureMonth {
    /// A day of the month that was asked for.
    pub asked: NaiveDate,
    /// A day of the present month.
    pub last: NaiveDate,
}

impl Period {
    /// Reads a window that a reader asks for, such as `7d`, `lastmonth` or `2026-10-01,2026-11-01`; all forms are in
    /// [`WINDOW_FORMS`].
    ///
    /// Days and months are in UTC. `7d` is the seven days that end with today; `week` (from Monday) and `month` also end with
    /// today. A window can extend to the end of the present month and not beyond. Moments within a day stand for
    /// the whole day.
    ///
    /// # Errors
    /// If the text has none of the forms, if the window is empty or too long, or if it is in the future.
    pub fn from_window(text: &str, today: NaiveDate) -> Result<Self, InvalidWindow> {
        let (start, end) = bounds(text.trim(), today).ok_or(InvalidWindow::Unreadable)?;
        let window = Self::new(start, end).map_err(|_| InvalidWindow::Empty { start, end })?;
        if window.days() > LONGEST_WINDOW_DAYS {
            return Err(InvalidWindow::TooLong { days: window.days() });
        }
        // The last day must be in the present month or before.
        let last = end.pred_opt().unwrap_or(end);
        for day in [start, last] {
            Self::month_containing(day)
                .map_err(|_| InvalidWindow::Unreadable)?
                .not_in_the_future(today)?;
        }
        Ok(window)
    }

    /// Checks that a period begins in the present month or before.
    ///
    /// # Errors
    /// If it begins later.
    pub fn not_in_the_future(self, today: NaiveDate) -> Result<Self, FutureMonth> {
        let month = |day: NaiveDate| (day.year(), day.month());
        if month(self.start()) <= month(today) {
            Ok(self)
        } else {
            Err(FutureMonth {
                asked: self.start(),
                last: today,
            })
        }
    }
}

/// The first day of a window and the day after its last.
fn bounds(text: &str, today: NaiveDate) -> Option<(NaiveDate, NaiveDate)> {
    let tomorrow = today.succ_opt()?;
    let back = |days: u64| today.checked_sub_days(Days::new(days));
    let monday = back(u64::from(today.weekday().num_days_from_monday()))?;
    let month = |day| Period::month_containing(day).ok();
    Some(match text {
        "today" => (today, tomorrow),
        "yesterday" => (back(1)?, today),
        "week" => (monday, tomorrow),
        "lastweek" => (monday.checked_sub_days(Days::new(7))?, monday),
        "month" => (today.with_day(1)?, tomorrow),
        "lastmonth" => {
            let last = month(today.with_day(1)?.pred_opt()?)?;
            (last.start(), last.end())
        }
        _ => {
            if let Some((start, end)) = text.split_once(',') {
                (floor(start.trim())?, ceiling(end.trim())?)
            } else if let Some(days) = number_of_days(text) {
                let days = days.min(LONGEST_WINDOW_DAYS + 1);
                (tomorrow.checked_sub_days(Days::new(days))?, tomorrow)
            } else if let Some(day) = day(text) {
                (day, day.succ_opt()?)
            } else {
                let month = month_named(text)?;
                (month.start(), month.end())
            }
        }
    })
}

/// `7d` and `2w` in days.
fn number_of_days(text: &str) -> Option<u64> {
    let (number, days_of) = match text.strip_suffix('d') {
        Some(number) => (number, 1),
        None => (text.strip_suffix('w')?, 7),
    };
    let is_plain = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let number: u64 = number.parse().ok().filter(|_| is_plain)?;
    (number > 0).then(|| number.saturating_mul(days_of))
}

/// A day such as `2026-10-15`.
fn day(text: &str) -> Option<NaiveDate> {
    (text.len() == 10 && text.starts_with("20"))
        .then(|| text.parse().ok())
        .flatten()
}

/// A month such as `2026-10`.
fn month_named(text: &str) -> Option<Period> {
    (text.len() == 7)
        .then(|| day(&format!("{text}-01")))
        .flatten()
        .and_then(|first| Period::month_containing(first).ok())
}

/// A moment in RFC 3339 or Unix seconds.
fn moment(text: &str) -> Option<DateTime<chrono::Utc>> {
    if (9..=11).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return DateTime::from_timestamp(text.parse().ok()?, 0);
    }
    // A space stands for the plus sign of an offset that was not encoded in a query.
    let moment = DateTime::parse_from_rfc3339(&text.replace(' ', "+")).ok()?;
    Some(moment.to_utc())
}

/// The day of a start.
fn floor(text: &str) -> Option<NaiveDate> {
    day(text).or_else(|| Some(moment(text)?.date_naive()))
}

/// The day after the last that an end covers.
fn ceiling(text: &str) -> Option<NaiveDate> {
    day(text).or_else(|| {
        let last = moment(text)?.checked_sub_signed(TimeDelta::nanoseconds(1))?;
        last.date_naive().succ_opt()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    /// A Friday.
    fn today() -> NaiveDate {
        date("2026-11-20")
    }

    fn read(text: &str) -> Result<(String, String), InvalidWindow> {
        let window = Period::from_window(text, today())?;
        Ok((window.start().to_string(), window.end().to_string()))
    }

    #[test]
    fn every_form_gives_whole_days_in_utc() {
        for (text, start, end) in [
            ("today", "2026-11-20", "2026-11-21"),
            ("yesterday", "2026-11-19", "2026-11-20"),
            ("week", "2026-11-16", "2026-11-21"),
            ("lastweek", "2026-11-09", "2026-11-16"),
            ("month", "2026-11-01", "2026-11-21"),
            ("lastmonth", "2026-10-01", "2026-11-01"),
            ("1d", "2026-11-20", "2026-11-21"),
            ("7d", "2026-11-14", "2026-11-21"),
            ("30d", "2026-10-22", "2026-11-21"),
            ("2w", "2026-11-07", "2026-11-21"),
            ("2026-10", "2026-10-01", "2026-11-01"),
            ("2026-11", "2026-11-01", "2026-12-01"),
            ("2024-02", "2024-02-01", "2024-03-01"),
            ("2026-10-15", "2026-10-15", "2026-10-16"),
            ("2026-10-01,2026-11-01", "2026-10-01", "2026-11-01"),
            (
                "2026-10-01T00:00:00Z,2026-11-01T00:00:00Z",
                "2026-10-01",
                "2026-11-01",
            ),
            (
                "2026-10-01T12:00:00Z,2026-10-03T00:00:01Z",
                "2026-10-01",
                "2026-10-04",
            ),
            (
                "2026-10-01T00:00:00+02:00,2026-10-02T00:00:00Z",
                "2026-09-30",
                "2026-10-02",
            ),
            ("2026-10-01T00:00:00 02:00,2026-10-02", "2026-09-30", "2026-10-02"),
            ("1790812800,1793491200", "2026-10-01", "2026-11-01"),
        ] {
            assert_eq!(read(text), Ok((start.to_owned(), end.to_owned())), "{text}");
        }
    }

    #[test]
    fn other_texts_are_refused_with_what_would_be_right() {
        for text in [
            "",
            "now",
            "7",
            "0d",
            "-7d",
            "7m",
            "d",
            "1.5d",
            "2026",
            "2026-13",
            "2026-1",
            "2026-10-32",
            "2026-10,2026-11",
            "2026-10-01,",
            ",2026-10-01",
            "2026-10-01,2026-10-02,2026-10-03",
            "lastyear",
            "TODAY",
            "1999-01",
            "+7d",
        ] {
            assert_eq!(read(text), Err(InvalidWindow::Unreadable), "{text}");
        }
        let empty = read("2026-10-02,2026-10-02").unwrap_err();
        assert!(empty.to_string().contains("not after its start"), "{empty}");
        assert!(read("2026-10-03,2026-10-02").is_err());
        for long in ["9999d", "99999999999999999999w", "99999999w"] {
            assert!(read(long).is_err(), "{long}");
        }
    }

    #[test]
    fn a_window_ends_with_the_present_month() {
        assert!(read("2026-10-01,2026-12-01").is_ok());
        for text in [
            "2031-01",
            "2026-12",
            "2026-12-01",
            "2026-10-01,2026-12-02",
            "2026-12-01,2027-01-01",
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(
                error.contains("the last possible month is 2026-11"),
                "{text}: {error}"
            );
        }
        let month = Period::month(2031, 1).unwrap();
        assert_eq!(
            month.not_in_the_future(today()).unwrap_err().to_string(),
            "2031-01 has not begun; the last possible month is 2026-11"
        );
    }
}
