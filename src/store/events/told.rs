use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::store::StoreError;
use crate::store::span::Named as _;

/// Who found out where a tag points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum TagSource {
    /// The crawl with this number.
    Crawl(i64),
    /// The answer to a question that an event led to.
    Event,
}

impl TagSource {
    /// The time to save with a changed tag, if an event led to the change.
    pub(in crate::store) fn told_at(self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::Crawl(_) => None,
            Self::Event => Some(now),
        }
    }
}

/// The tags of these repositories that events have changed since a crawl began. The crawl may have read older content, so
/// what it says about them does not count.
pub(in crate::store) async fn told_since(
    connection: &mut PgConnection,
    crawl: i64,
    repositories: &[i64],
) -> Result<HashSet<(i64, String)>, StoreError> {
    if repositories.is_empty() {
        return Ok(HashSet::new());
    }
    let rows = sqlx::query!(
        "SELECT repository_id, name FROM tag
         WHERE repository_id = ANY($1) AND told_at > (SELECT started_at FROM crawl WHERE id = $2)",
        repositories,
        crawl
    )
    .fetch_all(connection)
    .named("told_since")
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.repository_id, row.name))
        .collect())
}
