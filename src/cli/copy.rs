//! `tare copy`, `tare backup` and `tare restore`: everything that a store holds, in another database or in a file.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::arguments::{BackupOptions, CopyOptions, RestoreOptions};
use super::context::Context;
use super::outcome::{Outcome, UsageError, print};
use crate::clock::{Clock, SystemClock};
use crate::report::grouped;
use crate::store::{DatabaseLocation, RowCounts, Store, StoreSettings};

/// Copies a store into an empty database.
pub(super) async fn copy(options: &CopyOptions, context: &Context) -> anyhow::Result<Outcome> {
    let source = match &options.from {
        Some(place) => settings_at(place, "--from", context)?,
        None => context.store_settings()?,
    };
    let target = settings_at(&options.to, "--to", context)?;
    if is_same(&source.location, &target.location) {
        return Err(UsageError("source and target are the same database".to_owned()).into());
    }
    let source = Store::open(&source, SystemClock.now())
        .await
        .context("the source")?;
    let copied = match Store::open(&target, SystemClock.now())
        .await
        .context("the target")
    {
        Ok(target) => {
            let copied = source.copy_to(&target).await;
            target.close().await;
            copied.map_err(anyhow::Error::from)
        }
        Err(error) => Err(error),
    };
    source.close().await;
    print(&format!(
        "Copied {}. Source and target have the same number of rows in every table.\nTo use the copy: {}\n",
        in_words(&copied?),
        match target.location {
            DatabaseLocation::Server(_) => "set DATABASE_URL to its address".to_owned(),
            DatabaseLocation::Embedded(folder) => format!("tare --data-dir {} report", folder.display()),
        }
    ))?;
    Ok(Outcome::Complete)
}

/// Writes the store to an archive, which is there only when it is complete.
pub(super) async fn backup(options: &BackupOptions, context: &Context) -> anyhow::Result<Outcome> {
    let file = &options.file;
    if file.exists() {
        return Err(UsageError(format!("{} exists; name a new file", file.display())).into());
    }
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let partial = tempfile::NamedTempFile::new_in(folder)
        .with_context(|| format!("cannot write {}", file.display()))?;
    let store = context.open_store().await?;
    let mut output = BufWriter::new(partial);
    let written = store.back_up(&mut output, SystemClock.now()).await;
    store.close().await;
    let counts = written?;
    let saved = || -> std::io::Result<u64> {
        output.flush()?;
        let partial = output.into_inner().map_err(std::io::IntoInnerError::into_error)?;
        partial.as_file().sync_all()?;
        let size = partial.as_file().metadata()?.len();
        partial.persist_noclobber(file).map_err(|error| error.error)?;
        Ok(size)
    };
    let size = saved().with_context(|| format!("cannot write {}", file.display()))?;
    print(&format!(
        "{}: {}, {} bytes. It holds what the registries hold, and digests of API keys: keep it as safe as the database.\n",
        file.display(),
        in_words(&counts),
        grouped(usize::try_from(size).unwrap_or(usize::MAX))
    ))?;
    Ok(Outcome::Complete)
}

/// Fills an empty store from an archive.
pub(super) async fn restore(options: &RestoreOptions, context: &Context) -> anyhow::Result<Outcome> {
    let file = &options.file;
    let archive =
        File::open(file).map_err(|error| UsageError(format!("cannot read {}: {error}", file.display())))?;
    let (store, counts) = Store::restore(&context.store_settings()?, archive, SystemClock.now())
        .await
        .with_context(|| file.display().to_string())?;
    store.close().await;
    print(&format!(
        "Restored {} from {}.\n",
        in_words(&counts),
        file.display()
    ))?;
    Ok(Outcome::Complete)
}

fn in_words(counts: &RowCounts) -> String {
    let of = |table: &str| counts.get(table).copied().unwrap_or_default();
    let rows: u64 = counts.values().sum();
    let number = |count: u64| grouped(usize::try_from(count).unwrap_or(usize::MAX));
    format!(
        "{} rows of {} tables ({} registries, {} reports, {} closed months, {} keys)",
        number(rows),
        counts.len(),
        number(of("registry")),
        number(of("report")),
        number(of("closed_month")),
        number(of("api_key"))
    )
}

/// A database that an option names. Its text may hold a password, so no message repeats it.
fn settings_at(place: &str, option: &str, context: &Context) -> anyhow::Result<StoreSettings> {
    let is_url = ["postgres://", "postgresql://"]
        .iter()
        .any(|scheme| place.starts_with(scheme));
    let location = match is_url {
        true => DatabaseLocation::Server(place.to_owned().into()),
        false if place.contains("://") || place.is_empty() => {
            return Err(UsageError(format!(
                "{option}: expected postgres://user@host:5432/database, or a folder of an embedded database"
            ))
            .into());
        }
        false => DatabaseLocation::Embedded(PathBuf::from(place)),
    };
    Ok(StoreSettings {
        location,
        ..context
            .store_settings()
            .unwrap_or_else(|_| StoreSettings::at(DatabaseLocation::Embedded(PathBuf::new())))
    })
}

fn is_same(one: &DatabaseLocation, other: &DatabaseLocation) -> bool {
    use secrecy::ExposeSecret as _;
    match (one, other) {
        (DatabaseLocation::Server(one), DatabaseLocation::Server(other)) => {
            one.expose_secret() == other.expose_secret()
        }
        (DatabaseLocation::Embedded(one), DatabaseLocation::Embedded(other)) => {
            one == other
                || one
                    .canonicalize()
                    .is_ok_and(|one| other.canonicalize().is_ok_and(|other| one == other))
        }
        _ => false,
    }
}
