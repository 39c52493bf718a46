//! Costs over time, by groups of repositories: `/v1/costs`, in the words of OpenCost's allocation API.
//!
//! The figures are those of the months' statements, so they add up to the exports of the same period to the last digit.
//! A step that covers a part of a month takes the month's charges by day: storage in proportion to what was stored on the
//! day, transfer in proportion to the pulls of the day, fees and savings evenly.

mod aggregate;
mod daily;
mod series;
mod step;
#[cfg(test)]
mod tests;

pub use aggregate::{Aggregate, UNASSIGNED, UnknownAggregate};
pub use daily::DailyUsage;
pub use series::{CostAmounts, CostRow, CostSeries, CostSeriesQuery, CostStep, MonthlyCosts};
pub use step::{Step, UnknownStep};
