use chrono::{DateTime, Utc};
use tracing::Span;

use super::{AnalysisError, AnalysisService};
use crate::report::{Analysed, AnalysisInputs};

impl AnalysisService {
    /// When the history begins; `None` if there is none yet.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn history_begins(&self) -> Result<Option<DateTime<Utc>>, AnalysisError> {
        let levels = self.store.reported_levels(DateTime::UNIX_EPOCH).await?;
        Ok(levels.into_iter().filter_map(|level| level.first).min())
    }

    /// The analysis of all registries as they were at a moment of the past, and the inputs with the pulls up to
    /// then. Registries that had not been crawled yet are left out.
    ///
    /// # Errors
    /// If nothing is known of the moment, because the history begins later or was pruned, and as with
    /// [`Self::analysed`].
    pub async fn analysed_as_of(
        &self,
        moment: DateTime<Utc>,
    ) -> Result<(Analysed, AnalysisInputs), AnalysisError> {
        let levels = self.store.reported_levels(moment).await?;
        if levels.iter().all(|level| level.stored_bytes.is_none()) {
            return Err(AnalysisError::BeforeHistory {
                moment,
                first: levels.iter().filter_map(|level| level.first).min(),
            });
        }
        let mut contents = self.contents(Some(moment)).await?;
        contents.retain(|content| {
            let own = levels
                .iter()
                .find(|level| level.registry == content.source.registry);
            own.is_some_and(|level| level.stored_bytes.is_some())
        });
        let inputs = self.inputs_with_recent_pulls(moment.date_naive()).await?;
        let (analysis, span) = (inputs.clone(), Span::current());
        let work = move || span.in_scope(|| Analysed::new(contents, &analysis));
        let analysed = tokio::task::spawn_blocking(work).await??;
        for registry in &analysed.registries {
            let reported = levels
                .iter()
                .find(|level| level.registry == *registry.name())
                .and_then(|level| level.stored_bytes);
            // What was learnt later can only add to what was reported.
            if reported.is_some_and(|reported| registry.accounting.registry.stored_bytes < reported) {
                return Err(AnalysisError::HistoryPruned {
                    moment,
                    registry: registry.name().clone(),
                });
            }
        }
        Ok((analysed, inputs))
    }
}
