//! How a process comes to have a part in a crawl.

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::PgConnection;

use super::interval::interval;
use super::request::know;
use super::{CrawlPart, CrawlSaver, CrawledRegistry, event};
use crate::oci::RegistryName;
use crate::store::registry_lock::lock_registry;
use crate::store::span::Named as _;
use crate::store::{Store, StoreError};

/// A running crawl.
struct Running {
    id: i64,
    is_shared: bool,
    has_leader: bool,
    has_open_tasks: bool,
}

impl Store {
    /// Begins a crawl that only this process works on. A crawl whose workers
    /// are all gone is taken to have been interrupted; what it saved is used.
    ///
    /// A repository or tag counts as deleted after `tombstone_after` listings in a row without it.
    ///
    /// # Errors
    /// [`StoreError::CrawlInProgress`] if another process crawls the registry; also if the database is not available.
    pub async fn begin_crawl(
        &self,
        registry: &CrawledRegistry,
        tombstone_after: u32,
        now: DateTime<Utc>,
    ) -> Result<CrawlSaver, StoreError> {
        self.expire_workers(now).await?;
        let mut transaction = self.pool.begin().await?;
        let id = know(&mut transaction, registry, now).await?;
        if let Some(error) = crawl_in_progress(&mut transaction, id, &registry.name).await? {
            return Err(error);
        }
        sqlx::query!(
            "DELETE FROM crawl_task USING crawl
             WHERE crawl_id = crawl.id AND registry_id = $1 AND state = 'running'",
            id
        )
        .execute(&mut *transaction)
        .named("begin_crawl.delete_crawl_task")
        .await?;
        let abandoned = sqlx::query_scalar!(
            "UPDATE crawl SET state = 'interrupted', finished_at = $2, message = $3
             WHERE registry_id = $1 AND state = 'running' RETURNING id",
            id,
            now,
            "abandoned; a newer crawl has begun"
        )
        .fetch_optional(&mut *transaction)
        .named("begin_crawl.update_crawl")
        .await?;
        if let Some(crawl) = abandoned {
            event::write(&mut transaction, crawl, "interrupted", &json!({}), now).await?;
        }
        let crawl = sqlx::query_scalar!(
            "INSERT INTO crawl (registry_id, state, requested_at, requested_by, started_at, tare_version)
             VALUES ($1, 'running', $2, 'command line', $2, $3) RETURNING id",
            id,
            now,
            env!("CARGO_PKG_VERSION")
        )
        .fetch_one(&mut *transaction)
        .named("begin_crawl.insert_crawl")
        .await?;
        event::write(&mut transaction, crawl, "started", &json!({}), now).await?;
        let worker = self.enlist(&mut transaction, crawl, true, now).await?;
        transaction.commit().await?;
        let part = CrawlPart {
            store: self.clone(),
            registry: id,
            crawl,
            worker,
            is_leader: true,
            is_shared: false,
        };
        Ok(CrawlSaver::new(part, tombstone_after))
    }

    /// Takes part in a crawl of a registry that has work for one more: begins one that is queued, carries
    /// on one that has lost its leader, or helps with unclaimed repositories. `None` if there
    /// is nothing to do.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn join_crawl(
        &self,
        registry: &RegistryName,
        tombstone_after: u32,
        now: DateTime<Utc>,
    ) -> Result<Option<CrawlSaver>, StoreError> {
        // Called often and mostly without result, so the first query takes no locks.
        if !self.has_work(registry).await? {
            return Ok(None);
        }
        self.expire_workers(now).await?;
        let mut transaction = self.pool.begin().await?;
        let Some(registry) = lock_registry(&mut transaction, registry).await? else {
            return Ok(None);
        };
        let running = running(&mut transaction, registry).await?;
        let (crawl, is_leader) = match running {
            Some(crawl) if !crawl.is_shared => return Ok(None),
            Some(crawl) if !crawl.has_leader => (crawl.id, true),
            Some(crawl) if crawl.has_open_tasks => (crawl.id, false),
            Some(_) => return Ok(None),
            None => {
                let begun = sqlx::query_scalar!(
                    "UPDATE crawl SET state = 'running', started_at = $2
                     WHERE registry_id = $1 AND state = 'queued' RETURNING id",
                    registry,
                    now
                )
                .fetch_optional(&mut *transaction)
                .named("join_crawl")
                .await?;
                let Some(crawl) = begun else { return Ok(None) };
                event::write(&mut transaction, crawl, "started", &json!({}), now).await?;
                (crawl, true)
            }
        };
        let worker = self.enlist(&mut transaction, crawl, is_leader, now).await?;
        transaction.commit().await?;
        let part = CrawlPart {
            store: self.clone(),
            registry,
            crawl,
            worker,
            is_leader,
            is_shared: true,
        };
        Ok(Some(CrawlSaver::new(part, tombstone_after)))
    }

    /// Whether a crawl of the registry is queued or might need one more worker.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn has_work(&self, registry: &RegistryName) -> Result<bool, StoreError> {
        let has_work = sqlx::query_scalar!(
            r#"SELECT EXISTS (
                   SELECT FROM crawl JOIN registry ON registry.id = crawl.registry_id
                   WHERE registry.name = $1 AND (state = 'queued' OR state = 'running' AND (
                       cancel_requested_at IS NULL
                           AND EXISTS (SELECT FROM crawl_task WHERE crawl_id = crawl.id AND worker_id IS NULL)
                       OR NOT EXISTS (
                           SELECT FROM crawl_worker WHERE crawl_id = crawl.id AND left_at IS NULL
                               AND is_leader AND lease_until >= clock_timestamp())
                       OR EXISTS (
                           SELECT FROM crawl_worker WHERE crawl_id = crawl.id AND left_at IS NULL
                               AND lease_until < clock_timestamp())))) AS "has_work!""#,
            registry.as_str()
        )
        .fetch_one(&self.pool)
        .named("has_work")
        .await?;
        Ok(has_work)
    }

    async fn enlist(
        &self,
        connection: &mut PgConnection,
        crawl: i64,
        is_leader: bool,
        now: DateTime<Utc>,
    ) -> Result<i64, StoreError> {
        let worker = sqlx::query_scalar!(
            "INSERT INTO crawl_worker (crawl_id, name, is_leader, joined_at, lease_until)
             VALUES ($1, $2, $3, $4, clock_timestamp() + $5::interval) RETURNING id",
            crawl,
            self.worker.name,
            is_leader,
            now,
            interval(self.worker.lease)
        )
        .fetch_one(&mut *connection)
        .named("enlist_worker")
        .await?;
        let data = json!({"worker": self.worker.name, "leads": is_leader});
        event::write(connection, crawl, "worker_joined", &data, now).await?;
        Ok(worker)
    }
}

/// The error for a registry that is being crawled already.
async fn crawl_in_progress(
    connection: &mut PgConnection,
    registry: i64,
    name: &RegistryName,
) -> Result<Option<StoreError>, StoreError> {
    let row = sqlx::query!(
        "SELECT crawl_worker.name AS holder, joined_at, lease_until
         FROM crawl JOIN crawl_worker ON crawl_worker.crawl_id = crawl.id
         WHERE registry_id = $1 AND state = 'running' AND left_at IS NULL
         ORDER BY is_leader DESC, lease_until DESC LIMIT 1",
        registry
    )
    .fetch_optional(connection)
    .named("under_way")
    .await?;
    Ok(row.map(|row| StoreError::CrawlInProgress {
        registry: name.clone(),
        holder: row.holder,
        since: row.joined_at,
        lease_until: row.lease_until,
    }))
}

async fn running(connection: &mut PgConnection, registry: i64) -> Result<Option<Running>, StoreError> {
    let running = sqlx::query_as!(
        Running,
        r#"SELECT id, is_shared,
               EXISTS (SELECT FROM crawl_worker
                   WHERE crawl_id = crawl.id AND is_leader AND left_at IS NULL) AS "has_leader!",
               cancel_requested_at IS NULL AND EXISTS (SELECT FROM crawl_task
                   WHERE crawl_id = crawl.id AND worker_id IS NULL) AS "has_open_tasks!"
           FROM crawl WHERE registry_id = $1 AND state = 'running'"#,
        registry
    )
    .fetch_optional(connection)
    .named("running_crawl")
    .await?;
    Ok(running)
}
