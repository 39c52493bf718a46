//! Prometheus metrics.
//!
//! There are two kinds. [`ProcessCounters`] are updated in place by the code they count, such as the handling of
//! requests. All others are read from a [`Snapshot`] at each scrape, so that what has vanished from a registry vanishes
//! from the metrics at once.
//!
//! Names and labels are a contract: `docs/operate.md` lists them, and dashboards and alerts depend on them. They follow
//! Prometheus' conventions: base units, timestamps instead of ages, and values whose sum over all labels makes sense. So
//! the current state and Alpine have separate names instead of a label, the currency is part of the name (`_usd`), and
//! what does not add up, such as solo savings, is left to the API. Because repositories are many, the largest have their
//! own series and all others share one, so that sums stay correct.
//!
//! Only this room converts numbers to floats, because Prometheus has no other numbers.

mod costs;
mod crawls;
mod family;
mod figures;
mod groups;
mod process;
mod registries;
mod repositories;
mod service;

pub use process::{EventOutcome, ProcessCounters, RequestInFlight};
pub use repositories::OTHER_REPOSITORIES;
pub use service::{MetricsSettings, Snapshot, StoreState};

use prometheus::TextEncoder;

use crate::report::Report;

/// The media type of the result of [`render`].
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The metrics of a report in Prometheus' text format. They change only with the report, and with thousands of
/// repositories they are megabytes, so callers should cache the result.
///
/// # Errors
/// If two metrics have the same name, which no input causes.
pub fn render_report(report: &Report, settings: &MetricsSettings) -> Result<String, prometheus::Error> {
    let mut families = registries::families(report);
    families.extend(costs::families(report));
    families.extend(repositories::families(report, settings.repositories));
    TextEncoder::new().encode_to_string(&families)
}

/// All metrics in Prometheus' text format.
///
/// # Errors
/// If two metrics have the same name, which no input causes.
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
