//! Harbor's audit log (`/api/v2.0/auditlog-exts`, before version 2.13 `/api/v2.0/audit-logs`): a row for each artifact that
//! was pulled. Source: `api/v2.0/swagger.yaml` of Harbor, read in August 2026.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::collector::Collector;
use super::fault::PullFileFault;
use super::file::{PullEvents, PullFile, PullUnit};
use super::json::{parsed, rows};
use crate::oci::{Digest, RepositoryName, Tag};
use crate::pulls::event::{PullEvent, key};

#[derive(Deserialize)]
struct Row {
    id: Option<i64>,
    op_time: Option<String>,
    operation: Option<String>,
    resource: Option<String>,
    resource_type: Option<String>,
    /// Older versions list only pulls that succeeded.
    operation_result: Option<bool>,
}

pub(super) fn read(file: PullFile<'_>) -> Result<PullEvents, PullFileFault> {
    let mut pulls = Collector::new(file);
    rows(file, &[], &mut |row, lines| {
        let entry: Row = parsed(row, lines)?;
        take(&entry, lines.line_of(row), &mut pulls)
    })?;
    pulls.finish(PullUnit::Manifests)
}

fn take(row: &Row, line: u64, pulls: &mut Collector<'_>) -> Result<(), PullFileFault> {
    let wrong = |column: &str, text: &str, remedy: &str| {
        PullFileFault::in_cell(pulls.file.name, line, column, text, remedy)
    };
    let time = row.op_time.as_deref().unwrap_or_default();
    let at = time.parse::<DateTime<Utc>>().map_err(|_| {
        wrong(
            "op_time",
            time,
            "give the time in UTC, such as 2026-11-23T09:30:00Z",
        )
    })?;
    pulls.covers(at.date_naive());
    let is = |member: &Option<String>, wanted: &str| {
        member
            .as_deref()
            .is_some_and(|text| text.eq_ignore_ascii_case(wanted))
    };
    if !is(&row.operation, "pull") || !is(&row.resource_type, "artifact") {
        pulls.skipped.other_operations += 1;
        return Ok(());
    }
    if row.operation_result == Some(false) {
        pulls.skipped.failed += 1;
        return Ok(());
    }
    let resource = row.resource.as_deref().unwrap_or_default();
    let (repository, tag, digest) = parts(resource).ok_or_else(|| {
        wrong(
            "resource",
            resource,
            "give whole rows: PROJECT/REPOSITORY:TAG or PROJECT/REPOSITORY@DIGEST",
        )
    })?;
    pulls.pull(PullEvent {
        key: match row.id {
            Some(id) => key(&["harbor-audit", &id.to_string(), time, resource]),
            None => pulls.key_of_line(line),
        },
        repository,
        tag,
        digest,
        day: at.date_naive(),
        count: 1,
    });
    Ok(())
}

/// The repository, tag and digest of `PROJECT/REPOSITORY:TAG` or `PROJECT/REPOSITORY@DIGEST`.
fn parts(resource: &str) -> Option<(RepositoryName, Option<Tag>, Option<Digest>)> {
    if let Some((repository, digest)) = resource.split_once('@') {
        return Some((repository.parse().ok()?, None, Some(digest.parse().ok()?)));
    }
    let (repository, tag) = resource.rsplit_once(':')?;
    Some((repository.parse().ok()?, Some(tag.parse().ok()?), None))
}
