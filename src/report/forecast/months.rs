//! The months of all registries together, as far back as they can be compared.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use rust_decimal::Decimal;

use super::reading::{CostReading, NotComparable};
use crate::units::Currency;

/// By how many percentage points the share of repositories with known pulls may change from one month to the next, before
/// the months cannot be compared. Our choice: new repositories change it a little, an imported log by much more.
const PULLED_SHARE_POINTS: usize = 25;

/// The levels of consecutive months.
pub(super) struct Months {
    /// The first of them, counted from the year 0.
    first: i32,
    /// What each month cost at its level.
    pub levels: Vec<Decimal>,
    pub currency: Currency,
    /// The index of the first month that can be compared with all later ones, and why earlier ones cannot.
    pub comparable: usize,
    pub break_reason: Option<NotComparable>,
}

impl Months {
    /// Of each month the last reading. A registry that was not read in a month is taken to be as it was; before
    /// all of them were read, there is no sum. `None` if there are no readings, or several currencies.
    pub fn new(registries: &[Vec<CostReading>]) -> Option<Self> {
        let readings = || registries.iter().flatten();
        let currency = readings().next()?.cost.currency();
        if readings().any(|reading| reading.cost.currency() != currency) {
            return None;
        }
        let first = registries
            .iter()
            .map(|readings| readings.iter().map(|reading| month_of(reading.as_of)).min())
            .collect::<Option<Vec<_>>>()?
            .into_iter()
            .max()?;
        let last = readings().map(|reading| month_of(reading.as_of)).max()?;
        let mut levels = Vec::new();
        let mut comparable = 0;
        let mut break_reason = None;
        let mut before: Vec<&CostReading> = Vec::new();
        for month in first..=last {
            let current = registries
                .iter()
                .map(|readings| {
                    let so_far = readings.iter().filter(|reading| month_of(reading.as_of) <= month);
                    so_far.max_by_key(|reading| reading.as_of)
                })
                .collect::<Option<Vec<&CostReading>>>()?;
            let reason = before
                .iter()
                .zip(&current)
                .find_map(|(before, now)| difference(before, now));
            if reason.is_some() {
                comparable = levels.len();
                break_reason = reason;
            }
            levels.push(current.iter().map(|reading| reading.cost.amount()).sum());
            before = current;
        }
        Some(Self {
            first,
            levels,
            currency,
            comparable,
            break_reason,
        })
    }

    /// The months that can be compared with each other, up to the last.
    pub fn comparable(&self) -> &[Decimal] {
        &self.levels[self.comparable..]
    }

    /// The first day of the month with an index, which may be after the last.
    pub fn day(&self, index: usize) -> Option<NaiveDate> {
        let month = self.first.checked_add(i32::try_from(index).ok()?)?;
        NaiveDate::from_ymd_opt(month.div_euclid(12), month.rem_euclid(12) as u32 + 1, 1)
    }
}

/// Why two months of a registry cannot be compared; `None` if they can.
fn difference(before: &CostReading, now: &CostReading) -> Option<NotComparable> {
    if before.price_book != now.price_book {
        return Some(NotComparable::PriceBook);
    }
    let percent =
        |reading: &CostReading| (reading.pulled_repositories * 100).checked_div(reading.repositories);
    let (before, now) = (percent(before)?, percent(now)?);
    (before.abs_diff(now) >= PULLED_SHARE_POINTS).then_some(NotComparable::Pulls)
}

fn month_of(moment: DateTime<Utc>) -> i32 {
    moment.year() * 12 + moment.month0() as i32
}
