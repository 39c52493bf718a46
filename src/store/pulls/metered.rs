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
        serve(&mut transaction, registry, &blobs).await?;
        transaction.commit().await?;
        let outdated = metered.pulls.len() - pulls.len() + metered.blobs.len() - blobs.len();
        Ok(Some(CountedNotifications {
            pulls: saved.new,
            outdated: outdated as u64,
        }))
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
         DO UPDATE SET bytes = pulled_bytes.bytes + EXCLUDED.bytes, blobs = pulled_bytes.blobs + EXCLUDED.blobs",
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
