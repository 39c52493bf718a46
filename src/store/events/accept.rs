use std::collections::{BTreeMap, BTreeSet, HashSet};

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::events::{EventAction, RegistryEvent};
use crate::oci::RegistryName;
use crate::pulls::EventKey;
use crate::store::span::Named as _;
use crate::store::{Store, StoreError};

/// How many questions to one registry may be pending. Our choice: a registry answers that many within minutes, and where it
/// does not, the next crawl reads everything anyway.
pub const PENDING_LIMIT: u32 = 20_000;

/// What became of the events of one envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AcceptedEvents {
    /// They are stored.
    Stored {
        /// New events.
        accepted: u64,
        /// Events that were received before.
        duplicates: u64,
    },
    /// Too many questions are pending. Nothing of the envelope is stored.
    Full,
    /// The registry is not known.
    UnknownRegistry,
}

impl Store {
    /// Stores the events of some envelopes of one registry, in one transaction. Events about the same tag or manifest become
    /// one question. Returns what became of each envelope.
    ///
    /// # Errors
    /// If the database is not available; nothing is stored then.
    pub async fn accept_events(
        &self,
        registry: &RegistryName,
        envelopes: &[&[RegistryEvent]],
        most_pending: u32,
        now: DateTime<Utc>,
    ) -> Result<Vec<AcceptedEvents>, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let known = sqlx::query!(
            r#"SELECT id, (SELECT count(*) FROM
                   (SELECT FROM event_ask WHERE registry_id = registry.id LIMIT $2) AS pending) AS "pending!"
               FROM registry WHERE name = $1"#,
            registry.as_str(),
            i64::from(most_pending)
        )
        .fetch_optional(&mut *transaction)
        .named("accept_events.select_registry")
        .await?;
        let Some(known) = known else {
            return Ok(vec![AcceptedEvents::UnknownRegistry; envelopes.len()]);
        };
        if known.pending >= i64::from(most_pending) {
            let refused = envelopes.iter().map(|events| match events.is_empty() {
                true => AcceptedEvents::Stored {
                    accepted: 0,
                    duplicates: 0,
                },
                false => AcceptedEvents::Full,
            });
            return Ok(refused.collect());
        }
        let mut new_keys = remember(&mut transaction, known.id, envelopes, now).await?;
        let mut asks = BTreeMap::new();
        let results = envelopes.iter().map(|events| {
            let (mut accepted, mut duplicates) = (0, 0);
            for event in *events {
                // Of several with one key, the first is the new one.
                if event.key.is_some_and(|key| !new_keys.remove(&key)) {
                    duplicates += 1;
                    continue;
                }
                accepted += 1;
                let reference = event.subject.reference();
                let (deletes, count) = asks
                    .entry((event.repository.as_str(), reference))
                    .or_insert((false, 0_i64));
                *deletes |= event.action == EventAction::Delete;
                *count += 1;
            }
            AcceptedEvents::Stored { accepted, duplicates }
        });
        let results = results.collect();
        if !asks.is_empty() {
            add_asks(&mut transaction, known.id, &asks, now).await?;
            sqlx::query!(
                "UPDATE registry SET events_since = $2 WHERE id = $1 AND events_since IS NULL",
                known.id,
                now
            )
            .execute(&mut *transaction)
            .named("accept_events.update_registry")
            .await?;
        }
        transaction.commit().await?;
        Ok(results)
    }

    /// Forgets which events were received before a moment. A repeated event then leads to a question, which changes nothing.
    pub(in crate::store) async fn prune_event_keys(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        let keys = sqlx::query!("DELETE FROM event_key WHERE received_at < $1", before);
        let forgotten = keys.execute(&self.pool).named("prune_event_keys").await?;
        Ok(forgotten.rows_affected())
    }
}

/// Records the keys of events. Returns those that are new.
async fn remember(
    connection: &mut PgConnection,
    registry: i64,
    envelopes: &[&[RegistryEvent]],
    now: DateTime<Utc>,
) -> Result<HashSet<EventKey>, StoreError> {
    // In order, so that two processes that receive the same events cannot deadlock.
    let keys: BTreeSet<EventKey> = envelopes
        .iter()
        .copied()
        .flatten()
        .filter_map(|event| event.key)
        .collect();
    let keys: Vec<Vec<u8>> = keys.into_iter().map(|key| key.to_vec()).collect();
    if keys.is_empty() {
        return Ok(HashSet::new());
    }
    let new = sqlx::query_scalar!(
        "INSERT INTO event_key (registry_id, key, received_at)
         SELECT $1, key, $3 FROM UNNEST($2::bytea[]) AS new (key)
         ON CONFLICT (registry_id, key) DO NOTHING RETURNING key",
        registry,
        &keys,
        now
    )
    .fetch_all(connection)
    .named("accept_events.insert_event_key")
    .await?;
    Ok(new.into_iter().filter_map(|key| key.try_into().ok()).collect())
}

/// Adds what to ask: for each repository and reference, whether an event said that it was deleted, and how many there were.
async fn add_asks(
    connection: &mut PgConnection,
    registry: i64,
    asks: &BTreeMap<(&str, String), (bool, i64)>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let repositories: Vec<&str> = asks.keys().map(|(repository, _)| *repository).collect();
    let references: Vec<&str> = asks.keys().map(|(_, reference)| reference.as_str()).collect();
    let deletes: Vec<bool> = asks.values().map(|(deletes, _)| *deletes).collect();
    let counts: Vec<i64> = asks.values().map(|(_, count)| *count).collect();
    sqlx::query!(
        "INSERT INTO event_ask (registry_id, repository, reference, deletes, events, received_at)
         SELECT $1, repository, reference, deletes, events, $6
         FROM UNNEST($2::text[], $3::text[], $4::boolean[], $5::bigint[])
             AS new (repository, reference, deletes, events)
         ON CONFLICT (registry_id, repository, reference) DO UPDATE
         SET events = event_ask.events + EXCLUDED.events, deletes = event_ask.deletes OR EXCLUDED.deletes,
             attempts = 0, misses = 0, due_at = LEAST(event_ask.due_at, EXCLUDED.due_at)",
        registry,
        &repositories as &[&str],
        &references as &[&str],
        &deletes,
        &counts,
        now
    )
    .execute(connection)
    .named("accept_events.insert_event_ask")
    .await?;
    Ok(())
}
