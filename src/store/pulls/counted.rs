use chrono::{DateTime, NaiveDate, Utc};

use crate::oci::{RegistryName, RepositoryName};
use crate::pricing::{EmptyPeriod, Period};
use crate::pulls::{
    CountedBy, CountedPulls, CountedSpan, PullCounts, PullFileFormat, PullTotal, ServedBytes,
};
use crate::store::row::Row;
use crate::store::span::Named as _;
use crate::store::{Store, StoreError};

/// The most pulls of a repository on a day that are believed. Our choice of December 2026: a million million, a thousand times
/// what Docker Hub serves on a day. A hostile or broken log may state any count, and one must not cost all other figures.
const MOST_PULLS_OF_DAY: i64 = 1_000_000_000_000;
/// The most bytes of a repository on a day that are believed. Our choice of December 2026: 1 EiB.
const MOST_BYTES_OF_DAY: i64 = 1 << 60;

/// An imported file of pulls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullImportRecord {
    /// The registry.
    pub registry: RegistryName,
    /// The file's name.
    pub file_name: String,
    /// Its format.
    pub format: PullFileFormat,
    /// When it was imported.
    pub imported_at: DateTime<Utc>,
    /// For counters: when they were read.
    pub read_at: Option<DateTime<Utc>>,
    /// For events: the covered days.
    pub period: Option<Period>,
    /// The number of pulls it added.
    pub pulls: u64,
}

/// How much is known of pulls, to decide whether results computed earlier are still current.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullsState {
    counted: String,
    bytes: String,
    readings: i64,
    totals: String,
    imports: i64,
}

impl Store {
    /// How much is known of pulls.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn pulls_state(&self) -> Result<PullsState, StoreError> {
        let state = sqlx::query_as!(
            PullsState,
            r#"SELECT (SELECT COALESCE(sum(count), 0)::text FROM pull_count) AS "counted!",
                   (SELECT COALESCE(sum(bytes), 0)::text FROM pulled_bytes) AS "bytes!",
                   (SELECT count(*) FROM pull_reading) AS "readings!",
                   (SELECT COALESCE(sum(count), 0)::text FROM pull_total) AS "totals!", (SELECT count(*) FROM pull_import) AS "imports!""#
        );
        Ok(state.fetch_one(&self.pool).named("pulls_state").await?)
    }

    /// The imported files of pulls, oldest first.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn pull_imports(&self) -> Result<Vec<PullImportRecord>, StoreError> {
        let rows = sqlx::query!(
            "SELECT registry.name AS registry, file_name, format, imported_at, read_at, period_start, period_end,
                 pulls
             FROM pull_import JOIN registry ON registry.id = registry_id ORDER BY pull_import.id"
        )
        .fetch_all(&self.pool)
        .named("pull_imports")
        .await?;
        rows.into_iter()
            .map(|row| {
                let period = row.period_start.zip(row.period_end);
                let key = format!("{} {}", row.registry, row.imported_at);
                let place = Row::new("pull_import", &key);
                Ok(PullImportRecord {
                    registry: place.parse("registry_id", &row.registry)?,
                    file_name: row.file_name,
                    format: place.parse("format", &row.format)?,
                    imported_at: row.imported_at,
                    read_at: row.read_at,
                    period: period
                        .map(|(start, end)| days("pull_import", start, end))
                        .transpose()?,
                    pulls: place.count("pulls", row.pulls)?,
                })
            })
            .collect()
    }

    /// The pulls that were counted since a day, or ever, and the bytes that were served for them.
    ///
    /// # Errors
    /// If the database is not available, and if a row holds a count or a word that this program never writes.
    pub async fn pull_counts(&self, since: Option<NaiveDate>) -> Result<PullCounts, StoreError> {
        let (counted, spans) = self.counted_pulls(since).await?;
        let served = self.served_bytes(since).await?;
        let totals = self.pull_totals(since).await?;
        let counts = PullCounts::default().with(counted, spans);
        Ok(counts.with_bytes(served).with_totals(totals))
    }

    /// The pulls that were counted since a day, or ever, and the days on which all were.
    ///
    /// # Errors
    /// As for [`Self::pull_counts`].
    pub async fn counted_pulls(
        &self,
        since: Option<NaiveDate>,
    ) -> Result<(Vec<CountedPulls>, Vec<CountedSpan>), StoreError> {
        let mut pulls = Vec::new();
        let mut spans = Vec::new();
        let rows = sqlx::query!(
            r#"SELECT registry.name AS registry, repository, day, counted_by,
                   LEAST(sum(count) FILTER (WHERE count <= $2), $2)::bigint AS count,
                   min(count) AS "least!", count(*) FILTER (WHERE count > $2) AS "nonsense!"
               FROM pull_count JOIN registry ON registry.id = registry_id
               WHERE $1::date IS NULL OR day >= $1
               GROUP BY registry.name, repository, day, counted_by"#,
            since as Option<NaiveDate>,
            MOST_PULLS_OF_DAY
        )
        .fetch_all(&self.pool)
        .named("counted_pulls")
        .await?;
        for row in rows {
            let key = format!("{}/{} {}", row.registry, row.repository, row.day);
            let place = Row::new("pull_count", &key);
            // The sum alone would not show a negative count beside positive ones.
            place.count::<u64>("count", row.least)?;
            if row.nonsense > 0 {
                tracing::warn!(registry = row.registry, repository = row.repository, day = %row.day, "a count of pulls that no \
                    repository can have is left out");
            }
            // All of them are nonsense.
            let Some(count) = row.count.filter(|_| row.least <= MOST_PULLS_OF_DAY) else {
                continue;
            };
            pulls.push(CountedPulls {
                registry: place.parse("registry_id", &row.registry)?,
                repository: place.parse("repository", &row.repository)?,
                period: one_day("pull_count", row.day)?,
                count: place.count("count", count)?,
                by: place.parse("counted_by", &row.counted_by)?,
            });
        }
        let imports = self.pull_imports().await?.into_iter();
        for import in imports.filter(|import| import.format.has_all_pulls()) {
            spans.extend(import.period.map(|period| CountedSpan {
                registry: import.registry,
                repository: None,
                period,
                by: CountedBy::Imported,
            }));
        }
        spans.extend(self.metered_spans().await?);
        for (counted, span) in self.differences().await? {
            if since.is_none_or(|since| counted.period.end() > since) {
                pulls.push(counted);
                spans.push(span);
            }
        }
        Ok((pulls, spans))
    }

    /// All pulls of a registry between its first and its last notification are assumed to have been notified.
    async fn metered_spans(&self) -> Result<Vec<CountedSpan>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT registry.name AS registry, span.first AS "first!", span.last AS "last!"
               FROM registry CROSS JOIN LATERAL (
                   SELECT (SELECT day FROM pull_count WHERE registry_id = registry.id AND counted_by = 'metered'
                           ORDER BY day LIMIT 1) AS first,
                       (SELECT day FROM pull_count WHERE registry_id = registry.id AND counted_by = 'metered'
                        ORDER BY day DESC LIMIT 1) AS last) AS span
               WHERE span.first IS NOT NULL"#
        )
        .fetch_all(&self.pool)
        .named("metered_spans")
        .await?;
        rows.into_iter()
            .map(|row| {
                let place = Row::new("pull_count", &row.registry);
                Ok(CountedSpan {
                    registry: place.parse("registry_id", &row.registry)?,
                    repository: None,
                    period: days("pull_count", row.first, row.last.succ_opt().unwrap_or(row.last))?,
                    by: CountedBy::Metered,
                })
            })
            .collect()
    }

    /// The bytes served for pulls since a day, or ever.
    async fn served_bytes(&self, since: Option<NaiveDate>) -> Result<Vec<ServedBytes>, StoreError> {
        let rows = sqlx::query!(
            "SELECT registry.name AS registry, repository, day, counted_by, bytes
             FROM pulled_bytes JOIN registry ON registry.id = registry_id
             WHERE ($1::date IS NULL OR day >= $1) AND bytes <= $2",
            since as Option<NaiveDate>,
            MOST_BYTES_OF_DAY
        )
        .fetch_all(&self.pool)
        .named("served_bytes")
        .await?;
        rows.into_iter()
            .map(|row| {
                let key = format!("{}/{} {}", row.registry, row.repository, row.day);
                let place = Row::new("pulled_bytes", &key);
                Ok(ServedBytes {
                    registry: place.parse("registry_id", &row.registry)?,
                    repository: place.parse("repository", &row.repository)?,
                    day: row.day,
                    by: place.parse("counted_by", &row.counted_by)?,
                    bytes: place.count("bytes", row.bytes)?,
                })
            })
            .collect()
    }

    /// The sums of all repositories since a day, or ever.
    async fn pull_totals(&self, since: Option<NaiveDate>) -> Result<Vec<PullTotal>, StoreError> {
        let rows = sqlx::query!(
            "SELECT registry.name AS registry, day, count
             FROM pull_total JOIN registry ON registry.id = registry_id
             WHERE $1::date IS NULL OR day >= $1",
            since as Option<NaiveDate>
        )
        .fetch_all(&self.pool)
        .named("pull_totals")
        .await?;
        rows.into_iter()
            .map(|row| {
                let key = format!("{} {}", row.registry, row.day);
                let place = Row::new("pull_total", &key);
                Ok(PullTotal {
                    registry: place.parse("registry_id", &row.registry)?,
                    day: row.day,
                    count: place.count("count", row.count)?,
                })
            })
            .collect()
    }

    /// The pulls between consecutive readings of counters.
    async fn differences(&self) -> Result<Vec<(CountedPulls, CountedSpan)>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT registry.name AS registry, repository, count, read_at,
                   lag(count) OVER readings AS earlier, lag(read_at) OVER readings AS earlier_at
               FROM pull_reading JOIN registry ON registry.id = registry_id
               WINDOW readings AS (PARTITION BY registry_id, repository ORDER BY read_at)"#
        )
        .fetch_all(&self.pool)
        .named("differences")
        .await?;
        let mut differences = Vec::new();
        for row in rows {
            let (Some(earlier), Some(earlier_at)) = (row.earlier, row.earlier_at) else {
                continue;
            };
            let (start, end) = (earlier_at.date_naive(), row.read_at.date_naive());
            // The day of a reading belongs to the next interval, unless both readings are of the same day.
            let period = if start < end {
                days("pull_reading", start, end)?
            } else {
                one_day("pull_reading", start)?
            };
            let key = format!("{}/{} {}", row.registry, row.repository, row.read_at);
            let place = Row::new("pull_reading", &key);
            let registry: RegistryName = place.parse("registry_id", &row.registry)?;
            let repository: RepositoryName = place.parse("repository", &row.repository)?;
            let count = pulls_between(place.count("count", earlier)?, place.count("count", row.count)?);
            if count > MOST_PULLS_OF_DAY.unsigned_abs() {
                continue;
            }
            differences.push((
                CountedPulls {
                    registry: registry.clone(),
                    repository: repository.clone(),
                    period,
                    count,
                    by: CountedBy::Imported,
                },
                CountedSpan {
                    registry,
                    repository: Some(repository),
                    period,
                    by: CountedBy::Imported,
                },
            ));
        }
        Ok(differences)
    }
}

/// The pulls between two readings. A counter that has decreased was reset in between, as when a repository is deleted and
/// created again; then only the later value is known.
pub(super) fn pulls_between(earlier: u64, later: u64) -> u64 {
    later.checked_sub(earlier).unwrap_or(later)
}

fn days(table: &'static str, start: NaiveDate, end: NaiveDate) -> Result<Period, StoreError> {
    Period::new(start, end).map_err(|problem: EmptyPeriod| StoreError::inconsistent(table, problem))
}

fn one_day(table: &'static str, day: NaiveDate) -> Result<Period, StoreError> {
    days(table, day, day.succ_opt().unwrap_or(day))
}
