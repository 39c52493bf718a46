use std::fs;
use std::sync::Arc;

use anyhow::Context as _;

use super::arguments::{CleanupOptions, Format};
use super::choice::{registry_names, repositories, use_price_book};
use super::context::Context;
use super::outcome::{Outcome, UsageError, print, unanswered};
use crate::analysis::AnalysisService;
use crate::cleanup::{Policy, PolicyForm, WrittenPolicy};
use crate::report::{self, cleanup_csv, cleanup_table};

/// `tare cleanup`.
pub(super) async fn cleanup(options: &CleanupOptions, context: &Context) -> anyhow::Result<Outcome> {
    let registries = registry_names(&options.registries()?);
    let repositories = repositories(&options.repositories)?;
    let policy = match &options.policy {
        None => Policy::Rules(options.rules()),
        Some(file) => {
            let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
            Policy::parse(&text, options.policy_form)
                .map_err(|error| UsageError(format!("{}: {error}", file.display())))?
        }
    };
    if let Some(form) = options.write_policy {
        return write(&policy, form, &options.repositories, context);
    }
    let mut inputs = context.settings.analysis_inputs()?;
    use_price_book(&mut inputs, options.price_book.as_deref())?;
    let store = context.open_store().await?;
    let platforms = context.settings.platforms();
    let analysis = AnalysisService::new(store.clone(), Arc::new(inputs), platforms);
    let answer = analysis
        .cleanup(&registries, repositories.as_ref(), &policy)
        .await;
    store.close().await;
    let answer = answer.map_err(unanswered)?;
    print(&match options.format {
        Format::Table => cleanup_table(&answer, options.limit, context.widths.output),
        Format::Json => report::json(&answer)?,
        Format::Csv => cleanup_csv(&answer)?,
    })?;
    Ok(Outcome::from_completeness(answer.is_complete()))
}

/// Prints the rules in a vendor's form. How that differs goes to standard error.
fn write(
    policy: &Policy,
    form: PolicyForm,
    repositories: &[String],
    context: &Context,
) -> anyhow::Result<Outcome> {
    let written =
        WrittenPolicy::new(policy, form, repositories).map_err(|error| UsageError(error.to_string()))?;
    for difference in &written.differences {
        context
            .console
            .complain(&format!("{}: {difference}", form.as_str()));
    }
    print(&written.text)?;
    Ok(Outcome::Complete)
}
