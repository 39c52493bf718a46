use std::collections::HashMap;

use chrono::{DateTime, Days, NaiveTime, Utc};
use rust_decimal::Decimal;

use crate::cost::{CostParts, MoneyEstimate};
use crate::oci::{RegistryName, RepositoryName};
use crate::pricing::{ByteHistory, Period};
use crate::report::{CostReading, RegistryHistory};
use crate::store::row::Row;
use crate::store::span::Named as _;
use crate::store::{Store, StoreError};
use crate::units::{ByteCount, Money};
use crate::whatif::Verdict;

/// A registry's figures after a crawl.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryPoint {
    /// The moment of the crawl.
    pub as_of: DateTime<Utc>,
    /// The bytes that the tags reached, each tag counted alone.
    pub logical_bytes: ByteCount,
    /// The stored bytes that tags reached.
    pub stored_bytes: ByteCount,
    /// The untagged bytes; `None` if unknown.
    pub untagged_bytes: Option<ByteCount>,
    /// The stored bytes on Alpine; `None` if not computed.
    pub alpine_stored_bytes: Option<ByteCount>,
    /// The cost of a month at that level; `None` without a price book.
    pub cost: Option<CostParts>,
    /// The cost of such a month on Alpine; `None` if not computed.
    pub alpine_month: Option<MoneyEstimate>,
    /// The price book and its edition; `None` without one.
    pub price_book: Option<String>,
    /// The number of repositories.
    pub repositories: usize,
    /// How many of them had pulls, counted or assumed.
    pub pulled_repositories: usize,
}

impl RegistryPoint {
    /// The cost with what it rests on; `None` without a price book.
    pub fn cost_reading(&self) -> Option<CostReading> {
        Some(CostReading {
            as_of: self.as_of,
            cost: self.cost.as_ref()?.total,
            price_book: self.price_book.clone()?,
            repositories: self.repositories,
            pulled_repositories: self.pulled_repositories,
        })
    }
}

/// The repositories of a registry that a caller may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartOfRegistry {
    /// Repositories that belonged to one of these cost centres by the rules of the time.
    pub cost_centres: Vec<String>,
    /// Repositories that belong to them today, by name. They count for times at which they had no cost centre.
    pub repositories: Vec<String>,
}

/// A repository's figures after a crawl.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryPoint {
    /// The moment of the crawl.
    pub as_of: DateTime<Utc>,
    /// The bytes that its tags reached, each tag counted alone.
    pub logical_bytes: ByteCount,
    /// The bytes that it reached, each blob once.
    pub stored_bytes: ByteCount,
    /// The bytes that nothing else reached.
    pub exclusive_bytes: ByteCount,
    /// Its share of the stored bytes.
    pub attributed_bytes: ByteCount,
    /// Its share of the untagged bytes; `None` if unknown.
    pub untagged_bytes: Option<ByteCount>,
    /// Its share on Alpine; `None` if not computed.
    pub alpine_attributed_bytes: Option<ByteCount>,
    /// Its verdict; `None` if there was none.
    pub verdict: Option<Verdict>,
    /// The cost of a month at that level; `None` without a price book.
    pub month: Option<Money>,
}

/// A row of `report`, or the sums of rows of `report_repository` that belong to one.
struct RegistryHistoryRecord {
    as_of: DateTime<Utc>,
    logical_bytes: i64,
    stored_bytes: i64,
    untagged_bytes: Option<i64>,
    alpine_stored_bytes: Option<i64>,
    currency: Option<String>,
    month: Option<Decimal>,
    fee: Option<Decimal>,
    storage: Option<Decimal>,
    transfer: Option<Decimal>,
    alpine_month: Option<Decimal>,
    alpine_month_low: Option<Decimal>,
    alpine_month_high: Option<Decimal>,
    price_book: Option<String>,
    repositories: i64,
    pulled_repositories: i64,
}

impl RegistryHistoryRecord {
    fn point(self, registry: &RegistryName) -> Result<RegistryPoint, StoreError> {
        let key = format_args!("{registry} as of {}", self.as_of).to_string();
        let row = Row::new("report", &key);
        let currency = row.currency(self.currency.as_deref())?;
        let money = |column, amount| row.money(column, amount, currency);
        let cost = match money("monthly_cost", self.month)? {
            Some(total) => {
                // A report is saved with all parts of its costs or with none.
                let part = |column, amount| {
                    let missing = || row.error(column, "null beside a monthly_cost");
                    money(column, amount)?.ok_or_else(missing)
                };
                Some(CostParts {
                    total,
                    fee: part("monthly_fee", self.fee)?,
                    storage: part("monthly_storage", self.storage)?,
                    transfer: part("monthly_transfer", self.transfer)?,
                })
            }
            None => None,
        };
        let alpine_month = money("alpine_monthly_cost_low", self.alpine_month_low)?
            .zip(money("alpine_monthly_cost_expected", self.alpine_month)?)
            .zip(money("alpine_monthly_cost_high", self.alpine_month_high)?)
            .map(|((low, expected), high)| MoneyEstimate { low, expected, high });
        Ok(RegistryPoint {
            as_of: self.as_of,
            logical_bytes: row.bytes("logical_bytes", self.logical_bytes)?,
            stored_bytes: row.bytes("stored_bytes", self.stored_bytes)?,
            untagged_bytes: row.maybe_bytes("untagged_bytes", self.untagged_bytes)?,
            alpine_stored_bytes: row.maybe_bytes("alpine_stored_bytes_expected", self.alpine_stored_bytes)?,
            cost,
            alpine_month,
            price_book: self.price_book,
            repositories: row.count("repositories", self.repositories)?,
            pulled_repositories: row.count("pulled_repositories", self.pulled_repositories)?,
        })
    }
}

/// A row of `report_repository`.
struct RepositoryHistoryRecord {
    as_of: DateTime<Utc>,
    logical_bytes: i64,
    stored_bytes: i64,
    exclusive_bytes: i64,
    attributed_bytes: i64,
    untagged_bytes: Option<i64>,
    alpine_attributed_bytes: Option<i64>,
    verdict: Option<String>,
    currency: Option<String>,
    month: Option<Decimal>,
}

impl RepositoryHistoryRecord {
    fn point(
        self,
        registry: &RegistryName,
        repository: &RepositoryName,
    ) -> Result<RepositoryPoint, StoreError> {
        let key = format_args!("{registry}/{repository} as of {}", self.as_of).to_string();
        let row = Row::new("report_repository", &key);
        let currency = row.currency(self.currency.as_deref())?;
        let verdict = self.verdict.map(|verdict| row.parse("verdict", &verdict));
        Ok(RepositoryPoint {
            as_of: self.as_of,
            logical_bytes: row.bytes("logical_bytes", self.logical_bytes)?,
            stored_bytes: row.bytes("stored_bytes", self.stored_bytes)?,
            exclusive_bytes: row.bytes("exclusive_bytes", self.exclusive_bytes)?,
            attributed_bytes: row.bytes("attributed_bytes", self.attributed_bytes)?,
            untagged_bytes: row.maybe_bytes("untagged_bytes", self.untagged_bytes)?,
            alpine_attributed_bytes: row
                .maybe_bytes("alpine_attributed_bytes_expected", self.alpine_attributed_bytes)?,
            verdict: verdict.transpose()?,
            month: row.money("monthly_cost", self.month, currency)?,
        })
    }
}

impl Store {
    /// The history of a registry, oldest first. Of several reports for one moment, the last counts.
    ///
    /// # Errors
    /// If the database is not available, and where a row is inconsistent.
    pub async fn registry_history(
        &self,
        registry: &RegistryName,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Vec<RegistryPoint>, StoreError> {
        let rows = sqlx::query_as!(
            RegistryHistoryRecord,
            r#"SELECT DISTINCT ON (as_of) as_of, logical_bytes, stored_bytes, untagged_bytes,
                   alpine_stored_bytes_expected AS alpine_stored_bytes, currency, monthly_cost AS month,
                   monthly_fee AS fee, monthly_storage AS storage, monthly_transfer AS transfer,
                   alpine_monthly_cost_expected AS alpine_month, alpine_monthly_cost_low AS alpine_month_low,
                   alpine_monthly_cost_high AS alpine_month_high,
                   price_book || ' ' || price_book_version AS price_book, repositories::bigint AS "repositories!",
                   COALESCE(pulled_repositories, (SELECT count(*) FROM report_repository AS row
                    WHERE row.report_id = COALESCE(report.rows_of, report.id)
                        AND row.pulls_per_month > 0)) AS "pulled_repositories!"
               FROM report JOIN registry ON registry.id = registry_id
               WHERE registry.name = $1 AND as_of >= $2 AND as_of < $3
               ORDER BY as_of, report.id DESC"#,
            registry.as_str(),
            from,
            until
        );
        let rows = rows.fetch_all(&self.pool).named("registry_history").await?;
        rows.into_iter().map(|row| row.point(registry)).collect()
    }

    /// The history of a part of a registry, oldest first: the sums of its repositories, with their shares of common layers
    /// with others. Moments at which the part was empty are left out.
    ///
    /// # Errors
    /// If the database is not available, and where a row is inconsistent.
    pub async fn part_history(
        &self,
        registry: &RegistryName,
        part: &PartOfRegistry,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Vec<RegistryPoint>, StoreError> {
        let rows = sqlx::query_as!(
            RegistryHistoryRecord,
            r#"SELECT as_of, sum(row.logical_bytes)::bigint AS "logical_bytes!",
                   sum(row.attributed_bytes)::bigint AS "stored_bytes!",
                   sum(row.untagged_bytes)::bigint AS untagged_bytes,
                   sum(row.alpine_attributed_bytes_expected)::bigint AS alpine_stored_bytes, currency,
                   sum(row.monthly_cost) AS month, sum(row.monthly_fee) AS fee,
                   sum(row.monthly_storage) AS storage, sum(row.monthly_transfer) AS transfer,
                   sum(row.alpine_monthly_cost_expected) AS alpine_month,
                   sum(row.alpine_monthly_cost_low) AS alpine_month_low,
                   sum(row.alpine_monthly_cost_high) AS alpine_month_high, price_book,
                   count(*) AS "repositories!",
                   count(*) FILTER (WHERE row.pulls_per_month > 0) AS "pulled_repositories!"
               FROM (SELECT DISTINCT ON (as_of) report.id, COALESCE(rows_of, report.id) AS rows_of, as_of, currency,
                         price_book || ' ' || price_book_version AS price_book
                     FROM report JOIN registry ON registry.id = registry_id
                     WHERE registry.name = $1 AND as_of >= $2 AND as_of < $3
                     ORDER BY as_of, report.id DESC) AS latest
               JOIN report_repository AS row ON row.report_id = latest.rows_of
               WHERE row.cost_centre = ANY($4) OR (row.cost_centre IS NULL AND row.repository = ANY($5))
               GROUP BY latest.id, as_of, currency, price_book
               ORDER BY as_of"#,
            registry.as_str(),
            from,
            until,
            &part.cost_centres,
            &part.repositories
        );
        let rows = rows.fetch_all(&self.pool).named("part_history").await?;
        rows.into_iter().map(|row| row.point(registry)).collect()
    }

    /// The history of a repository, oldest first.
    ///
    /// # Errors
    /// If the database is not available, and where a row is inconsistent.
    pub async fn repository_history(
        &self,
        registry: &RegistryName,
        repository: &RepositoryName,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Vec<RepositoryPoint>, StoreError> {
        let rows = sqlx::query_as!(
            RepositoryHistoryRecord,
            "SELECT DISTINCT ON (as_of) as_of, row.logical_bytes, row.stored_bytes, exclusive_bytes,
                 attributed_bytes, row.untagged_bytes, alpine_attributed_bytes_expected AS alpine_attributed_bytes, verdict,
                 currency, row.monthly_cost AS month
             FROM report_repository AS row
             JOIN report ON COALESCE(report.rows_of, report.id) = row.report_id
             JOIN registry ON registry.id = registry_id
             WHERE registry.name = $1 AND row.repository = $2 AND as_of >= $3 AND as_of < $4
             ORDER BY as_of, report.id DESC",
            registry.as_str(),
            repository.as_str(),
            from,
            until
        );
        let rows = rows.fetch_all(&self.pool).named("repository_history").await?;
        rows.into_iter()
            .map(|row| row.point(registry, repository))
            .collect()
    }

    /// What a registry and its repositories stored over a period: the readings in the period, and the last before it.
    /// `None` if no reading covers any of it.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn byte_history(
        &self,
        registry: &RegistryName,
        period: Period,
    ) -> Result<Option<RegistryHistory>, StoreError> {
        let midnight = |day: chrono::NaiveDate| day.and_time(NaiveTime::MIN).and_utc();
        let (start, end) = (midnight(period.start()), midnight(period.end()));
        let reports = sqlx::query!(
            r#"SELECT DISTINCT ON (as_of) report.id, COALESCE(rows_of, report.id) AS "rows_of!", as_of, stored_bytes,
                   untagged_bytes
               FROM report JOIN registry ON registry.id = registry_id
               WHERE registry.name = $1 AND as_of < $3
                 AND as_of >= COALESCE((SELECT max(as_of) FROM report JOIN registry ON registry.id = registry_id
                                        WHERE registry.name = $1 AND as_of < $2), '-infinity')
               ORDER BY as_of, report.id DESC"#,
            registry.as_str(),
            start,
            end
        );
        let reports = reports
            .fetch_all(&self.pool)
            .named("byte_history.select_report")
            .await?;
        let Some(last) = reports.last() else {
            return Ok(None);
        };
        // The current month is confirmed until its last crawl. A past month extends to the next reading, which covers the
        // days in between.
        let later = sqlx::query_scalar!(
            "SELECT min(as_of) FROM report JOIN registry ON registry.id = registry_id
             WHERE registry.name = $1 AND as_of >= $2 AND as_of < $3",
            registry.as_str(),
            end,
            end.checked_add_days(Days::new(LONGEST_GAP_DAYS)).unwrap_or(end)
        );
        let later = later
            .fetch_one(&self.pool)
            .named("byte_history.first_report")
            .await?;
        let known_until = if later.is_some() { end } else { last.as_of };

        let ids: Vec<i64> = reports.iter().map(|report| report.rows_of).collect();
        let rows = sqlx::query!(
            r#"SELECT report_id, repository, attributed_bytes + COALESCE(untagged_bytes, 0) AS "bytes!"
               FROM report_repository WHERE report_id = ANY($1)"#,
            &ids
        );
        let rows = rows
            .fetch_all(&self.pool)
            .named("byte_history.select_report_repository")
            .await?;
        let mut readings: HashMap<String, HashMap<i64, i64>> = HashMap::new();
        for row in rows {
            readings
                .entry(row.repository)
                .or_default()
                .insert(row.report_id, row.bytes);
        }
        let history = |table, readings: Result<Vec<(DateTime<Utc>, ByteCount)>, StoreError>| {
            ByteHistory::from_readings(readings?, known_until)
                .map_err(|error| StoreError::inconsistent(table, format!("{registry}: {error}")))
        };
        let stored = reports.iter().map(|report| {
            let row = Row::new("report", &report.id);
            let stored = row.bytes("stored_bytes", report.stored_bytes)?;
            let untagged = row.maybe_bytes("untagged_bytes", report.untagged_bytes)?;
            let sum = stored.checked_add(untagged.unwrap_or_default());
            Ok((
                report.as_of,
                sum.map_err(|problem| row.error("untagged_bytes", problem))?,
            ))
        });
        let stored = history("report", stored.collect())?;
        let is_known = reports.iter().any(|report| report.untagged_bytes.is_some());
        let tagged = reports.iter().map(|report| {
            let row = Row::new("report", &report.id);
            Ok((report.as_of, row.bytes("stored_bytes", report.stored_bytes)?))
        });
        let tagged = is_known.then(|| history("report", tagged.collect()));
        let mut attributed = HashMap::with_capacity(readings.len());
        for (name, by_report) in readings {
            let row = Row::new("report_repository", &name);
            // A report without the repository means that nothing was stored in it.
            let own = reports.iter().map(|report| {
                let reading = by_report.get(&report.rows_of).copied().unwrap_or(0);
                Ok((report.as_of, row.bytes("attributed_bytes", reading)?))
            });
            let own = history("report_repository", own.collect())?;
            attributed.insert(row.parse("repository", &name)?, own);
        }
        Ok(Some(RegistryHistory {
            stored,
            tagged: tagged.transpose()?,
            attributed,
        }))
    }
}

/// The most days without a reading for which values are assumed. Our choice: a month and some days.
const LONGEST_GAP_DAYS: u64 = 35;
