//! Stored crawls: who requested them, their state, their workers and their requests.

mod begin;
mod cancel;
mod choice;
mod cost;
mod crawler;
mod event;
mod expire;
mod interval;
mod leave;
mod part;
mod record;
mod request;
mod saver;
mod state;

use chrono::{DateTime, Utc};

pub use cancel::Cancellation;
pub use choice::{CrawlChoice, StoredRegistry};
pub use cost::{Answers, CrawlCost};
pub use crawler::{CONFIGURED_GRACE, Crawler, CrawlerEntry};
pub use event::CrawlEvent;
pub(in crate::store) use interval::interval;
pub use leave::Leaving;
pub use part::{Claim, CrawlPart, Renewal, Rest};
pub(in crate::store) use record::event_coverage;
pub use record::{CrawlOrder, CrawlRecord};
pub use request::RequestedCrawl;
pub use saver::{CrawlEnd, CrawlSaver};
pub use state::CrawlState;

use super::inventory::dedup_scope;
use super::row::Row;
use super::{Store, StoreError};
use crate::inventory::DedupScope;
use crate::oci::RegistryName;
use crate::store::span::Named as _;

/// A registry to crawl.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrawledRegistry {
    /// Its name.
    pub name: RegistryName,
    /// Scheme, host and port, without credentials.
    pub origin_url: String,
    /// The scope in which it shares blobs.
    pub dedup_scope: DedupScope,
}

/// A registry with saved data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryRecord {
    /// The registry.
    pub registry: CrawledRegistry,
    /// The state of the latest crawl that started.
    pub last_crawl: Option<CrawlState>,
    /// When a crawl last finished, complete or not.
    pub last_finished: Option<DateTime<Utc>>,
    /// When an event last changed what is saved of it.
    pub events_applied: Option<DateTime<Utc>>,
}

/// The saved state of registries, to decide whether results computed earlier are still current. A crawl counts once
/// it has ended, an event once its answer is saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedState(Vec<SavedRegistry>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct SavedRegistry {
    name: RegistryName,
    last_finished: Option<DateTime<Utc>>,
    is_interrupted: bool,
    events_applied: Option<DateTime<Utc>>,
}

impl SavedState {
    /// The state of these registries.
    pub fn new(registries: &[RegistryRecord]) -> Self {
        let crawled = registries.iter().map(|record| {
            let is_interrupted = matches!(
                record.last_crawl,
                Some(CrawlState::Interrupted | CrawlState::Cancelled)
            );
            SavedRegistry {
                name: record.registry.name.clone(),
                last_finished: record.last_finished,
                is_interrupted,
                events_applied: record.events_applied,
            }
        });
        Self(crawled.collect())
    }

    /// Whether a registry is in the same state in both.
    pub fn is_same_of(&self, registry: &RegistryName, other: &Self) -> bool {
        let of = |state: &'_ Self| state.0.iter().position(|own| own.name == *registry);
        match (of(self), of(other)) {
            (Some(one), Some(two)) => self.0[one] == other.0[two],
            _ => false,
        }
    }
}

impl Store {
    /// When an event last changed what is saved of a registry, or of any registry.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn events_applied(
        &self,
        registry: Option<&RegistryName>,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        let applied = sqlx::query_scalar!(
            "SELECT max(events_applied_at) FROM registry WHERE $1::text IS NULL OR name = $1",
            registry.map(RegistryName::as_str)
        );
        Ok(applied.fetch_one(&self.pool).named("events_applied").await?)
    }

    /// The registries that have been crawled, sorted by name.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn registries(&self) -> Result<Vec<RegistryRecord>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT name, origin_url, dedup_scope, events_applied_at,
                   (SELECT state FROM crawl WHERE registry_id = registry.id
                    AND started_at IS NOT NULL ORDER BY started_at DESC, id DESC LIMIT 1) AS last_state,
                   (SELECT max(finished_at) FROM crawl WHERE registry_id = registry.id
                    AND state IN ('complete', 'incomplete')) AS last_finished
               FROM registry
               WHERE EXISTS (SELECT FROM crawl WHERE registry_id = registry.id AND started_at IS NOT NULL)
               ORDER BY name COLLATE "C""#
        );
        let rows = rows.fetch_all(&self.pool).named("registries").await?;
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
                    last_crawl: row
                        .last_state
                        .as_deref()
                        .map(|state| Row::new("registry", &row.name).parse("last state", state))
                        .transpose()?,
                    last_finished: row.last_finished,
                    events_applied: row.events_applied_at,
                })
            })
            .collect()
    }
}
