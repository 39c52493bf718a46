//! Retention: what is removed, and when.

mod history;

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::store::span::Named as _;
use crate::store::{Store, StoreError};

/// How long repeated events of pushes and deletions are recognised. Our choice: longer than any registry tries again.
const EVENT_KEYS: Duration = Duration::from_secs(7 * 24 * 3600);

/// How long data that current answers do not need is kept.
///
/// The current content of registries, and each registry's latest crawl with its faults, are always kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// The events of a finished crawl.
    pub crawl_events: Duration,
    /// The faults of a finished crawl.
    pub crawl_faults: Duration,
    /// The crawls themselves, with their requests.
    pub crawls: Duration,
    /// Every saved report. Of older ones, the last of each day (UTC) is kept forever.
    pub every_report: Duration,
    /// The keys of notified pulls, which identify repeated notifications. Older notifications are no longer counted; counted
    /// pulls stay counted.
    pub pull_events: Duration,
    /// The history of tags and of untagged manifests; `None` keeps it forever. Content that has been gone for so long is
    /// removed with it, at most once a day.
    pub tag_history: Option<Duration>,
}

/// The number of removed entries.
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
    /// Keys of notified pulls.
    pub pull_events: u64,
    /// Entries of tags' history.
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
    /// Removes everything older than its retention. The history of tags is left alone while a crawl is running, because the
    /// crawl relies on what is saved.
    ///
    /// # Errors
    /// If the database is not available; what was removed until then stays removed.
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
        self.prune_event_keys(before(EVENT_KEYS)).await?;
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
        // A later finished crawl makes an earlier one superfluous, however it ended.
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
            "DELETE FROM report WHERE computed_at < $1
                 AND EXISTS (
                     SELECT FROM report AS later WHERE later.registry_id = report.registry_id
                         AND (later.as_of, later.id) > (report.as_of, report.id)
                         AND later.as_of
                             < (date_trunc('day', report.as_of AT TIME ZONE 'UTC') + interval '1 day') AT TIME ZONE 'UTC')
                 AND NOT EXISTS (SELECT FROM report AS sharing WHERE sharing.rows_of = report.id)",
            before
        );
        Ok(reports
            .execute(&self.pool)
            .named("prune_reports")
            .await?
            .rows_affected())
    }

    /// Removes the keys of notified pulls before a day, and records the day, so that none of them is counted again.
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
            // Lock the registry first, as counting does, so that nothing is being counted when the keys go.
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
}
