//! `tare doctor --recompute`: whether saved figures are those that the content of the registries gives.

use anyhow::bail;

use super::checkup::Checkup;
use super::finding::Finding::{self, Amiss, Well};
use crate::analysis::Comparison;
use crate::cli::arguments::{DoctorOptions, TextOrJson};
use crate::cli::context::Context;
use crate::cli::outcome::{Outcome, print};
use crate::report;

/// How many differences are shown. Our choice: the first ones show what kind of values is wrong.
const MOST_SHOWN: usize = 10;

/// Works everything out from nothing and compares it with the saved answers and the latest saved reports.
///
/// # Errors
/// If something is different, after all of it was printed; and if nothing has been crawled or the store fails.
pub(super) async fn recompute(options: &DoctorOptions, context: &Context) -> anyhow::Result<Outcome> {
    let store = context.open_store().await?;
    let recomputed = context.analysis(&store)?.recompute().await;
    store.close().await;
    let recomputed = recomputed?;
    let mut checkup = Checkup::new();
    checkup.note("saved answers", finding(&recomputed.answers));
    for (registry, comparison) in &recomputed.reports {
        checkup.note(&format!("saved report of {registry}"), finding(comparison));
    }
    print(&match options.format {
        TextOrJson::Table => checkup.text(context.widths.output),
        TextOrJson::Json => report::json(&checkup)?,
    })?;
    if recomputed.is_different() {
        bail!("saved figures are different from those that the content of the registries gives");
    }
    Ok(Outcome::Complete)
}

fn finding(comparison: &Comparison) -> Finding {
    match comparison {
        Comparison::Identical(1) => Well("identical, 1 repository".to_owned()),
        Comparison::Identical(count) => Well(format!("identical, {count} repositories")),
        Comparison::NotCompared(reason) => Well(format!("not compared: {reason}")),
        Comparison::Different(lines) => {
            let count = lines.len();
            let more = match count.saturating_sub(MOST_SHOWN) {
                0 => String::new(),
                more => format!("; and {more} more"),
            };
            let shown = &lines[..count.min(MOST_SHOWN)];
            Amiss(
                format!("different: {}{more}", shown.join("; ")),
                "restart tare serve: it reads everything again. Then report this fault with these lines"
                    .to_owned(),
            )
        }
    }
}
