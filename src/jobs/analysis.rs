use std::sync::Arc;

use anyhow::Context as _;
use chrono::{DateTime, Days, Utc};

use crate::oci::{PlatformFilter, RegistryName};
use crate::report::{Analysed, Knowledge, ReportOptions};
use crate::store::{ReportOfCrawl, Store};

/// How far back pulls are looked at for their pace: a registry may not have been crawled for a while.
const PULLS_LOOKED_AT: Days = Days::new(366);

/// Says which platforms' images count in a registry.
pub type PlatformsOf = Arc<dyn Fn(&RegistryName) -> Vec<PlatformFilter> + Send + Sync>;

/// Works out what registries store and cost from what has been saved of them.
#[derive(Clone)]
pub struct Analyst {
    /// What has been saved.
    pub store: Store,
    /// What answers rest on beside it.
    pub knowledge: Arc<Knowledge>,
    /// The platforms whose images count in a registry; all where there are none.
    pub platforms: PlatformsOf,
}

impl Analyst {
    /// Everything about all registries. Bases and twins are learnt from every one of them, so none can be left out.
    ///
    /// # Errors
    /// Where the store fails, where sizes overflow, and where a file of the catalogue cannot be used.
    pub async fn analysed(&self) -> anyhow::Result<Analysed> {
        let mut holdings = Vec::new();
        for record in self.store.registries().await? {
            let name = &record.registry.name;
            let platforms = (self.platforms)(name);
            holdings.extend(self.store.registry_holdings(name, &platforms).await?);
        }
        let knowledge = Arc::clone(&self.knowledge);
        // It reckons for a second or more, which must not hold up whoever else runs on this thread.
        Ok(tokio::task::spawn_blocking(move || Analysed::of(holdings, &knowledge)).await??)
    }

    /// Works everything out and saves it, as is done after a crawl.
    ///
    /// # Errors
    /// As with [`Self::analysed`]; nothing is saved then.
    pub async fn save_report(&self, now: DateTime<Utc>) -> anyhow::Result<Analysed> {
        let analysed = self.analysed().await?;
        let since = now.date_naive().checked_sub_days(PULLS_LOOKED_AT);
        let knowledge = Knowledge::clone(&self.knowledge);
        let knowledge = self.store.with_pulls(knowledge, since).await?;
        let report = analysed.report(&knowledge, &ReportOptions::default())?;
        self.store
            .save_report(ReportOfCrawl {
                report: &report,
                versions: &self.knowledge.versions(),
                computed_at: now,
            })
            .await
            .context("cannot save the report")?;
        Ok(analysed)
    }
}
