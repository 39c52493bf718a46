use std::sync::Arc;

use super::arguments::{Format, ReportOptions, Rows};
use super::choice::{registry_names, use_price_book};
use super::context::Context;
use super::outcome::{Outcome, UsageError, print, unanswered};
use crate::analysis::{AnalysisService, PlatformSelection};
use crate::clock::{Clock as _, SystemClock};
use crate::config::Settings;
use crate::oci::RegistryName;
use crate::report::{self, GroupBy, Report, View};
use crate::store::Store;
use crate::units::Period;

/// `tare report`.
pub(super) async fn report(options: &ReportOptions, context: &Context) -> anyhow::Result<Outcome> {
    let asked = registry_names(&options.registries()?);
    let store = context.open_store().await?;
    let report = read(&store, &asked, options, &context.settings).await;
    store.close().await;
    let report = report?;
    if !options.worth.is_empty() && report.registries.iter().all(|row| row.cost.is_none()) {
        return Err(UsageError(
            "--worth needs costs: name a price book with --price-book; tare prices list shows all".to_owned(),
        )
        .into());
    }
    if options.format != Format::Table || options.group_by.is_some() {
        // The table of repositories says so itself.
        for note in report.notes.iter().filter(|note| note.kind.must_be_said()) {
            context
                .console
                .complain(&format!("{}: {}", note.registry, note.note));
        }
    }
    match options.group_by {
        Some(by) => show_groups(&report, by, options.format, context.widths.output),
        None => show(
            &report,
            options.format,
            options.view.into(),
            context.widths.output,
        ),
    }
}

/// The report on the registries asked for, or on all if none is, with the choices of the command line in place of those
/// of the settings.
///
/// # Errors
/// If there is nothing to report on, or if the store fails.
pub(super) async fn read(
    store: &Store,
    asked: &[RegistryName],
    options: &ReportOptions,
    settings: &Settings,
) -> anyhow::Result<Report> {
    let mut inputs = settings.analysis_inputs()?;
    inputs.verdicts.alpine_release = options.alpine_release.or(inputs.verdicts.alpine_release);
    use_price_book(&mut inputs, options.price_book.as_deref())?;
    let platforms = if options.platforms.is_empty() {
        settings.platforms()
    } else {
        PlatformSelection::new(options.platforms.clone())
    };
    let shown = report::ReportOptions {
        sort: options.sort,
        // The limit applies to rows; groups are computed from all rows.
        limit: options.limit.filter(|_| options.group_by.is_none()),
        verdicts: options.verdicts.clone(),
        worth: options.worth.clone(),
        images: options.by == Rows::Image,
    };
    let analysis = AnalysisService::new(store.clone(), Arc::new(inputs), platforms);
    let report = match &options.window {
        None => analysis.report(asked, &shown).await,
        Some(window) => {
            let window = Period::from_window(window, SystemClock.now().date_naive())
                .map_err(|error| UsageError(format!("--window: {error}")))?;
            analysis.report_as_of(window.last_second(), asked, &shown).await
        }
    };
    report.map_err(unanswered)
}

/// Prints a report; a table in lines of at most so many characters.
pub(super) fn show(report: &Report, format: Format, view: View, width: usize) -> anyhow::Result<Outcome> {
    let text = match format {
        Format::Table => report::table(report, view, width),
        Format::Json => report::json(report)?,
        Format::Csv => report::csv(report)?,
    };
    print(&text)?;
    Ok(Outcome::from_completeness(report.complete))
}

/// Prints a report's repositories put together.
fn show_groups(report: &Report, by: GroupBy, format: Format, width: usize) -> anyhow::Result<Outcome> {
    let groups = report::groups(report, by)?;
    let text = match format {
        Format::Table => report::group_table(&groups, width),
        Format::Json => report::json(&groups)?,
        Format::Csv => report::group_csv(&groups)?,
    };
    print(&text)?;
    Ok(Outcome::from_completeness(report.complete))
}
