//! How a process leaves a crawl that continues.

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::PgConnection;

use super::expire::hand_back;
use super::{CrawlPart, event};
use crate::store::StoreError;
use crate::store::span::Named as _;
use crate::store::text::clean;

/// Why a worker leaves a crawl that continues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaving {
    /// Nothing was left to do.
    Finished,
    /// It was told to stop.
    Stopped,
}

impl CrawlPart {
    /// Leaves a crawl that continues. Claimed repositories that are not finished become free. Call it after the last
    /// [`renew`](Self::renew).
    ///
    /// # Errors
    /// If the lease was lost, or the database is not available.
    pub async fn leave(&self, how: Leaving, now: DateTime<Utc>) -> Result<(), StoreError> {
        let outcome = match how {
            Leaving::Finished => "finished",
            Leaving::Stopped => "stopped",
        };
        let mut transaction = self.store.pool.begin().await?;
        if !self.end(&mut transaction, outcome, now).await? {
            // An earlier attempt succeeded, but its response was lost.
            return Ok(());
        }
        let handed_back = hand_back(&mut transaction, self.crawl, self.worker).await?;
        let data = json!({
            "worker": self.store.worker.name,
            "outcome": outcome,
            "repositories_handed_back": handed_back,
        });
        event::write(&mut transaction, self.crawl, "worker_left", &data, now).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Ends the part. Returns `false` if it had ended already.
    pub(super) async fn end(
        &self,
        connection: &mut PgConnection,
        outcome: &str,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let ended = sqlx::query!(
            "UPDATE crawl_worker SET left_at = $2, outcome = $3 WHERE id = $1 AND left_at IS NULL",
            self.worker,
            now,
            outcome
        )
        .execute(&mut *connection)
        .named("end_part.update_crawl_worker")
        .await?;
        if ended.rows_affected() > 0 {
            return Ok(true);
        }
        let before = sqlx::query_scalar!("SELECT outcome FROM crawl_worker WHERE id = $1", self.worker);
        match before
            .fetch_one(connection)
            .named("end_part.select_crawl_worker")
            .await?
            .as_deref()
        {
            Some("lost") => Err(StoreError::LeaseLost),
            _ => Ok(false),
        }
    }

    /// Leaves because of a failure. If this worker leads the crawl, the crawl fails with this reason; otherwise it goes on
    /// without this worker.
    ///
    /// # Errors
    /// If the lease was lost, or the database is not available.
    pub async fn give_up(&self, reason: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
        if !self.is_leader {
            return self.leave(Leaving::Stopped, now).await;
        }
        let mut transaction = self.store.pool.begin().await?;
        if !self.end(&mut transaction, "stopped", now).await? {
            return Ok(());
        }
        sqlx::query!("DELETE FROM crawl_task WHERE crawl_id = $1", self.crawl)
            .execute(&mut *transaction)
            .named("give_up.delete_crawl_task")
            .await?;
        let reason = clean(reason);
        sqlx::query!(
            "UPDATE crawl SET state = 'failed', finished_at = $2, message = $3 WHERE id = $1",
            self.crawl,
            now,
            reason.as_ref()
        )
        .execute(&mut *transaction)
        .named("give_up.update_crawl")
        .await?;
        event::write(
            &mut transaction,
            self.crawl,
            "failed",
            &json!({"message": reason}),
            now,
        )
        .await?;
        transaction.commit().await?;
        Ok(())
    }
}
