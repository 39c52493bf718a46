//! What happened in a crawl, as whoever watches it is told.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;

use crate::store::span::Named as _;
use crate::store::{Store, StoreError};

/// Something that happened in a crawl.
#[derive(Debug, Clone, PartialEq)]
pub struct CrawlEvent {
    /// Its number: later events of the same crawl have higher ones.
    pub id: i64,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// What: `queued`, `started`, `listed`, `progress`, `worker_joined`, `worker_left`, `worker_lost`, or the
    /// state that the crawl ended in, after which nothing follows.
    pub kind: String,
    /// More about it, by kind.
    pub data: Value,
}

impl Store {
    /// What happened in a crawl after the event `after` (0 for the beginning), oldest first. Of its progress
    /// only the latest events are kept.
    ///
    /// # Errors
    /// Where the database is not available.
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

/// Writes an event as the last thing of a transaction.
///
/// It holds the crawl's row from before the event gets its number until the transaction ends. So whoever
/// asks for the events after the last one they saw misses none that was being written meanwhile.
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
