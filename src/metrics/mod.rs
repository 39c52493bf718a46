//! What Prometheus is told.
//!
//! Two kinds of figures meet here. [`ProcessCounters`] are touched in place by whatever they count, such
//! as the requests that this process answers. All others are read from a [`Snapshot`] at each scrape and
//! from nothing else, so that what has vanished from a registry vanishes from here, at once.
//!
//! Names and labels are a contract: `docs/operate.md` lists them, dashboards and alerts rest on them. They keep
//! to Prometheus' own rules: base units, moments and not ages, and figures whose sum over all labels
//! means something. So today and Alpine are figures with names of their own and not one with a label, a
//! currency stands in the name (`_usd`), and what does not add up, such as solo savings, is left to the
//! API. Repositories are many: the largest have series of their own, and all others one together, so that
//! sums stay true.
//!
//! Floats begin here and nowhere before: Prometheus knows no other numbers.

mod costs;
mod crawls;
mod family;
mod figures;
mod groups;
mod process;
mod registries;
mod repositories;
mod service;

pub use process::{ProcessCounters, RequestInFlight};
pub use repositories::OTHER_REPOSITORIES;
pub use service::{Budget, BudgetOf, MetricsSettings, Snapshot, StoreState};

use prometheus::TextEncoder;

use crate::report::Report;

/// The media type of what [`render`] gives.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What is told of a report, in Prometheus' text format. It changes with the report and not in between, and with thousands of
/// repositories it is megabytes: whoever is asked again and again keeps it.
///
/// # Errors
/// Only where two figures were registered under one name, which no input causes.
pub fn render_report(report: &Report, settings: &MetricsSettings) -> Result<String, prometheus::Error> {
    let mut families = registries::families(report);
    families.extend(costs::families(report));
    families.extend(repositories::families(report, settings.repositories));
    TextEncoder::new().encode_to_string(&families)
}

/// All figures in Prometheus' text format.
///
/// # Errors
/// Only where two figures were registered under one name, which no input causes.
pub fn render(snapshot: &Snapshot<'_>, process: &ProcessCounters) -> Result<String, prometheus::Error> {
    let mut families = service::families(snapshot);
    if let Some(crawls) = snapshot.crawls {
        families.extend(crawls::families(crawls));
    }
    let mut text = TextEncoder::new().encode_to_string(&families)?;
    TextEncoder::new().encode_utf8(&process.gather(), &mut text)?;
    text.push_str(snapshot.report.unwrap_or_default());
    Ok(text)
}
