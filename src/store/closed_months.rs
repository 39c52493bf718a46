use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::span::Named as _;
use super::{Store, StoreError};
use crate::cost::Statement;
use crate::oci::{Digest, RegistryName};
use crate::pricing::Period;
use crate::report::Versions;

/// A statement to save permanently.
#[derive(Debug, Clone)]
pub struct NewClosedStatement<'a> {
    /// The month.
    pub month: Period,
    /// The statement.
    pub statement: &'a Statement,
    /// The serialized statement, saved byte for byte.
    pub text: &'a str,
    /// The time of the registry's state.
    pub as_of: DateTime<Utc>,
    /// The editions of the price book, as JSON.
    pub price_books: &'a str,
    /// The versions of its other inputs.
    pub versions: Versions,
    /// 0 for the first statement of the month, then one more for each correction.
    pub revision: i32,
}

/// A statement saved when its month was closed or corrected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosedStatement {
    /// The registry.
    pub registry: RegistryName,
    /// 0 for the first statement of the month, then one more for each correction.
    pub revision: i32,
    /// When it was saved.
    pub closed_at: DateTime<Utc>,
    /// The time of the registry's state.
    pub as_of: DateTime<Utc>,
    /// The cost of the month.
    pub total: Decimal,
    /// The serialized statement, byte for byte.
    pub text: String,
    /// The id of the price book.
    pub price_book: String,
    /// The edition of the price book.
    pub price_book_version: String,
    /// The program's version.
    pub tare_version: String,
    /// The catalogue's version.
    pub catalogue_version: String,
    /// The model's version.
    pub model_version: String,
}

impl ClosedStatement {
    /// The parsed statement.
    ///
    /// # Errors
    /// If this program cannot read a statement of another version.
    pub fn statement(&self) -> Result<Statement, StoreError> {
        serde_json::from_str(&self.text).map_err(|problem| StoreError::inconsistent("closed_month", problem))
    }
}

impl Store {
    /// Saves a statement permanently.
    ///
    /// # Errors
    /// If the database is not available, or another process has closed or corrected the month meanwhile.
    pub async fn close_month(
        &self,
        closed: &NewClosedStatement<'_>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let total = closed.statement.now.parts.total;
        sqlx::query!(
            "INSERT INTO closed_month (registry_id, month, revision, closed_at, as_of, currency, total, statement,
                 statement_digest, price_book, price_book_version, price_books, tare_version, catalogue_version,
                 model_version)
             SELECT id, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15
             FROM registry WHERE name = $1",
            closed.statement.registry.as_str(),
            closed.month.start(),
            closed.revision,
            now,
            closed.as_of,
            total.currency().to_string(),
            total.amount(),
            closed.text,
            Digest::sha256_of(closed.text.as_bytes()).to_string(),
            closed.statement.book.id,
            closed.statement.book.version,
            closed.price_books,
            closed.versions.tare,
            closed.versions.catalogue,
            closed.versions.model
        )
        .execute(&self.pool)
        .named("close_month")
        .await?;
        Ok(())
    }

    /// The saved statements of a month, per registry in the order in which they were saved.
    ///
    /// # Errors
    /// If the database is not available, or a statement does not match its digest.
    pub async fn closed_statements(&self, month: Period) -> Result<Vec<ClosedStatement>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT registry.name AS registry, revision, closed_at, as_of, total, statement, statement_digest,
                   price_book, price_book_version, tare_version, catalogue_version, model_version
               FROM closed_month JOIN registry ON registry.id = registry_id
               WHERE month = $1 ORDER BY registry.name COLLATE "C", revision"#,
            month.start()
        )
        .fetch_all(&self.pool)
        .named("closed_statements")
        .await?;
        let wrong = |problem: String| StoreError::inconsistent("closed_month", problem);
        rows.into_iter()
            .map(|row| {
                if Digest::sha256_of(row.statement.as_bytes()).to_string() != row.statement_digest {
                    return Err(wrong(format!(
                        "the statement of {} for {} is not the one that was closed",
                        row.registry,
                        month.start().format("%Y-%m")
                    )));
                }
                Ok(ClosedStatement {
                    registry: row
                        .registry
                        .parse()
                        .map_err(|problem: crate::oci::InvalidName| wrong(problem.to_string()))?,
                    revision: row.revision,
                    closed_at: row.closed_at,
                    as_of: row.as_of,
                    total: row.total,
                    text: row.statement,
                    price_book: row.price_book,
                    price_book_version: row.price_book_version,
                    tare_version: row.tare_version,
                    catalogue_version: row.catalogue_version,
                    model_version: row.model_version,
                })
            })
            .collect()
    }
}
