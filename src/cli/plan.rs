use std::sync::Arc;

use super::arguments::{Format, PlanOptions};
use super::context::Context;
use super::outcome::{Outcome, UsageError, print, unanswered};
use crate::analysis::{AnalysisService, PlanLimits};
use crate::cost::RegistryTerms;
use crate::oci::{RegistryName, RepositoryPatterns};
use crate::report::{self, plan_csv, plan_table};

/// `tare plan`.
pub(super) async fn plan(options: &PlanOptions, context: &Context) -> anyhow::Result<Outcome> {
    let registries: Vec<RegistryName> = options
        .registries()?
        .iter()
        .map(|address| address.registry().clone())
        .collect();
    let repositories = match &options.repositories[..] {
        [] => None,
        patterns => Some(
            RepositoryPatterns::new(patterns)
                .map_err(|error| UsageError(format!("--repository: {error}")))?,
        ),
    };
    let mut inputs = context.settings.analysis_inputs()?;
    if let Some(book) = &options.price_book {
        let editions = inputs.costs.books.editions(book);
        editions.map_err(|unknown| UsageError(format!("--price-book: {unknown}")))?;
        inputs.costs.registries = vec![RegistryTerms::everywhere(book)];
    }
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
