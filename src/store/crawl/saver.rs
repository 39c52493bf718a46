use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use serde_json::json;

use super::cancel::lose_workers;
use super::part::add_up;
use super::{CrawlCost, CrawlPart, CrawlState, event};
use crate::inventory::{Fault, FaultLimit};
use crate::oci::RepositoryName;
use crate::store::StoreError;
use crate::store::save::{Saved, save_faults};
use crate::store::span::Named as _;

/// How a crawl ended.
pub struct CrawlEnd<'a> {
    /// This worker's requests.
    pub cost: CrawlCost,
    /// How many tags this worker has finished.
    pub tags_done: u64,
    /// The final state: anything but running.
    pub state: CrawlState,
    /// Whether the catalogue was listed to its end and every repository in it visited, so that a missing repository is gone.
    pub catalogue_listed: bool,
    /// Which repositories the crawl would have visited if they had been listed.
    pub in_scope: &'a (dyn Fn(&RepositoryName) -> bool + Sync),
    /// Faults that were not sent as findings.
    pub faults: &'a [Fault],
}

/// Saves what a worker finds in one crawl.
///
/// It remembers the number of each saved digest, so that content shared by many images costs one look-up per crawl.
#[derive(Debug)]
pub struct CrawlSaver {
    pub(in crate::store) part: CrawlPart,
    pub(in crate::store) tombstone_after: i32,
    /// What earlier batches saved. Changed only after a batch's transaction has been committed.
    pub(in crate::store) saved: Saved,
    /// References that were listed but not found, by repository.
    pub(in crate::store) vanished: HashMap<RepositoryName, HashSet<String>>,
    /// How many faults have been listed.
    pub(in crate::store) faults: FaultLimit,
    rows_before_tidying: u64,
}

/// The number of findings after which a crawl is followed by [`Store::tidy`](crate::store::Store::tidy). Our choice.
const TIDY_AFTER: u64 = 2_000;

impl CrawlSaver {
    /// Saves how many faults were not listed because there were too many, and returns what was saved. To be called once,
    /// after the last batch.
    ///
    /// # Errors
    /// As with [`Self::save`].
    pub async fn save_unlisted_faults(&mut self) -> Result<Option<Fault>, StoreError> {
        let Some((count, kind)) = self.faults.beyond() else {
            return Ok(None);
        };
        let fault = Fault {
            repository: None,
            reference: None,
            kind,
            fault: format!(
                "and {count} more faults, which are not listed: a crawl lists {} of them",
                FaultLimit::OF_CRAWL
            ),
        };
        let mut transaction = self.part.store.pool.begin().await?;
        self.part.hold(&mut transaction).await?;
        save_faults(&mut transaction, self.part.crawl, &[&fault]).await?;
        transaction.commit().await?;
        Ok(Some(fault))
    }

    pub(super) fn new(part: CrawlPart, tombstone_after: u32) -> Self {
        Self {
            part,
            tombstone_after: i32::try_from(tombstone_after.max(1)).unwrap_or(i32::MAX),
            saved: Saved::default(),
            vanished: HashMap::new(),
            faults: FaultLimit::new(FaultLimit::OF_CRAWL),
            rows_before_tidying: TIDY_AFTER,
        }
    }

    /// This worker's part in the crawl.
    pub fn part(&self) -> &CrawlPart {
        &self.part
    }

    /// Counts the written rows, to decide at the end whether the planner needs new statistics.
    pub(in crate::store) fn wrote(&mut self, findings: usize) {
        self.rows_before_tidying = self.rows_before_tidying.saturating_sub(findings as u64);
    }

    /// Records how the crawl ended, and counts a miss for each repository in its scope that the complete catalogue did not
    /// name. Returns the repositories that now count as deleted.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn deleted_at_the_end(
        &self,
        catalogue_listed: bool,
        in_scope: &(dyn Fn(&RepositoryName) -> bool + Sync),
    ) -> Result<Vec<RepositoryName>, StoreError> {
        if !catalogue_listed {
            return Ok(Vec::new());
        }
        let mut connection = self.part.store.pool.acquire().await?;
        let missed = self.missed(&mut connection, in_scope).await?;
        let deleted = missed.into_iter().filter(|missed| missed.is_deleted);
        Ok(deleted.map(|missed| missed.name).collect())
    }

    /// Records how the crawl ended, and counts a miss for each repository in its scope that the
    /// catalogue, listed to its end, did not name.
    ///
    /// # Errors
    /// If the lease was lost or the database is not available. Nothing is recorded then; in the latter case this may be
    /// tried again.
    pub async fn finish(&mut self, end: &CrawlEnd<'_>, now: DateTime<Utc>) -> Result<(), StoreError> {
        let part = self.part.clone();
        part.renew(&end.cost, end.tags_done).await?;
        let mut transaction = part.store.pool.begin().await?;
        let outcome = match end.state {
            CrawlState::Interrupted | CrawlState::Cancelled => "stopped",
            _ => "finished",
        };
        if !part.end(&mut transaction, outcome, now).await? {
            // An earlier attempt succeeded, but its response was lost.
            return Ok(());
        }
        if end.catalogue_listed {
            let missed = self.missed(&mut transaction, end.in_scope).await?;
            let missed: Vec<i64> = missed.into_iter().map(|missed| missed.id).collect();
            self.count_misses(&mut transaction, &missed, now).await?;
        }
        let faults: Vec<&Fault> = end.faults.iter().collect();
        save_faults(&mut transaction, part.crawl, &faults).await?;
        add_up(&mut transaction, part.crawl).await?;
        sqlx::query!("DELETE FROM crawl_task WHERE crawl_id = $1", part.crawl)
            .execute(&mut *transaction)
            .named("finish_crawl.delete_crawl_task")
            .await?;
        if end.state == CrawlState::Cancelled {
            lose_workers(&mut transaction, part.crawl, now).await?;
        }
        let message = match end.state {
            CrawlState::Interrupted => Some("it was told to stop"),
            _ => None,
        };
        sqlx::query!(
            "UPDATE crawl SET state = $2, finished_at = $3,
                 message = CASE WHEN $2 = 'cancelled' THEN 'cancelled by ' || cancel_requested_by ELSE $4 END
             WHERE id = $1",
            part.crawl,
            end.state.as_str(),
            now,
            message
        )
        .execute(&mut *transaction)
        .named("finish_crawl.update_crawl")
        .await?;
        if matches!(end.state, CrawlState::Complete | CrawlState::Incomplete) {
            reconcile(&mut transaction, part.crawl, part.registry).await?;
        }
        event::write(&mut transaction, part.crawl, end.state.as_str(), &json!({}), now).await?;
        transaction.commit().await?;
        if self.rows_before_tidying == 0 {
            // The crawl has been recorded; slower queries are no reason to report a failure.
            if let Err(error) = part.store.tidy().await {
                tracing::warn!(%error, "statistics of the database could not be renewed");
            }
        }
        Ok(())
    }

    /// The repositories that were marked as deleted when the crawl was finished.
    async fn missed(
        &self,
        connection: &mut sqlx::PgConnection,
        in_scope: &(dyn Fn(&RepositoryName) -> bool + Sync),
    ) -> Result<Vec<MissedRepository>, StoreError> {
        let rows = sqlx::query!(
            "SELECT id, name, missed_crawls FROM repository
             WHERE registry_id = $1 AND tombstoned_at IS NULL AND NOT EXISTS (
                 SELECT FROM crawl_task WHERE crawl_id = $2 AND repository = repository.name)",
            self.part.registry,
            self.part.crawl
        )
        .fetch_all(connection)
        .named("missed_repositories")
        .await?;
        let mut missed = Vec::new();
        for row in rows {
            let name = name(row.name)?;
            if !self.saved.listed.contains(&name) && in_scope(&name) {
                missed.push(MissedRepository {
                    id: row.id,
                    name,
                    is_deleted: row.missed_crawls + 1 >= self.tombstone_after,
                });
            }
        }
        Ok(missed)
    }

    async fn count_misses(
        &self,
        connection: &mut sqlx::PgConnection,
        repositories: &[i64],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        if repositories.is_empty() {
            return Ok(());
        }
        sqlx::query!(
            "UPDATE repository SET missed_crawls = missed_crawls + 1,
                 tombstoned_at = CASE WHEN missed_crawls + 1 >= $2 THEN $3::timestamptz END
             WHERE id = ANY($1)",
            repositories,
            self.tombstone_after,
            now
        )
        .execute(&mut *connection)
        .named("count_misses.update_repository")
        .await?;
        sqlx::query!(
            "UPDATE tag SET valid_until = GREATEST($2, valid_from)
             FROM repository
             WHERE repository.id = ANY($1) AND repository.tombstoned_at IS NOT NULL
               AND tag.repository_id = repository.id AND tag.valid_until IS NULL",
            repositories,
            now
        )
        .execute(&mut *connection)
        .named("count_misses.update_tag")
        .await?;
        sqlx::query!(
            "UPDATE listed_manifest SET valid_until = GREATEST($2, valid_from)
             FROM repository
             WHERE repository.id = ANY($1) AND repository.tombstoned_at IS NOT NULL
               AND listed_manifest.repository_id = repository.id AND listed_manifest.valid_until IS NULL",
            repositories,
            now
        )
        .execute(connection)
        .named("count_misses.update_listed_manifest")
        .await?;
        Ok(())
    }
}

/// Records how many tags events had changed since the crawl before, if the registry sent events all that time, and begins
/// to count anew.
async fn reconcile(connection: &mut sqlx::PgConnection, crawl: i64, registry: i64) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE crawl SET events_told = registry.events_told FROM registry
         WHERE crawl.id = $1 AND registry.id = $2 AND EXISTS (
             SELECT FROM crawl AS earlier WHERE earlier.registry_id = $2 AND earlier.id <> $1
                 AND earlier.state IN ('complete', 'incomplete') AND earlier.finished_at <= crawl.started_at)
             AND registry.events_since <= crawl.started_at",
        crawl,
        registry
    )
    .execute(&mut *connection)
    .named("finish_crawl.reconcile")
    .await?;
    sqlx::query!(
        "UPDATE registry SET events_told = 0 WHERE id = $1 AND events_told > 0",
        registry
    )
    .execute(connection)
    .named("finish_crawl.update_registry")
    .await?;
    Ok(())
}

/// A repository that the catalogue did not name.
struct MissedRepository {
    id: i64,
    name: RepositoryName,
    /// Whether it has not been named often enough to count as deleted.
    is_deleted: bool,
}

fn name(text: String) -> Result<RepositoryName, StoreError> {
    text.parse()
        .map_err(|problem| StoreError::inconsistent("repository", problem))
}
