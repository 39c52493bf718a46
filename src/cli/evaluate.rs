use std::fs;

use anyhow::{Context as _, bail};

use super::Context;
use super::arguments::{CalibrateOptions, EvaluateOptions, TextOrJson};
use super::explain::all_holdings;
use super::outcome::{Outcome, print};
use crate::clock::{Clock, SystemClock};
use crate::report::{self, AnalysisInputs, RegistryContent};
use crate::whatif::{Evaluation, Pair, Readings, calibrate, evaluate, pairs};

/// `tare evaluate`: how good the model in force is on what the store knows.
pub(super) async fn evaluated(options: &EvaluateOptions, context: &Context) -> anyhow::Result<Outcome> {
    let inputs = context.settings.analysis_inputs()?;
    let (pairs, _) = known_pairs(context, &inputs).await?;
    let evaluation = evaluate(&pairs, &inputs.model);
    let provenance = &inputs.model.provenance;
    let title = format!(
        "The model in force (fitted on {}; {}) on {} images that exist on both.\nEach was judged as if its \
         repository had no Alpine images.\n",
        provenance.fitted_on,
        provenance.fitted_at,
        pairs.len()
    );
    show(&title, &evaluation, options.format)
}

/// `tare calibrate`: fits the model anew. Writes it only where it is told to.
pub(super) async fn calibrated(options: &CalibrateOptions, context: &Context) -> anyhow::Result<Outcome> {
    let inputs = context.settings.analysis_inputs()?;
    let (pairs, registries) = known_pairs(context, &inputs).await?;
    let day = SystemClock.now().format("%Y-%m-%d").to_string();
    let calibration = calibrate(&pairs, &inputs.model, &registries, &day);
    if let Some(file) = &options.output {
        let text = calibration.model.to_toml();
        fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    let title = format!(
        "Fitted anew on {} images of {registries} that exist on both.\nEach repository was judged by a model \
         fitted on the others.\n",
        pairs.len()
    );
    let outcome = show(&title, &calibration.evaluation, options.format)?;
    match (&options.output, options.format) {
        (Some(file), TextOrJson::Table) => print(&format!(
            "\nWritten to {}. It is used where alpine.model names it.\n",
            file.display()
        ))?,
        (None, TextOrJson::Table) => print("\nNothing is changed; --output FILE writes the new model.\n")?,
        (_, TextOrJson::Json) => {}
    }
    Ok(outcome)
}

/// All images of the crawled registries that exist on Alpine too, and the registries' names.
async fn known_pairs(context: &Context, inputs: &AnalysisInputs) -> anyhow::Result<(Vec<Pair>, String)> {
    let store = context.open_store().await?;
    let registries = all_holdings(&store, context).await;
    store.close().await;
    let registries: Vec<RegistryContent> = registries?;
    let catalogue = report::catalogue_of(&registries, inputs)?;
    let images = || registries.iter().flat_map(|content| &content.images);
    let readings = Readings::of(images());
    let pairs = pairs(images(), &catalogue, &readings);
    if pairs.is_empty() {
        bail!(
            "no image is there both on Alpine and not: nothing to measure by. A mirror of base images, \
             crawled by tare catalogue refresh, has many"
        );
    }
    let names: Vec<&str> = registries
        .iter()
        .map(|content| content.source.registry.as_str())
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
