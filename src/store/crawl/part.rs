//! A process's part in a crawl: the repositories it has claimed, as long as it renews its lease.

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::PgConnection;

use super::cost::stored;
use super::interval::interval;
use super::{CrawlCost, event};
use crate::inventory::FaultKind;
use crate::oci::RepositoryName;
use crate::store::row::Row;
use crate::store::span::Named as _;
use crate::store::{Store, StoreError};

/// A process's part in a crawl. Clones refer to the same part.
#[derive(Debug, Clone)]
pub struct CrawlPart {
    pub(in crate::store) store: Store,
    pub(in crate::store) registry: i64,
    pub(in crate::store) crawl: i64,
    pub(in crate::store) worker: i64,
    pub(super) is_leader: bool,
    pub(super) is_shared: bool,
}

/// Repositories that a worker has claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The repositories; empty if nothing is left to claim.
    pub repositories: Vec<RepositoryName>,
    /// How many workers the crawl has had so far.
    pub workers: u64,
    /// How many of them left without finishing.
    pub workers_gone: u64,
}

/// What a worker learns when it renews its lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewal {
    /// The crawl goes on.
    Continue,
    /// A user cancelled the crawl.
    Cancel,
}

/// What is left of a crawl for a worker that has nothing more to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rest {
    /// Unclaimed repositories.
    pub unclaimed: u64,
    /// Other workers that are still active.
    pub other_workers: u64,
}

/// How many progress events of a crawl are kept. Our choice.
const PROGRESS_EVENTS: i64 = 300;

impl CrawlPart {
    /// The crawl's number.
    pub fn crawl(&self) -> i64 {
        self.crawl
    }

    /// Whether this worker lists the repositories, waits for the others and ends the crawl.
    pub fn is_leader(&self) -> bool {
        self.is_leader
    }

    /// Whether other processes may join the crawl.
    pub fn is_shared(&self) -> bool {
        self.is_shared
    }

    /// How long the lease lasts without renewal.
    pub fn lease(&self) -> std::time::Duration {
        self.store.worker.lease
    }

    /// Ensures that this worker still holds its lease until the transaction ends.
    pub(in crate::store) async fn hold(&self, connection: &mut PgConnection) -> Result<(), StoreError> {
        let held = sqlx::query_scalar!(
            "SELECT id FROM crawl_worker WHERE id = $1 AND left_at IS NULL FOR SHARE",
            self.worker
        )
        .fetch_optional(connection)
        .named("hold_part")
        .await?;
        held.map(drop).ok_or(StoreError::LeaseLost)
    }

    /// Renews the lease, records what this worker has done so far, and says whether the crawl goes on.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] if the lease has expired, or if the database is not available.
    pub async fn renew(&self, cost: &CrawlCost, tags_done: u64) -> Result<Renewal, StoreError> {
        let is_cancelled = sqlx::query_scalar!(
            r#"UPDATE crawl_worker SET tags_done = $2, requests = $3, requests_get = $4, requests_head = $5,
                 requests_retried = $6, requests_rate_limited = $7, bytes_received = $8,
                 waited_milliseconds = $9, lease_until = clock_timestamp() + $10::interval,
                 answers_2xx = $11, answers_3xx = $12, answers_4xx = $13, answers_5xx = $14
             WHERE id = $1 AND outcome IS DISTINCT FROM 'lost'
             RETURNING EXISTS (
                 SELECT FROM crawl WHERE crawl.id = crawl_id AND cancel_requested_at IS NOT NULL) AS "is_cancelled!""#,
            self.worker,
            stored(tags_done),
            stored(cost.requests.total),
            stored(cost.requests.get),
            stored(cost.requests.head),
            stored(cost.requests.retried),
            stored(cost.requests.rate_limited),
            cost.bytes_received.as_i64(),
            cost.waited_milliseconds(),
            interval(self.store.worker.lease),
            stored(cost.answers.successes),
            stored(cost.answers.redirections),
            stored(cost.answers.refusals),
            stored(cost.answers.failures)
        )
        .fetch_optional(&self.store.pool)
        .named("renew_lease")
        .await?;
        match is_cancelled {
            None => Err(StoreError::LeaseLost),
            Some(true) => Ok(Renewal::Cancel),
            Some(false) => Ok(Renewal::Continue),
        }
    }

    /// Sums what all workers have recorded, for observers of the crawl. Called by the leader.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn report_progress(&self, now: DateTime<Utc>) -> Result<(), StoreError> {
        let mut transaction = self.store.pool.begin().await?;
        add_up(&mut transaction, self.crawl).await?;
        let row = sqlx::query!(
            r#"SELECT repositories_done, repositories_total, tags_done, requests, bytes_received,
                   (SELECT count(*) FROM crawl_fault WHERE crawl_id = crawl.id) AS "faults!",
                   (SELECT count(*) FROM crawl_worker
                    WHERE crawl_id = crawl.id AND left_at IS NULL) AS "workers!"
               FROM crawl WHERE id = $1"#,
            self.crawl
        )
        .fetch_one(&mut *transaction)
        .named("report_progress.select_crawl")
        .await?;
        let data = json!({
            "repositories_done": row.repositories_done,
            "repositories_total": row.repositories_total,
            "tags_done": row.tags_done,
            "requests": row.requests,
            "bytes_received": row.bytes_received,
            "faults": row.faults,
            "workers": row.workers,
        });
        event::write(&mut transaction, self.crawl, "progress", &data, now).await?;
        sqlx::query!(
            "DELETE FROM crawl_event WHERE crawl_id = $1 AND kind = 'progress' AND id <= (
                 SELECT id FROM crawl_event WHERE crawl_id = $1 AND kind = 'progress'
                 ORDER BY id DESC OFFSET $2 LIMIT 1)",
            self.crawl,
            PROGRESS_EVENTS
        )
        .execute(&mut *transaction)
        .named("report_progress.delete_crawl_event")
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Whether the repositories have been listed, and if so, whether the list was complete.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn listed(&self) -> Result<Option<bool>, StoreError> {
        let listed = sqlx::query_scalar!("SELECT catalogue_complete FROM crawl WHERE id = $1", self.crawl);
        Ok(listed
            .fetch_one(&self.store.pool)
            .named("catalogue_listed")
            .await?)
    }

    /// Counts tags that this worker found to be new, moved or gone.
    pub(in crate::store) async fn add_tag_changes(
        &self,
        connection: &mut PgConnection,
        changes: u64,
    ) -> Result<(), StoreError> {
        if changes == 0 {
            return Ok(());
        }
        sqlx::query!(
            "UPDATE crawl_worker SET tag_changes = tag_changes + $2 WHERE id = $1",
            self.worker,
            stored(changes)
        )
        .execute(connection)
        .named("add_tag_changes")
        .await?;
        Ok(())
    }

    /// Saves the repositories to read: unclaimed for all workers, or claimed by this one if the crawl is exclusive.
    ///
    /// # Errors
    /// If the lease was lost, or the database is not available.
    pub async fn list(
        &self,
        repositories: &[RepositoryName],
        is_complete: bool,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut transaction = self.store.pool.begin().await?;
        self.hold(&mut transaction).await?;
        let names: Vec<&str> = repositories.iter().map(RepositoryName::as_str).collect();
        sqlx::query!(
            "INSERT INTO crawl_task (crawl_id, repository, worker_id)
             SELECT $1, name, $3 FROM UNNEST($2::text[]) AS listed (name)
             ON CONFLICT (crawl_id, repository) DO NOTHING",
            self.crawl,
            &names as &[&str],
            (!self.is_shared).then_some(self.worker)
        )
        .execute(&mut *transaction)
        .named("list_repositories.insert_crawl_task")
        .await?;
        sqlx::query!(
            "UPDATE crawl SET catalogue_complete = $2, repositories_total = $3 WHERE id = $1",
            self.crawl,
            is_complete,
            stored(names.len() as u64)
        )
        .execute(&mut *transaction)
        .named("list_repositories.update_crawl")
        .await?;
        let data = json!({"repositories": names.len(), "is_complete": is_complete});
        event::write(&mut transaction, self.crawl, "listed", &data, now).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Claims some unclaimed repositories.
    ///
    /// # Errors
    /// If the lease was lost, or the database is not available.
    pub async fn claim(&self, at_most: u32) -> Result<Claim, StoreError> {
        let mut transaction = self.store.pool.begin().await?;
        self.hold(&mut transaction).await?;
        // Repositories with similar names often share content, so one worker gets them.
        let repositories = sqlx::query_scalar!(
            "UPDATE crawl_task SET worker_id = $2
             WHERE crawl_id = $1 AND repository IN (
                 SELECT repository FROM crawl_task WHERE crawl_id = $1 AND worker_id IS NULL
                 ORDER BY repository LIMIT $3 FOR UPDATE SKIP LOCKED)
             RETURNING repository",
            self.crawl,
            self.worker,
            i64::from(at_most)
        )
        .fetch_all(&mut *transaction)
        .named("claim_repositories.update_crawl_task")
        .await?;
        let workers = sqlx::query!(
            r#"SELECT count(*) AS "all!", count(*) FILTER (WHERE outcome IN ('lost', 'stopped')) AS "gone!"
               FROM crawl_worker WHERE crawl_id = $1"#,
            self.crawl
        )
        .fetch_one(&mut *transaction)
        .named("claim_repositories.select_crawl_worker")
        .await?;
        transaction.commit().await?;
        let crawl = Row::new("crawl", &self.crawl);
        let task = Row::new("crawl_task", &self.crawl);
        let name = |text: String| task.parse("repository", &text);
        Ok(Claim {
            repositories: repositories.into_iter().map(name).collect::<Result<_, _>>()?,
            workers: crawl.count("workers", workers.all)?,
            workers_gone: crawl.count("workers gone", workers.gone)?,
        })
    }

    /// What other workers still have to do.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn rest(&self) -> Result<Rest, StoreError> {
        let row = sqlx::query!(
            r#"SELECT
                   (SELECT count(*) FROM crawl_task WHERE crawl_id = $1 AND worker_id IS NULL) AS "unclaimed!",
                   (SELECT count(*) FROM crawl_worker
                    WHERE crawl_id = $1 AND id <> $2 AND left_at IS NULL) AS "others!""#,
            self.crawl,
            self.worker
        )
        .fetch_one(&self.store.pool)
        .named("rest_of_crawl")
        .await?;
        let crawl = Row::new("crawl", &self.crawl);
        Ok(Rest {
            unclaimed: crawl.count("repositories unclaimed", row.unclaimed)?,
            other_workers: crawl.count("other workers", row.others)?,
        })
    }

    /// Whether any worker has had a fault that makes the crawl incomplete.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn has_losses(&self) -> Result<bool, StoreError> {
        let no_loss = FaultKind::harmless();
        let has_losses = sqlx::query_scalar!(
            r#"SELECT EXISTS (
                   SELECT FROM crawl_fault WHERE crawl_id = $1 AND kind <> ALL ($2)) AS "has_losses!""#,
            self.crawl,
            &no_loss
        )
        .fetch_one(&self.store.pool)
        .named("has_losses")
        .await?;
        Ok(has_losses)
    }
}

/// Updates the crawl's row with the sums of its workers.
pub(super) async fn add_up(connection: &mut PgConnection, crawl: i64) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE crawl SET requests = spent.requests, requests_get = spent.requests_get,
             requests_head = spent.requests_head, requests_retried = spent.requests_retried,
             requests_rate_limited = spent.requests_rate_limited, bytes_received = spent.bytes_received,
             waited_milliseconds = spent.waited_milliseconds, tags_done = spent.tags_done,
             tag_changes = spent.tag_changes,
             answers_2xx = spent.answers_2xx, answers_3xx = spent.answers_3xx,
             answers_4xx = spent.answers_4xx, answers_5xx = spent.answers_5xx,
             repositories_done = (
                 SELECT count(*) FROM crawl_task WHERE crawl_id = $1 AND done_at IS NOT NULL)
         FROM (
             SELECT LEAST(sum(requests), 9223372036854775807)::bigint AS requests,
                 LEAST(sum(requests_get), 9223372036854775807)::bigint AS requests_get,
                 LEAST(sum(requests_head), 9223372036854775807)::bigint AS requests_head,
                 LEAST(sum(requests_retried), 9223372036854775807)::bigint AS requests_retried,
                 LEAST(sum(requests_rate_limited), 9223372036854775807)::bigint AS requests_rate_limited,
                 LEAST(sum(bytes_received), 9223372036854775807)::bigint AS bytes_received,
                 LEAST(sum(waited_milliseconds), 9223372036854775807)::bigint AS waited_milliseconds,
                 LEAST(sum(answers_2xx), 9223372036854775807)::bigint AS answers_2xx,
                 LEAST(sum(answers_3xx), 9223372036854775807)::bigint AS answers_3xx,
                 LEAST(sum(answers_4xx), 9223372036854775807)::bigint AS answers_4xx,
                 LEAST(sum(answers_5xx), 9223372036854775807)::bigint AS answers_5xx,
                 LEAST(sum(tags_done), 9223372036854775807)::bigint AS tags_done,
                 LEAST(sum(tag_changes), 9223372036854775807)::bigint AS tag_changes
             FROM crawl_worker WHERE crawl_id = $1) AS spent
         WHERE id = $1",
        crawl
    )
    .execute(connection)
    .named("add_up")
    .await?;
    Ok(())
}
