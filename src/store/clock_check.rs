//! Dates in the future, which a wrong clock leaves behind.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::AssertSqlSafe;

use super::row::Row;
use super::span::Named as _;
use super::{Store, StoreError};
use crate::oci::RegistryName;

/// How far a clock may be ahead of the database's. Our choice: clocks that are set by hand and time zones that are taken
/// for UTC differ by less than a day.
const MOST_AHEAD: TimeDelta = TimeDelta::days(1);

/// The columns with dates of a machine's clock, by table.
const CORRECTED: [(&str, &[&str]); 8] = [
    ("crawl", &["started_at", "finished_at", "requested_at", "slot"]),
    ("registry", &["scheduled_until", "first_seen"]),
    (
        "repository",
        &["first_seen", "tombstoned_at", "manifests_listed_from"],
    ),
    ("tag", &["valid_from", "valid_until"]),
    ("listed_manifest", &["valid_from", "valid_until"]),
    ("missing_manifest", &["valid_from", "valid_until"]),
    ("referrer", &["first_seen"]),
    ("report", &["as_of", "computed_at"]),
];

impl Store {
    /// Checks that a machine's clock is not ahead of the database's by more than a day. What is dated in the future would
    /// stay the latest for years.
    ///
    /// # Errors
    /// [`StoreError::ClockAhead`], or if the database is not available.
    pub async fn check_clock(&self, now: DateTime<Utc>) -> Result<(), StoreError> {
        let database = self.database_time().await?;
        match now - database > MOST_AHEAD {
            true => Err(StoreError::ClockAhead {
                machine: now,
                database,
            }),
            false => Ok(()),
        }
    }

    /// The registries with a crawl that is dated in the future, with the latest date.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn dated_in_the_future(
        &self,
        now: DateTime<Utc>,
    ) -> Result<Vec<(RegistryName, DateTime<Utc>)>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT registry.name, max(GREATEST(started_at, finished_at)) AS "latest!"
               FROM crawl JOIN registry ON registry.id = crawl.registry_id
               WHERE GREATEST(started_at, finished_at) > $1
               GROUP BY registry.name ORDER BY registry.name COLLATE "C""#,
            now + MOST_AHEAD
        );
        let rows = rows.fetch_all(&self.pool).named("dated_in_the_future").await?;
        rows.into_iter()
            .map(|row| {
                let name = Row::new("registry", &row.name).parse("name", &row.name)?;
                Ok((name, row.latest))
            })
            .collect()
    }

    /// Gives what a clock in the future has dated the present date, so that later crawls are the latest again. Does nothing
    /// if `now` is not the database's time either.
    ///
    /// # Errors
    /// If the database is not available; nothing is changed then.
    pub(super) async fn correct_future_dates(&self, now: DateTime<Utc>) -> Result<(), StoreError> {
        let database = self.database_time().await?;
        if (now - database).abs() > MOST_AHEAD || self.dated_in_the_future(now).await?.is_empty() {
            return Ok(());
        }
        let mut transaction = self.pool.begin().await?;
        for (table, columns) in CORRECTED {
            let corrected: Vec<String> = columns
                .iter()
                .map(|column| format!("{column} = CASE WHEN {column} > $1 THEN $2 ELSE {column} END"))
                .collect();
            let statement = format!(
                "UPDATE {table} SET {} WHERE GREATEST({}) > $1",
                corrected.join(", "),
                columns.join(", ")
            );
            sqlx::query(AssertSqlSafe(statement))
                .bind(now + MOST_AHEAD)
                .bind(now)
                .execute(&mut *transaction)
                .named("correct_future_dates")
                .await?;
        }
        transaction.commit().await?;
        tracing::warn!("crawls that a wrong clock had dated in the future now have the present date");
        Ok(())
    }
}
