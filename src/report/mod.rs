//! The answers that every edge shows: the command line, the service and the exports print what this
//! room computes and add nothing of their own.
//!
//! A [`Report`] is made of one or more registries' accounting and of what is known about how that was
//! come by. Its rows add up: the repositories' attributed bytes to the registry's stored bytes, to the
//! byte, and their logical bytes to its logical bytes. Where something could not be read, the report
//! says so in a [`Note`], so that nobody takes a total for complete that is not.
//!
//! [`table`], [`json`] and [`csv`] write the same report for people, for programs and for spreadsheets.

mod build;
mod cells;
mod csv;
mod document;
mod table;
#[cfg(test)]
mod tests;

pub use build::{LastCrawl, RegistrySource, ReportOptions, SortKey, SortOrder, UnknownSortOrder};
pub use cells::{grouped, plain_text, spreadsheet_text, times};
pub use csv::csv;
pub use document::{Note, NoteKind, Others, RegistryRow, Report, RepositoryRow};
pub use table::table;

/// The report as a JSON document, which scripts rely on: keys are added, never renamed or removed.
///
/// # Errors
/// Only where serde_json fails, which no value of a report causes.
pub fn json(report: &Report) -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(report).map(|text| text + "\n")
}
