//! Requests for crawls, manual and scheduled.

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::PgConnection;

use super::{CrawledRegistry, event};
use crate::oci::RegistryName;
use crate::store::registry_lock::lock_registry;
use crate::store::span::Named as _;
use crate::store::text::clean;
use crate::store::{Store, StoreError};

/// The result of requesting a crawl.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestedCrawl {
    /// The crawl.
    pub id: i64,
    /// Whether it was created by this request. Otherwise it was already queued or running, or the request was repeated.
    pub is_new: bool,
}

/// The requester of scheduled crawls.
const SCHEDULE: &str = "schedule";

impl Store {
    /// Saves registries, so that crawls of them can be requested.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn register_registries(
        &self,
        registries: &[CrawledRegistry],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        for registry in registries {
            know(&mut *self.pool.acquire().await?, registry, now).await?;
        }
        Ok(())
    }

    /// Whether the store has a registry of this name.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn knows_registry(&self, registry: &RegistryName) -> Result<bool, StoreError> {
        let is_known = sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT FROM registry WHERE name = $1) AS "is_known!""#,
            registry.as_str()
        )
        .fetch_one(&self.pool)
        .named("knows_registry")
        .await?;
        Ok(is_known)
    }

    /// Requests a crawl of a registry. Returns the existing crawl if one is queued or running, or if the same key was used
    /// for this registry before, however that crawl has ended.
    ///
    /// # Errors
    /// [`StoreError::UnknownRegistry`], or if the database is not available.
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

    /// Queues the crawl of a scheduled time, unless a process has done that for this time or a later one. An already queued
    /// crawl takes over the time.
    ///
    /// # Errors
    /// If the database is not available.
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

    /// Until when the schedule of a registry has been handled: its latest queued time; without one, when a crawl of it last
    /// started; `None` without either.
    ///
    /// # Errors
    /// If the database is not available.
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

/// Saves a registry and returns its number.
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
