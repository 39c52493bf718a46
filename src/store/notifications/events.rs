use chrono::{DateTime, Utc};

use crate::oci::{RegistryName, RepositoryName};
use crate::store::row::Row;
use crate::store::span::Named as _;
use crate::store::{CrawlState, Store, StoreError};
use crate::units::Money;

/// A crawl that failed or is incomplete, after one that ended in another way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedBadly {
    /// Its number.
    pub crawl: i64,
    /// The registry.
    pub registry: RegistryName,
    /// Its state: failed or incomplete.
    pub state: CrawlState,
    /// The reason, if it is known.
    pub message: Option<String>,
    /// The number of faults.
    pub faults: u64,
    /// When it ended.
    pub ended: DateTime<Utc>,
}

/// A report that rests on another price book, or another edition, than the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookChange {
    /// The registry.
    pub registry: RegistryName,
    /// The moment of the report.
    pub as_of: DateTime<Utc>,
    /// Book and edition of the report before.
    pub before: (String, String),
    /// Book and edition of this report.
    pub after: (String, String),
    /// The cost of a month in the report before.
    pub month_before: Option<Money>,
    /// The cost of a month in this report.
    pub month_after: Option<Money>,
}

/// What a repository cost in a month, in a saved report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PricedRepository {
    /// The registry.
    pub registry: RegistryName,
    /// The repository.
    pub repository: RepositoryName,
    /// Its cost centre by the rules of that day.
    pub cost_centre: Option<String>,
    /// The cost of a month.
    pub month: Money,
}

impl Store {
    /// The crawls that ended since a moment as failed or incomplete, if the crawl before ended in another way.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn crawls_ended_badly(&self, since: DateTime<Utc>) -> Result<Vec<EndedBadly>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT ended.id AS "id!", registry.name, ended.state AS "state!", ended.message,
                   ended.finished_at AS "finished_at!",
                   (SELECT count(*) FROM crawl_fault WHERE crawl_id = ended.id) AS "faults!"
               FROM (
                   SELECT id, registry_id, state, message, finished_at,
                       lag(state) OVER (PARTITION BY registry_id ORDER BY finished_at, id) AS before
                   FROM crawl WHERE state IN ('complete', 'incomplete', 'failed')) AS ended
               JOIN registry ON registry.id = ended.registry_id
               WHERE ended.finished_at >= $1 AND ended.state <> 'complete'
                 AND ended.before IS DISTINCT FROM ended.state
               ORDER BY ended.id"#,
            since
        )
        .fetch_all(&self.pool)
        .named("crawls_ended_badly")
        .await?;
        rows.into_iter()
            .map(|row| {
                let place = Row::new("crawl", &row.id);
                Ok(EndedBadly {
                    crawl: row.id,
                    registry: place.parse("registry", &row.name)?,
                    state: place.parse("state", &row.state)?,
                    message: row.message,
                    faults: place.count("faults", row.faults)?,
                    ended: row.finished_at,
                })
            })
            .collect()
    }

    /// The reports computed since a moment that rest on another price book or edition than the one before.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn book_changes(&self, since: DateTime<Utc>) -> Result<Vec<BookChange>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT registry.name, report.as_of, report.price_book AS "book!", report.price_book_version AS "version!",
                   before.price_book AS "book_before!", before.price_book_version AS "version_before!",
                   report.currency, report.monthly_cost, before.currency AS currency_before,
                   before.monthly_cost AS cost_before
               FROM report
               JOIN registry ON registry.id = report.registry_id
               JOIN LATERAL (
                   SELECT * FROM report AS earlier
                   WHERE earlier.registry_id = report.registry_id
                     AND (earlier.as_of, earlier.id) < (report.as_of, report.id)
                   ORDER BY as_of DESC, id DESC LIMIT 1) AS before ON true
               WHERE report.computed_at >= $1
                 AND report.price_book IS NOT NULL AND report.price_book_version IS NOT NULL
                 AND before.price_book IS NOT NULL AND before.price_book_version IS NOT NULL
                 AND (report.price_book, report.price_book_version) <> (before.price_book, before.price_book_version)
               ORDER BY report.as_of"#,
            since
        )
        .fetch_all(&self.pool)
        .named("book_changes")
        .await?;
        rows.into_iter()
            .map(|row| {
                let place = Row::new("report", &row.name);
                let currency = place.currency(row.currency.as_deref())?;
                let before = place.currency(row.currency_before.as_deref())?;
                Ok(BookChange {
                    registry: place.parse("registry", &row.name)?,
                    as_of: row.as_of,
                    before: (row.book_before, row.version_before),
                    after: (row.book, row.version),
                    month_before: place.money("monthly_cost", row.cost_before, before)?,
                    month_after: place.money("monthly_cost", row.monthly_cost, currency)?,
                })
            })
            .collect()
    }

    /// What each repository cost in a month by the last report of its registry until a moment. Repositories without costs
    /// are left out.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn repository_costs_at(
        &self,
        moment: DateTime<Utc>,
    ) -> Result<Vec<PricedRepository>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT registry.name AS registry, report_repository.repository, report_repository.cost_centre,
                   report.currency, report_repository.monthly_cost
               FROM registry
               JOIN LATERAL (
                   SELECT COALESCE(rows_of, id) AS rows_of, currency FROM report
                   WHERE registry_id = registry.id AND as_of <= $1
                   ORDER BY as_of DESC, id DESC LIMIT 1) AS report ON true
               JOIN report_repository ON report_repository.report_id = report.rows_of
               WHERE report.currency IS NOT NULL AND report_repository.monthly_cost IS NOT NULL
               ORDER BY registry.name COLLATE "C", report_repository.repository"#,
            moment
        )
        .fetch_all(&self.pool)
        .named("repository_costs_at")
        .await?;
        let mut priced = Vec::with_capacity(rows.len());
        for row in rows {
            let place = Row::new("report_repository", &row.repository);
            let currency = place.currency(row.currency.as_deref())?;
            let Some(month) = place.money("monthly_cost", row.monthly_cost, currency)? else {
                continue;
            };
            priced.push(PricedRepository {
                registry: place.parse("registry", &row.registry)?,
                repository: place.parse("repository", &row.repository)?,
                cost_centre: row.cost_centre,
                month,
            });
        }
        Ok(priced)
    }
}
