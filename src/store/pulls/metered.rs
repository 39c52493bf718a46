use std::collections::{BTreeMap, HashSet};

use chrono::NaiveDate;
use sqlx::PgConnection;

use super::import::{bigint, save_events};
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
            serve(&mut transaction, registry, &blobs).await?;
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

/// Adds blobs that are not known yet.
async fn serve(connection: &mut PgConnection, registry: i64, blobs: &[ServedBlob]) -> Result<(), StoreError> {
    let keys: Vec<Vec<u8>> = blobs.iter().map(|blob| blob.key.to_vec()).collect();
    let days: Vec<NaiveDate> = blobs.iter().map(|blob| blob.day).collect();
    let new: HashSet<Vec<u8>> = sqlx::query_scalar!(
        "INSERT INTO pull_event (registry_id, key, day, count, counted_by)
         SELECT DISTINCT ON (key) $1::bigint, key, day, 1, 'metered' FROM UNNEST($2::bytea[], $3::date[]) AS new (key, day)
         ON CONFLICT (registry_id, key) DO NOTHING RETURNING key",
        registry,
        &keys,
        &days
    )
    .fetch_all(&mut *connection)
    .named("meter_pulls.insert_pull_event")
    .await?
    .into_iter()
    .collect();
    let mut counted = HashSet::new();
    let mut sums: BTreeMap<(NaiveDate, &str), (u64, u64)> = BTreeMap::new();
    for blob in blobs {
        if new.contains(blob.key.as_slice()) && counted.insert(blob.key) {
            let (bytes, count) = sums.entry((blob.day, blob.repository.as_str())).or_default();
            *bytes = bytes.saturating_add(blob.bytes);
            *count += 1;
        }
    }
    let days: Vec<NaiveDate> = sums.keys().map(|(day, _)| *day).collect();
    let repositories: Vec<String> = sums.keys().map(|(_, name)| (*name).to_owned()).collect();
    let bytes: Vec<i64> = sums.values().map(|(bytes, _)| bigint(*bytes)).collect();
    let counts: Vec<i64> = sums.values().map(|(_, count)| bigint(*count)).collect();
    sqlx::query!(
        "INSERT INTO pulled_bytes (registry_id, day, repository, bytes, blobs)
         SELECT $1, day, repository, bytes, blobs
         FROM UNNEST($2::date[], $3::text[], $4::bigint[], $5::bigint[]) AS new (day, repository, bytes, blobs)
         ON CONFLICT (registry_id, day, repository)
         DO UPDATE SET
             bytes = LEAST(pulled_bytes.bytes::numeric + EXCLUDED.bytes, 9223372036854775807)::bigint,
             blobs = LEAST(pulled_bytes.blobs::numeric + EXCLUDED.blobs, 9223372036854775807)::bigint",
        registry,
        &days,
        &repositories,
        &bytes,
        &counts
    )
    .execute(connection)
    .named("meter_pulls.insert_pulled_bytes")
    .await?;
    Ok(())
}
