//! `tare config`: the settings in force, checked with the files that they name.

use super::arguments::{ConfigOptions, TextOrJson};
use super::context::Context;
use super::outcome::{Outcome, print};
use crate::report;

/// Shows the settings. A wrong price book, catalogue, model or rule is an error here as it is in a report.
pub(super) fn config(options: &ConfigOptions, context: &Context) -> anyhow::Result<Outcome> {
    let settings = &context.settings;
    settings.analysis_inputs()?;
    settings.check_service()?;
    print(&match options.format {
        TextOrJson::Table => settings.show(),
        TextOrJson::Json => report::json(&settings.shown())?,
    })?;
    Ok(Outcome::Complete)
}
