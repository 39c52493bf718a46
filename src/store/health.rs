use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use strum::VariantArray as _;

use super::row::Row;
use super::span::Named as _;
use super::{Answers, CrawlCost, CrawlState, Store, StoreError};
use crate::inventory::FaultKind;
use crate::oci::RegistryName;
use crate::units::RequestCounts;

/// The state of a registry's crawls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrawlHealth {
    /// The registry.
    pub registry: RegistryName,
    /// When a complete crawl last ended.
    pub last_success: Option<DateTime<Utc>>,
    /// The latest finished crawl, successful or not. A cancelled crawl says nothing about the registry and does not count.
    pub last: Option<EndedCrawl>,
    /// The number of unfinished crawls, by state.
    pub unfinished: BTreeMap<CrawlState, u64>,
}

/// A finished crawl.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedCrawl {
    /// How it ended.
    pub state: CrawlState,
    /// When.
    pub ended: DateTime<Utc>,
    /// How long it took.
    pub duration: Duration,
    /// Its requests.
    pub cost: CrawlCost,
    /// The number of faults, by kind.
    pub faults: BTreeMap<FaultKind, u64>,
}

/// The connections to the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connections {
    /// The maximum.
    pub most: u32,
    /// How many are open.
    pub open: u32,
    /// How many of them are idle.
    pub idle: u32,
}

impl Store {
    /// The current connections. Sends no query.
    pub fn connections(&self) -> Connections {
        let open = self.pool.size();
        Connections {
            most: self.pool.options().get_max_connections(),
            open,
            // The two are read one after the other, so they may be of different moments.
            idle: u32::try_from(self.pool.num_idle()).unwrap_or(u32::MAX).min(open),
        }
    }

    /// The current time by the database's clock.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn database_time(&self) -> Result<DateTime<Utc>, StoreError> {
        let now = sqlx::query_scalar!(r#"SELECT now() AS "now!""#);
        Ok(now.fetch_one(&self.pool).named("database_time").await?)
    }

    /// The state of each registry's crawls, sorted by name.
    ///
    /// # Errors
    /// If the database is not available.
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
                         WHERE crawl_id = last.id GROUP BY kind) AS faults_by_kind
                   ) AS "faults: sqlx::types::Json<BTreeMap<String, u64>>"
               FROM registry LEFT JOIN LATERAL
                   (SELECT * FROM crawl WHERE registry_id = registry.id AND finished_at IS NOT NULL AND state <> 'cancelled'
                    ORDER BY finished_at DESC, id DESC LIMIT 1) AS last ON true
               ORDER BY registry.name COLLATE "C""#
        )
        .fetch_all(&self.pool)
        .named("crawl_health")
        .await?;
        rows.into_iter()
            .map(|row| {
                let registry = Row::new("registry", &row.name);
                let last = match (row.id, row.state, row.started_at, row.finished_at) {
                    (Some(id), Some(state), Some(started), Some(ended)) => {
                        let crawl = Row::new("crawl", &id);
                        // Columns are null only where there is no crawl.
                        let count = |column, count: Option<i64>| crawl.count(column, count.unwrap_or(0));
                        let bytes = row.bytes_received.unwrap_or(0);
                        Some(EndedCrawl {
                            state: crawl.parse("state", &state)?,
                            ended,
                            // The two moments may be by the clocks of two machines.
                            duration: (ended - started).to_std().unwrap_or_default(),
                            cost: CrawlCost {
                                requests: RequestCounts {
                                    total: count("requests", row.requests)?,
                                    get: count("requests_get", row.get)?,
                                    head: count("requests_head", row.head)?,
                                    retried: count("requests_retried", row.retried)?,
                                    rate_limited: count("requests_rate_limited", row.rate_limited)?,
                                },
                                bytes_received: crawl.bytes("bytes_received", bytes)?,
                                waited: Duration::from_millis(count("waited_milliseconds", row.waited)?),
                                answers: Answers {
                                    successes: count("answers_2xx", row.successes)?,
                                    redirections: count("answers_3xx", row.redirections)?,
                                    refusals: count("answers_4xx", row.refusals)?,
                                    failures: count("answers_5xx", row.failures)?,
                                },
                            },
                            faults: faults(id, row.faults.map(|faults| faults.0).unwrap_or_default())?,
                        })
                    }
                    _ => None,
                };
                let unfinished = row.unfinished.map(|counts| counts.0).unwrap_or_default();
                Ok(CrawlHealth {
                    registry: registry.parse("name", &row.name)?,
                    last_success: row.last_success,
                    last,
                    unfinished: unfinished
                        .into_iter()
                        .map(|(state, count)| Ok((registry.parse("crawl.state", &state)?, count)))
                        .collect::<Result<_, StoreError>>()?,
                })
            })
            .collect()
    }
}

/// The number of faults of each kind, including zeros.
fn faults(crawl: i64, by_name: BTreeMap<String, u64>) -> Result<BTreeMap<FaultKind, u64>, StoreError> {
    let row = Row::new("crawl_fault", &crawl);
    let mut faults: BTreeMap<FaultKind, u64> = FaultKind::VARIANTS.iter().map(|kind| (*kind, 0)).collect();
    for (kind, count) in by_name {
        faults.insert(row.parse("kind", &kind)?, count);
    }
    Ok(faults)
}
