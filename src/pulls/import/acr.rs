//! Azure's `ContainerRegistryRepositoryEvents`: a row for each push, pull, untag or deletion.
//!
//! A real row (a log tool's test with a diagnostic record, January 2025) has the word `HttpStatusCode` as its result and
//! the status in `ResultDescription`. Of a pull that failed, digest and media type are `<nil>`; of a pull by digest, the
//! tag holds the digest. A pull of a multi-platform image is a row for the index and one for the image of the platform:
//! the image counts, as in notifications.

use chrono::{DateTime, NaiveDate, NaiveDateTime};

use super::acr_columns::{COLUMNS, NEEDED};
use super::acr_json;
use super::collector::Collector;
use super::fault::PullFileFault;
use super::file::{PullEvents, PullFile, PullUnit};
use super::table::Table;
use crate::oci::{MediaType, Tag};
use crate::pulls::event::{OWN_AGENT, PullEvent, key};

/// What Azure writes for a value that is missing.
const NIL: &str = "<nil>";

pub(super) fn read(file: PullFile<'_>) -> Result<PullEvents, PullFileFault> {
    let mut rows = Rows {
        file,
        pulls: Collector::new(file),
    };
    if file.text.trim_start().starts_with(['{', '[']) {
        acr_json::each(file, |line, cells| rows.row(line, cells))?;
    } else {
        Table::open(file, &COLUMNS, NEEDED)?
            .each(|row| rows.row(row.line, &std::array::from_fn(|column| row.cell(column))))?;
    }
    rows.pulls.finish(PullUnit::Images)
}

/// Reads rows, whichever form they came in.
struct Rows<'a> {
    file: PullFile<'a>,
    pulls: Collector<'a>,
}

impl Rows<'_> {
    /// Takes one row, its cells in the order of [`COLUMNS`].
    fn row(&mut self, line: u64, cells: &[&str; COLUMNS.len()]) -> Result<(), PullFileFault> {
        let [
            time,
            operation,
            repository,
            tag,
            digest,
            result,
            agent,
            correlation,
            login_server,
            description,
            media_type,
            artifact_type,
        ] = *cells;
        let media_type = if media_type == NIL { "" } else { media_type };
        if !login_server.is_empty() && !login_server.eq_ignore_ascii_case(self.file.login_server.as_str()) {
            self.pulls.skipped.other_registries += 1;
            return Ok(());
        }
        let day = moment(time).ok_or_else(|| {
            self.wrong(
                line,
                COLUMNS[0],
                time,
                "give the time in UTC, such as 2026-11-23T09:30:00Z",
            )
        })?;
        self.pulls.covers(day);
        if !operation.eq_ignore_ascii_case("pull") {
            self.pulls.skipped.other_operations += 1;
            return Ok(());
        }
        if is_failure(result) || is_failure(description) {
            self.pulls.skipped.failed += 1;
            return Ok(());
        }
        if agent.starts_with(OWN_AGENT) {
            self.pulls.skipped.own += 1;
            return Ok(());
        }
        let name = repository.parse().map_err(|_| {
            self.wrong(
                line,
                COLUMNS[2],
                repository,
                "give the repository's name without its registry",
            )
        })?;
        if MediaType::from_text(media_type) == MediaType::Index {
            self.pulls.skipped.indexes += 1;
            return Ok(());
        }
        if is_attachment(tag, artifact_type) {
            self.pulls.skipped.attachments += 1;
            return Ok(());
        }
        let key = if correlation.is_empty() {
            self.pulls.key_of_line(line)
        } else {
            // One request may be logged as the pull of an index and of the image in it.
            key(&["acr-events", correlation, time, repository, tag, digest])
        };
        self.pulls.pull(PullEvent {
            key,
            repository: name,
            tag: tag.parse::<Tag>().ok(),
            // The tag of a pull by digest is the digest.
            digest: digest.parse().or_else(|_| tag.parse()).ok(),
            day,
            count: 1,
        });
        Ok(())
    }

    fn wrong(&self, line: u64, column: &str, text: &str, remedy: &str) -> PullFileFault {
        PullFileFault::in_cell(self.file.name, line, column, text, remedy)
    }
}

/// The day of a moment, as Azure's tools write it: by RFC 3339, without a zone, or as the portal exports it
/// (`11/23/2026, 9:30:00.000 AM`).
fn moment(text: &str) -> Option<NaiveDate> {
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return Some(moment.to_utc().date_naive());
    }
    [
        "%Y-%m-%dT%H:%M:%S%.f",
        "%Y-%m-%d %H:%M:%S%.f",
        "%m/%d/%Y, %I:%M:%S%.f %p",
    ]
    .iter()
    .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
    .map(|moment| moment.date())
}

/// Whether something was pulled that is attached to an image: a signature, an SBOM, an attestation. It moves a few
/// kilobytes, and the average of its repository's images must not count for it.
fn is_attachment(tag: &str, artifact_type: &str) -> bool {
    let artifact_type = artifact_type.to_ascii_lowercase();
    let is_named = [
        "signature",
        "cosign",
        "notary",
        "notation",
        "sbom",
        "spdx",
        "cyclonedx",
        "in-toto",
        "attestation",
    ]
    .iter()
    .any(|word| artifact_type.contains(word));
    is_named || tag.parse::<Tag>().is_ok_and(|tag| tag.is_referrers_fallback())
}

/// Whether a result says that nothing was delivered: an HTTP status from 400 on, or a word for it.
fn is_failure(result: &str) -> bool {
    match result.parse::<u16>() {
        Ok(status) => status >= 400,
        Err(_) => {
            let result = result.to_ascii_lowercase();
            ["fail", "error", "denied", "unauthorized"]
                .iter()
                .any(|word| result.starts_with(word))
        }
    }
}
