//! Azure Monitor's metrics of a container registry, as `az monitor metrics list` answers: how often all repositories together
//! were pulled, by day.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Deserialize;
use serde_json::Number;

use super::fault::PullFileFault;
use super::file::{PullFile, PullTotals};
use super::json::{self, parsed, rows};

/// The metrics that are read, the more exact first: the total has pulls that failed as well. Source: the metrics of
/// `Microsoft.ContainerRegistry/registries`, read in August 2026.
const METRICS: [&str; 2] = ["SuccessfulPullCount", "TotalPullCount"];

#[derive(Deserialize)]
struct Metric {
    name: Option<Name>,
    #[serde(default)]
    timeseries: Vec<Series>,
}

#[derive(Deserialize)]
struct Name {
    value: Option<String>,
}

#[derive(Deserialize)]
struct Series {
    #[serde(default)]
    data: Vec<Point>,
}

#[derive(Deserialize)]
struct Point {
    #[serde(rename = "timeStamp")]
    at: Option<String>,
    total: Option<Number>,
}

pub(super) fn read(file: PullFile<'_>) -> Result<PullTotals, PullFileFault> {
    let mut found: [BTreeMap<NaiveDate, u64>; METRICS.len()] = Default::default();
    rows(file, &["value"], &mut |row, lines| {
        let metric: Metric = parsed(row, lines)?;
        let line = lines.line_of(row);
        let name = metric.name.and_then(|name| name.value).unwrap_or_default();
        let Some(place) = METRICS
            .iter()
            .position(|metric| name.eq_ignore_ascii_case(metric))
        else {
            return Ok(());
        };
        for point in metric.timeseries.iter().flat_map(|series| &series.data) {
            add(point, line, file.name, &mut found[place])?;
        }
        Ok(())
    })?;
    let days = found.into_iter().find(|days| !days.is_empty());
    let days = days.ok_or_else(|| {
        PullFileFault::new(
            file.name,
            1,
            "no value of SuccessfulPullCount or TotalPullCount",
            "save az monitor metrics list --metrics SuccessfulPullCount --aggregation Total --interval P1D -o json",
        )
    })?;
    Ok(PullTotals { days })
}

fn add(
    point: &Point,
    line: u64,
    file: &str,
    days: &mut BTreeMap<NaiveDate, u64>,
) -> Result<(), PullFileFault> {
    // A minute without pulls has no total.
    let Some(total) = &point.total else {
        return Ok(());
    };
    let time = point.at.as_deref().unwrap_or_default();
    let at = time.parse::<DateTime<Utc>>().map_err(|_| {
        PullFileFault::in_cell(
            file,
            line,
            "timeStamp",
            time,
            "give the time in UTC, such as 2026-11-23T00:00:00Z",
        )
    })?;
    let count = json::count(total).ok_or_else(|| {
        PullFileFault::in_cell(
            file,
            line,
            "total",
            &total.to_string(),
            "ask for the aggregation Total, whose values are whole numbers from 0",
        )
    })?;
    let sum = days.entry(at.date_naive()).or_default();
    *sum = sum.saturating_add(count);
    Ok(())
}
