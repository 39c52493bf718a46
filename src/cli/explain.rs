use anyhow::bail;

use super::arguments::{ExplainOptions, TextOrJson};
use super::context::Context;
use super::outcome::{Outcome, UsageError, print};
use super::report::holdings;
use crate::report::{self, RegistryHoldings};
use crate::store::Store;

/// `tare explain`.
pub(super) async fn explain(options: &ExplainOptions, context: &Context) -> anyhow::Result<Outcome> {
    let knowledge = context.settings.knowledge()?;
    let store = context.open_store().await?;
    let registries = all_holdings(&store, context).await;
    store.close().await;
    let registries = registries?;
    let found = report::find(&registries, &options.reference, options.platform.as_ref())
        .map_err(|error| UsageError(error.to_string()))?;
    let explanation = report::explain(&registries, found, &knowledge)?;
    print(&match options.format {
        TextOrJson::Table => report::explanation_table(&explanation),
        TextOrJson::Json => report::json(&explanation)?,
    })?;
    Ok(Outcome::Complete)
}

/// What is known of every crawled registry.
///
/// # Errors
/// Where nothing has been crawled, and where the store fails.
pub(super) async fn all_holdings(store: &Store, context: &Context) -> anyhow::Result<Vec<RegistryHoldings>> {
    let registries = known_holdings(store, context).await?;
    if registries.is_empty() {
        bail!("nothing has been crawled yet: try tare crawl https://reg.example.com, or tare demo");
    }
    Ok(registries)
}

/// The same, where there may be none.
pub(super) async fn known_holdings(
    store: &Store,
    context: &Context,
) -> anyhow::Result<Vec<RegistryHoldings>> {
    let mut registries = Vec::new();
    for record in store.registries().await? {
        registries.extend(holdings(store, &record.registry.name, &[], &context.settings).await?);
    }
    Ok(registries)
}
