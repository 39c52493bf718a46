use super::arguments::{ExplainOptions, TextOrJson};
use super::context::Context;
use super::outcome::{Outcome, print, unanswered};
use crate::report;

/// `tare explain`.
pub(super) async fn explain(options: &ExplainOptions, context: &Context) -> anyhow::Result<Outcome> {
    let store = context.open_store().await?;
    let explanation = match context.analysis(&store) {
        Ok(analysis) => analysis
            .explanation(&options.reference, options.platform.as_ref())
            .await
            .map_err(unanswered),
        Err(error) => Err(error),
    };
    store.close().await;
    let explanation = explanation?;
    print(&match options.format {
        TextOrJson::Table => report::explanation_table(&explanation, context.widths.output),
        TextOrJson::Json => report::json(&explanation)?,
    })?;
    Ok(Outcome::Complete)
}
