use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;

use super::bigint::bigint;
use super::counted::pulls_between;
use super::indexes::{PulledIndexes, pulled_indexes};
use super::served::{serve, sized};
use super::{PullFileSource, PullImport};
use crate::oci::RegistryName;
use crate::pulls::{CountedBy, EventKey, PullEvent, PullReadings, PullTotals, PullUnit, ReadPulls};
use crate::store::registry_lock::lock_registry;
use crate::store::row::Row;
use crate::store::span::Named as _;
use crate::store::{Store, StoreError};

/// How many events are looked up and written at once. Our choice.
const BATCH: usize = 10_000;

impl Store {
    /// Adds the pulls in a file: all of them or, if it fails, none. A file that was imported before adds nothing, and events
    /// of other files are not added again. `None` if the registry is not known.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn import_pulls(
        &self,
        registry: &RegistryName,
        file: &PullFileSource,
        pulls: &ReadPulls,
        now: DateTime<Utc>,
    ) -> Result<Option<PullImport>, StoreError> {
        let mut transaction = self.pool.begin().await?;
        // Imports of one registry are serialized, so that each sees the events of the other.
        let Some(registry) = lock_registry(&mut transaction, registry).await? else {
            return Ok(None);
        };
        let read_at = match pulls {
            ReadPulls::Events(_) | ReadPulls::Totals(_) => None,
            ReadPulls::Readings(_) => Some(file.read_at),
        };
        let known = sqlx::query_scalar!(
            "SELECT imported_at FROM pull_import
             WHERE registry_id = $1 AND file_digest = $2 AND read_at IS NOT DISTINCT FROM $3",
            registry,
            file.digest.to_string(),
            read_at
        )
        .fetch_optional(&mut *transaction)
        .named("import_pulls.select_pull_import")
        .await?;
        if let Some(at) = known {
            return Ok(Some(PullImport::Known { at }));
        }
        let import = match pulls {
            ReadPulls::Events(events) => {
                let indexes = match events.unit {
                    PullUnit::Images => PulledIndexes::default(),
                    PullUnit::Manifests => pulled_indexes(&mut transaction, registry, &events.events).await?,
                };
                let images: Vec<PullEvent> = events
                    .events
                    .iter()
                    .filter(|event| !indexes.contains(event))
                    .cloned()
                    .collect();
                let saved = save_events(&mut transaction, registry, &images, CountedBy::Imported).await?;
                let layers = sized(&mut transaction, &events.layers).await?;
                serve(&mut transaction, registry, &layers, CountedBy::Imported).await?;
                PullImport::Events {
                    new: saved.new,
                    known: saved.known,
                    indexes: (events.events.len() - images.len()) as u64,
                    unknown_layers: (events.layers.len() - layers.len()) as u64,
                }
            }
            ReadPulls::Totals(totals) => {
                save_totals(&mut transaction, registry, totals).await?;
                PullImport::Totals
            }
            ReadPulls::Readings(readings) => {
                save_readings(&mut transaction, registry, readings, file.read_at).await?
            }
        };
        let (period, pulls) = match (pulls, import) {
            (ReadPulls::Events(events), PullImport::Events { new, .. }) => (Some(events.period), new),
            // It adds no pulls: they are not of any repository.
            (ReadPulls::Totals(totals), _) => (totals.period(), 0),
            (_, PullImport::Readings { since_last, .. }) => (None, since_last),
            _ => (None, 0),
        };
        sqlx::query!(
            "INSERT INTO pull_import (registry_id, file_name, file_digest, format, imported_at, read_at,
                 period_start, period_end, pulls)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            registry,
            file.name,
            file.digest.to_string(),
            file.format.as_str(),
            now,
            read_at,
            period.map(crate::pricing::Period::start),
            period.map(crate::pricing::Period::end),
            bigint(pulls)
        )
        .execute(&mut *transaction)
        .named("import_pulls.insert_pull_import")
        .await?;
        transaction.commit().await?;
        Ok(Some(import))
    }
}

/// The numbers of new and known pulls.
pub(super) struct SavedEvents {
    pub(super) new: u64,
    pub(super) known: u64,
    /// How many pulls each new event adds.
    pub(super) added: HashMap<EventKey, u64>,
}

/// Adds the events that are not known yet.
pub(super) async fn save_events(
    connection: &mut PgConnection,
    registry: i64,
    events: &[PullEvent],
    by: CountedBy,
) -> Result<SavedEvents, StoreError> {
    let (mut new, mut known) = (0_u64, 0_u64);
    let mut all_added = HashMap::new();
    for batch in events.chunks(BATCH) {
        let keys: Vec<Vec<u8>> = batch.iter().map(|event| event.key.to_vec()).collect();
        let rows = sqlx::query!(
            "SELECT key, count FROM pull_event WHERE registry_id = $1 AND key = ANY($2)",
            registry,
            &keys
        )
        .fetch_all(&mut *connection)
        .named("save_events")
        .await?;
        let counted: HashMap<Vec<u8>, u64> = rows
            .into_iter()
            .map(|row| {
                let count = Row::new("pull_event", &hex::encode(&row.key)).count("count", row.count)?;
                Ok((row.key, count))
            })
            .collect::<Result<_, StoreError>>()?;
        let mut added: Vec<(&PullEvent, u64)> = Vec::new();
        for event in batch {
            let before = counted.get(event.key.as_slice()).copied().unwrap_or(0);
            known = known.saturating_add(before.min(event.count));
            let more = event.count.saturating_sub(before);
            new = new.saturating_add(more);
            if more > 0 {
                added.push((event, more));
            }
        }
        remember(connection, registry, &added, by).await?;
        count(connection, registry, &added, by).await?;
        all_added.extend(added.into_iter().map(|(event, more)| (event.key, more)));
    }
    Ok(SavedEvents {
        new,
        known,
        added: all_added,
    })
}

/// Records that events have been counted.
async fn remember(
    connection: &mut PgConnection,
    registry: i64,
    added: &[(&PullEvent, u64)],
    by: CountedBy,
) -> Result<(), StoreError> {
    let keys: Vec<Vec<u8>> = added.iter().map(|(event, _)| event.key.to_vec()).collect();
    let days: Vec<NaiveDate> = added.iter().map(|(event, _)| event.day).collect();
    let counts: Vec<i64> = added.iter().map(|(event, _)| bigint(event.count)).collect();
    sqlx::query!(
        "INSERT INTO pull_event (registry_id, key, day, count, counted_by)
         SELECT $1, key, day, count, $5 FROM UNNEST($2::bytea[], $3::date[], $4::bigint[]) AS new (key, day, count)
         ON CONFLICT (registry_id, key) DO UPDATE SET count = EXCLUDED.count",
        registry,
        &keys,
        &days,
        &counts,
        by.as_str()
    )
    .execute(connection)
    .named("remember_pull_events")
    .await?;
    Ok(())
}

/// Adds pulls to the counts of their days.
async fn count(
    connection: &mut PgConnection,
    registry: i64,
    added: &[(&PullEvent, u64)],
    by: CountedBy,
) -> Result<(), StoreError> {
    let mut sums: BTreeMap<(NaiveDate, &str, &str, String), u64> = BTreeMap::new();
    for (event, more) in added {
        let tag = event.tag.as_ref().map_or("", |tag| tag.as_str());
        let digest = event.digest.map_or_else(String::new, |digest| digest.to_string());
        let sum = sums
            .entry((event.day, event.repository.as_str(), tag, digest))
            .or_default();
        *sum = sum.saturating_add(*more);
    }
    let days: Vec<NaiveDate> = sums.keys().map(|(day, ..)| *day).collect();
    let text = |text: &str| text.to_owned();
    let repositories: Vec<String> = sums.keys().map(|(_, repository, ..)| text(repository)).collect();
    let tags: Vec<String> = sums.keys().map(|(_, _, tag, _)| text(tag)).collect();
    let digests: Vec<String> = sums.keys().map(|(.., digest)| digest.clone()).collect();
    let counts: Vec<i64> = sums.values().copied().map(bigint).collect();
    sqlx::query!(
        "INSERT INTO pull_count (registry_id, day, repository, tag, digest, counted_by, count)
         SELECT $1, day, repository, tag, digest, $2, count
         FROM UNNEST($3::date[], $4::text[], $5::text[], $6::text[], $7::bigint[])
             AS new (day, repository, tag, digest, count)
         ON CONFLICT (registry_id, day, repository, tag, digest, counted_by)
         DO UPDATE SET count = LEAST(pull_count.count::numeric + EXCLUDED.count, 9223372036854775807)::bigint",
        registry,
        by.as_str(),
        &days,
        &repositories,
        &tags,
        &digests,
        &counts
    )
    .execute(connection)
    .named("count_pulls")
    .await?;
    Ok(())
}

/// Keeps the sums of all repositories. A later file may know of more, when the day had not ended before.
async fn save_totals(
    connection: &mut PgConnection,
    registry: i64,
    totals: &PullTotals,
) -> Result<(), StoreError> {
    let days: Vec<NaiveDate> = totals.days.keys().copied().collect();
    let counts: Vec<i64> = totals.days.values().copied().map(bigint).collect();
    sqlx::query!(
        "INSERT INTO pull_total (registry_id, day, count)
         SELECT $1, day, count FROM UNNEST($2::date[], $3::bigint[]) AS new (day, count)
         ON CONFLICT (registry_id, day) DO UPDATE SET count = GREATEST(pull_total.count, EXCLUDED.count)",
        registry,
        &days,
        &counts
    )
    .execute(connection)
    .named("save_pull_totals")
    .await?;
    Ok(())
}

/// Adds readings of counters.
async fn save_readings(
    connection: &mut PgConnection,
    registry: i64,
    readings: &PullReadings,
    read_at: DateTime<Utc>,
) -> Result<PullImport, StoreError> {
    let repositories: Vec<String> = readings
        .readings
        .iter()
        .map(|reading| reading.repository.to_string())
        .collect();
    let counts: Vec<i64> = readings
        .readings
        .iter()
        .map(|reading| bigint(reading.count))
        .collect();
    let before = sqlx::query!(
        "SELECT DISTINCT ON (repository) repository, count FROM pull_reading
         WHERE registry_id = $1 AND repository = ANY($2) AND read_at < $3
         ORDER BY repository, read_at DESC",
        registry,
        &repositories,
        read_at
    )
    .fetch_all(&mut *connection)
    .named("save_readings.select_pull_reading")
    .await?;
    let before: HashMap<String, i64> = before
        .into_iter()
        .map(|row| (row.repository, row.count))
        .collect();
    let (mut since_last, mut first) = (0_u64, 0_u64);
    for (repository, later) in repositories.iter().zip(&counts) {
        match before.get(repository) {
            Some(earlier) => {
                let place = Row::new("pull_reading", repository);
                let count = |value: i64| place.count("count", value);
                since_last = since_last.saturating_add(pulls_between(count(*earlier)?, count(*later)?));
            }
            None => first += 1,
        }
    }
    sqlx::query!(
        "INSERT INTO pull_reading (registry_id, repository, read_at, count)
         SELECT $1, repository, $2, count FROM UNNEST($3::text[], $4::bigint[]) AS new (repository, count)
         ON CONFLICT (registry_id, repository, read_at) DO UPDATE SET count = EXCLUDED.count",
        registry,
        read_at,
        &repositories,
        &counts
    )
    .execute(connection)
    .named("save_readings.insert_pull_reading")
    .await?;
    Ok(PullImport::Readings { since_last, first })
}
