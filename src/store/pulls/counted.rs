use chrono::{DateTime, Days, NaiveDate, Utc};

use crate::oci::{RegistryName, RepositoryName};
use crate::pricing::{EmptyPeriod, Period};
use crate::pulls::{CountedBy, CountedPulls, CountedSpan, ServedBytes};
use crate::report::Knowledge;
use crate::store::{Store, StoreError};

/// How far back pulls are looked at for their pace: a registry may not have been crawled for a while.
const LOOKED_AT_FOR_PACE: Days = Days::new(366);

/// A file of pulls that was imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullImportRecord {
    /// The registry that it is about.
    pub registry: RegistryName,
    /// Its name.
    pub file_name: String,
    /// Its form.
    pub format: String,
    /// When it was imported.
    pub imported_at: DateTime<Utc>,
    /// Of counters: when they stood so.
    pub read_at: Option<DateTime<Utc>>,
    /// Of events: the days that it is about.
    pub period: Option<Period>,
    /// How many pulls it added.
    pub pulls: u64,
}

impl Store {
    /// The files of pulls that were imported, the oldest first.
    ///
    /// # Errors
    /// Where the database is not available.
    pub async fn pull_imports(&self) -> Result<Vec<PullImportRecord>, StoreError> {
        let rows = sqlx::query!(
            "SELECT registry.name AS registry, file_name, format, imported_at, read_at, period_start, period_end,
                 pulls
             FROM pull_import JOIN registry ON registry.id = registry_id ORDER BY pull_import.id"
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|row| {
                let period = row.period_start.zip(row.period_end);
                Ok(PullImportRecord {
                    registry: name("pull_import", &row.registry)?,
                    file_name: row.file_name,
                    format: row.format,
                    imported_at: row.imported_at,
                    read_at: row.read_at,
                    period: period.map(|(start, end)| days(start, end)).transpose()?,
                    pulls: u64::try_from(row.pulls).unwrap_or(0),
                })
            })
            .collect()
    }

    /// What answers rest on, with the pulls that were counted from a day on, or ever, in place of those assumed.
    ///
    /// # Errors
    /// Where the database is not available.
    pub async fn with_pulls(
        &self,
        mut knowledge: Knowledge,
        since: Option<NaiveDate>,
    ) -> Result<Knowledge, StoreError> {
        let (counted, spans) = self.counted_pulls(since).await?;
        let served = self.served_bytes(since).await?;
        knowledge.costs.pulls = knowledge.costs.pulls.with(counted, spans).with_bytes(served);
        Ok(knowledge)
    }

    /// The same with the pulls that tell today's pace.
    ///
    /// # Errors
    /// Where the database is not available.
    pub async fn with_recent_pulls(
        &self,
        knowledge: Knowledge,
        today: NaiveDate,
    ) -> Result<Knowledge, StoreError> {
        self.with_pulls(knowledge, today.checked_sub_days(LOOKED_AT_FOR_PACE))
            .await
    }

    /// The pulls that were counted from a day on, or ever, and the days on which all were.
    ///
    /// # Errors
    /// Where the database is not available.
    pub async fn counted_pulls(
        &self,
        since: Option<NaiveDate>,
    ) -> Result<(Vec<CountedPulls>, Vec<CountedSpan>), StoreError> {
        let mut pulls = Vec::new();
        let mut spans = Vec::new();
        let rows = sqlx::query!(
            r#"SELECT registry.name AS registry, repository, day, counted_by, sum(count)::bigint AS "count!"
               FROM pull_count JOIN registry ON registry.id = registry_id
               WHERE $1::date IS NULL OR day >= $1
               GROUP BY registry.name, repository, day, counted_by"#,
            since as Option<NaiveDate>
        )
        .fetch_all(&self.pool)
        .await?;
        for row in rows {
            let by = match row.counted_by.as_str() {
                "metered" => CountedBy::Metered,
                _ => CountedBy::Imported,
            };
            pulls.push(CountedPulls {
                registry: name("pull_count", &row.registry)?,
                repository: name("pull_count", &row.repository)?,
                period: one_day(row.day)?,
                count: u64::try_from(row.count).unwrap_or(0),
                by,
            });
        }
        for import in self.pull_imports().await? {
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

    /// From the first to the last notification of a registry all its pulls are taken to have been notified.
    async fn metered_spans(&self) -> Result<Vec<CountedSpan>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT registry.name AS registry, min(day) AS "first!", max(day) AS "last!"
               FROM pull_count JOIN registry ON registry.id = registry_id
               WHERE counted_by = 'metered' GROUP BY registry.name"#
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|row| {
                Ok(CountedSpan {
                    registry: name("pull_count", &row.registry)?,
                    repository: None,
                    period: days(row.first, row.last.succ_opt().unwrap_or(row.last))?,
                    by: CountedBy::Metered,
                })
            })
            .collect()
    }

    /// What was served for pulls from a day on, or ever.
    async fn served_bytes(&self, since: Option<NaiveDate>) -> Result<Vec<ServedBytes>, StoreError> {
        let rows = sqlx::query!(
            "SELECT registry.name AS registry, repository, day, bytes
             FROM pulled_bytes JOIN registry ON registry.id = registry_id
             WHERE $1::date IS NULL OR day >= $1",
            since as Option<NaiveDate>
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|row| {
                Ok(ServedBytes {
                    registry: name("pulled_bytes", &row.registry)?,
                    repository: name("pulled_bytes", &row.repository)?,
                    day: row.day,
                    bytes: u64::try_from(row.bytes).unwrap_or(0),
                })
            })
            .collect()
    }

    /// What consecutive readings of counters say about the days between them.
    async fn differences(&self) -> Result<Vec<(CountedPulls, CountedSpan)>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT registry.name AS registry, repository, count, read_at,
                   lag(count) OVER readings AS earlier, lag(read_at) OVER readings AS earlier_at
               FROM pull_reading JOIN registry ON registry.id = registry_id
               WINDOW readings AS (PARTITION BY registry_id, repository ORDER BY read_at)"#
        )
        .fetch_all(&self.pool)
        .await?;
        let mut differences = Vec::new();
        for row in rows {
            let (Some(earlier), Some(earlier_at)) = (row.earlier, row.earlier_at) else {
                continue;
            };
            let (start, end) = (earlier_at.date_naive(), row.read_at.date_naive());
            // The day of a reading is left to the next one, unless both are of one day.
            let period = if start < end {
                days(start, end)?
            } else {
                one_day(start)?
            };
            let registry: RegistryName = name("pull_reading", &row.registry)?;
            let repository: RepositoryName = name("pull_reading", &row.repository)?;
            differences.push((
                CountedPulls {
                    registry: registry.clone(),
                    repository: repository.clone(),
                    period,
                    count: pulls_between(earlier, row.count),
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

/// How many pulls there were between two readings. A counter that has gone down began anew in between, as when a
/// repository is deleted and made again; then those since are all that is known.
pub(super) fn pulls_between(earlier: i64, later: i64) -> u64 {
    let more = if later >= earlier { later - earlier } else { later };
    u64::try_from(more).unwrap_or(0)
}

fn name<Name: std::str::FromStr<Err: ToString>>(table: &'static str, text: &str) -> Result<Name, StoreError> {
    text.parse()
        .map_err(|problem: Name::Err| StoreError::inconsistent(table, problem))
}

fn days(start: NaiveDate, end: NaiveDate) -> Result<Period, StoreError> {
    Period::new(start, end).map_err(|problem: EmptyPeriod| StoreError::inconsistent("pull_import", problem))
}

fn one_day(day: NaiveDate) -> Result<Period, StoreError> {
    days(day, day.succ_opt().unwrap_or(day))
}
