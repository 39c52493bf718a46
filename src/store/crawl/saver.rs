use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};

use super::cost::stored;
use super::request::know;
use super::{CrawlCost, CrawlState, CrawledRegistry};
use crate::inventory::Fault;
use crate::oci::RepositoryName;
use crate::store::save::{self, Saved};
use crate::store::{Store, StoreError};

/// How a crawl ended.
pub struct CrawlEnd<'a> {
    /// What it cost.
    pub cost: CrawlCost,
    /// How it stands now: anything but running.
    pub state: CrawlState,
    /// Whether the catalogue was listed to its end and every repository in it visited, so that one that is
    /// missing means something.
    pub catalogue_listed: bool,
    /// Which repositories the crawl would have visited had they been listed.
    pub in_scope: &'a (dyn Fn(&RepositoryName) -> bool + Sync),
    /// Faults that did not come as findings.
    pub faults: &'a [Fault],
}

/// Saves what one crawl finds.
///
/// It remembers under which number each digest is saved, so that content that many images share costs
/// one look-up in a crawl.
#[derive(Debug)]
pub struct CrawlSaver {
    pub(in crate::store) store: Store,
    pub(in crate::store) registry: i64,
    pub(in crate::store) crawl: i64,
    pub(in crate::store) tombstone_after: i32,
    /// What earlier batches saved; changed only once a batch's transaction has been committed.
    pub(in crate::store) saved: Saved,
    /// References that were listed and could not be found, by repository.
    pub(in crate::store) vanished: HashMap<RepositoryName, HashSet<String>>,
    rows_before_tidying: u64,
}

/// From how many findings on a crawl is followed by [`Store::tidy`].
const TIDY_AFTER: u64 = 2_000;

impl Store {
    /// Records that a crawl of a registry begins. A crawl of it that was still running is taken to have
    /// been interrupted; what it saved is used.
    ///
    /// A repository or tag counts as deleted after `tombstone_after` listings in a row without it.
    ///
    /// # Errors
    /// Where the database is not available.
    pub async fn begin_crawl(
        &self,
        registry: &CrawledRegistry,
        tombstone_after: u32,
        now: DateTime<Utc>,
    ) -> Result<CrawlSaver, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let id = know(&mut transaction, registry, now).await?;
        sqlx::query!(
            "UPDATE crawl SET state = 'interrupted', finished_at = $2
             WHERE registry_id = $1 AND state = 'running'",
            id,
            now
        )
        .execute(&mut *transaction)
        .await?;
        let crawl = sqlx::query_scalar!(
            "INSERT INTO crawl (registry_id, state, requested_at, requested_by, started_at, tare_version)
             VALUES ($1, 'running', $2, 'command line', $2, $3) RETURNING id",
            id,
            now,
            env!("CARGO_PKG_VERSION")
        )
        .fetch_one(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(CrawlSaver {
            store: self.clone(),
            registry: id,
            crawl,
            tombstone_after: i32::try_from(tombstone_after.max(1)).unwrap_or(i32::MAX),
            saved: Saved::default(),
            vanished: HashMap::new(),
            rows_before_tidying: TIDY_AFTER,
        })
    }
}

impl CrawlSaver {
    /// Notes how much was written, to know at the end whether the planner needs new statistics.
    pub(in crate::store) fn wrote(&mut self, findings: usize) {
        self.rows_before_tidying = self.rows_before_tidying.saturating_sub(findings as u64);
    }

    /// Records how the crawl ended, and counts a miss for each repository in its scope that the
    /// catalogue, listed to its end, did not name. Gives those that count as deleted because of it.
    ///
    /// # Errors
    /// Where the database is not available; nothing is recorded then, and this may be tried again.
    pub async fn finish(
        &mut self,
        end: &CrawlEnd<'_>,
        now: DateTime<Utc>,
    ) -> Result<Vec<RepositoryName>, StoreError> {
        let mut transaction = self.store.pool.begin().await?;
        let mut deleted = Vec::new();
        if end.catalogue_listed {
            let rows = sqlx::query!(
                "SELECT id, name FROM repository WHERE registry_id = $1 AND tombstoned_at IS NULL",
                self.registry
            )
            .fetch_all(&mut *transaction)
            .await?;
            let mut missed = Vec::new();
            for row in rows {
                let name: RepositoryName = row
                    .name
                    .parse()
                    .map_err(|problem| StoreError::inconsistent("repository", problem))?;
                if !self.saved.listed.contains(&name) && (end.in_scope)(&name) {
                    missed.push(row.id);
                }
            }
            deleted = self.count_misses(&mut transaction, &missed, now).await?;
        }
        save::faults(
            &mut transaction,
            self.crawl,
            &end.faults.iter().collect::<Vec<_>>(),
        )
        .await?;
        sqlx::query!(
            "UPDATE crawl SET state = $2, finished_at = $3, requests = $4, requests_get = $5,
                 requests_head = $6, requests_retried = $7, requests_rate_limited = $8,
                 bytes_received = $9, waited_milliseconds = $10
             WHERE id = $1",
            self.crawl,
            end.state.as_str(),
            now,
            stored(end.cost.requests),
            stored(end.cost.get),
            stored(end.cost.head),
            stored(end.cost.retried),
            stored(end.cost.rate_limited),
            end.cost.bytes_received.as_i64(),
            end.cost.waited_milliseconds()
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        if self.rows_before_tidying == 0 {
            // The crawl has been recorded; slower queries are no reason to call it failed.
            if let Err(error) = self.store.tidy().await {
                tracing::warn!("the database's statistics could not be renewed: {error}");
            }
        }
        Ok(deleted)
    }

    async fn count_misses(
        &self,
        connection: &mut sqlx::PgConnection,
        repositories: &[i64],
        now: DateTime<Utc>,
    ) -> Result<Vec<RepositoryName>, StoreError> {
        if repositories.is_empty() {
            return Ok(Vec::new());
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
        .await?;
        let deleted = sqlx::query_scalar!(
            "SELECT name FROM repository WHERE id = ANY($1) AND tombstoned_at IS NOT NULL",
            repositories
        )
        .fetch_all(&mut *connection)
        .await?;
        sqlx::query!(
            "UPDATE tag SET valid_until = GREATEST($2, valid_from)
             FROM repository
             WHERE repository.id = ANY($1) AND repository.tombstoned_at IS NOT NULL
               AND tag.repository_id = repository.id AND tag.valid_until IS NULL",
            repositories,
            now
        )
        .execute(connection)
        .await?;
        let name = |text: String| {
            text.parse()
                .map_err(|problem| StoreError::inconsistent("repository", problem))
        };
        deleted.into_iter().map(name).collect()
    }
}
