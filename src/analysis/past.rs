use chrono::{DateTime, Utc};
use tracing::Span;

use super::drafts::DraftStatement;
use super::service::known_only;
use super::{AnalysisError, AnalysisService};
use crate::oci::RegistryName;
use crate::report::{Analysed, AnalysedRegistry, AnalysisInputs, Report, ReportOptions};
use crate::store::ReportedLevel;

impl AnalysisService {
    /// When the history begins; `None` if there is none yet.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn history_begins(&self) -> Result<Option<DateTime<Utc>>, AnalysisError> {
        let levels = self.store.reported_levels(DateTime::UNIX_EPOCH).await?;
        Ok(levels.into_iter().filter_map(|level| level.first).min())
    }

    /// The report on some registries, or on all if none is named, as they were at a moment. After the last crawl, that is
    /// the report of today.
    ///
    /// # Errors
    /// As with [`Self::analysed_as_of`], and if a registry had not been crawled yet.
    pub async fn report_as_of(
        &self,
        moment: DateTime<Utc>,
        registries: &[RegistryName],
        options: &ReportOptions,
    ) -> Result<Report, AnalysisError> {
        let crawled = self.store.registries().await?;
        if crawled
            .iter()
            .all(|record| record.last_finished.is_some_and(|last| last <= moment))
        {
            return self.report(registries, options).await;
        }
        let (mut analysed, inputs) = self.analysed_as_of(moment).await?;
        known_only(registries, analysed.registries.iter().map(AnalysedRegistry::name))?;
        analysed
            .registries
            .retain(|registry| registries.is_empty() || registries.contains(registry.name()));
        let mut report = analysed.report(&inputs, options)?;
        report.forecast = self.forecast(&report).await?;
        Ok(report)
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
        for level in levels.iter().filter(|level| level.stored_bytes.is_some()) {
            kept(level, moment)?;
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
            // What was learnt later can only add to what was reported. Earlier versions did not record what they removed.
            if reported.is_some_and(|reported| registry.accounting.registry.stored_bytes < reported) {
                return Err(AnalysisError::HistoryPruned {
                    moment,
                    registry: registry.name().clone(),
                });
            }
        }
        Ok((analysed, inputs))
    }

    /// Refuses the draft of a month at whose end other tags may have been there than are kept.
    ///
    /// # Errors
    /// If so, or if the store fails.
    pub(super) async fn require_tags(&self, draft: &DraftStatement) -> Result<(), AnalysisError> {
        let levels = self.store.reported_levels(draft.as_of).await?;
        let mut levels = levels.iter();
        match levels.find(|level| level.registry == draft.statement.registry) {
            Some(level) => kept(level, draft.as_of),
            None => Ok(()),
        }
    }
}

/// Refuses a registry whose tags of a moment are no longer kept.
fn kept(level: &ReportedLevel, moment: DateTime<Utc>) -> Result<(), AnalysisError> {
    match level.keeps_tags_of(moment) {
        true => Ok(()),
        false => Err(AnalysisError::HistoryPruned {
            moment,
            registry: level.registry.clone(),
        }),
    }
}
