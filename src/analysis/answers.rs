//! Answers that processes share through the store: one works them out, the others read them.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};

use super::{AnalysisError, AnalysisService};
use crate::report::{Analysed, AnalysisInputs, Report, SavedAnswers};
use crate::store::{AnswersOfState, SavedState};

/// The saved data that answers depend on, to see whether they are current.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswersState {
    pub(super) crawls: SavedState,
    pulls: Option<DateTime<Utc>>,
}

impl AnswersState {
    /// The same for two processes that see the same data.
    pub fn id(&self) -> String {
        hex::encode(&Sha256::digest(format!("{self:?}"))[..16])
    }
}

impl AnalysisService {
    /// The present state of the saved data. A running crawl does not count until it has ended.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn answers_state(&self) -> Result<AnswersState, AnalysisError> {
        let imports = self.store.pull_imports().await?;
        Ok(AnswersState {
            crawls: SavedState::new(&self.store.registries().await?),
            pulls: imports.iter().map(|import| import.imported_at).max(),
        })
    }

    /// Whether this process keeps the analysis of a state.
    pub async fn has_analysed(&self, state: &AnswersState) -> bool {
        self.keeps_analysis_of(&state.crawls).await
    }

    /// The latest answers that any process saved with the same inputs, and the id of their state. `None` if there are
    /// none, or if the caller knows them.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn saved_answers(
        &self,
        known: Option<&str>,
    ) -> Result<Option<(String, SavedAnswers)>, AnalysisError> {
        let Some(saved) = self.store.saved_answers(&self.answers_key(), known).await? else {
            return Ok(None);
        };
        let AnswersOfState { state, answers } = saved;
        let read = tokio::task::spawn_blocking(move || SavedAnswers::from_bytes(&answers)).await?;
        match read {
            Ok(answers) => Ok(Some((state, answers))),
            Err(error) => {
                tracing::warn!(%error, "saved answers are left alone, and worked out again");
                Ok(None)
            }
        }
    }

    /// When the latest answers for the same inputs were computed; `None` if there are none.
    ///
    /// # Errors
    /// If the store fails.
    pub(super) async fn answers_computed_at(&self) -> Result<Option<DateTime<Utc>>, AnalysisError> {
        Ok(self.store.answers_computed_at(&self.answers_key()).await?)
    }

    /// Claims to work out the answers of a state. False if another process does so.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn claim_answers(
        &self,
        state: &AnswersState,
        now: DateTime<Utc>,
    ) -> Result<bool, AnalysisError> {
        let key = self.answers_key();
        Ok(self.store.claim_answers(&key, &state.id(), now).await?)
    }

    /// Gives up the claim to the answers of a state, after a failure.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn release_answers(&self, state: &AnswersState) -> Result<(), AnalysisError> {
        let key = self.answers_key();
        Ok(self.store.release_answers(&key, &state.id()).await?)
    }

    /// Saves the answers of an analysis for other processes.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn save_answers(
        &self,
        state: &AnswersState,
        analysed: &Arc<Analysed>,
        report: Report,
        inputs: &Arc<AnalysisInputs>,
        now: DateTime<Utc>,
    ) -> Result<(), AnalysisError> {
        let (analysed, inputs) = (Arc::clone(analysed), Arc::clone(inputs));
        let work = move || SavedAnswers::new(&analysed, report, &inputs).to_bytes();
        let saved = AnswersOfState {
            state: state.id(),
            answers: tokio::task::spawn_blocking(work).await?,
        };
        let key = self.answers_key();
        Ok(self.store.save_answers(&key, &saved, now).await?)
    }

    /// Identifies everything but the store that answers depend on.
    fn answers_key(&self) -> String {
        let key = || {
            let text = format!("{} {:?}", self.inputs.answers_key(), self.platforms);
            hex::encode(&Sha256::digest(text)[..16])
        };
        self.answers_key.get_or_init(key).clone()
    }
}
