use std::sync::Arc;

use super::outcome::UsageError;
use super::terminal::Widths;
use crate::analysis::AnalysisService;
use crate::clock::{Clock, SystemClock};
use crate::config::{Environment, Settings};
use crate::store::{Store, StoreSettings};
use crate::telemetry::Console;

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

    /// The analysis of a store, with the inputs of the settings.
    pub(super) fn analysis(&self, store: &Store) -> anyhow::Result<AnalysisService> {
        let inputs = Arc::new(self.settings.analysis_inputs()?);
        let platforms = self.settings.platforms();
        Ok(AnalysisService::new(store.clone(), inputs, platforms))
    }
}
