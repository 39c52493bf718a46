use std::collections::HashSet;

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
    /// Pulls that were counted before.
    pub known: u64,
    /// Pulls and layers that were too old to tell whether they had been counted.
    pub outdated: u64,
}

impl Store {
    /// Counts the pulls in a registry's notifications, as [`Self::meter_envelopes`] does. `None` if the registry is not known.
    ///
    /// # Errors
    /// If the database is not available; nothing is counted then.
    pub async fn meter_pulls(
        &self,
        registry: &RegistryName,
        metered: &MeteredPulls,
    ) -> Result<Option<CountedNotifications>, StoreError> {
        let counted = self.meter_envelopes(registry, &[metered]).await?;
        Ok(counted.and_then(|counted| counted.into_iter().next()))
    }

    /// Counts the pulls in some envelopes of a registry, in one transaction. Those that were counted before add nothing, nor do
    /// those that are too old to tell, nor repeated ones. Returns what became of each envelope; `None` if the registry is not
    /// known.
    ///
    /// # Errors
    /// If the database is not available; nothing is counted then.
    pub async fn meter_envelopes(
        &self,
        registry: &RegistryName,
        envelopes: &[&MeteredPulls],
    ) -> Result<Option<Vec<CountedNotifications>>, StoreError> {
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
        let mut seen = HashSet::new();
        let pulls = envelopes.iter().flat_map(|metered| &metered.pulls);
        let pulls: Vec<PullEvent> = pulls
            .filter(|pull| is_known(pull.day) && seen.insert(pull.key))
            .cloned()
            .collect();
        let blobs = envelopes.iter().flat_map(|metered| &metered.blobs);
        let blobs: Vec<ServedBlob> = blobs.filter(|blob| is_known(blob.day)).cloned().collect();
        let mut saved = save_events(&mut transaction, registry, &pulls, CountedBy::Metered).await?;
        if !blobs.is_empty() {
            serve(&mut transaction, registry, &blobs, CountedBy::Metered).await?;
        }
        transaction.commit().await?;
        let counted = envelopes.iter().map(|metered| {
            let mut counted = CountedNotifications::default();
            for pull in &metered.pulls {
                if !is_known(pull.day) {
                    counted.outdated += 1;
                } else if let Some(more) = saved.added.remove(&pull.key) {
                    counted.pulls = counted.pulls.saturating_add(more);
                } else {
                    counted.known += 1;
                }
            }
            let outdated = metered.blobs.iter().filter(|blob| !is_known(blob.day));
            counted.outdated += outdated.count() as u64;
            counted
        });
        Ok(Some(counted.collect()))
    }
}
