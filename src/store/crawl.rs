use std::collections::{HashMap, HashSet};
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::inventory::dedup_scope;
use super::save::Saved;
use super::{Store, StoreError};
use crate::inventory::{DedupScope, Fault};
use crate::oci::{RegistryName, RepositoryName};
use crate::units::ByteCount;

/// The registry that a crawl visits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrawledRegistry {
    /// Its name.
    pub name: RegistryName,
    /// Scheme, host and port, without credentials.
    pub origin_url: String,
    /// Where it keeps one copy of a blob.
    pub dedup_scope: DedupScope,
}

/// A registry of which something is saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryRecord {
    /// The registry.
    pub registry: CrawledRegistry,
    /// How its latest crawl stands; none where there was none.
    pub last_crawl: Option<CrawlState>,
    /// When a crawl of it last came to its end, complete or not.
    pub last_finished: Option<DateTime<Utc>>,
}

/// How a crawl stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CrawlState {
    /// It has not ended, or its process was killed and no later crawl has noticed.
    Running,
    /// Everything in its scope could be read.
    Complete,
    /// Faults cost it something.
    Incomplete,
    /// It never came to its end. What it had saved is used.
    Interrupted,
}

impl CrawlState {
    const ALL: [Self; 4] = [Self::Running, Self::Complete, Self::Incomplete, Self::Interrupted];

    /// The state as it is written in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Complete => "complete",
            Self::Incomplete => "incomplete",
            Self::Interrupted => "interrupted",
        }
    }

    pub(super) fn parse(text: &str) -> Result<Self, StoreError> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| StoreError::inconsistent("crawl", format!("state {text}")))
    }
}

/// What a crawl cost the registry.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CrawlCost {
    /// Requests on the wire, those for tokens and repeated ones included.
    pub requests: u64,
    /// GET requests among them.
    pub get: u64,
    /// HEAD requests among them.
    pub head: u64,
    /// Requests that repeated one that had failed.
    pub retried: u64,
    /// Requests that the registry turned away for being too many.
    pub rate_limited: u64,
    /// Bytes of bodies received.
    pub bytes_received: ByteCount,
    /// How long the crawl waited because the registry asked it to.
    pub waited: Duration,
}

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
    pub(super) store: Store,
    pub(super) registry: i64,
    pub(super) crawl: i64,
    pub(super) tombstone_after: i32,
    /// What earlier batches saved; changed only once a batch's transaction has been committed.
    pub(super) saved: Saved,
    /// References that were listed and could not be found, by repository.
    pub(super) vanished: HashMap<RepositoryName, HashSet<String>>,
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
        let id = sqlx::query_scalar!(
            "INSERT INTO registry (name, origin_url, dedup_scope, first_seen) VALUES ($1, $2, $3, $4)
             ON CONFLICT (name) DO UPDATE
             SET origin_url = EXCLUDED.origin_url, dedup_scope = EXCLUDED.dedup_scope
             RETURNING id",
            registry.name.as_str(),
            registry.origin_url,
            registry.dedup_scope.as_str(),
            now
        )
        .fetch_one(&mut *transaction)
        .await?;
        sqlx::query!(
            "UPDATE crawl SET state = 'interrupted', finished_at = $2
             WHERE registry_id = $1 AND state = 'running'",
            id,
            now
        )
        .execute(&mut *transaction)
        .await?;
        let crawl = sqlx::query_scalar!(
            "INSERT INTO crawl (registry_id, state, started_at, tare_version)
             VALUES ($1, 'running', $2, $3) RETURNING id",
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

    /// The registries that have been crawled, by name.
    ///
    /// # Errors
    /// Where the database is not available.
    pub async fn registries(&self) -> Result<Vec<RegistryRecord>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT name, origin_url, dedup_scope,
                   (SELECT state FROM crawl WHERE registry_id = registry.id
                    ORDER BY started_at DESC, id DESC LIMIT 1) AS last_state,
                   (SELECT max(finished_at) FROM crawl WHERE registry_id = registry.id
                    AND state IN ('complete', 'incomplete')) AS last_finished
               FROM registry ORDER BY name COLLATE "C""#
        );
        let rows = rows.fetch_all(&self.pool).await?;
        rows.into_iter()
            .map(|row| {
                Ok(RegistryRecord {
                    registry: CrawledRegistry {
                        name: row
                            .name
                            .parse()
                            .map_err(|problem| StoreError::inconsistent("registry", problem))?,
                        origin_url: row.origin_url,
                        dedup_scope: dedup_scope(&row.dedup_scope)?,
                    },
                    last_crawl: row.last_state.as_deref().map(CrawlState::parse).transpose()?,
                    last_finished: row.last_finished,
                })
            })
            .collect()
    }
}

impl CrawlSaver {
    /// Notes how much was written, to know at the end whether the planner needs new statistics.
    pub(super) fn wrote(&mut self, findings: usize) {
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
        super::save::faults(
            &mut transaction,
            self.crawl,
            &end.faults.iter().collect::<Vec<_>>(),
        )
        .await?;
        let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        sqlx::query!(
            "UPDATE crawl SET state = $2, finished_at = $3, requests = $4, requests_get = $5,
                 requests_head = $6, requests_retried = $7, requests_rate_limited = $8,
                 bytes_received = $9, waited_milliseconds = $10
             WHERE id = $1",
            self.crawl,
            end.state.as_str(),
            now,
            count(end.cost.requests),
            count(end.cost.get),
            count(end.cost.head),
            count(end.cost.retried),
            count(end.cost.rate_limited),
            end.cost.bytes_received.as_i64(),
            i64::try_from(end.cost.waited.as_millis()).unwrap_or(i64::MAX)
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
