//! The method of the forecast: robust, flat where no trend is proven, and measured on months that were held back.
//!
//! All of it is exact decimal arithmetic, so that the same history gives the same figures everywhere.

use rust_decimal::{Decimal, MathematicalOps};
use schemars::JsonSchema;
use serde::Serialize;
use strum::IntoStaticStr;

/// How many of the latest months show a trend. Our choice: half a year, so that what happened before a change of habits
/// does not count as a trend.
const TREND_MONTHS: usize = 6;
/// How many of the latest months tell whether the last one is an outlier. Our choice: of three, one may be one.
const LEVEL_MONTHS: usize = 3;
/// The last month is an outlier if it is farther off than so many typical monthly changes. Our choice: on a real
/// registry's history (19 weeks, 2017 to 2018), 2 gave larger errors for stored bytes, and 5 for moved bytes.
const OUTLIER_CHANGES: Decimal = Decimal::from_parts(3, 0, 0, false, 0);
/// The fewest months from which a month is predicted when errors are measured. Our choice: with four months, there are
/// two errors, from which a spread can be estimated.
const FEWEST_TO_LEARN: usize = 2;
/// The fewest errors at a distance of several months that show a spread of their own. Our choice.
const FEWEST_ERRORS: usize = 3;
/// The Mann–Kendall statistic from which a trend over 5 or 6 months is proven at the 5 % level, two-sided. Exact: a test
/// counts the permutations. Fewer months prove nothing, because even a rise in each month is likelier than 5 %.
const PROVEN: [(usize, i32); 2] = [(5, 10), (6, 13)];
/// Student's t at 95 %, in thousandths, from two degrees of freedom on: how many standard errors contain nine tenths of
/// a quantity whose spread was estimated from so many errors. More degrees take the last.
const STUDENT: [i64; 14] = [
    2920, 2353, 2132, 2015, 1943, 1895, 1860, 1833, 1812, 1796, 1782, 1771, 1761, 1753,
];

/// How the next months are predicted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, IntoStaticStr, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ForecastMethod {
    /// The present level goes on, with the change of a trend if one is proven. The level is the last month, or the median
    /// of the last three if the last is an outlier.
    LevelAndTrend,
    /// The cost of the last month goes on.
    SameAsLastMonth,
}

/// The course that goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Course {
    /// The level of the last month, or the median of the last three if the last is an outlier.
    pub level: Decimal,
    /// The change from month to month; 0 without a proven trend.
    pub change: Decimal,
}

impl Course {
    /// The present level of these months, of which there is at least one, with the change of a proven trend.
    pub fn level_and_trend(months: &[Decimal]) -> Self {
        let recent = latest(months, TREND_MONTHS);
        let change = proven_change(recent);
        let last = latest(months, LEVEL_MONTHS).iter().rev().zip(0_i64..);
        let usual = median(
            last.map(|(month, back)| *month + change * Decimal::from(back))
                .collect(),
        );
        let monthly = recent.windows(2).map(|pair| (pair[1] - pair[0]).abs());
        let typical = median(monthly.collect());
        let level = months.last().copied().unwrap_or_default();
        let is_outlier = (level - usual).abs() > typical * OUTLIER_CHANGES;
        Self {
            level: if is_outlier { usual } else { level },
            change,
        }
    }

    /// The last of these months goes on.
    pub fn same_as_last(months: &[Decimal]) -> Self {
        Self {
            level: months.last().copied().unwrap_or_default(),
            change: Decimal::ZERO,
        }
    }

    /// What is expected so many months ahead.
    pub fn ahead(self, distance: usize) -> Decimal {
        (self.level + self.change * Decimal::from(distance)).max(Decimal::ZERO)
    }
}

/// The change from month to month if a trend is proven, else 0.
///
/// A trend is proven by the Mann–Kendall test. Of two robust slopes, the smaller counts: Theil and Sen's (the median
/// over all pairs of months) is not turned by an outlier, and the median of the monthly changes not by a step.
fn proven_change(months: &[Decimal]) -> Decimal {
    let Some((_, needed)) = PROVEN.iter().find(|(length, _)| *length == months.len()) else {
        return Decimal::ZERO;
    };
    let pairs = || {
        let later = |at: usize| months[at + 1..].iter().zip(1_i64..);
        months
            .iter()
            .enumerate()
            .flat_map(move |(at, one)| later(at).map(move |(other, apart)| (*other - *one, apart)))
    };
    let statistic: i32 = pairs()
        .map(|(change, _)| i32::from(change > Decimal::ZERO) - i32::from(change < Decimal::ZERO))
        .sum();
    if statistic.abs() < *needed {
        return Decimal::ZERO;
    }
    let over_pairs = median(
        pairs()
            .map(|(change, apart)| change / Decimal::from(apart))
            .collect(),
    );
    let monthly = median(
        pairs()
            .filter(|(_, apart)| *apart == 1)
            .map(|(change, _)| change)
            .collect(),
    );
    if over_pairs.is_sign_negative() != monthly.is_sign_negative() {
        return Decimal::ZERO;
    }
    if over_pairs.abs() < monthly.abs() {
        over_pairs
    } else {
        monthly
    }
}

/// The errors of one method: predictions of known months from those before them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Errors {
    /// At each distance from 1 on.
    by_distance: Vec<Vec<Decimal>>,
    /// The months that were predicted one month ahead, added up.
    actual: Decimal,
}

impl Errors {
    /// Predicts each month from those before it, up to `distance` months ahead.
    pub fn measure(months: &[Decimal], distance: usize, course: fn(&[Decimal]) -> Course) -> Self {
        let mut by_distance = vec![Vec::new(); distance];
        for known in FEWEST_TO_LEARN..months.len() {
            let course = course(&months[..known]);
            for (ahead, actual) in (1..=distance).zip(&months[known..]) {
                by_distance[ahead - 1].push(course.ahead(ahead) - *actual);
            }
        }
        Self {
            by_distance,
            actual: months.iter().skip(FEWEST_TO_LEARN).sum(),
        }
    }

    /// The errors of predictions one month ahead.
    fn one_ahead(&self) -> &[Decimal] {
        self.by_distance.first().map_or(&[], Vec::as_slice)
    }

    /// How many months were predicted one month ahead.
    pub fn held_back(&self) -> usize {
        self.one_ahead().len()
    }

    /// The sum of the absolute errors one month ahead.
    fn total(&self) -> Decimal {
        self.one_ahead().iter().map(Decimal::abs).sum()
    }

    /// The mean absolute error one month ahead, in percent of the mean month. `None` if all months cost nothing.
    pub fn percent(&self) -> Option<Decimal> {
        (self.total() * Decimal::ONE_HUNDRED).checked_div(self.actual)
    }

    /// How far the truth may be from what is expected, at each distance: nine times in ten no farther. Never smaller for
    /// a month farther ahead. `None` if the errors are too few, or too large to be computed with.
    pub fn margins(&self) -> Option<Vec<Decimal>> {
        let one_ahead = spread(self.one_ahead())?;
        let mut margins: Vec<Decimal> = Vec::new();
        for (errors, distance) in self.by_distance.iter().zip(1_i64..) {
            // Errors of one month that do not depend on each other add up by their squares.
            let mut margin = one_ahead.checked_mul(Decimal::from(distance).sqrt()?)?;
            if errors.len() >= FEWEST_ERRORS {
                margin = margin.max(spread(errors)?);
            }
            margins.push(margins.last().copied().unwrap_or_default().max(margin));
        }
        Some(margins)
    }
}

/// The method that predicts best, and the errors of both on the same months.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Prediction {
    /// The method with the smaller mean error.
    pub method: ForecastMethod,
    /// What the method expects after the last month.
    pub course: Course,
    level_and_trend: Errors,
    same_as_last: Errors,
}

impl Prediction {
    /// Measures both methods on these months, of which there is at least one. If both are equally good, the one that
    /// recognises trends and outliers is used.
    pub fn new(months: &[Decimal], distance: usize) -> Self {
        let level_and_trend = Errors::measure(months, distance, Course::level_and_trend);
        let same_as_last = Errors::measure(months, distance, Course::same_as_last);
        let (method, course) = if same_as_last.total() < level_and_trend.total() {
            (ForecastMethod::SameAsLastMonth, Course::same_as_last(months))
        } else {
            (ForecastMethod::LevelAndTrend, Course::level_and_trend(months))
        };
        Self {
            method,
            course,
            level_and_trend,
            same_as_last,
        }
    }

    /// The errors of the method that is used.
    pub fn errors(&self) -> &Errors {
        match self.method {
            ForecastMethod::LevelAndTrend => &self.level_and_trend,
            ForecastMethod::SameAsLastMonth => &self.same_as_last,
        }
    }

    /// The mean absolute errors one month ahead in percent: by level and trend, and as "the same as last month".
    pub fn percent(&self) -> Option<(Decimal, Decimal)> {
        Some((self.level_and_trend.percent()?, self.same_as_last.percent()?))
    }
}

/// How far nine of ten errors reach that are like these.
fn spread(errors: &[Decimal]) -> Option<Decimal> {
    let freedom = errors.len();
    let steps = STUDENT.get(freedom.checked_sub(2)?).or(STUDENT.last())?;
    let mut squares = Decimal::ZERO;
    for error in errors {
        squares = squares.checked_add(error.checked_mul(*error)?)?;
    }
    let typical = (squares / Decimal::from(freedom)).sqrt()?;
    typical.checked_mul(Decimal::new(*steps, 3))
}

fn latest(months: &[Decimal], count: usize) -> &[Decimal] {
    &months[months.len().saturating_sub(count)..]
}

/// The middle value, or the mean of the two in the middle; 0 of nothing.
fn median(mut values: Vec<Decimal>) -> Decimal {
    values.sort_unstable();
    let middle = values.len() / 2;
    match values.len() {
        0 => Decimal::ZERO,
        length if length % 2 == 1 => values[middle],
        _ => (values[middle - 1] + values[middle]) / Decimal::TWO,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn months(amounts: &[i64]) -> Vec<Decimal> {
        amounts.iter().copied().map(Decimal::from).collect()
    }

    /// Counts over all orders of so many months how often the statistic is at least as far from 0.
    fn share_of_orders(length: usize, statistic: i32) -> (usize, usize) {
        fn orders(rest: &[i64], begun: &mut Vec<i64>, all: &mut Vec<Vec<i64>>) {
            if rest.is_empty() {
                all.push(begun.clone());
            }
            for (at, next) in rest.iter().enumerate() {
                let mut others = rest.to_vec();
                others.remove(at);
                begun.push(*next);
                orders(&others, begun, all);
                begun.pop();
            }
        }
        let mut all = Vec::new();
        orders(&Vec::from_iter(0..length as i64), &mut Vec::new(), &mut all);
        let far = all.iter().filter(|order| {
            let pairs = order.iter().enumerate().flat_map(|(at, one)| {
                order[at + 1..]
                    .iter()
                    .map(move |other| (other - one).signum() as i32)
            });
            pairs.sum::<i32>().abs() >= statistic
        });
        (far.count(), all.len())
    }

    #[test]
    fn the_level_of_the_test_is_that_of_all_orders_of_the_months() {
        for (length, needed) in PROVEN {
            let (far, all) = share_of_orders(length, needed);
            assert!(far * 20 <= all, "{length}: {far} of {all}");
            let (far, all) = share_of_orders(length, needed - 2);
            assert!(far * 20 > all, "{length}: {far} of {all}");
        }
        let (far, all) = share_of_orders(4, 6);
        assert!(far * 20 > all, "four months prove nothing");
    }

    #[test]
    fn a_step_is_no_trend() {
        for step in [
            [10, 10, 10, 20, 20, 20],
            [50, 2570, 2580, 2590, 2600, 2610],
            [100, 101, 102, 200, 201, 202],
            [202, 201, 200, 102, 101, 100],
        ] {
            let change = Course::level_and_trend(&months(&step)).change;
            assert!(change.abs() <= Decimal::TEN, "{step:?}: {change}");
        }
    }

    #[test]
    fn what_jumps_and_stays_is_predicted_by_its_last_month() {
        // At each jump, the method with outliers keeps the old level for a month.
        let jumps = [10, 10, 10, 20, 20, 20, 20, 30, 30, 30, 30, 40, 40];
        let prediction = Prediction::new(&months(&jumps), 3);
        assert_eq!(prediction.method, ForecastMethod::SameAsLastMonth);
        assert_eq!(prediction.course.ahead(3), Decimal::from(40));
        let (own, naive) = prediction.percent().unwrap();
        assert!(naive < own, "{naive} {own}");
        let own_margins = Errors::measure(&months(&jumps), 3, Course::same_as_last).margins();
        assert_eq!(prediction.errors().margins(), own_margins);
    }

    #[test]
    fn margins_come_from_errors_on_months_held_back() {
        // The third and fourth month are predicted as 12 and 10. The errors 2 and −4 have a typical size of 3.1623, and
        // with two of them nine in ten lie within 2.92 times that.
        let errors = Errors::measure(&months(&[10, 12, 10, 14]), 3, Course::level_and_trend);
        assert_eq!(errors.held_back(), 2);
        let margins = errors.margins().unwrap();
        let rounded: Vec<String> = margins
            .iter()
            .map(|margin| margin.round_dp(4).to_string())
            .collect();
        let (first, last) = (rounded[0].clone(), rounded[2].clone());
        assert_eq!((first.as_str(), last.as_str()), ("9.2339", "15.9935"));
    }

    proptest! {
        #[test]
        fn a_constant_goes_on_exactly(amount in 0_i64..1_000_000, length in 4_usize..20) {
            let constant = vec![Decimal::from(amount); length];
            let course = Course::level_and_trend(&constant);
            prop_assert_eq!(course.ahead(3), Decimal::from(amount));
            let margins = Prediction::new(&constant, 3).errors().margins().unwrap();
            prop_assert!(margins.iter().all(Decimal::is_zero));
        }

        #[test]
        fn one_outlier_turns_nothing(amount in 0_i64..1_000, other in 0_i64..1_000_000, at in 0_usize..12) {
            let mut course = vec![Decimal::from(amount); 12];
            course[at] = Decimal::from(other);
            prop_assert_eq!(Course::level_and_trend(&course).ahead(3), Decimal::from(amount));
        }

        #[test]
        fn a_line_is_followed(first in 0_i64..1_000, change in 1_i64..1_000, length in 5_usize..15) {
            let line: Vec<Decimal> = (0..length as i64).map(|month| Decimal::from(first + month * change)).collect();
            let next = first + (length as i64 + 2) * change;
            prop_assert_eq!(Course::level_and_trend(&line).ahead(3), Decimal::from(next));
        }

        #[test]
        fn what_rises_and_falls_is_not_carried_on(low in 0_i64..1_000, swing in 1_i64..1_000) {
            let wave: Vec<Decimal> = (0..12).map(|month| Decimal::from(low + swing * (month % 2))).collect();
            prop_assert_eq!(Course::level_and_trend(&wave).change, Decimal::ZERO);
        }

        #[test]
        fn margins_never_shrink_and_nothing_costs_less_than_nothing(amounts in proptest::collection::vec(0_i64..100_000, 4..20)) {
            let series = months(&amounts);
            let prediction = Prediction::new(&series, 3);
            prop_assert!(prediction.errors().margins().unwrap().is_sorted());
            prop_assert!(prediction.course.ahead(3) >= Decimal::ZERO);
        }

        #[test]
        fn the_method_with_the_smaller_error_is_used(amounts in proptest::collection::vec(0_i64..100_000, 4..20)) {
            let series = months(&amounts);
            let prediction = Prediction::new(&series, 3);
            let [own, naive] = [Course::level_and_trend, Course::same_as_last]
                .map(|course| Errors::measure(&series, 3, course).total());
            prop_assert_eq!(prediction.errors().total(), own.min(naive));
            if prediction.method == ForecastMethod::SameAsLastMonth {
                prop_assert_eq!(prediction.course.ahead(3), *series.last().unwrap());
            }
        }

        #[test]
        fn a_proven_line_is_never_replaced_by_its_last_month(first in 0_i64..1_000, change in 1_i64..1_000, length in 6_usize..15) {
            let line: Vec<Decimal> = (0..length as i64).map(|month| Decimal::from(first + month * change)).collect();
            prop_assert_eq!(Prediction::new(&line, 3).method, ForecastMethod::LevelAndTrend);
        }
    }
}
