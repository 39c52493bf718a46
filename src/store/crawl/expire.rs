//! Workers whose leases have expired.

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::PgConnection;

use super::event;
use crate::store::span::Named as _;
use crate::store::{Store, StoreError};

impl Store {
    /// Marks workers whose leases have expired as lost, and releases what they had claimed.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn expire_workers(&self, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.expire(false, now).await
    }

    /// Marks every worker as lost. Only for a database that no other process can have open.
    pub(in crate::store) async fn expire_all_workers(&self, now: DateTime<Utc>) -> Result<(), StoreError> {
        self.expire(true, now).await
    }

    async fn expire(&self, all: bool, now: DateTime<Utc>) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        // One that is saving at this moment holds its row, and is not lost after all.
        let lost = sqlx::query!(
            "UPDATE crawl_worker SET left_at = $2, outcome = 'lost'
             WHERE id IN (
                 SELECT id FROM crawl_worker
                 WHERE left_at IS NULL AND ($1 OR lease_until < clock_timestamp())
                 ORDER BY id FOR UPDATE SKIP LOCKED)
             RETURNING id, crawl_id, name",
            all,
            now
        )
        .fetch_all(&mut *transaction)
        .named("expire_workers.update_crawl_worker")
        .await?;
        if lost.is_empty() {
            return Ok(());
        }
        for worker in lost {
            tracing::warn!(
                crawl_id = worker.crawl_id,
                worker = worker.name,
                "lease of a worker expired, its part is free"
            );
            let handed_back = hand_back(&mut transaction, worker.crawl_id, worker.id).await?;
            let data = json!({"worker": worker.name, "repositories_handed_back": handed_back});
            event::write(&mut transaction, worker.crawl_id, "worker_lost", &data, now).await?;
            let was_its_own = sqlx::query_scalar!(
                "UPDATE crawl SET state = 'interrupted', finished_at = $2, message = $3
                 WHERE id = $1 AND state = 'running' AND NOT is_shared RETURNING id",
                worker.crawl_id,
                now,
                format!("{} ended without a word", worker.name)
            )
            .fetch_optional(&mut *transaction)
            .named("expire_workers.update_crawl")
            .await?;
            if was_its_own.is_some() {
                sqlx::query!("DELETE FROM crawl_task WHERE crawl_id = $1", worker.crawl_id)
                    .execute(&mut *transaction)
                    .named("expire_workers.delete_crawl_task")
                    .await?;
                event::write(&mut transaction, worker.crawl_id, "interrupted", &json!({}), now).await?;
            }
        }
        transaction.commit().await?;
        Ok(())
    }
}

/// Makes what a worker had claimed and not finished anybody's again, and gives how many repositories that
/// were. Their faults are reported again by the worker that reads them next.
pub(super) async fn hand_back(
    connection: &mut PgConnection,
    crawl: i64,
    worker: i64,
) -> Result<usize, StoreError> {
    let repositories = sqlx::query_scalar!(
        "UPDATE crawl_task SET worker_id = NULL
         WHERE crawl_id = $1 AND worker_id = $2 AND done_at IS NULL RETURNING repository",
        crawl,
        worker
    )
    .fetch_all(&mut *connection)
    .named("hand_back.update_crawl_task")
    .await?;
    if repositories.is_empty() {
        return Ok(0);
    }
    // Another worker reads the tags of these again.
    sqlx::query!(
        "UPDATE crawl_worker SET tags_done = LEAST(tags_done, COALESCE((
             SELECT sum(tags) FROM crawl_task
             WHERE crawl_task.crawl_id = $1 AND worker_id = $2 AND done_at IS NOT NULL), 0))
         WHERE id = $2",
        crawl,
        worker
    )
    .execute(&mut *connection)
    .named("hand_back.update_crawl_worker")
    .await?;
    sqlx::query!(
        "DELETE FROM crawl_fault WHERE crawl_id = $1 AND repository = ANY ($2)",
        crawl,
        &repositories
    )
    .execute(connection)
    .named("hand_back.delete_crawl_fault")
    .await?;
    Ok(repositories.len())
}
