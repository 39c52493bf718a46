//! Which registries this process crawls, announced to all processes on the same database.

use std::time::Duration;

use super::scheduled::ScheduledRegistry;
use super::scheduler::Scheduler;
use crate::store::{CrawlerEntry, StoreError};

/// How long an announcement is valid. Our choice: a killed process is noticed after this time.
const ANNOUNCEMENT_LEASE: Duration = Duration::from_secs(30);

impl Scheduler {
    /// Adds the registries that were crawled before, and announces all registries that this process crawls. Called before
    /// the service answers, so that its first answer knows them.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn prepare(&mut self) -> Result<(), StoreError> {
        let configured: Vec<_> = self.registries.iter().map(|one| one.registry.clone()).collect();
        self.store
            .register_registries(&configured, self.clock.now())
            .await?;
        let known = std::mem::take(&mut self.registries);
        let found = self.stored_beside(&known).await?;
        self.registries = known;
        self.registries.extend(found);
        self.announce(&self.registries).await
    }

    /// The registries that were crawled before and are not among these.
    pub(super) async fn stored_beside(
        &self,
        known: &[ScheduledRegistry],
    ) -> Result<Vec<ScheduledRegistry>, StoreError> {
        let Some(from_stored) = &self.from_stored else {
            return Ok(Vec::new());
        };
        let mut found = Vec::new();
        for stored in self.store.stored_registries().await? {
            let name = &stored.registry.name;
            if known.iter().any(|one| one.registry.name == *name) {
                continue;
            }
            match from_stored(&stored) {
                Ok(registry) => found.push(registry),
                Err(error) => tracing::warn!(
                    registry = %name,
                    error = format!("{error:#}"),
                    "a registry that was crawled before cannot be crawled again"
                ),
            }
        }
        Ok(found)
    }

    pub(super) async fn announce(&self, registries: &[ScheduledRegistry]) -> Result<(), StoreError> {
        let now = self.clock.now();
        let entries: Vec<_> = registries
            .iter()
            .map(|one| CrawlerEntry {
                registry: one.registry.name.clone(),
                is_configured: one.is_configured,
                schedule: one.schedule.as_ref().map(ToString::to_string),
                next_crawl: one
                    .schedule
                    .as_ref()
                    .and_then(|schedule| schedule.next_due(&one.registry.name, now)),
            })
            .collect();
        self.store.announce_crawler(&entries, ANNOUNCEMENT_LEASE).await
    }
}
