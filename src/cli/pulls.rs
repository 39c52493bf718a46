//! `tare pulls`: how often repositories were pulled from, out of files that registries make.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::Context as _;
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use super::arguments::{ImportOptions, PullsCommand, PullsOptions, TextOrJson};
use super::context::Context;
use super::outcome::{Outcome, UsageError, print};
use crate::clock::{Clock, SystemClock};
use crate::config::{InvalidAddress, RegistryAddress};
use crate::oci::text::printable;
use crate::oci::{Digest, RegistryName};
use crate::pulls::{PullFile, ReadPulls, Skipped, read_pulls};
use crate::report::{self, Column, TextTable};
use crate::store::{PullFileSource, PullImport, PullImportRecord, Store};
use crate::units::Period;

/// Does what `tare pulls` was asked.
pub(super) async fn pulls(options: &PullsOptions, context: &Context) -> anyhow::Result<Outcome> {
    let text = match &options.command {
        PullsCommand::Import(options) => {
            let store = context.open_store().await?;
            let said = import(&store, options, context).await;
            store.close().await;
            said?
        }
        PullsCommand::List(options) => {
            let store = context.open_store().await?;
            let listed = list(&store, options.format, context.widths.output).await;
            store.close().await;
            listed?
        }
    };
    print(&text)?;
    Ok(Outcome::Complete)
}

async fn import(store: &Store, options: &ImportOptions, context: &Context) -> anyhow::Result<String> {
    let address: RegistryAddress = options
        .registry
        .parse()
        .map_err(|error: InvalidAddress| UsageError(error.to_string()))?;
    let registry = address.registry();
    let file = options.file.as_path();
    let content =
        fs::read(file).map_err(|error| UsageError(format!("cannot read {}: {error}", file.display())))?;
    let text = std::str::from_utf8(&content).map_err(|error| {
        UsageError(format!(
            "{}: not UTF-8 text from byte {} on; save the file as UTF-8",
            file.display(),
            error.valid_up_to()
        ))
    })?;
    let shown = file.display().to_string();
    let read = PullFile {
        name: &shown,
        text,
        login_server: options.login_server.as_ref().unwrap_or(registry),
    };
    let (format, pulls) = read_pulls(read, options.format).map_err(|fault| UsageError(fault.to_string()))?;
    let source = PullFileSource {
        name: name_of(file),
        digest: Digest::sha256_of(&content),
        format,
        read_at: match options.read_at {
            Some(at) => at,
            None => changed_at(file)?,
        },
    };
    let import = store
        .import_pulls(registry, &source, &pulls, SystemClock.now())
        .await?;
    let Some(import) = import else {
        let known = store.registries().await?;
        let known: Vec<&str> = known.iter().map(|record| record.registry.name.as_str()).collect();
        return Err(UsageError(format!(
            "{registry} has not been crawled; there are {}",
            if known.is_empty() {
                "none yet".to_owned()
            } else {
                known.join(", ")
            }
        ))
        .into());
    };
    if let ReadPulls::Readings(readings) = &pulls
        && readings.may_be_one_page
    {
        context.console.complain(&format!(
            "warning: {shown} has as many repositories as one page of Harbor's answer; if there are more, import \
             every page"
        ));
    }
    Ok(import_summary(&shown, &pulls, import, source.read_at))
}

/// What an import did, in a sentence or two.
fn import_summary(file: &str, pulls: &ReadPulls, import: PullImport, read_at: DateTime<Utc>) -> String {
    let mut text = match (import, pulls) {
        (PullImport::Known { at }, _) => {
            format!(
                "{file}: already imported on {}; nothing was added\n",
                at.format("%F %R UTC")
            )
        }
        (PullImport::Events { new, known, .. }, ReadPulls::Events(events)) => format!(
            "{file}: {new} new pulls {}{}\n",
            days(events.period),
            if known > 0 {
                format!("; {known} were known already")
            } else {
                String::new()
            }
        ),
        (PullImport::Readings { since_last, first }, _) => format!(
            "{file}: counters as of {}: {since_last} pulls since the readings before{}\n",
            read_at.format("%F %R UTC"),
            if first > 0 {
                format!(
                    "; {first} repositories were read for the first time, the next reading gives the first count"
                )
            } else {
                String::new()
            }
        ),
        (PullImport::Totals, ReadPulls::Totals(totals)) => format!(
            "{file}: the registry was pulled {} times {}; this limits what is assumed of its repositories\n",
            totals.sum(),
            totals.period().map_or_else(String::new, days),
        ),
        (PullImport::Events { new, .. }, _) => format!("{file}: {new} new pulls\n"),
        (PullImport::Totals, _) => format!("{file}: sums of all repositories\n"),
    };
    if let ReadPulls::Events(events) = pulls {
        let (indexes, unknown_layers) = match import {
            PullImport::Events {
                indexes,
                unknown_layers,
                ..
            } => (indexes, unknown_layers),
            _ => (0, 0),
        };
        text.push_str(&left_out(&events.skipped, indexes));
        if unknown_layers > 0 {
            let _ = writeln!(
                text,
                "{unknown_layers} served layers are in no crawled manifest, so their size is not known and the bytes of a pull \
                 are too low; crawl the registry, then import a newer file"
            );
        }
    }
    text
}

/// The days of a period in words.
fn days(period: Period) -> String {
    let last = period.end().pred_opt().unwrap_or(period.end());
    format!("from {} to {last}", period.start())
}

fn left_out(skipped: &Skipped, indexes: u64) -> String {
    let reasons = [
        (skipped.other_operations, "are no pulls"),
        (skipped.failed, "are pulls that failed"),
        (skipped.own, "are of Tare's own crawls"),
        (skipped.other_registries, "are about other registries"),
        (skipped.repeated, "repeat another row"),
        (
            skipped.indexes.saturating_add(indexes),
            "are of an index, whose image has a row of its own",
        ),
        (skipped.attachments, "are of signatures and other attachments"),
        (
            skipped.by_tag_first,
            "are requests by tag that a request by digest followed",
        ),
        (skipped.scans, "are of the vendor's own scanner"),
    ];
    let reasons: Vec<String> = reasons
        .into_iter()
        .filter(|(rows, _)| *rows > 0)
        .map(|(rows, why)| format!("{rows} {why}"))
        .collect();
    if reasons.is_empty() {
        String::new()
    } else {
        format!("Rows left out: {}\n", reasons.join(", "))
    }
}

/// The imported files and the counted pulls. Serialized, it is the JSON of `tare pulls list`: keys are added, never renamed
/// or removed.
#[derive(Serialize)]
struct KnownPulls {
    files: Vec<ImportedFile>,
    months: Vec<PullsOfMonth>,
}

#[derive(Serialize)]
struct ImportedFile {
    imported_at: DateTime<Utc>,
    registry: RegistryName,
    format: String,
    file: String,
    /// Of events: the first and the last day; null for counters.
    first_day: Option<NaiveDate>,
    last_day: Option<NaiveDate>,
    /// Of counters: when they were read; null for events.
    read_at: Option<DateTime<Utc>>,
    /// How many pulls the file added.
    pulls: u64,
}

#[derive(Serialize)]
struct PullsOfMonth {
    month: String,
    registry: RegistryName,
    repository: String,
    pulls: u64,
}

async fn list(store: &Store, format: TextOrJson, width: usize) -> anyhow::Result<String> {
    let imports = store.pull_imports().await?;
    let (counted, _) = store.counted_pulls(None).await?;
    // A difference of counters over several months stands with the month in which it began.
    let mut months: BTreeMap<(RegistryName, String, String), u64> = BTreeMap::new();
    for pulls in counted {
        let month = pulls.period.start().format("%Y-%m").to_string();
        let sum = months
            .entry((pulls.registry, month, pulls.repository.to_string()))
            .or_default();
        *sum = sum.saturating_add(pulls.count);
    }
    let known = KnownPulls {
        files: imports.into_iter().map(ImportedFile::new).collect(),
        months: months
            .into_iter()
            .map(|((registry, month, repository), pulls)| PullsOfMonth {
                month,
                registry,
                repository,
                pulls,
            })
            .collect(),
    };
    match format {
        TextOrJson::Table => Ok(known.text(width)),
        TextOrJson::Json => Ok(report::json(&known)?),
    }
}

impl ImportedFile {
    fn new(import: PullImportRecord) -> Self {
        let end = import.period.map(crate::units::Period::end);
        Self {
            imported_at: import.imported_at,
            registry: import.registry,
            format: import.format.as_str().to_owned(),
            file: import.file_name,
            first_day: import.period.map(crate::units::Period::start),
            last_day: end.map(|end| end.pred_opt().unwrap_or(end)),
            read_at: import.read_at,
            pulls: import.pulls,
        }
    }

    fn covered(&self) -> String {
        match (self.first_day, self.last_day, self.read_at) {
            (Some(first), Some(last), _) => format!("{first} to {last}"),
            (.., Some(at)) => format!("as of {}", at.format("%F %R UTC")),
            _ => String::new(),
        }
    }
}

impl KnownPulls {
    fn text(&self, width: usize) -> String {
        if self.files.is_empty() && self.months.is_empty() {
            return "No pulls have been imported or counted: see tare pulls import --help\n".to_owned();
        }
        let mut files = TextTable::new([
            Column::text("IMPORTED (UTC)").optional(1),
            Column::text("REGISTRY").shortened_to(20).optional(2),
            Column::text("FORMAT").optional(3),
            Column::text("FILE").shortened_to(16),
            Column::text("COVERS"),
            Column::number("PULLS"),
        ]);
        for file in &self.files {
            files.add([
                file.imported_at.format("%F %R").to_string(),
                file.registry.to_string(),
                file.format.clone(),
                printable(&file.file),
                file.covered(),
                file.pulls.to_string(),
            ]);
        }
        let mut months = TextTable::new([
            Column::text("MONTH"),
            Column::number("PULLS"),
            Column::text("REPOSITORY").shortened_to(30),
        ]);
        for row in &self.months {
            months.add([
                row.month.clone(),
                row.pulls.to_string(),
                format!("{}/{}", row.registry, printable(&row.repository)),
            ]);
        }
        let files = match self.files.is_empty() {
            true => "No file was imported; these pulls are from notifications.\n".to_owned(),
            false => format!("Files\n{}", files.text(width)),
        };
        format!("{files}\nPulls by month\n{}", months.text(width))
    }
}

fn name_of(file: &Path) -> String {
    file.file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

fn changed_at(file: &Path) -> anyhow::Result<DateTime<Utc>> {
    let changed = fs::metadata(file).and_then(|metadata| metadata.modified());
    Ok(changed
        .with_context(|| format!("cannot tell when {} was changed; set --read-at", file.display()))?
        .into())
}
