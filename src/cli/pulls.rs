//! `tare pulls`: how often repositories were pulled from, out of files that registries make.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Context as _;
use chrono::{DateTime, Utc};

use super::arguments::{ImportOptions, PullsCommand, PullsOptions};
use super::context::Context;
use super::outcome::{Outcome, UsageError, print};
use crate::clock::{Clock, SystemClock};
use crate::config::{InvalidAddress, RegistryAddress};
use crate::oci::text::printable;
use crate::oci::{Digest, RegistryName};
use crate::pulls::{PullFile, ReadPulls, Skipped, read_pulls};
use crate::store::{PullFileSource, PullImport, PullImportRecord, Store};

/// Does what `tare pulls` was asked.
pub(super) async fn pulls(options: &PullsOptions, context: &Context) -> anyhow::Result<Outcome> {
    let text = match &options.command {
        PullsCommand::Import(options) => {
            let store = context.open_store().await?;
            let said = import(&store, options, context).await;
            store.close().await;
            said?
        }
        PullsCommand::List => {
            let store = context.open_store().await?;
            let listed = list(&store).await;
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
    let content = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
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
        (PullImport::Events { new, known }, ReadPulls::Events(events)) => format!(
            "{file}: {new} new pulls from {} to {}{}\n",
            events.period.start(),
            events.period.end().pred_opt().unwrap_or(events.period.end()),
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
        (PullImport::Events { new, .. }, _) => format!("{file}: {new} new pulls\n"),
    };
    if let ReadPulls::Events(events) = pulls {
        text.push_str(&left_out(&events.skipped));
    }
    text
}

fn left_out(skipped: &Skipped) -> String {
    let reasons = [
        (skipped.other_operations, "are no pulls"),
        (skipped.failed, "are pulls that failed"),
        (skipped.own, "are of Tare's own crawls"),
        (skipped.other_registries, "are about other registries"),
        (skipped.repeated, "repeat another row"),
        (
            skipped.indexes,
            "are of an index, whose image has a row of its own",
        ),
        (skipped.attachments, "are of signatures and other attachments"),
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

async fn list(store: &Store) -> anyhow::Result<String> {
    let imports = store.pull_imports().await?;
    let (counted, _) = store.counted_pulls(None).await?;
    if imports.is_empty() && counted.is_empty() {
        return Ok("No pulls have been imported or counted: see tare pulls import --help\n".to_owned());
    }
    let mut text = match imports.is_empty() {
        true => String::from("No file was imported; these pulls are from notifications\n"),
        false => String::from("Files\n"),
    };
    for import in &imports {
        text.push_str(&imported(import));
    }
    // A difference of counters over several months stands with the month in which it began.
    let mut months: BTreeMap<(RegistryName, String, String), u64> = BTreeMap::new();
    for pulls in counted {
        let month = pulls.period.start().format("%Y-%m").to_string();
        let sum = months
            .entry((pulls.registry, month, pulls.repository.to_string()))
            .or_default();
        *sum = sum.saturating_add(pulls.count);
    }
    text.push_str("\nPulls by month\n");
    for ((registry, month, repository), count) in months {
        text.push_str(&format!("{month}  {count:>12}  {registry}/{repository}\n"));
    }
    Ok(text)
}

fn imported(import: &PullImportRecord) -> String {
    let about = match (import.period, import.read_at) {
        (Some(period), _) => format!(
            "{} to {}",
            period.start(),
            period.end().pred_opt().unwrap_or(period.end())
        ),
        (None, Some(at)) => format!("as of {}", at.format("%F %R UTC")),
        (None, None) => String::new(),
    };
    format!(
        "{}  {}  {}  {}  {about}  {} pulls\n",
        import.imported_at.format("%F %R UTC"),
        import.registry,
        import.format,
        printable(&import.file_name),
        import.pulls
    )
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
