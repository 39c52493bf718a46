//! The answers that every edge shows: the command line, the service and the exports print what this
//! room computes and add nothing of their own.
//!
//! A [`Report`] is made of one or more registries' accounting and of what is known about how that was
//! come by. Its rows add up: the repositories' attributed bytes to the registry's stored bytes, to the
//! byte, and their logical bytes to its logical bytes. Where something could not be read, the report
//! says so in a [`Note`], so that an incomplete total is recognised as such.
//!
//! [`Analysed`] holds all of it for any number of questions, with what Alpine would change: for each repository a
//! verdict with its reason and savings as intervals, whose expected values add up to the registry's saving.
//!
//! [`table`], [`json`] and [`csv`] write the same report for people, for programs and for spreadsheets.

mod alpine;
mod alpine_table;
mod analysed;
mod analysed_registry;
mod base;
mod build;
mod catalogue;
mod cells;
pub mod changes;
mod cleanup;
mod content;
mod cost;
mod cost_on_alpine;
mod cost_table;
pub mod costs;
mod csv;
mod document;
mod error;
mod evaluation_table;
mod explain;
mod explain_table;
#[cfg(test)]
mod explain_tests;
mod forecast;
mod group;
mod group_cost;
mod group_table;
mod headline;
mod headline_rows;
#[cfg(test)]
mod headline_tests;
mod headline_text;
mod image;
mod image_list;
mod image_table;
mod inputs;
mod left_out;
mod part;
mod plan;
mod pull_basis;
mod reconciliation;
mod reference;
mod rows;
mod saved;
mod sort;
mod stays_behind;
mod storage_table;
mod summary_table;
mod table;
#[cfg(test)]
mod tests;
mod text_table;
mod usage;
mod versions;

pub use alpine::{
    AlpineAnswers, BaseChange, ConfidenceCounts, RegistryAlpine, RepositoryAlpine, RepositoryVerdict,
    WantedRelease,
};
pub use analysed::{Analysed, Switched};
pub use analysed_registry::AnalysedRegistry;
pub use base::{BaseNames, ImageBase};
pub use build::{RegistryAnswers, ReportOptions};
pub use catalogue::{
    BaseChoice, BaseMatch, BaseMatches, CatalogueRow, SystemMatch, base_explanations, base_rows,
    catalogue_rows, catalogue_table,
};
pub use cells::{grouped, times};
pub use cleanup::{
    Cleanup, CleanupCostCentre, CleanupQuestion, CleanupRegistry, CleanupRepository, CleanupRule, CleanupTag,
    cleanup_csv, cleanup_table,
};
pub use content::{LastCrawl, RegistryContent, RegistrySource};
pub use cost::{
    BookNamed, MonthlyPulls, PullSeconds, RegistryCleanUp, RegistryCost, RegistryCosts, RepositoryCost,
};
pub use cost_on_alpine::{RegistryCostOnAlpine, RepositoryCostOnAlpine, Work, WorthLimits};
pub use csv::{csv, savings_csv};
pub use document::{Note, NoteKind, Others, RegistryRow, Report, RepositoryRow};
pub use error::{ReportError, UnknownAlpineRelease};
pub use evaluation_table::evaluation_table;
pub use explain::{AlpineParts, CandidateRow, DockerfileChange, ImageExplanation, LayerRow, explain};
pub use explain_table::explanation_table;
pub use forecast::{
    CostChange, CostReading, FORECAST_HISTORY, Forecast, ForecastAccuracy, ForecastBasis, ForecastMethod,
    ForecastMonth, NotComparable, Trend,
};
pub use group::{GroupBy, GroupError, GroupRow, Groups, UnknownGroup, groups};
pub use group_cost::GroupCost;
pub use group_table::{group_csv, group_table};
pub use headline::{Advice, Headline, HeadlineCost, HeadlinePlan, OldestImage, SavingArrival};
pub use image::{ImageAlpine, ImageRow};
pub use image_list::{ListedImage, TaggedImage};
pub use inputs::{AnalysisInputs, RegistryOwnFigure};
pub use left_out::LeftOut;
pub use part::{PartCost, PartOnAlpine, RegistryPart};
pub use plan::{
    CurvePoint, MOST_PLAN_DAYS, MOST_WAVES, PlanCostCentre, PlanQuestion, PlanRegistry, PlanRepository,
    PlanWave, SwitchPlan, UnplannedRepository, plan_csv, plan_days, plan_table,
};
pub use pull_basis::PullBasis;
pub use reference::{Found, UnclearReference, find};
pub use saved::{InvalidAnswers, SavedAnswers};
pub use sort::{SortKey, SortOrder, UnknownSortOrder, best_first};
pub use stays_behind::StaysBehind;
pub use table::{View, table};
pub use text_table::{Column, TextTable};
pub use usage::{CostPeriod, RegistryHistory};
pub use versions::Versions;

/// A report or another answer as a JSON document, which scripts rely on: keys are added, never renamed or removed.
///
/// # Errors
/// Only where serde_json fails, which no value of a report causes.
pub fn json(answer: &impl serde::Serialize) -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(answer).map(|text| text + "\n")
}
