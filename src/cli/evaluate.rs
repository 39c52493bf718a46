use std::fs;

use anyhow::{Context as _, bail};

use super::arguments::{CalibrateOptions, EvaluateOptions, TextOrJson};
use super::context::Context;
use super::explain::all_holdings;
use super::outcome::{Outcome, print};
use crate::clock::{Clock, SystemClock};
use crate::report::{self, Knowledge, RegistryHoldings};
use crate::whatif::{Evaluation, Pair, ParsedSteps, calibrate, evaluate, pairs};

/// `tare evaluate`: how good the model in force is on what the store knows.
pub(super) async fn evaluated(options: &EvaluateOptions, context: &Context) -> anyhow::Result<Outcome> {
    let knowledge = context.settings.knowledge()?;
    let (pairs, _) = known_pairs(context, &knowledge).await?;
    let evaluation = evaluate(&pairs, &knowledge.model);
    let provenance = &knowledge.model.provenance;
    let title = format!(
        "The current model (fitted on {}; {}) on {} images that exist on both.\nEach was judged as if its \
         repository had no Alpine images.\n",
        provenance.fitted_on,
        provenance.fitted_at,
        pairs.len()
    );
    show(&title, &evaluation, options.format)
}

/// `tare calibrate`: fits the model anew. Writes it only where it is told to.
pub(super) async fn calibrated(options: &CalibrateOptions, context: &Context) -> anyhow::Result<Outcome> {
    let knowledge = context.settings.knowledge()?;
    let (pairs, registries) = known_pairs(context, &knowledge).await?;
    let day = SystemClock.now().format("%Y-%m-%d").to_string();
    let calibration = calibrate(&pairs, &knowledge.model, &registries, &day);
    if let Some(file) = &options.output {
        let text = calibration.model.to_toml();
        fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    let title = format!(
        "Fitted on {} images of {registries} that exist on both.\nEach repository was judged by a model \
         fitted on the others.\n",
        pairs.len()
    );
    let outcome = show(&title, &calibration.evaluation, options.format)?;
    match (&options.output, options.format) {
        (Some(file), TextOrJson::Table) => print(&format!(
            "\nWritten to {}. To use it, set alpine.model to this file.\n",
            file.display()
        ))?,
        (None, TextOrJson::Table) => print("\nNothing was changed; --output FILE writes the new model.\n")?,
        (_, TextOrJson::Json) => {}
    }
    Ok(outcome)
}

/// All images of the crawled registries that exist on Alpine too, and the registries' names.
async fn known_pairs(context: &Context, knowledge: &Knowledge) -> anyhow::Result<(Vec<Pair>, String)> {
    let store = context.open_store().await?;
    let registries = all_holdings(&store, context).await;
    store.close().await;
    let registries: Vec<RegistryHoldings> = registries?;
    let catalogue = report::catalogue_of(&registries, knowledge)?;
    let images = || registries.iter().flat_map(|holdings| &holdings.images);
    let readings = ParsedSteps::from_images(images());
    let pairs = pairs(images(), &catalogue, &readings);
    if pairs.is_empty() {
        bail!(
            "no image exists both on Alpine and on another system, so there is nothing to measure. A mirror of \
             base images, crawled by tare catalogue refresh, has many"
        );
    }
    let names: Vec<&str> = registries
        .iter()
        .map(|holdings| holdings.source.registry.as_str())
        .collect();
    Ok((pairs, names.join(", ")))
}

fn show(title: &str, evaluation: &Evaluation, format: TextOrJson) -> anyhow::Result<Outcome> {
    print(&match format {
        TextOrJson::Table => format!("{title}\n{}", report::evaluation_table(evaluation)),
        TextOrJson::Json => report::json(evaluation)?,
    })?;
    Ok(Outcome::Complete)
}
