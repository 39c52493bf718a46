//! Answers that one process works out and others read.

use std::io::{Read as _, Write as _};

use chrono::{DateTime, TimeDelta, Utc};
use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;

use super::span::Named as _;
use super::{Store, StoreError};

/// How long others wait for a process that works answers out. Our choice: longer than a million tags take.
const LONGEST_CLAIM: TimeDelta = TimeDelta::minutes(10);
/// When answers for other inputs are deleted. Our choice: an earlier configuration may come back within days.
const KEPT_FOR: TimeDelta = TimeDelta::days(7);

/// Saved answers and the state that they are of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswersOfState {
    /// The state.
    pub state: String,
    /// The answers.
    pub answers: Vec<u8>,
}

/// What changed last, to see whether there may be new figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LatestChanges {
    /// When an event last changed what is saved of any registry.
    pub events_applied: Option<DateTime<Utc>>,
    /// When answers were last saved.
    pub answers_saved: Option<DateTime<Utc>>,
}

impl Store {
    /// The latest answers for these inputs, unless they are those of the state that the caller has already.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn saved_answers(
        &self,
        inputs: &str,
        known: Option<&str>,
    ) -> Result<Option<AnswersOfState>, StoreError> {
        let row = sqlx::query!(
            r#"SELECT state AS "state!", answers AS "answers!" FROM saved_answers
               WHERE inputs = $1 AND state IS NOT NULL AND state IS DISTINCT FROM $2"#,
            inputs,
            known
        );
        let row = row
            .fetch_optional(&self.pool)
            .named("saved_answers.select")
            .await?;
        row.map(|row| {
            let mut answers = Vec::new();
            DeflateDecoder::new(&row.answers[..])
                .read_to_end(&mut answers)
                .map_err(|problem| StoreError::inconsistent("saved_answers", problem))?;
            Ok(AnswersOfState {
                state: row.state,
                answers,
            })
        })
        .transpose()
    }

    /// What changed last: cheap to ask often.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn latest_changes(&self) -> Result<LatestChanges, StoreError> {
        let latest = sqlx::query_as!(
            LatestChanges,
            "SELECT (SELECT max(events_applied_at) FROM registry) AS events_applied,
                 (SELECT max(computed_at) FROM saved_answers) AS answers_saved"
        );
        Ok(latest
            .fetch_one(&self.pool)
            .named("saved_answers.latest_changes")
            .await?)
    }

    /// When the latest answers for these inputs were computed; `None` if there are none.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn answers_computed_at(&self, inputs: &str) -> Result<Option<DateTime<Utc>>, StoreError> {
        let moment = sqlx::query_scalar!(
            "SELECT computed_at FROM saved_answers WHERE inputs = $1 AND state IS NOT NULL",
            inputs
        );
        let moment = moment
            .fetch_optional(&self.pool)
            .named("saved_answers.computed_at")
            .await?;
        Ok(moment.flatten())
    }

    /// Saves the answers for these inputs, and deletes those that have not been renewed for long.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn save_answers(
        &self,
        inputs: &str,
        saved: &AnswersOfState,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        let packed = encoder.write_all(&saved.answers).and_then(|()| encoder.finish());
        let packed = packed.map_err(|problem| StoreError::inconsistent("saved_answers", problem))?;
        sqlx::query!(
            "INSERT INTO saved_answers (inputs, state, computed_at, answers) VALUES ($1, $2, $3, $4)
             ON CONFLICT (inputs) DO UPDATE SET state = excluded.state, computed_at = excluded.computed_at,
                 answers = excluded.answers, claimed_state = NULL, claimed_until = NULL",
            inputs,
            saved.state,
            now,
            packed
        )
        .execute(&self.pool)
        .named("saved_answers.insert")
        .await?;
        sqlx::query!(
            "DELETE FROM saved_answers
             WHERE inputs <> $1 AND coalesce(computed_at, claimed_until) < $2",
            inputs,
            now - KEPT_FOR
        )
        .execute(&self.pool)
        .named("saved_answers.delete")
        .await?;
        Ok(())
    }

    /// Claims to work out the answers of a state. False if another process does so; the caller waits for it then.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn claim_answers(
        &self,
        inputs: &str,
        state: &str,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let claimed = sqlx::query!(
            "INSERT INTO saved_answers (inputs, claimed_state, claimed_until) VALUES ($1, $2, $3)
             ON CONFLICT (inputs) DO UPDATE
                 SET claimed_state = excluded.claimed_state, claimed_until = excluded.claimed_until
                 WHERE saved_answers.claimed_until IS NULL OR saved_answers.claimed_until < $4
                     OR saved_answers.claimed_state <> excluded.claimed_state",
            inputs,
            state,
            now + LONGEST_CLAIM,
            now
        )
        .execute(&self.pool)
        .named("saved_answers.claim")
        .await?;
        Ok(claimed.rows_affected() == 1)
    }

    /// Gives up a claim, so that another process can work the answers out.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn release_answers(&self, inputs: &str, state: &str) -> Result<(), StoreError> {
        sqlx::query!(
            "UPDATE saved_answers SET claimed_state = NULL, claimed_until = NULL
             WHERE inputs = $1 AND claimed_state = $2",
            inputs,
            state
        )
        .execute(&self.pool)
        .named("saved_answers.release")
        .await?;
        Ok(())
    }
}
