//! What the months to come are expected to cost, from how the recorded ones went.
//!
//! The level of the last month goes on by the mean change from month to month, and the uncertainty grows with each
//! month ahead: a random walk with drift, the plainest forecast that has an honest interval. What keeps no
//! course, as after a clean-up, gets a wide one.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use rust_decimal::{Decimal, MathematicalOps};
use schemars::JsonSchema;
use serde::Serialize;

use crate::units::{Currency, Money};

/// How many months the forecast covers. Our choice: a quarter, the usual period of a review.
const AHEAD: usize = 3;
/// Fewer changes from month to month than these give no forecast. Our choice: with three, the spread is
/// estimated from two degrees of freedom, the first that `STEPS` has.
const FEWEST_CHANGES: usize = 3;
/// The number of standard errors that contain nine tenths of a quantity whose spread was estimated from so many
/// degrees of freedom: Student's t at 95 %, in thousandths, from two degrees on. More degrees take the last.
const STEPS: [i64; 14] = [
    2920, 2353, 2132, 2015, 1943, 1895, 1860, 1833, 1812, 1796, 1782, 1771, 1761, 1753,
];

/// What a month to come is expected to cost. The true cost lies within the interval nine times in ten.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ForecastMonth {
    /// The first day of the month.
    pub month: NaiveDate,
    /// The cost is seldom lower.
    pub low: Money,
    /// The best single estimate.
    pub expected: Money,
    /// The cost is seldom higher.
    pub high: Money,
}

/// The costs of registries in the months after the last recorded one. Of each registry: what a month cost at the
/// level of each reading. Nothing where there are too few months, or several currencies.
pub fn forecast(registries: &[Vec<(DateTime<Utc>, Money)>]) -> Vec<ForecastMonth> {
    let months = Months::new(registries);
    months.and_then(|months| months.ahead()).unwrap_or_default()
}

/// The levels of consecutive months.
struct Months {
    /// The last of them, counted from the year 0.
    last: i32,
    levels: Vec<Decimal>,
    currency: Currency,
}

impl Months {
    /// Of each month the last reading. A registry that was not read in a month is taken to be as it was; before
    /// all of them were read, there is no sum.
    fn new(registries: &[Vec<(DateTime<Utc>, Money)>]) -> Option<Self> {
        let readings = || registries.iter().flatten();
        let currency = readings().next()?.1.currency();
        if readings().any(|(_, money)| money.currency() != currency) {
            return None;
        }
        let first = registries
            .iter()
            .map(|readings| readings.iter().map(|(moment, _)| count(*moment)).min())
            .collect::<Option<Vec<_>>>()?
            .into_iter()
            .max()?;
        let last = readings().map(|(moment, _)| count(*moment)).max()?;
        let levels = (first..=last)
            .map(|month| {
                let of_each = registries.iter().map(|readings| {
                    let so_far = readings.iter().filter(|(moment, _)| count(*moment) <= month);
                    so_far
                        .max_by_key(|(moment, _)| *moment)
                        .map(|(_, money)| money.amount())
                });
                of_each.sum()
            })
            .collect::<Option<_>>()?;
        Some(Self {
            last,
            levels,
            currency,
        })
    }

    fn ahead(&self) -> Option<Vec<ForecastMonth>> {
        let changes: Vec<Decimal> = self.levels.windows(2).map(|pair| pair[1] - pair[0]).collect();
        if changes.len() < FEWEST_CHANGES {
            return None;
        }
        let number = Decimal::from(changes.len());
        let mean = changes.iter().sum::<Decimal>() / number;
        let mut squares = Decimal::ZERO;
        for change in &changes {
            let off = change - mean;
            squares = squares.checked_add(off.checked_mul(off)?)?;
        }
        let freedom = changes.len() - 1;
        let variance = squares / Decimal::from(freedom);
        let steps = Decimal::new(STEPS[(freedom - 2).min(STEPS.len() - 1)], 3);
        let level = *self.levels.last()?;
        let places = 4;
        let money = |amount: Decimal| Money::new(amount.max(Decimal::ZERO).round_dp(places), self.currency);
        (1..=AHEAD)
            .map(|ahead| {
                let distance = Decimal::from(ahead);
                // The changes to come differ from the mean, and the mean is itself only estimated.
                let spread = variance
                    .checked_mul(distance * (Decimal::ONE + distance / number))?
                    .sqrt()?;
                let expected = level + mean * distance;
                let margin = steps * spread;
                Some(ForecastMonth {
                    month: first_day(self.last.checked_add(i32::try_from(ahead).ok()?)?)?,
                    low: money(expected - margin),
                    expected: money(expected),
                    high: money(expected + margin),
                })
            })
            .collect()
    }
}

fn count(moment: DateTime<Utc>) -> i32 {
    moment.year() * 12 + moment.month0() as i32
}

fn first_day(month: i32) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(month.div_euclid(12), month.rem_euclid(12) as u32 + 1, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn readings(first_month: u32, amounts: &[&str]) -> Vec<(DateTime<Utc>, Money)> {
        let moment = |index: u32| {
            let month = first_month + index;
            format!("2026-{month:02}-05T10:00:00Z").parse().unwrap()
        };
        (0..)
            .map(moment)
            .zip(amounts.iter().map(|amount| euros(amount)))
            .collect()
    }

    fn euros(amount: &str) -> Money {
        Money::new(amount.parse().unwrap(), "EUR".parse().unwrap())
    }

    /// The changes 2, −1, 2, 1 have the mean 1 and the variance (1 + 4 + 1 + 0) / 3 = 2. A month ahead that is
    /// 2 × 1 × (1 + 1/4) = 2.5, whose root is 1.5811; with three degrees of freedom 2.353 of these are 3.7204.
    #[test]
    fn the_course_goes_on_and_the_interval_is_that_of_the_textbook() {
        let ahead = forecast(&[readings(8, &["10", "12", "11", "13", "14"])]);
        assert_eq!(ahead.len(), 3);
        assert_eq!(ahead[0].month, NaiveDate::from_ymd_opt(2027, 1, 1).unwrap());
        assert_eq!(ahead[0].expected, euros("15"));
        assert_eq!(ahead[0].low, euros("11.2796"));
        assert_eq!(ahead[0].high, euros("18.7204"));
        assert_eq!(ahead[2].expected, euros("17"));
        let widths: Vec<_> = ahead
            .iter()
            .map(|month| month.high.amount() - month.low.amount())
            .collect();
        assert!(widths.is_sorted_by(|a, b| a < b), "{widths:?}");
    }

    #[test]
    fn a_steady_course_has_no_spread_and_nothing_costs_less_than_nothing() {
        let steady = forecast(&[readings(1, &["1.5", "1.75", "2", "2.25"])]);
        assert_eq!((steady[2].low, steady[2].high), (euros("3"), euros("3")));
        let falling = forecast(&[readings(1, &["30", "20", "10", "0"])]);
        assert_eq!((falling[0].expected, falling[0].low), (euros("0"), euros("0")));
    }

    #[test]
    fn of_a_month_the_last_reading_counts_and_what_was_not_read_is_as_it_was() {
        let mut first = readings(1, &["1", "2", "3", "4"]);
        first.insert(0, ("2026-04-01T00:00:00Z".parse().unwrap(), euros("100")));
        // Begins a month later and is not read in April; so the sums are 12, 13 and 14 from February on.
        let second = readings(2, &["10", "10"]);
        assert_eq!(
            forecast(&[first.clone(), second.clone()]),
            [],
            "three months show no course"
        );
        first.push(("2026-05-01T00:00:00Z".parse().unwrap(), euros("5")));
        assert_eq!(forecast(&[first, second])[0].expected, euros("16"));
    }

    #[test]
    fn too_few_months_and_several_currencies_have_no_forecast() {
        assert_eq!(forecast(&[]), []);
        assert_eq!(forecast(&[readings(1, &["1", "2", "3"])]), []);
        let mut mixed = readings(1, &["1", "2", "3", "4", "5"]);
        mixed[2].1 = Money::new(Decimal::ONE, "USD".parse().unwrap());
        assert_eq!(forecast(&[mixed]), []);
        assert_eq!(forecast(&[readings(1, &["1", "2", "3", "4"]), Vec::new()]), []);
    }
}
