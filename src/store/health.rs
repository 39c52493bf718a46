use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{Answers, CrawlCost, CrawlState, Store, StoreError};
use crate::inventory::FaultKind;
use crate::oci::RegistryName;
use crate::units::{ByteCount, RequestCounts};

/// How the crawls of one registry go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrawlHealth {
    /// The registry.
    pub registry: RegistryName,
    /// When a crawl of it last ended that read everything.
    pub last_success: Option<DateTime<Utc>>,
    /// The latest crawl that has ended, however it ended.
    pub last: Option<EndedCrawl>,
    /// Crawls of it that have not ended, by state.
    pub unfinished: BTreeMap<String, u64>,
}

/// A crawl that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedCrawl {
    /// How it ended.
    pub state: CrawlState,
    /// When.
    pub ended: DateTime<Utc>,
    /// How long it took.
    pub duration: Duration,
    /// What it cost the registry.
    pub cost: CrawlCost,
    /// How many faults of which kind it met.
    pub faults: BTreeMap<FaultKind, u64>,
}

/// The connections to the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connections {
    /// The most there may be.
    pub most: u32,
    /// How many are open.
    pub open: u32,
    /// How many of the open ones nobody uses.
    pub idle: u32,
}

impl Store {
    /// How the connections to the database stand. Asks nobody.
    pub fn connections(&self) -> Connections {
        let open = self.pool.size();
        Connections {
            most: self.pool.options().get_max_connections(),
            open,
            // Counted one after the other, the two need not be of one moment.
            idle: u32::try_from(self.pool.num_idle()).unwrap_or(u32::MAX).min(open),
        }
    }

    /// What time it is by the database's clock.
    ///
    /// # Errors
    /// Where the database is not available.
    pub async fn database_time(&self) -> Result<DateTime<Utc>, StoreError> {
        let now = sqlx::query_scalar!(r#"SELECT now() AS "now!""#);
        Ok(now.fetch_one(&self.pool).await?)
    }

    /// How the crawls of each registry go, by name.
    ///
    /// # Errors
    /// Where the database is not available.
    pub async fn crawl_health(&self) -> Result<Vec<CrawlHealth>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT registry.name,
                   (SELECT max(finished_at) FROM crawl
                    WHERE registry_id = registry.id AND state = 'complete') AS last_success,
                   (SELECT json_object_agg(state, count) FROM
                        (SELECT state, count(*) FROM crawl
                         WHERE registry_id = registry.id AND finished_at IS NULL GROUP BY state) AS open
                   ) AS "unfinished: sqlx::types::Json<BTreeMap<String, u64>>",
                   last.id AS "id?", last.state AS "state?", COALESCE(last.started_at, last.finished_at) AS started_at, last.finished_at,
                   last.requests AS "requests?", last.requests_get AS "get?", last.requests_head AS "head?",
                   last.requests_retried AS "retried?", last.requests_rate_limited AS "rate_limited?",
                   last.bytes_received AS "bytes_received?", last.waited_milliseconds AS "waited?",
                   last.answers_2xx AS "successes?", last.answers_3xx AS "redirections?",
                   last.answers_4xx AS "refusals?", last.answers_5xx AS "failures?",
                   (SELECT json_object_agg(kind, count) FROM
                        (SELECT kind, count(*) FROM crawl_fault
                         WHERE crawl_id = last.id GROUP BY kind) AS met
                   ) AS "faults: sqlx::types::Json<BTreeMap<String, u64>>"
               FROM registry LEFT JOIN LATERAL
                   (SELECT * FROM crawl WHERE registry_id = registry.id AND finished_at IS NOT NULL
                    ORDER BY finished_at DESC, id DESC LIMIT 1) AS last ON true
               ORDER BY registry.name COLLATE "C""#
        )
        .fetch_all(&self.pool)
        .await?;
        let count = |count: Option<i64>| {
            count
                .and_then(|count| u64::try_from(count).ok())
                .unwrap_or_default()
        };
        rows.into_iter()
            .map(|row| {
                let last = match (row.state, row.started_at, row.finished_at) {
                    (Some(state), Some(started), Some(ended)) => Some(EndedCrawl {
                        state: CrawlState::parse(&state)?,
                        ended,
                        duration: (ended - started).to_std().unwrap_or_default(),
                        cost: CrawlCost {
                            requests: RequestCounts {
                                total: count(row.requests),
                                get: count(row.get),
                                head: count(row.head),
                                retried: count(row.retried),
                                rate_limited: count(row.rate_limited),
                            },
                            bytes_received: ByteCount::try_from(row.bytes_received.unwrap_or_default())
                                .map_err(|problem| StoreError::inconsistent("crawl", problem))?,
                            waited: Duration::from_millis(count(row.waited)),
                            answers: Answers {
                                successes: count(row.successes),
                                redirections: count(row.redirections),
                                refusals: count(row.refusals),
                                failures: count(row.failures),
                            },
                        },
                        faults: faults(row.faults.map(|faults| faults.0).unwrap_or_default()),
                    }),
                    _ => None,
                };
                Ok(CrawlHealth {
                    registry: row
                        .name
                        .parse()
                        .map_err(|problem| StoreError::inconsistent("registry", problem))?,
                    last_success: row.last_success,
                    last,
                    unfinished: row.unfinished.map(|counts| counts.0).unwrap_or_default(),
                })
            })
            .collect()
    }
}

/// How many faults of each kind, zeros included.
fn faults(by_name: BTreeMap<String, u64>) -> BTreeMap<FaultKind, u64> {
    FaultKind::ALL
        .into_iter()
        .map(|kind| (kind, by_name.get(kind.as_str()).copied().unwrap_or_default()))
        .collect()
}
