use std::sync::Arc;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use tokio::sync::Mutex;

use crate::oci::{PlatformFilter, RegistryName};
use crate::report::{Analysed, AnalysisInputs, RegistryContent, ReportOptions};
use crate::store::{ReportOfCrawl, SavedState, Store};

/// Says which platforms' images count in a registry.
pub type PlatformsOf = Arc<dyn Fn(&RegistryName) -> Vec<PlatformFilter> + Send + Sync>;

/// Works out what registries store and cost from what has been saved of them. Clones share what they keep.
#[derive(Clone)]
pub struct AnalysisService {
    pub(super) store: Store,
    pub(super) inputs: Arc<AnalysisInputs>,
    pub(super) platforms: PlatformsOf,
    keeps: bool,
    /// What was worked out last, where it is kept, and of what. Whoever comes while it is being worked out waits
    /// for it, and does not work it out beside.
    kept: Arc<Mutex<Option<Kept>>>,
}

struct Kept {
    of: SavedState,
    analysed: Arc<Analysed>,
}

impl AnalysisService {
    /// Works from what is in `store`. Answers rest on `inputs` beside it, and only images for `platforms` count
    /// in a registry; all where there are none.
    pub fn new(store: Store, inputs: Arc<AnalysisInputs>, platforms: PlatformsOf) -> Self {
        Self {
            store,
            inputs,
            platforms,
            keeps: false,
            kept: Arc::default(),
        }
    }

    /// Keeps what was worked out last for whoever asks next, until another crawl has ended: for a process that
    /// answers from it all the time, and in which it would otherwise be there twice.
    #[must_use]
    pub fn keeping(mut self) -> Self {
        self.keeps = true;
        self
    }

    /// Everything about all registries. Bases and twins are learnt from every one of them, so none can be left out.
    ///
    /// # Errors
    /// Where the store fails, where sizes overflow, and where a file of the catalogue cannot be used.
    pub async fn analysed(&self) -> anyhow::Result<Arc<Analysed>> {
        let mut kept = self.kept.lock().await;
        let registries = self.store.registries().await?;
        let state = SavedState::of(&registries);
        if let Some(kept) = kept.as_ref().filter(|kept| kept.of == state) {
            return Ok(Arc::clone(&kept.analysed));
        }
        let mut content = Vec::new();
        for record in &registries {
            let name = &record.registry.name;
            let platforms = (self.platforms)(name);
            content.extend(self.store.registry_content(name, &platforms).await?);
        }
        let analysed = Arc::new(self.analyse(content).await?);
        if self.keeps {
            *kept = Some(Kept {
                of: state,
                analysed: Arc::clone(&analysed),
            });
        }
        Ok(analysed)
    }

    /// The same as registries were at a moment of the past.
    ///
    /// # Errors
    /// As with [`Self::analysed`].
    pub(super) async fn analysed_at(&self, as_of: DateTime<Utc>) -> anyhow::Result<Analysed> {
        let mut content = Vec::new();
        for record in self.store.registries().await? {
            let name = &record.registry.name;
            let platforms = (self.platforms)(name);
            content.extend(self.store.registry_content_at(name, &platforms, as_of).await?);
        }
        self.analyse(content).await
    }

    async fn analyse(&self, content: Vec<RegistryContent>) -> anyhow::Result<Analysed> {
        let inputs = Arc::clone(&self.inputs);
        // It reckons for a second or more, which must not hold up whoever else runs on this thread.
        Ok(tokio::task::spawn_blocking(move || Analysed::of(content, &inputs)).await??)
    }

    /// Works everything out and saves it, as is done after a crawl.
    ///
    /// # Errors
    /// As with [`Self::analysed`]; nothing is saved then.
    pub async fn save_report(&self, now: DateTime<Utc>) -> anyhow::Result<Arc<Analysed>> {
        let analysed = self.analysed().await?;
        let inputs = AnalysisInputs::clone(&self.inputs);
        let inputs = self.store.with_recent_pulls(inputs, now.date_naive()).await?;
        let report = analysed.report(&inputs, &ReportOptions::default())?;
        self.store
            .save_report(ReportOfCrawl {
                report: &report,
                versions: &self.inputs.versions(),
                computed_at: now,
            })
            .await
            .context("cannot save the report")?;
        Ok(analysed)
    }
}
