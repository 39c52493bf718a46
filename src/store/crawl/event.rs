//! The events of a crawl, for its observers.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;

use crate::store::span::Named as _;
use crate::store::{Store, StoreError};

/// An event of a crawl.
#[derive(Debug, Clone, PartialEq)]
pub struct CrawlEvent {
    /// Its number. Later events of the same crawl have higher numbers.
    pub id: i64,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// The kind: `queued`, `started`, `listed`, `progress`, `worker_joined`, `worker_left`, `worker_lost`, `cancelling`,
    /// or the final state of the crawl, after which no event follows.
    pub kind: String,
    /// Details, depending on the kind.
    pub data: Value,
}

impl Store {
    /// The events of a crawl after the event `after` (0 for all), oldest first. Only the latest progress events are kept.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn crawl_events(&self, id: i64, after: i64, limit: u32) -> Result<Vec<CrawlEvent>, StoreError> {
        let events = sqlx::query_as!(
            CrawlEvent,
            "SELECT id, at, kind, data FROM crawl_event
             WHERE crawl_id = $1 AND id > $2 ORDER BY id LIMIT $3",
            id,
            after,
            i64::from(limit)
        )
        .fetch_all(&self.pool)
        .named("crawl_events")
        .await?;
        Ok(events)
    }
}

/// Writes an event. Must be the last statement of its transaction.
///
/// Locks the crawl's row before the event gets its number, until the transaction ends. So a reader that asks for the
/// events after the last one it saw does not miss one that was being written.
pub(super) async fn write(
    connection: &mut PgConnection,
    crawl: i64,
    kind: &str,
    data: &Value,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "WITH held AS (SELECT id FROM crawl WHERE id = $1 FOR NO KEY UPDATE)
         INSERT INTO crawl_event (crawl_id, at, kind, data) SELECT id, $4, $2, $3 FROM held",
        crawl,
        kind,
        data,
        now
    )
    .execute(connection)
    .named("write_event")
    .await?;
    Ok(())
}
