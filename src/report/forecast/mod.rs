//! What the months to come are expected to cost, from how the recorded ones went.
//!
//! Two methods are measured on months that are held back, and the one with the smaller error is used: the present level,
//! which rises or falls only where a trend is proven, or the same as last month. The interval follows from the errors of
//! the method that is used. Months whose pulls were not known, or that another price book priced, do not count. Seasons
//! do not either: a year of months cannot prove one.

mod method;
mod months;
mod reading;
#[cfg(test)]
mod tests;

use chrono::{NaiveDate, TimeDelta};
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::Serialize;
use strum::IntoStaticStr;

pub use self::method::ForecastMethod;
use self::method::Prediction;
use self::months::Months;
pub use self::reading::{CostReading, NotComparable};
use crate::units::{Currency, Money};

/// How much of the history a forecast reads, on every surface: a year, and the month a year ago in full. Our choice.
pub const FORECAST_HISTORY: TimeDelta = TimeDelta::days(400);
/// How many months the forecast covers. Our choice: a quarter, the usual period of a review.
const AHEAD: usize = 3;
/// Fewer months that can be compared give no forecast. Our choice: with four, there are two errors on months held back.
const FEWEST_MONTHS: usize = 4;

/// What the next months are expected to cost, and how good that forecast is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Forecast {
    /// The next months; empty if too few months can be compared, or with several currencies.
    pub months: Vec<ForecastMonth>,
    /// What the forecast rests on; `None` without costs in one currency.
    pub basis: Option<ForecastBasis>,
    /// The last month beside the one before; `None` if there are not two.
    pub change: Option<CostChange>,
}

/// What a month to come is expected to cost. The true cost lies within the interval nine times in ten, if errors stay
/// what they were on the months held back.
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

/// What a forecast rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ForecastBasis {
    /// How the next months are predicted: by the method that was closer on the months held back.
    pub method: ForecastMethod,
    /// Whether costs are expected to rise or fall.
    pub trend: Trend,
    /// The expected change from month to month; 0 without a trend.
    pub change_per_month: Money,
    /// The first day of the first month that counts.
    pub since: NaiveDate,
    /// How many months count.
    pub months: usize,
    /// Why earlier months do not count; null if all recorded months do.
    pub earlier_months: Option<NotComparable>,
    /// How far off the forecast was on months held back; null with fewer than four months.
    pub accuracy: Option<ForecastAccuracy>,
    /// All of this in words.
    pub text: String,
}

/// Whether costs are expected to rise or fall: a trend counts if the Mann–Kendall test over the last six months proves it
/// at the 5 % level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, IntoStaticStr, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Trend {
    /// No trend is proven, or the same as last month was the better prediction.
    Flat,
    /// Costs rise.
    Rising,
    /// Costs fall.
    Falling,
}

/// How far off the forecast of the next month was, for months that are known: each was predicted from those before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ForecastAccuracy {
    /// How many months were held back and predicted.
    pub held_back_months: usize,
    /// The mean absolute error of the method that is used, in percent of the mean month.
    pub error_percent: Decimal,
    /// The same for the method `level_and_trend`.
    pub level_and_trend_percent: Decimal,
    /// The same for the method `same_as_last_month`.
    pub same_as_last_month_percent: Decimal,
    /// Whether the method that is used was closer than "the same as last month". False if that is the method.
    pub is_better: bool,
}

/// The last month beside the one before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CostChange {
    /// The first day of the month before.
    pub from: NaiveDate,
    /// The first day of the last month.
    pub to: NaiveDate,
    /// What the month before cost.
    pub before: Money,
    /// What the last month costs at the level of its last crawl.
    pub after: Money,
    /// The change in percent; null if the month before cost nothing, or if the two cannot be compared.
    pub percent: Option<Decimal>,
    /// Why they cannot be compared; null if they can.
    pub not_comparable: Option<NotComparable>,
    /// The change in words.
    pub text: String,
}

impl Forecast {
    /// The forecast for the sum of registries, each with its readings in any order.
    pub fn new(registries: &[Vec<CostReading>]) -> Self {
        let Some(months) = Months::new(registries) else {
            return Self {
                months: Vec::new(),
                basis: None,
                change: None,
            };
        };
        let prediction = Prediction::new(months.comparable(), AHEAD);
        let ahead = if months.comparable().len() < FEWEST_MONTHS {
            None
        } else {
            ahead(&months, &prediction)
        };
        let ahead = ahead.unwrap_or_default();
        Self {
            basis: ForecastBasis::new(&months, &prediction, &ahead),
            change: CostChange::new(&months),
            months: ahead,
        }
    }

    /// The change, the next months and what they rest on, for people. Nothing for the first month on record.
    pub fn sentences(&self) -> Vec<&str> {
        let Some(change) = &self.change else {
            return Vec::new();
        };
        let basis = self.basis.iter().map(|basis| basis.text.as_str());
        std::iter::once(change.text.as_str()).chain(basis).collect()
    }
}

/// The next months; `None` if the amounts are too large to be computed with.
fn ahead(months: &Months, prediction: &Prediction) -> Option<Vec<ForecastMonth>> {
    let margins = prediction.errors().margins()?;
    let money = |amount: Decimal| shown(amount.max(Decimal::ZERO), months.currency);
    let months = margins.into_iter().enumerate().map(|(index, margin)| {
        let expected = prediction.course.ahead(index + 1);
        Some(ForecastMonth {
            month: months.day(months.levels.len() + index)?,
            low: money(expected - margin),
            expected: money(expected),
            high: money(expected + margin),
        })
    });
    months.collect()
}

impl ForecastBasis {
    fn new(months: &Months, prediction: &Prediction, ahead: &[ForecastMonth]) -> Option<Self> {
        let count = months.comparable().len();
        let percent = prediction.percent().filter(|_| count >= FEWEST_MONTHS);
        let change = prediction.course.change;
        let used = |own, naive| match prediction.method {
            ForecastMethod::LevelAndTrend => own,
            ForecastMethod::SameAsLastMonth => naive,
        };
        let rounded = |percent: Decimal| percent.round_dp(1).normalize();
        let mut basis = Self {
            method: prediction.method,
            trend: match change {
                change if change.is_zero() => Trend::Flat,
                change if change.is_sign_negative() => Trend::Falling,
                _ => Trend::Rising,
            },
            change_per_month: shown(change, months.currency),
            since: months.day(months.comparable)?,
            months: count,
            earlier_months: months.break_reason,
            accuracy: percent.map(|(own, naive)| ForecastAccuracy {
                held_back_months: prediction.errors().held_back(),
                error_percent: rounded(used(own, naive)),
                level_and_trend_percent: rounded(own),
                same_as_last_month_percent: rounded(naive),
                is_better: used(own, naive) < naive,
            }),
            text: String::new(),
        };
        basis.text = basis.in_words(ahead);
        Some(basis)
    }

    fn in_words(&self, ahead: &[ForecastMonth]) -> String {
        let since = self.since.format("%b %Y");
        let why = match self.earlier_months {
            None => String::new(),
            Some(reason) => format!(" Months before {since} do not count: {}.", reason.in_words()),
        };
        let Some(last) = ahead.last() else {
            return format!(
                "No forecast yet: it needs {FEWEST_MONTHS} months that can be compared, and has {}.{why}",
                self.months
            );
        };
        let course = match self.trend {
            _ if self.method == ForecastMethod::SameAsLastMonth => {
                "The cost of the last month goes on.".to_owned()
            }
            Trend::Flat => "No trend is proven, so the present level goes on.".to_owned(),
            Trend::Rising => format!(
                "A rise of {} a month is proven and goes on.",
                self.change_per_month
            ),
            Trend::Falling => format!(
                "A fall of {} a month is proven and goes on.",
                Money::new(
                    self.change_per_month.amount().abs(),
                    self.change_per_month.currency()
                )
            ),
        };
        let accuracy = self
            .accuracy
            .as_ref()
            .map(|accuracy| accuracy.in_words(self.method));
        let accuracy = accuracy.unwrap_or_default();
        format!(
            "Expected for {}: {} (likely {} to {}). {course}{why}{accuracy}",
            last.month.format("%b %Y"),
            last.expected,
            last.low,
            last.high
        )
    }
}

impl ForecastAccuracy {
    fn in_words(&self, method: ForecastMethod) -> String {
        let (own, naive) = (self.level_and_trend_percent, self.same_as_last_month_percent);
        let errors = match method {
            ForecastMethod::LevelAndTrend => format!(
                "this forecast of the next month was off by {own} % on average, \"same as last month\" by {naive} %"
            ),
            ForecastMethod::SameAsLastMonth => format!(
                "this forecast of the next month was off by {naive} % on average, a forecast from level and trend by {own} %"
            ),
        };
        format!(" On {} months held back, {errors}.", self.held_back_months)
    }
}

impl NotComparable {
    /// The reason in words.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Pulls => "the pulls of many repositories were not known in the same way",
            Self::PriceBook => "another price book or edition priced them",
        }
    }
}

impl CostChange {
    fn new(months: &Months) -> Option<Self> {
        let last = months.levels.len().checked_sub(1)?;
        let previous = last.checked_sub(1)?;
        let (before, after) = (months.levels[previous], months.levels[last]);
        // The last break is before the last month, or it is this month.
        let not_comparable = months.break_reason.filter(|_| months.comparable == last);
        let percent = ((after - before) * Decimal::ONE_HUNDRED).checked_div(before);
        let percent = percent.filter(|_| not_comparable.is_none());
        let (from, to) = (months.day(previous)?, months.day(last)?);
        let (before, after) = (shown(before, months.currency), shown(after, months.currency));
        let name = |day: NaiveDate| day.format("%b %Y").to_string();
        let text = match (percent, not_comparable) {
            (Some(percent), _) => format!("{after} in {}, {} on {}.", name(to), signed(percent), name(from)),
            (None, Some(reason)) => format!(
                "{after} in {}, which cannot be compared with {}: {}.",
                name(to),
                name(from),
                reason.in_words()
            ),
            (None, None) => format!("{after} in {}, after {before} in {}.", name(to), name(from)),
        };
        Some(Self {
            from,
            to,
            before,
            after,
            percent: percent.map(|percent| percent.round_dp(1).normalize()),
            not_comparable,
            text,
        })
    }
}

/// A change in percent for people: `−7 %`, `+0.4 %`, `unchanged`.
fn signed(percent: Decimal) -> String {
    let places = if percent.abs() < Decimal::TEN { 1 } else { 0 };
    let rounded = percent.round_dp(places).normalize();
    match rounded {
        rounded if rounded.is_zero() => "unchanged".to_owned(),
        rounded if rounded.is_sign_negative() => format!("−{} %", rounded.abs()),
        rounded => format!("+{rounded} %"),
    }
}

/// An amount with as many decimals as answers about past months have.
fn shown(amount: Decimal, currency: Currency) -> Money {
    Money::new(amount.round_dp(4), currency)
}
