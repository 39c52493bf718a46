//! Amazon CloudWatch's metric `RepositoryPullCount` (namespace `AWS/ECR`, dimension `RepositoryName`), as
//! `aws cloudwatch get-metric-data` answers: a series for each repository, a value for each day.

use chrono::{DateTime, NaiveTime, Utc};
use serde::Deserialize;
use serde_json::Number;

use super::collector::Collector;
use super::fault::PullFileFault;
use super::file::{PullEvents, PullFile, PullUnit};
use super::json::{self, parsed, rows};
use crate::oci::RepositoryName;
use crate::pulls::event::{PullEvent, key};

/// The metric's name, which CloudWatch may put in front of a label.
const METRIC: &str = "RepositoryPullCount";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Series {
    label: Option<String>,
    timestamps: Option<Vec<String>>,
    values: Option<Vec<Number>>,
    status_code: Option<String>,
    datapoints: Option<serde::de::IgnoredAny>,
}

pub(super) fn read(file: PullFile<'_>) -> Result<PullEvents, PullFileFault> {
    let mut pulls = Collector::new(file);
    rows(file, &["MetricDataResults"], &mut |row, lines| {
        let series: Series = parsed(row, lines)?;
        take(&series, lines.line_of(row), &mut pulls)
    })?;
    pulls.finish(PullUnit::Images)
}

fn take(series: &Series, line: u64, pulls: &mut Collector<'_>) -> Result<(), PullFileFault> {
    let file = pulls.file.name;
    if series.datapoints.is_some() {
        return Err(PullFileFault::new(
            file,
            line,
            "an answer of get-metric-statistics does not name its repository",
            "save an answer of aws cloudwatch get-metric-data, with the repository's name as the label of each series",
        ));
    }
    if series
        .status_code
        .as_deref()
        .is_some_and(|code| code != "Complete")
    {
        return Err(PullFileFault::new(
            file,
            line,
            "a series is not complete",
            "save all pages of the answer, as the AWS CLI does by itself",
        ));
    }
    let label = series.label.as_deref().unwrap_or_default();
    let name = label.strip_prefix(METRIC).unwrap_or(label).trim();
    let repository: RepositoryName = name.parse().map_err(|_| {
        PullFileFault::in_cell(
            file,
            line,
            "Label",
            label,
            "ask with \"Label\": \"${PROP('Dim.RepositoryName')}\", so that each series names its repository",
        )
    })?;
    let (times, values) = (
        series.timestamps.as_deref().unwrap_or_default(),
        series.values.as_deref().unwrap_or_default(),
    );
    if times.len() != values.len() {
        return Err(PullFileFault::new(
            file,
            line,
            format!("{} timestamps and {} values", times.len(), values.len()),
            "save the whole answer again",
        ));
    }
    for (time, value) in times.iter().zip(values) {
        let at = time.parse::<DateTime<Utc>>().ok();
        let day = at.filter(|at| at.time() == NaiveTime::MIN).ok_or_else(|| {
            PullFileFault::in_cell(
                file,
                line,
                "Timestamps",
                time,
                "ask with a period of 86400 seconds and a start at midnight UTC, so that each value is of one day",
            )
        })?;
        let count = json::count(value).ok_or_else(|| {
            PullFileFault::in_cell(
                file,
                line,
                "Values",
                &value.to_string(),
                "ask for the statistic Sum, whose values are whole numbers from 0",
            )
        })?;
        pulls.covers(day.date_naive());
        if count > 0 {
            pulls.pull(PullEvent {
                key: key(&["cloudwatch", repository.as_str(), &day.date_naive().to_string()]),
                repository: repository.clone(),
                tag: None,
                digest: None,
                day: day.date_naive(),
                count,
            });
        }
    }
    Ok(())
}
