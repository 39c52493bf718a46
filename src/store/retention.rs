//! What is forgotten, and when.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;

use super::span::Named as _;
use super::{Store, StoreError};

/// How long what is not needed for today's answers is kept.
///
/// What registries hold today, and each registry's latest crawl with its faults, is always kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// The events of a crawl that is over.
    pub crawl_events: Duration,
    /// What a crawl that is over could not read.
    pub crawl_faults: Duration,
    /// That there was a crawl, and what it cost.
    pub crawls: Duration,
    /// Each saved report; of older ones the last of each day (in UTC) is kept for ever.
    pub every_report: Duration,
    /// By what a pull that a registry notifies of is known again when it is sent twice. Pulls of days before are not
    /// counted any more; those that were stay counted.
    pub pull_events: Duration,
    /// Which tag pointed where, after it did, and which manifests were stored without one; for ever where there
    /// is none. What has not been there for so long is forgotten with it.
    pub tag_history: Option<Duration>,
}

/// What has been removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Events of crawls.
    pub crawl_events: u64,
    /// Faults of crawls.
    pub crawl_faults: u64,
    /// Crawls.
    pub crawls: u64,
    /// Saved reports.
    pub reports: u64,
    /// Keys of events that registries notified of.
    pub pull_events: u64,
    /// Times in which a tag pointed somewhere.
    pub tag_history: u64,
    /// Manifests.
    pub manifests: u64,
}

impl Pruned {
    /// Whether nothing was removed.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

impl Store {
    /// Removes what is older than it is to be kept. Tags' history waits until nobody is crawling, since a
    /// crawl takes what is saved for granted.
    ///
    /// # Errors
    /// Where the database is not available; what was removed by then stays removed.
    pub async fn prune(&self, retention: &Retention, now: DateTime<Utc>) -> Result<Pruned, StoreError> {
        let before = |age: Duration| {
            let age = TimeDelta::from_std(age).unwrap_or(TimeDelta::MAX);
            now.checked_sub_signed(age).unwrap_or(DateTime::UNIX_EPOCH)
        };
        let mut pruned = Pruned {
            crawl_events: self.prune_events(before(retention.crawl_events)).await?,
            crawl_faults: self.prune_faults(before(retention.crawl_faults)).await?,
            crawls: self.prune_crawls(before(retention.crawls)).await?,
            reports: self.prune_reports(before(retention.every_report)).await?,
            pull_events: self.prune_pull_events(before(retention.pull_events)).await?,
            ..Pruned::default()
        };
        if let Some(history) = retention.tag_history {
            (pruned.tag_history, pruned.manifests) = self.prune_history(before(history)).await?;
        }
        Ok(pruned)
    }

    async fn prune_events(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        let events = sqlx::query!(
            "DELETE FROM crawl_event USING crawl WHERE crawl.id = crawl_id AND finished_at < $1",
            before
        );
        Ok(events
            .execute(&self.pool)
            .named("prune_events")
            .await?
            .rows_affected())
    }

    async fn prune_faults(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        let faults = sqlx::query!(
            "DELETE FROM crawl_fault USING crawl
             WHERE crawl.id = crawl_id AND finished_at < $1 AND EXISTS (
                 SELECT FROM crawl AS later WHERE later.registry_id = crawl.registry_id
                     AND (later.started_at, later.id) > (crawl.started_at, crawl.id))",
            before
        );
        Ok(faults
            .execute(&self.pool)
            .named("prune_faults")
            .await?
            .rows_affected())
    }

    async fn prune_crawls(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        // A later one that came to its end makes an earlier one superfluous, however that ended.
        let crawls = sqlx::query!(
            "DELETE FROM crawl WHERE finished_at < $1 AND EXISTS (
                 SELECT FROM crawl AS later WHERE later.registry_id = crawl.registry_id
                     AND later.state IN ('complete', 'incomplete')
                     AND (later.started_at, later.id)
                         > (COALESCE(crawl.started_at, crawl.requested_at), crawl.id))",
            before
        );
        Ok(crawls
            .execute(&self.pool)
            .named("prune_crawls")
            .await?
            .rows_affected())
    }

    async fn prune_reports(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        let reports = sqlx::query!(
            "DELETE FROM report WHERE computed_at < $1 AND EXISTS (
                 SELECT FROM report AS later WHERE later.registry_id = report.registry_id
                     AND (later.as_of AT TIME ZONE 'UTC')::date = (report.as_of AT TIME ZONE 'UTC')::date
                     AND (later.as_of, later.id) > (report.as_of, report.id))",
            before
        );
        Ok(reports
            .execute(&self.pool)
            .named("prune_reports")
            .await?
            .rows_affected())
    }

    /// Forgets which pulls notified of were counted on days before, and notes that it did, so that none of them is counted
    /// again.
    async fn prune_pull_events(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        let since = before.date_naive();
        let registries = sqlx::query_scalar!(
            "SELECT DISTINCT registry_id FROM pull_event WHERE counted_by = 'metered' AND day < $1",
            since
        );
        let mut events = 0;
        for registry in registries
            .fetch_all(&self.pool)
            .named("prune_pull_events.select_pull_event")
            .await?
        {
            let mut transaction = self.pool.begin().await?;
            // First the registry, as whoever counts does: nobody can be counting when its keys go.
            sqlx::query!(
                "UPDATE registry SET pull_events_since = GREATEST(pull_events_since, $2) WHERE id = $1",
                registry,
                since
            )
            .execute(&mut *transaction)
            .named("prune_pull_events.update_registry")
            .await?;
            let forgotten = sqlx::query!(
                "DELETE FROM pull_event WHERE registry_id = $1 AND counted_by = 'metered' AND day < $2",
                registry,
                since
            );
            events += forgotten
                .execute(&mut *transaction)
                .named("prune_pull_events.delete_pull_event")
                .await?
                .rows_affected();
            transaction.commit().await?;
        }
        Ok(events)
    }

    /// Removes tags' history, and with it what it alone reached. Gives how many entries and manifests.
    async fn prune_history(&self, before: DateTime<Utc>) -> Result<(u64, u64), StoreError> {
        let mut transaction = self.pool.begin().await?;
        // Nobody can begin a crawl before this is over.
        sqlx::query("LOCK TABLE crawl IN SHARE MODE")
            .execute(&mut *transaction)
            .named("prune_history.lock_crawl")
            .await?;
        let is_somebody_crawling = sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT FROM crawl WHERE state = 'running') AS "is_somebody_crawling!""#
        )
        .fetch_one(&mut *transaction)
        .named("prune_history.select_crawl")
        .await?;
        if is_somebody_crawling {
            return Ok((0, 0));
        }
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

/// Removes the manifests that neither a tag nor a listing reaches and that were not saved just now, with what is
/// left over.
async fn forget_unreached(connection: &mut PgConnection, before: DateTime<Utc>) -> Result<u64, StoreError> {
    let manifests = sqlx::query!(
        "WITH RECURSIVE edge AS MATERIALIZED (
             SELECT blob_id AS above, UNNEST(child_blob_ids) AS beneath FROM manifest
             UNION ALL SELECT subject_blob_id, manifest_blob_id FROM referrer),
         reached AS (
             SELECT manifest_blob_id AS id FROM tag
             UNION SELECT manifest_blob_id FROM listed_manifest
             UNION SELECT edge.beneath FROM reached JOIN edge ON edge.above = reached.id)
         DELETE FROM manifest
         WHERE first_seen < $1 AND NOT EXISTS (SELECT FROM reached WHERE reached.id = manifest.blob_id)",
        before
    )
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
             UNION SELECT manifest_blob_id FROM referrer
             UNION SELECT subject_blob_id FROM referrer)
         DELETE FROM blob WHERE NOT EXISTS (SELECT FROM used WHERE used.id = blob.id)"
    )
    .execute(connection)
    .named("forget_unreached.delete_blob")
    .await?;
    Ok(manifests)
}
