//! Crawls as those see them who did not do them.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{Answers, CrawlCost, CrawlState};
use crate::inventory::Fault;
use crate::oci::RegistryName;
use crate::store::row::Row;
use crate::store::span::Named as _;
use crate::store::{Store, StoreError};
use crate::units::RequestCounts;

/// A crawl: who asked for it, how it stands, what it cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrawlRecord {
    /// Its number; later crawls have higher ones.
    pub id: i64,
    /// The registry.
    pub registry: RegistryName,
    /// How it stands.
    pub state: CrawlState,
    /// When it was asked for.
    pub requested_at: DateTime<Utc>,
    /// Who asked: `schedule`, `command line`, or a caller of the API.
    pub requested_by: String,
    /// The time that the schedule named, where it was the schedule that asked.
    pub slot: Option<DateTime<Utc>>,
    /// When a worker began it.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended; for one whose process was lost, when that was noticed.
    pub finished_at: Option<DateTime<Utc>>,
    /// Repositories that are done, faulty ones among them.
    pub repositories_done: u64,
    /// Repositories that are to be read, once they have been listed.
    pub repositories_total: u64,
    /// Tags that are done; those in the hands of a worker that was lost or stopped count once more for whoever
    /// took them over.
    pub tags_done: u64,
    /// What it cost the registry, up to about a second ago while it runs.
    pub cost: CrawlCost,
    /// How many things could not be read.
    pub faults: u64,
    /// Why it did not end as one would wish.
    pub message: Option<String>,
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
}

impl TryFrom<CrawlRow> for CrawlRecord {
    type Error = StoreError;

    fn try_from(row: CrawlRow) -> Result<Self, StoreError> {
        let place = Row::new("crawl", &row.id);
        let count = |column, count| place.count(column, count);
        Ok(Self {
            id: row.id,
            registry: Row::new("registry", &row.registry).parse("name", &row.registry)?,
            state: place.parse("state", &row.state)?,
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
        })
    }
}

impl Store {
    /// The latest crawls, newest first: of one registry or of all, and where `before` is given, only those
    /// with lower numbers.
    ///
    /// # Errors
    /// Where the database is not available.
    pub async fn crawls(
        &self,
        registry: Option<&RegistryName>,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<CrawlRecord>, StoreError> {
        self.crawl_rows(None, registry, before, limit).await
    }

    /// One crawl; `None` if there is none of this number.
    ///
    /// # Errors
    /// Where the database is not available.
    pub async fn crawl(&self, id: i64) -> Result<Option<CrawlRecord>, StoreError> {
        Ok(self.crawl_rows(Some(id), None, None, 1).await?.pop())
    }

    async fn crawl_rows(
        &self,
        id: Option<i64>,
        registry: Option<&RegistryName>,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<CrawlRecord>, StoreError> {
        let rows = sqlx::query_as!(
            CrawlRow,
            r#"SELECT crawl.id, registry.name AS registry, state, requested_at, requested_by, slot, started_at,
                   finished_at, repositories_done, repositories_total, tags_done, requests, requests_get,
                   requests_head, requests_retried, requests_rate_limited, bytes_received,
                   waited_milliseconds, answers_2xx, answers_3xx, answers_4xx, answers_5xx, message,
                   (SELECT count(*) FROM crawl_fault WHERE crawl_id = crawl.id) AS "faults!"
               FROM crawl JOIN registry ON registry.id = crawl.registry_id
               WHERE ($1::bigint IS NULL OR crawl.id = $1)
                 AND ($2::text IS NULL OR registry.name = $2)
                 AND ($3::bigint IS NULL OR crawl.id < $3)
               ORDER BY crawl.id DESC LIMIT $4"#,
            id,
            registry.map(RegistryName::as_str),
            before,
            i64::from(limit)
        )
        .fetch_all(&self.pool)
        .named("crawl_rows")
        .await?;
        rows.into_iter().map(CrawlRecord::try_from).collect()
    }

    /// What a crawl could not read, in the order in which it was met.
    ///
    /// # Errors
    /// Where the database is not available.
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
