use std::sync::Arc;

use super::arguments::{Format, PlanOptions};
use super::choice::{registry_names, repositories, use_price_book};
use super::context::Context;
use super::outcome::{Outcome, print, unanswered};
use crate::analysis::{AnalysisService, PlanLimits};
use crate::report::{self, plan_csv, plan_table};

/// `tare plan`.
pub(super) async fn plan(options: &PlanOptions, context: &Context) -> anyhow::Result<Outcome> {
    let registries = registry_names(&options.registries()?);
    let repositories = repositories(&options.repositories)?;
    let mut inputs = context.settings.analysis_inputs()?;
    use_price_book(&mut inputs, options.price_book.as_deref())?;
    let store = context.open_store().await?;
    let platforms = context.settings.platforms();
    let analysis = AnalysisService::new(store.clone(), Arc::new(inputs), platforms);
    let limits = PlanLimits {
        waves: options.waves,
        effort: options.effort,
    };
    let plan = analysis.plan(&registries, repositories.as_ref(), limits).await;
    store.close().await;
    let plan = plan.map_err(unanswered)?;
    print(&match options.format {
        Format::Table => plan_table(&plan, options.limit, context.widths.output),
        Format::Json => report::json(&plan)?,
        Format::Csv => plan_csv(&plan)?,
    })?;
    Ok(Outcome::from_completeness(plan.is_complete()))
}
