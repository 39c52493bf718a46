//! Crawls that a user cancels.

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::PgConnection;

use super::{CrawlState, event};
use crate::store::row::Row;
use crate::store::span::Named as _;
use crate::store::text::clean;
use crate::store::{Store, StoreError};

/// What a request to cancel a crawl did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancellation {
    /// The crawl was queued, or no process worked on it: it is cancelled.
    Cancelled,
    /// The crawl is running; its workers stop within a second or two.
    Requested,
    /// The crawl had ended before.
    AlreadyOver(CrawlState),
}

impl Store {
    /// Cancels a crawl. What a running crawl has saved stays, and the next crawl continues from it. `None` if there is no
    /// such crawl.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn cancel_crawl(
        &self,
        id: i64,
        requested_by: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<Cancellation>, StoreError> {
        let mut transaction = self.pool.begin().await?;
        // The lock of `join_crawl`: no process takes the crawl up meanwhile.
        let locked = sqlx::query_scalar!(
            "SELECT registry.id FROM registry JOIN crawl ON crawl.registry_id = registry.id
             WHERE crawl.id = $1 FOR NO KEY UPDATE OF registry",
            id
        )
        .fetch_optional(&mut *transaction)
        .named("cancel_crawl.lock_registry")
        .await?;
        if locked.is_none() {
            return Ok(None);
        }
        let crawl = sqlx::query!(
            r#"SELECT state, cancel_requested_at,
                   EXISTS (SELECT FROM crawl_worker WHERE crawl_id = crawl.id AND left_at IS NULL
                       AND lease_until >= clock_timestamp()) AS "has_worker!"
               FROM crawl WHERE id = $1 FOR NO KEY UPDATE"#,
            id
        )
        .fetch_one(&mut *transaction)
        .named("cancel_crawl.select_crawl")
        .await?;
        let state: CrawlState = Row::new("crawl", &id).parse("state", &crawl.state)?;
        if state.is_over() {
            return Ok(Some(Cancellation::AlreadyOver(state)));
        }
        let requested_by = clean(requested_by);
        if crawl.cancel_requested_at.is_none() {
            sqlx::query!(
                "UPDATE crawl SET cancel_requested_at = $2, cancel_requested_by = $3 WHERE id = $1",
                id,
                now,
                requested_by.as_ref()
            )
            .execute(&mut *transaction)
            .named("cancel_crawl.request")
            .await?;
        }
        let is_at_work = state == CrawlState::Running && crawl.has_worker;
        if !is_at_work {
            end(&mut transaction, id, now).await?;
        } else if crawl.cancel_requested_at.is_none() {
            event::write(
                &mut transaction,
                id,
                CrawlState::Cancelling.as_str(),
                &json!({}),
                now,
            )
            .await?;
        }
        transaction.commit().await?;
        Ok(Some(if is_at_work {
            Cancellation::Requested
        } else {
            Cancellation::Cancelled
        }))
    }
}

/// Ends a crawl that no process works on.
async fn end(connection: &mut PgConnection, crawl: i64, now: DateTime<Utc>) -> Result<(), StoreError> {
    lose_workers(connection, crawl, now).await?;
    sqlx::query!("DELETE FROM crawl_task WHERE crawl_id = $1", crawl)
        .execute(&mut *connection)
        .named("cancel_crawl.delete_crawl_task")
        .await?;
    sqlx::query!(
        "UPDATE crawl SET state = 'cancelled', finished_at = $2, message = 'cancelled by ' || cancel_requested_by
         WHERE id = $1",
        crawl,
        now
    )
    .execute(&mut *connection)
    .named("cancel_crawl.end")
    .await?;
    event::write(connection, crawl, CrawlState::Cancelled.as_str(), &json!({}), now).await
}

/// Takes the parts of all remaining workers from them, so that they save nothing more.
pub(super) async fn lose_workers(
    connection: &mut PgConnection,
    crawl: i64,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE crawl_worker SET left_at = $2, outcome = 'lost' WHERE crawl_id = $1 AND left_at IS NULL",
        crawl,
        now
    )
    .execute(connection)
    .named("lose_workers")
    .await?;
    Ok(())
}
