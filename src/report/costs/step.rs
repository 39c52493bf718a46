use std::str::FromStr;

use chrono::{Datelike as _, Days, NaiveDate};

use crate::units::{Period, Window};

/// The maximum number of days in a step. Our choice: that of a leap year.
const LONGEST_STEP_DAYS: u64 = 366;

/// How a window is divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// One step: the whole window.
    Whole,
    /// Steps of this many days, from the start of the window.
    Days(u64),
    /// Weeks from Monday.
    Week,
    /// Calendar months.
    Month,
}

/// A text that names no step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected day, week, month, or a number of days or weeks from 1d to {LONGEST_STEP_DAYS}d such as 7d or 2w"
)]
pub struct UnknownStep;

impl Step {
    /// The steps of a window, in order. The first and the last can be cut off by it.
    pub fn divide(self, window: Period) -> Vec<Period> {
        let mut steps = Vec::new();
        let mut start = window.start();
        while start < window.end() {
            let end = self.end(start).unwrap_or(window.end()).min(window.end());
            // A step ends after it starts, so it is never empty.
            let Ok(step) = Period::new(start, end) else { break };
            steps.push(step);
            start = end;
        }
        steps
    }

    /// The day after the step that contains a day; `None` if it has no end.
    fn end(self, start: NaiveDate) -> Option<NaiveDate> {
        match self {
            Self::Whole => None,
            Self::Days(days) => start.checked_add_days(Days::new(days)),
            Self::Week => {
                let left = 7 - u64::from(start.weekday().num_days_from_monday());
                start.checked_add_days(Days::new(left))
            }
            Self::Month => Some(Window::Month.around(start)?.end()),
        }
    }
}

impl FromStr for Step {
    type Err = UnknownStep;

    fn from_str(text: &str) -> Result<Self, UnknownStep> {
        let days = |number: &str, days: u64| {
            let is_plain =
                (1..=4).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
            let number: u64 = number.parse().map_err(|_| UnknownStep)?;
            let days = number * days;
            if is_plain && (1..=LONGEST_STEP_DAYS).contains(&days) {
                Ok(Self::Days(days))
            } else {
                Err(UnknownStep)
            }
        };
        match text {
            "day" => Ok(Self::Days(1)),
            "week" => Ok(Self::Week),
            "month" => Ok(Self::Month),
            _ => match (text.strip_suffix('d'), text.strip_suffix('w')) {
                (Some(number), _) => days(number, 1),
                (_, Some(number)) => days(number, 7),
                _ => Err(UnknownStep),
            },
        }
    }
}
