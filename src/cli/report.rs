use anyhow::bail;

use super::arguments::{Format, ReportOptions, Rows};
use super::context::Context;
use super::outcome::{Outcome, UsageError, print};
use crate::config::{RegistryAddress, Settings};
use crate::cost::RegistryTerms;
use crate::oci::{PlatformFilter, RegistryName};
use crate::report::{self, GroupBy, RegistryHoldings, Report};
use crate::store::Store;

/// `tare report`.
pub(super) async fn report(options: &ReportOptions, context: &Context) -> anyhow::Result<Outcome> {
    let addresses = options.registries()?;
    let asked: Vec<&RegistryName> = addresses.iter().map(RegistryAddress::registry).collect();
    let store = context.open_store().await?;
    let report = read(&store, &asked, options, &context.settings).await;
    store.close().await;
    let report = report?;
    if options.format != Format::Table || options.group_by.is_some() {
        // The table of repositories says so itself.
        for note in report.notes.iter().filter(|note| note.kind.must_be_said()) {
            context
                .console
                .complain(&format!("{}: {}", note.registry, note.note));
        }
    }
    match options.group_by {
        Some(by) => show_groups(&report, by, options.format),
        None => show(&report, options.format),
    }
}

/// The report on what the store holds of the registries asked for, or of all if none is.
///
/// # Errors
/// Where there is nothing to report on, and where the store fails.
pub(super) async fn read(
    store: &Store,
    asked: &[&RegistryName],
    options: &ReportOptions,
    settings: &Settings,
) -> anyhow::Result<Report> {
    let known: Vec<RegistryName> = store
        .registries()
        .await?
        .into_iter()
        .map(|record| record.registry.name)
        .collect();
    if known.is_empty() {
        bail!("nothing has been crawled yet: try tare crawl https://reg.example.com, or tare demo");
    }
    if let Some(unknown) = asked.iter().find(|asked| !known.contains(asked)) {
        let known: Vec<&str> = known.iter().map(RegistryName::as_str).collect();
        return Err(UsageError(format!(
            "{unknown} has not been crawled; there are {}",
            known.join(", ")
        ))
        .into());
    }
    let mut knowledge = store.with_pulls(settings.knowledge()?, None).await?;
    knowledge.verdicts.alpine_release = options.alpine_release.or(knowledge.verdicts.alpine_release);
    if let Some(book) = &options.price_book {
        knowledge.costs.registries = vec![RegistryTerms::everywhere(book)];
    }
    // All of them, whichever are asked for: bases and twins are learnt from every registry.
    let mut registries = Vec::new();
    for name in &known {
        registries.extend(holdings(store, name, &options.platforms, settings).await?);
    }
    let is_shown = |name: &RegistryName| asked.is_empty() || asked.contains(&name);
    let options = report::ReportOptions {
        sort: options.sort,
        // A limit is one on rows, which groups are made of all of.
        limit: options.limit.filter(|_| options.group_by.is_none()),
        verdicts: options.verdicts.clone(),
        images: options.by == Rows::Image,
    };
    Ok(report::answer(registries, is_shown, &knowledge, &options)?)
}

/// What is known of one registry; none where it was never crawled. The platforms are those chosen, else
/// those of the configuration.
pub(super) async fn holdings(
    store: &Store,
    name: &RegistryName,
    chosen: &[PlatformFilter],
    settings: &Settings,
) -> anyhow::Result<Option<RegistryHoldings>> {
    let platforms = if chosen.is_empty() {
        settings.platforms_of(name)
    } else {
        chosen
    };
    Ok(store.registry_holdings(name, platforms).await?)
}

/// Prints a report.
pub(super) fn show(report: &Report, format: Format) -> anyhow::Result<Outcome> {
    let text = match format {
        Format::Table => report::table(report),
        Format::Json => report::json(report)?,
        Format::Csv => report::csv(report)?,
    };
    print(&text)?;
    Ok(Outcome::of(report.complete))
}

/// Prints a report's repositories put together.
fn show_groups(report: &Report, by: GroupBy, format: Format) -> anyhow::Result<Outcome> {
    let groups = report::groups(report, by)?;
    let text = match format {
        Format::Table => report::group_table(&groups),
        Format::Json => report::json(&groups)?,
        Format::Csv => report::group_csv(&groups)?,
    };
    print(&text)?;
    Ok(Outcome::of(report.complete))
}
