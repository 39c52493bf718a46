//! Crawls as observers see them.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{Answers, CrawlCost, CrawlState};
use crate::events::EventCoverage;
use crate::inventory::Fault;
use crate::oci::RegistryName;
use crate::store::row::Row;
use crate::store::span::Named as _;
use crate::store::{Store, StoreError};
use crate::units::RequestCounts;

/// A crawl: its request, state and cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrawlRecord {
    /// Its number. Later crawls have higher numbers.
    pub id: i64,
    /// The registry.
    pub registry: RegistryName,
    /// Its state.
    pub state: CrawlState,
    /// When it was requested.
    pub requested_at: DateTime<Utc>,
    /// Who requested it: `schedule`, `command line`, or a caller of the API.
    pub requested_by: String,
    /// The scheduled time, if the schedule requested it.
    pub slot: Option<DateTime<Utc>>,
    /// When a worker started it.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended. If its process was lost, when that was noticed.
    pub finished_at: Option<DateTime<Utc>>,
    /// Finished repositories, including those with faults.
    pub repositories_done: u64,
    /// Repositories to read, once they have been listed.
    pub repositories_total: u64,
    /// Finished tags. Tags of a worker that was lost or stopped are counted again by the worker that took them over.
    pub tags_done: u64,
    /// Its requests; up to about a second old while it runs.
    pub cost: CrawlCost,
    /// The number of faults.
    pub faults: u64,
    /// Why it did not complete, if so.
    pub message: Option<String>,
    /// Whether a process works on it: it is running and a worker's lease is valid.
    pub has_worker: bool,
    /// What events had told before it; `None` if the registry sent no events, or if it is the first crawl.
    pub event_coverage: Option<EventCoverage>,
}

/// What events had told, in a row of `crawl`.
pub(in crate::store) fn event_coverage(
    crawl: Row<'_>,
    events_told: Option<i64>,
    tag_changes: i64,
) -> Result<Option<EventCoverage>, StoreError> {
    let Some(told) = events_told else { return Ok(None) };
    Ok(Some(EventCoverage {
        told: crawl.count("events_told", told)?,
        missed: crawl.count("tag_changes", tag_changes)?,
    }))
}

/// A row of `crawl`.
struct CrawlRow {
    id: i64,
    registry: String,
    state: String,
    requested_at: DateTime<Utc>,
    requested_by: String,
    slot: Option<DateTime<Utc>>,
    started_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
    repositories_done: i64,
    repositories_total: i64,
    tags_done: i64,
    requests: i64,
    requests_get: i64,
    requests_head: i64,
    requests_retried: i64,
    requests_rate_limited: i64,
    bytes_received: i64,
    waited_milliseconds: i64,
    answers_2xx: i64,
    answers_3xx: i64,
    answers_4xx: i64,
    answers_5xx: i64,
    faults: i64,
    message: Option<String>,
    is_cancelling: bool,
    has_worker: bool,
    tag_changes: i64,
    events_told: Option<i64>,
}

impl TryFrom<CrawlRow> for CrawlRecord {
    type Error = StoreError;

    fn try_from(row: CrawlRow) -> Result<Self, StoreError> {
        let place = Row::new("crawl", &row.id);
        let count = |column, count| place.count(column, count);
        Ok(Self {
            id: row.id,
            registry: Row::new("registry", &row.registry).parse("name", &row.registry)?,
            state: match place.parse("state", &row.state)? {
                CrawlState::Running if row.is_cancelling => CrawlState::Cancelling,
                state => state,
            },
            requested_at: row.requested_at,
            requested_by: row.requested_by,
            slot: row.slot,
            started_at: row.started_at,
            finished_at: row.finished_at,
            repositories_done: count("repositories_done", row.repositories_done)?,
            repositories_total: count("repositories_total", row.repositories_total)?,
            tags_done: count("tags_done", row.tags_done)?,
            cost: CrawlCost {
                requests: RequestCounts {
                    total: count("requests", row.requests)?,
                    get: count("requests_get", row.requests_get)?,
                    head: count("requests_head", row.requests_head)?,
                    retried: count("requests_retried", row.requests_retried)?,
                    rate_limited: count("requests_rate_limited", row.requests_rate_limited)?,
                },
                bytes_received: place.bytes("bytes_received", row.bytes_received)?,
                waited: Duration::from_millis(count("waited_milliseconds", row.waited_milliseconds)?),
                answers: Answers {
                    successes: count("answers_2xx", row.answers_2xx)?,
                    redirections: count("answers_3xx", row.answers_3xx)?,
                    refusals: count("answers_4xx", row.answers_4xx)?,
                    failures: count("answers_5xx", row.answers_5xx)?,
                },
            },
            faults: count("faults", row.faults)?,
            message: row.message,
            has_worker: row.has_worker,
            event_coverage: event_coverage(place, row.events_told, row.tag_changes)?,
        })
    }
}

/// The order of a list of crawls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrawlOrder {
    /// The latest first.
    NewestFirst,
    /// The first first.
    OldestFirst,
}

impl Store {
    /// The latest crawls, newest first: of one registry or of all. If `before` is given, only those with lower numbers.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn crawls(
        &self,
        registry: Option<&RegistryName>,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<CrawlRecord>, StoreError> {
        self.crawls_among(None, registry, before, limit, CrawlOrder::NewestFirst)
            .await
    }

    /// A page of the crawls: of these registries or of all, of one registry or of all. If `last` is given, only those that
    /// come after it in this order.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn crawls_among(
        &self,
        among: Option<&[RegistryName]>,
        registry: Option<&RegistryName>,
        last: Option<i64>,
        limit: u32,
        order: CrawlOrder,
    ) -> Result<Vec<CrawlRecord>, StoreError> {
        let among: Option<Vec<&str>> =
            among.map(|registries| registries.iter().map(RegistryName::as_str).collect());
        let among = among.as_deref();
        let registry = registry.map(RegistryName::as_str);
        let ids = match order {
            CrawlOrder::NewestFirst => {
                let ids = sqlx::query_scalar!(
                    "SELECT crawl.id FROM crawl JOIN registry ON registry.id = crawl.registry_id
                     WHERE ($1::text IS NULL OR registry.name = $1) AND ($2::bigint IS NULL OR crawl.id < $2)
                         AND ($4::text[] IS NULL OR registry.name = ANY ($4))
                     ORDER BY crawl.id DESC LIMIT $3",
                    registry,
                    last,
                    i64::from(limit),
                    among as Option<&[&str]>
                );
                ids.fetch_all(&self.pool).named("latest_crawls").await?
            }
            CrawlOrder::OldestFirst => {
                let ids = sqlx::query_scalar!(
                    "SELECT crawl.id FROM crawl JOIN registry ON registry.id = crawl.registry_id
                     WHERE ($1::text IS NULL OR registry.name = $1) AND ($2::bigint IS NULL OR crawl.id > $2)
                         AND ($4::text[] IS NULL OR registry.name = ANY ($4))
                     ORDER BY crawl.id LIMIT $3",
                    registry,
                    last,
                    i64::from(limit),
                    among as Option<&[&str]>
                );
                ids.fetch_all(&self.pool).named("first_crawls").await?
            }
        };
        self.crawl_rows(&ids).await
    }

    /// A crawl by its number; `None` if there is none.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn crawl(&self, id: i64) -> Result<Option<CrawlRecord>, StoreError> {
        Ok(self.crawl_rows(&[id]).await?.pop())
    }

    /// The crawls with these numbers, in their order.
    async fn crawl_rows(&self, ids: &[i64]) -> Result<Vec<CrawlRecord>, StoreError> {
        let rows = sqlx::query_as!(
            CrawlRow,
            r#"SELECT crawl.id, registry.name AS registry, state, requested_at, requested_by, slot, started_at,
                   finished_at, repositories_done, repositories_total, tags_done, requests, requests_get,
                   requests_head, requests_retried, requests_rate_limited, bytes_received,
                   waited_milliseconds, answers_2xx, answers_3xx, answers_4xx, answers_5xx, message,
                   tag_changes, crawl.events_told,
                   (SELECT count(*) FROM crawl_fault WHERE crawl_id = crawl.id) AS "faults!",
                   cancel_requested_at IS NOT NULL AS "is_cancelling!",
                   state = 'running' AND EXISTS (
                       SELECT FROM crawl_worker WHERE crawl_id = crawl.id AND left_at IS NULL
                           AND lease_until >= clock_timestamp()) AS "has_worker!"
               FROM crawl JOIN registry ON registry.id = crawl.registry_id
               WHERE crawl.id = ANY($1)
               ORDER BY array_position($1, crawl.id)"#,
            ids
        )
        .fetch_all(&self.pool)
        .named("crawl_rows")
        .await?;
        rows.into_iter().map(CrawlRecord::try_from).collect()
    }

    /// The crawls that are queued or running, oldest first.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn unfinished_crawls(&self) -> Result<Vec<CrawlRecord>, StoreError> {
        let ids =
            sqlx::query_scalar!("SELECT id FROM crawl WHERE state IN ('queued', 'running') ORDER BY id")
                .fetch_all(&self.pool)
                .named("unfinished_crawls")
                .await?;
        let mut records = Vec::new();
        for id in ids {
            records.extend(self.crawl(id).await?);
        }
        Ok(records)
    }

    /// The faults of a crawl, in the order in which they occurred.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn crawl_faults(&self, id: i64) -> Result<Vec<Fault>, StoreError> {
        let rows = sqlx::query!(
            "SELECT repository, reference, kind, fault FROM crawl_fault WHERE crawl_id = $1 ORDER BY id",
            id
        )
        .fetch_all(&self.pool)
        .named("crawl_faults")
        .await?;
        rows.into_iter()
            .map(|row| {
                let place = Row::new("crawl_fault", &id);
                let repository = row.repository.map(|name| place.parse("repository", &name));
                Ok(Fault {
                    repository: repository.transpose()?,
                    reference: row.reference,
                    kind: place.parse("kind", &row.kind)?,
                    fault: row.fault,
                })
            })
            .collect()
    }
}
