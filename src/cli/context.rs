use std::path::Path;
use std::sync::Arc;

use super::outcome::UsageError;
use super::terminal::Widths;
use crate::analysis::AnalysisService;
use crate::clock::{Clock, SystemClock};
use crate::config::{Environment, Settings};
use crate::store::{DatabaseLocation, Store, StoreError, StoreSettings};
use crate::telemetry::Console;

/// With how many free bytes a disk counts as full: PostgreSQL's log grows in files of 16 MiB (PostgreSQL 17,
/// wal_segment_size), read on 2026-12-01.
const FULL: u64 = 17 << 20;

/// The free bytes on the disk of a folder; `None` if that cannot be told.
fn free_bytes(folder: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// What every command has at hand.
#[derive(Clone)]
pub(super) struct Context {
    pub(super) settings: Arc<Settings>,
    pub(super) environment: Environment,
    pub(super) console: Console,
    pub(super) quiet: bool,
    /// How wide output may be.
    pub(super) widths: Widths,
}

impl Context {
    /// Opens the store of the settings.
    pub(super) async fn open_store(&self) -> anyhow::Result<Store> {
        Ok(Store::open(&self.store_settings()?, SystemClock.now()).await?)
    }

    /// Where the store of the settings is, and how to open it.
    pub(super) fn store_settings(&self) -> anyhow::Result<StoreSettings> {
        let settings = self
            .settings
            .store
            .settings()
            .map_err(|error| UsageError(error.to_string()))?;
        let settings = settings.ok_or_else(|| {
            UsageError(
                "there is no home folder to keep the database in: choose a folder with --data-dir, or a server \
                 with DATABASE_URL"
                    .to_owned(),
            )
        })?;
        Ok(settings)
    }

    /// The error of a command, in plain words where the disk of the embedded database is full. PostgreSQL then says only
    /// which of its files it could not extend.
    pub(super) fn explained(&self, error: anyhow::Error) -> anyhow::Error {
        let location = self.store_settings().map(|settings| settings.location);
        match location {
            Ok(DatabaseLocation::Embedded(folder))
                if error.chain().any(<dyn std::error::Error>::is::<StoreError>)
                    && free_bytes(&folder).is_some_and(|free| free < FULL) =>
            {
                StoreError::DiskFull { folder: Some(folder) }.into()
            }
            _ => error,
        }
    }

    /// The analysis of a store, with the inputs of the settings.
    pub(super) fn analysis(&self, store: &Store) -> anyhow::Result<AnalysisService> {
        let inputs = Arc::new(self.settings.analysis_inputs()?);
        let platforms = self.settings.platforms();
        Ok(AnalysisService::new(store.clone(), inputs, platforms))
    }
}
