use std::time::Duration;

use crate::events::{EventCoverage, EventSubject};
use crate::oci::{RegistryName, RepositoryName};
use crate::store::crawl::{event_coverage, interval};
use crate::store::row::Row;
use crate::store::span::Named as _;
use crate::store::{Store, StoreError};

/// A question to a registry that this process has claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingAsk {
    pub(super) id: i64,
    /// How many events had led to it when it was claimed.
    pub(super) events: i64,
    /// The repository.
    pub repository: RepositoryName,
    /// What to ask for.
    pub subject: EventSubject,
    /// Whether an event said that it was deleted.
    pub deletes: bool,
    /// How often it was asked without a final answer.
    pub attempts: u32,
    /// How often the registry answered that it does not have it.
    pub misses: u32,
}

/// The events of a registry that sends any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventState {
    /// The registry.
    pub registry: RegistryName,
    /// How many tags and manifests are to be asked for.
    pub pending: u64,
    /// What events had told before the last finished crawl; `None` if there was none since the first event.
    pub event_coverage: Option<EventCoverage>,
}

impl Store {
    /// The registries that are to be asked something now.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn registries_to_ask(&self) -> Result<Vec<RegistryName>, StoreError> {
        let names = sqlx::query_scalar!(
            "SELECT name FROM registry WHERE EXISTS (
                 SELECT FROM event_ask WHERE registry_id = registry.id AND due_at <= clock_timestamp()
                     AND (lease_until IS NULL OR lease_until < clock_timestamp()))"
        )
        .fetch_all(&self.pool)
        .named("registries_to_ask")
        .await?;
        let name = |name: String| Row::new("registry", &name).parse("name", &name);
        names.into_iter().map(name).collect()
    }

    /// Claims some of the questions to a registry that are due, the oldest first. Other processes leave them alone for as
    /// long as the lease lasts; if this process is killed, another one takes them after that.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn claim_asks(
        &self,
        registry: &RegistryName,
        at_most: u32,
        lease: Duration,
    ) -> Result<Vec<PendingAsk>, StoreError> {
        let rows = sqlx::query!(
            "UPDATE event_ask SET lease_until = clock_timestamp() + $3::interval
             WHERE id IN (
                 SELECT event_ask.id FROM event_ask JOIN registry ON registry.id = event_ask.registry_id
                 WHERE registry.name = $1 AND due_at <= clock_timestamp()
                     AND (lease_until IS NULL OR lease_until < clock_timestamp())
                 ORDER BY due_at LIMIT $2 FOR UPDATE OF event_ask SKIP LOCKED)
             RETURNING id, repository, reference, deletes, events, attempts, misses",
            registry.as_str(),
            i64::from(at_most),
            interval(lease)
        )
        .fetch_all(&self.pool)
        .named("claim_asks")
        .await?;
        rows.into_iter()
            .map(|row| {
                let place = Row::new("event_ask", &row.id);
                Ok(PendingAsk {
                    id: row.id,
                    events: row.events,
                    repository: place.parse("repository", &row.repository)?,
                    subject: EventSubject::from_reference(&row.reference)
                        .ok_or_else(|| place.error("reference", "neither a tag nor a digest"))?,
                    deletes: row.deletes,
                    attempts: place.count("attempts", row.attempts.into())?,
                    misses: place.count("misses", row.misses.into())?,
                })
            })
            .collect()
    }

    /// Releases all claimed questions. Only for a database that no other process can have open.
    pub(in crate::store) async fn release_asks(&self) -> Result<(), StoreError> {
        sqlx::query!("UPDATE event_ask SET lease_until = NULL WHERE lease_until IS NOT NULL")
            .execute(&self.pool)
            .named("release_asks")
            .await?;
        Ok(())
    }

    /// The state of events for each registry that sends any, sorted by name.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn event_states(&self) -> Result<Vec<EventState>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT name, (SELECT count(*) FROM event_ask WHERE registry_id = registry.id) AS "pending!",
                   last.events_told AS "events_told?", last.tag_changes AS "tag_changes?"
               FROM registry LEFT JOIN LATERAL (
                   SELECT events_told, tag_changes FROM crawl
                   WHERE registry_id = registry.id AND state IN ('complete', 'incomplete')
                   ORDER BY finished_at DESC, id DESC LIMIT 1) AS last ON true
               WHERE events_since IS NOT NULL ORDER BY name COLLATE "C""#
        )
        .fetch_all(&self.pool)
        .named("event_states")
        .await?;
        rows.into_iter()
            .map(|row| {
                let place = Row::new("registry", &row.name);
                Ok(EventState {
                    registry: place.parse("name", &row.name)?,
                    pending: place.count("pending", row.pending)?,
                    event_coverage: event_coverage(place, row.events_told, row.tag_changes.unwrap_or(0))?,
                })
            })
            .collect()
    }
}
