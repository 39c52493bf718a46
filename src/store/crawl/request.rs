//! Asking for crawls, by hand and by schedule.

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::PgConnection;

use super::{CrawledRegistry, event};
use crate::oci::RegistryName;
use crate::store::registry_lock::lock_registry;
use crate::store::span::Named as _;
use crate::store::text::clean;
use crate::store::{Store, StoreError};

/// What asking for a crawl led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestedCrawl {
    /// The crawl.
    pub id: i64,
    /// Whether it was made for this request; else it was queued or running already, or the request is one
    /// that was repeated.
    pub is_new: bool,
}

/// Who asks, where it is the schedule.
const SCHEDULE: &str = "schedule";

impl Store {
    /// Writes down registries that are to be crawled, so that crawls of them can be asked for.
    ///
    /// # Errors
    /// Where the database is not available.
    pub async fn know_registries(
        &self,
        registries: &[CrawledRegistry],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        for registry in registries {
            know(&mut *self.pool.acquire().await?, registry, now).await?;
        }
        Ok(())
    }

    /// Asks for a crawl of a registry. Where one is queued or running, that is the answer. So it is where
    /// the same key was used for this registry before, however that crawl has ended since.
    ///
    /// # Errors
    /// [`StoreError::UnknownRegistry`], or where the database is not available.
    pub async fn request_crawl(
        &self,
        registry: &RegistryName,
        requested_by: &str,
        idempotency_key: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<RequestedCrawl, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let id = lock_registry(&mut transaction, registry)
            .await?
            .ok_or_else(|| StoreError::UnknownRegistry(registry.clone()))?;
        let key = idempotency_key.map(clean);
        let earlier = sqlx::query_scalar!(
            "SELECT id FROM crawl
             WHERE registry_id = $1 AND (idempotency_key = $2 OR state IN ('queued', 'running'))
             ORDER BY (idempotency_key = $2) IS TRUE DESC, state LIMIT 1",
            id,
            key.as_deref()
        )
        .fetch_optional(&mut *transaction)
        .named("request_crawl")
        .await?;
        if let Some(id) = earlier {
            return Ok(RequestedCrawl { id, is_new: false });
        }
        let crawl = queue(
            &mut transaction,
            id,
            &clean(requested_by),
            key.as_deref(),
            None,
            now,
        )
        .await?;
        transaction.commit().await?;
        Ok(RequestedCrawl {
            id: crawl,
            is_new: true,
        })
    }

    /// Queues the crawl of a slot of a registry's schedule, unless that was done for this slot or a later
    /// one, by whichever process. A crawl that waits already takes the slot upon itself.
    ///
    /// # Errors
    /// Where the database is not available.
    pub async fn take_slot(
        &self,
        registry: &RegistryName,
        slot: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Option<i64>, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let taken = sqlx::query_scalar!(
            "UPDATE registry SET scheduled_until = $2
             WHERE name = $1 AND (scheduled_until IS NULL OR scheduled_until < $2) RETURNING id",
            registry.as_str(),
            slot
        )
        .fetch_optional(&mut *transaction)
        .named("take_slot.update_registry")
        .await?;
        let Some(id) = taken else { return Ok(None) };
        let waiting = sqlx::query_scalar!(
            "UPDATE crawl SET slot = $2 WHERE registry_id = $1 AND state = 'queued' RETURNING id",
            id,
            slot
        )
        .fetch_optional(&mut *transaction)
        .named("take_slot.update_crawl")
        .await?;
        let crawl = match waiting {
            Some(crawl) => crawl,
            None => queue(&mut transaction, id, SCHEDULE, None, Some(slot), now).await?,
        };
        transaction.commit().await?;
        Ok(Some(crawl))
    }

    /// Up to when the schedule of a registry has been seen to: its latest slot that was taken; as long as
    /// there is none, when a crawl of it last began; `None` if there was neither.
    ///
    /// # Errors
    /// Where the database is not available.
    pub async fn scheduled_until(
        &self,
        registry: &RegistryName,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        let until = sqlx::query_scalar!(
            "SELECT COALESCE(scheduled_until,
                 (SELECT max(started_at) FROM crawl WHERE registry_id = registry.id))
             FROM registry WHERE name = $1",
            registry.as_str()
        )
        .fetch_optional(&self.pool)
        .named("scheduled_until")
        .await?;
        Ok(until.flatten())
    }
}

/// Writes down what a registry is, and gives its number.
pub(super) async fn know(
    connection: &mut PgConnection,
    registry: &CrawledRegistry,
    now: DateTime<Utc>,
) -> Result<i64, StoreError> {
    let id = sqlx::query_scalar!(
        "INSERT INTO registry (name, origin_url, dedup_scope, first_seen) VALUES ($1, $2, $3, $4)
         ON CONFLICT (name) DO UPDATE
         SET origin_url = EXCLUDED.origin_url, dedup_scope = EXCLUDED.dedup_scope
         RETURNING id",
        registry.name.as_str(),
        registry.origin_url,
        registry.dedup_scope.as_str(),
        now
    )
    .fetch_one(connection)
    .named("know_registry")
    .await?;
    Ok(id)
}

async fn queue(
    connection: &mut PgConnection,
    registry: i64,
    requested_by: &str,
    idempotency_key: Option<&str>,
    slot: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<i64, StoreError> {
    let crawl = sqlx::query_scalar!(
        "INSERT INTO crawl (registry_id, state, requested_at, requested_by, idempotency_key, slot, is_shared,
             tare_version)
         VALUES ($1, 'queued', $2, $3, $4, $5, true, $6) RETURNING id",
        registry,
        now,
        requested_by,
        idempotency_key,
        slot,
        env!("CARGO_PKG_VERSION")
    )
    .fetch_one(&mut *connection)
    .named("queue_crawl")
    .await?;
    let data = json!({"requested_by": requested_by, "slot": slot});
    event::write(connection, crawl, "queued", &data, now).await?;
    Ok(crawl)
}
