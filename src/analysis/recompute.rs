//! Works everything out from nothing and compares it with what is saved.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};

use super::{AnalysisError, AnalysisService};
use crate::oci::RegistryName;
use crate::report::{Analysed, Report, ReportOptions, RepositoryRow, SavedAnswers};
use crate::store::ReportComparison;

/// How what is saved compares with what the content of the registries gives.
#[derive(Debug)]
pub struct Recomputed {
    /// The answers that processes share.
    pub answers: Comparison,
    /// The latest saved report of each registry.
    pub reports: Vec<(RegistryName, Comparison)>,
}

/// The result of one comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Comparison {
    /// Both are identical. They cover this many repositories.
    Identical(usize),
    /// What is different, one line for each value.
    Different(Vec<String>),
    /// There is nothing to compare, for this reason.
    NotCompared(String),
}

impl Comparison {
    fn new(differences: Vec<String>, repositories: usize) -> Self {
        match differences.is_empty() {
            true => Self::Identical(repositories),
            false => Self::Different(differences),
        }
    }
}

impl Recomputed {
    /// Whether anything that was compared is different.
    pub fn is_different(&self) -> bool {
        let reports = self.reports.iter().map(|(_, comparison)| comparison);
        let mut all = std::iter::once(&self.answers).chain(reports);
        all.any(|comparison| matches!(comparison, Comparison::Different(_)))
    }
}

impl AnalysisService {
    /// Reads the whole content of all registries, works everything out, and compares it with the answers and the latest
    /// reports that are saved. Nothing that is kept is used, and nothing is saved.
    ///
    /// # Errors
    /// If nothing has been crawled, and as with [`Self::analysed`].
    pub async fn recompute(&self) -> Result<Recomputed, AnalysisError> {
        let plain = Self::new(
            self.store.clone(),
            Arc::clone(&self.inputs),
            self.platforms.clone(),
        );
        let before = plain.answers_state().await?;
        let analysed = plain.analysed().await?;
        if analysed.registries.is_empty() && analysed.left_out.is_empty() {
            return Err(AnalysisError::NothingCrawled);
        }
        let answers = plain.compare_answers(&analysed, &before.id()).await?;
        // Of a report, only what does not depend on counted pulls is compared.
        let report = analysed.report(&self.inputs, &ReportOptions::default())?;
        let reports = plain.compare_reports(&report).await?;
        if plain.answers_state().await? != before {
            let changed = || {
                Comparison::NotCompared(
                    "a crawl, an event or an import of pulls changed the store meanwhile; run this again"
                        .to_owned(),
                )
            };
            return Ok(Recomputed {
                answers: changed(),
                reports: reports.into_iter().map(|(name, _)| (name, changed())).collect(),
            });
        }
        Ok(Recomputed { answers, reports })
    }

    async fn compare_answers(
        &self,
        analysed: &Arc<Analysed>,
        state: &str,
    ) -> Result<Comparison, AnalysisError> {
        let Some((saved_state, saved)) = self.saved_answers(None).await? else {
            return Ok(Comparison::NotCompared(
                "no answers are saved by this build with these settings; a crawl or tare serve saves them"
                    .to_owned(),
            ));
        };
        let computed_at = self.answers_computed_at().await?;
        if saved_state != state {
            return Ok(Comparison::NotCompared(format!(
                "the answers saved{} are of an older state of the store; the next crawl or tare serve renews them",
                computed_at.map_or_else(String::new, |moment| format!(" on {}", shown(moment)))
            )));
        }
        // Which pulls count as recent depends on the day.
        let day = computed_at.map_or(NaiveDate::MAX, |moment| moment.date_naive());
        let inputs = self.inputs_with_recent_pulls(day).await?;
        let analysed = Arc::clone(analysed);
        let work = move || {
            let report = analysed.report(&inputs, &ReportOptions::default())?;
            let computed = SavedAnswers::new(&analysed, report, &inputs);
            let repositories = computed.report.repositories.len();
            Ok::<_, AnalysisError>(Comparison::new(saved.differences(&computed), repositories))
        };
        tokio::task::spawn_blocking(work).await?
    }

    async fn compare_reports(
        &self,
        report: &Report,
    ) -> Result<Vec<(RegistryName, Comparison)>, AnalysisError> {
        let versions = self.inputs.versions();
        let mut compared = Vec::with_capacity(report.registries.len());
        for registry in &report.registries {
            let rows = report.repositories.iter();
            let rows: Vec<&RepositoryRow> = rows.filter(|row| row.registry == registry.registry).collect();
            let comparison = match self.store.compare_report(registry, &rows, &versions).await? {
                ReportComparison::Missing => Comparison::NotCompared("no report is saved".to_owned()),
                ReportComparison::OtherMoment(moment) => Comparison::NotCompared(format!(
                    "the latest saved report is of {}, the content of {}; events or an unfinished crawl may have \
                     changed it since",
                    shown(moment),
                    shown(registry.as_of)
                )),
                ReportComparison::OtherVersions => Comparison::NotCompared(
                    "the latest report was computed by another version, or with another catalogue, model or verdict \
                     settings"
                        .to_owned(),
                ),
                ReportComparison::Compared(differences) => Comparison::new(differences, rows.len()),
            };
            compared.push((registry.registry.clone(), comparison));
        }
        Ok(compared)
    }
}

fn shown(moment: DateTime<Utc>) -> String {
    moment.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}
