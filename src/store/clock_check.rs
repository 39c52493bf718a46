//! Dates in the future, which a wrong clock leaves behind.

use chrono::{DateTime, TimeDelta, Utc};

use super::row::Row;
use super::span::Named as _;
use super::{Store, StoreError};
use crate::oci::RegistryName;

/// How far a clock may be ahead of the database's. Our choice: clocks that are set by hand and time zones that are taken
/// for UTC differ by less than a day.
const MOST_AHEAD: TimeDelta = TimeDelta::days(1);

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
        let future = now + MOST_AHEAD;
        let mut transaction = self.pool.begin().await?;
        sqlx::query!(
            "UPDATE crawl SET
                 started_at = CASE WHEN started_at > $1 THEN $2 ELSE started_at END,
                 finished_at = CASE WHEN finished_at > $1 THEN $2 ELSE finished_at END,
                 requested_at = CASE WHEN requested_at > $1 THEN $2 ELSE requested_at END,
                 slot = CASE WHEN slot > $1 THEN $2 ELSE slot END
             WHERE GREATEST(started_at, finished_at, requested_at, slot) > $1",
            future,
            now
        )
        .execute(&mut *transaction)
        .named("correct_future_dates.crawl")
        .await?;
        sqlx::query!(
            "UPDATE registry SET
                 scheduled_until = CASE WHEN scheduled_until > $1 THEN $2 ELSE scheduled_until END,
                 first_seen = CASE WHEN first_seen > $1 THEN $2 ELSE first_seen END
             WHERE GREATEST(scheduled_until, first_seen) > $1",
            future,
            now
        )
        .execute(&mut *transaction)
        .named("correct_future_dates.registry")
        .await?;
        sqlx::query!(
            "UPDATE repository SET
                 first_seen = CASE WHEN first_seen > $1 THEN $2 ELSE first_seen END,
                 tombstoned_at = CASE WHEN tombstoned_at > $1 THEN $2 ELSE tombstoned_at END,
                 manifests_listed_from = CASE WHEN manifests_listed_from > $1 THEN $2 ELSE manifests_listed_from END
             WHERE GREATEST(first_seen, tombstoned_at, manifests_listed_from) > $1",
            future,
            now
        )
        .execute(&mut *transaction)
        .named("correct_future_dates.repository")
        .await?;
        sqlx::query!(
            "UPDATE tag SET
                 valid_from = CASE WHEN valid_from > $1 THEN $2 ELSE valid_from END,
                 valid_until = CASE WHEN valid_until > $1 THEN $2 ELSE valid_until END
             WHERE GREATEST(valid_from, valid_until) > $1",
            future,
            now
        )
        .execute(&mut *transaction)
        .named("correct_future_dates.tag")
        .await?;
        sqlx::query!(
            "UPDATE listed_manifest SET
                 valid_from = CASE WHEN valid_from > $1 THEN $2 ELSE valid_from END,
                 valid_until = CASE WHEN valid_until > $1 THEN $2 ELSE valid_until END
             WHERE GREATEST(valid_from, valid_until) > $1",
            future,
            now
        )
        .execute(&mut *transaction)
        .named("correct_future_dates.listed_manifest")
        .await?;
        sqlx::query!(
            "UPDATE missing_manifest SET
                 valid_from = CASE WHEN valid_from > $1 THEN $2 ELSE valid_from END,
                 valid_until = CASE WHEN valid_until > $1 THEN $2 ELSE valid_until END
             WHERE GREATEST(valid_from, valid_until) > $1",
            future,
            now
        )
        .execute(&mut *transaction)
        .named("correct_future_dates.missing_manifest")
        .await?;
        sqlx::query!(
            "UPDATE referrer SET first_seen = $2 WHERE first_seen > $1",
            future,
            now
        )
        .execute(&mut *transaction)
        .named("correct_future_dates.referrer")
        .await?;
        sqlx::query!(
            "UPDATE report SET
                 as_of = CASE WHEN as_of > $1 THEN $2 ELSE as_of END,
                 computed_at = CASE WHEN computed_at > $1 THEN $2 ELSE computed_at END
             WHERE GREATEST(as_of, computed_at) > $1",
            future,
            now
        )
        .execute(&mut *transaction)
        .named("correct_future_dates.report")
        .await?;
        transaction.commit().await?;
        tracing::warn!("crawls that a wrong clock had dated in the future now have the present date");
        Ok(())
    }
}
