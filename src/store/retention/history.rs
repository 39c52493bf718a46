//! The history of tags, and content that only removed tags reached.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};
use futures::TryStreamExt as _;
use sqlx::PgConnection;

use crate::store::save::CONTENT_LOCK;
use crate::store::span::Named as _;
use crate::store::{Store, StoreError};

/// The history of tags is removed when some of it is older than its retention by so much. Our choice: finding what nothing
/// reaches any more reads all manifests, which a crawl every few minutes must not cost.
const HISTORY_STEP: TimeDelta = TimeDelta::days(1);

impl Store {
    /// Removes the history of tags, and what only it reached. Returns the number of entries and manifests.
    pub(super) async fn prune_history(&self, before: DateTime<Utc>) -> Result<(u64, u64), StoreError> {
        let is_due = sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT FROM tag WHERE valid_until < $1)
                   OR EXISTS (SELECT FROM listed_manifest WHERE valid_until < $1) AS "is_due!""#,
            before.checked_sub_signed(HISTORY_STEP).unwrap_or(before)
        );
        if !is_due
            .fetch_one(&self.pool)
            .named("prune_history.select_tag")
            .await?
        {
            return Ok((0, 0));
        }
        let mut transaction = self.pool.begin().await?;
        // No crawl can start before this is over.
        sqlx::query("LOCK TABLE crawl IN SHARE MODE")
            .execute(&mut *transaction)
            .named("prune_history.lock_crawl")
            .await?;
        let is_crawl_running = sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT FROM crawl WHERE state = 'running') AS "is_crawl_running!""#
        )
        .fetch_one(&mut *transaction)
        .named("prune_history.select_crawl")
        .await?;
        if is_crawl_running {
            return Ok((0, 0));
        }
        // Only now: a crawl that writes shares this lock, and waits for the table.
        sqlx::query("SELECT pg_advisory_xact_lock($1)")
            .bind(CONTENT_LOCK)
            .execute(&mut *transaction)
            .named("prune_history.lock_content")
            .await?;
        // A moment at which something was valid that is removed cannot be shown any more.
        sqlx::query!(
            "UPDATE registry SET tags_kept_since = GREATEST(tags_kept_since, removed.until)
             FROM (SELECT registry_id, max(ended.until) AS until
                   FROM (SELECT repository_id, valid_until AS until FROM tag WHERE valid_until < $1
                         UNION ALL
                         SELECT repository_id, valid_until FROM listed_manifest WHERE valid_until < $1
                         UNION ALL
                         SELECT repository_id, valid_until FROM missing_manifest WHERE valid_until < $1
                         UNION ALL
                         SELECT id, tombstoned_at FROM repository WHERE tombstoned_at < $1) AS ended
                   JOIN repository ON repository.id = ended.repository_id
                   GROUP BY registry_id) AS removed
             WHERE registry.id = removed.registry_id",
            before
        )
        .execute(&mut *transaction)
        .named("prune_history.update_registry")
        .await?;
        let history = sqlx::query!("DELETE FROM tag WHERE valid_until < $1", before)
            .execute(&mut *transaction)
            .named("prune_history.delete_tag")
            .await?
            .rows_affected();
        let listed = sqlx::query!("DELETE FROM listed_manifest WHERE valid_until < $1", before)
            .execute(&mut *transaction)
            .named("prune_history.delete_listed_manifest")
            .await?
            .rows_affected();
        sqlx::query!("DELETE FROM missing_manifest WHERE valid_until < $1", before)
            .execute(&mut *transaction)
            .named("prune_history.delete_missing_manifest")
            .await?;
        let mut manifests = 0;
        if history > 0 || listed > 0 {
            sqlx::query!("DELETE FROM repository WHERE tombstoned_at < $1", before)
                .execute(&mut *transaction)
                .named("prune_history.delete_repository")
                .await?;
            manifests = forget_unreached(&mut transaction, before).await?;
        }
        transaction.commit().await?;
        Ok((history, manifests))
    }
}

/// Removes the manifests that no tag and no listing reaches and that were not saved recently, and their leftovers.
async fn forget_unreached(connection: &mut PgConnection, before: DateTime<Utc>) -> Result<u64, StoreError> {
    let unreached = unreached(connection, before).await?;
    let manifests = sqlx::query!("DELETE FROM manifest WHERE blob_id = ANY($1)", &unreached)
        .execute(&mut *connection)
        .named("forget_unreached.delete_manifest")
        .await?
        .rows_affected();
    sqlx::query!(
        "DELETE FROM referrer
         WHERE NOT EXISTS (SELECT FROM manifest WHERE manifest.blob_id = referrer.subject_blob_id)"
    )
    .execute(&mut *connection)
    .named("forget_unreached.delete_referrer")
    .await?;
    sqlx::query!(
        "DELETE FROM image_config
         WHERE NOT EXISTS (SELECT FROM manifest WHERE manifest.config_blob_id = image_config.blob_id)"
    )
    .execute(&mut *connection)
    .named("forget_unreached.delete_image_config")
    .await?;
    sqlx::query!(
        "WITH used AS (
             SELECT blob_id AS id FROM manifest
             UNION SELECT config_blob_id FROM manifest
             UNION SELECT subject_blob_id FROM manifest
             UNION SELECT UNNEST(layer_blob_ids) FROM manifest
             UNION SELECT UNNEST(child_blob_ids) FROM manifest
             UNION SELECT manifest_blob_id FROM tag
             UNION SELECT manifest_blob_id FROM listed_manifest
             UNION SELECT manifest_blob_id FROM missing_manifest
             UNION SELECT manifest_blob_id FROM referrer
             UNION SELECT subject_blob_id FROM referrer)
         DELETE FROM blob WHERE NOT EXISTS (SELECT FROM used WHERE used.id = blob.id)"
    )
    .execute(connection)
    .named("forget_unreached.delete_blob")
    .await?;
    Ok(manifests)
}

/// The manifests saved before a moment that no tag and no listing reaches.
async fn unreached(connection: &mut PgConnection, before: DateTime<Utc>) -> Result<Vec<i64>, StoreError> {
    // Not a recursive query: its size is estimated far too large, and its plan takes a minute in a registry of 100,000 tags.
    let mut edges = Vec::new();
    let query = sqlx::query!(
        r#"SELECT blob_id AS "above!", UNNEST(child_blob_ids) AS "below!" FROM manifest WHERE child_blob_ids <> '{}'
           UNION ALL SELECT subject_blob_id, manifest_blob_id FROM referrer"#
    );
    let mut rows = query.fetch(&mut *connection);
    let read = async {
        while let Some(row) = rows.try_next().await? {
            edges.push((row.above, row.below));
        }
        Ok::<_, StoreError>(())
    };
    read.named("unreached.select_edge").await?;
    drop(rows);

    let mut roots = Vec::new();
    let query = sqlx::query_scalar!(
        r#"SELECT manifest_blob_id AS "id!" FROM tag UNION SELECT manifest_blob_id FROM listed_manifest"#
    );
    let mut rows = query.fetch(&mut *connection);
    let read = async {
        while let Some(id) = rows.try_next().await? {
            roots.push(id);
        }
        Ok::<_, StoreError>(())
    };
    read.named("unreached.select_root").await?;
    drop(rows);

    let reached = reached(roots, edges);
    let mut unreached = Vec::new();
    let query = sqlx::query_scalar!("SELECT blob_id FROM manifest WHERE first_seen < $1", before);
    let mut rows = query.fetch(connection);
    let read = async {
        while let Some(id) = rows.try_next().await? {
            if !reached.contains(&id) {
                unreached.push(id);
            }
        }
        Ok::<_, StoreError>(())
    };
    read.named("unreached.select_manifest").await?;
    drop(rows);
    Ok(unreached)
}

/// What is reached from the roots along edges, which lead from above to below. Not recursive, because a hostile registry may
/// nest indexes to any depth over time.
fn reached(roots: Vec<i64>, mut edges: Vec<(i64, i64)>) -> HashSet<i64> {
    edges.sort_unstable();
    let mut reached: HashSet<i64> = roots.iter().copied().collect();
    let mut unfollowed = roots;
    while let Some(id) = unfollowed.pop() {
        let first = edges.partition_point(|&(above, _)| above < id);
        for &(_, below) in edges[first..].iter().take_while(|&&(above, _)| above == id) {
            if reached.insert(below) {
                unfollowed.push(below);
            }
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_below_a_root_is_reached_and_circles_end() {
        let edges = vec![(1, 2), (2, 3), (3, 1), (4, 5), (3, 6)];
        let expected: HashSet<i64> = [1, 2, 3, 6, 9].into_iter().collect();
        assert_eq!(reached(vec![1, 9], edges), expected);
    }
}
