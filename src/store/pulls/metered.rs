use chrono::NaiveDate;

use super::import::save_events;
use super::served::serve;
use crate::oci::RegistryName;
use crate::pulls::{CountedBy, MeteredPulls, PullEvent, ServedBlob};
use crate::store::registry_lock::lock_registry;
use crate::store::span::Named as _;
use crate::store::{Store, StoreError};

/// The result of counting notifications.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CountedNotifications {
    /// New pulls.
    pub pulls: u64,
    /// Pulls and layers that were too old to tell whether they had been counted.
    pub outdated: u64,
}

impl Store {
    /// Counts the pulls in a registry's notifications. Those that were counted before add nothing, nor do those that are too
    /// old to tell. `None` if the registry is not known.
    ///
    /// # Errors
    /// If the database is not available; nothing is counted then.
    pub async fn meter_pulls(
        &self,
        registry: &RegistryName,
        metered: &MeteredPulls,
    ) -> Result<Option<CountedNotifications>, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let Some(registry) = lock_registry(&mut transaction, registry).await? else {
            return Ok(None);
        };
        // The lock prevents pruning until the transaction ends.
        let since = sqlx::query_scalar!("SELECT pull_events_since FROM registry WHERE id = $1", registry)
            .fetch_one(&mut *transaction)
            .named("meter_pulls.select_registry")
            .await?;
        let is_known = |day: NaiveDate| since.is_none_or(|since| day >= since);
        let pulls = metered.pulls.iter().filter(|pull| is_known(pull.day));
        let pulls: Vec<PullEvent> = pulls.cloned().collect();
        let blobs = metered.blobs.iter().filter(|blob| is_known(blob.day));
        let blobs: Vec<ServedBlob> = blobs.cloned().collect();
        let saved = save_events(&mut transaction, registry, &pulls, CountedBy::Metered).await?;
        serve(&mut transaction, registry, &blobs, CountedBy::Metered).await?;
        transaction.commit().await?;
        let outdated = metered.pulls.len() - pulls.len() + metered.blobs.len() - blobs.len();
        Ok(Some(CountedNotifications {
            pulls: saved.new,
            outdated: outdated as u64,
        }))
    }
}
