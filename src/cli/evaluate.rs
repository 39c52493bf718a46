use std::fs;

use anyhow::Context as _;

use super::arguments::{CalibrateOptions, EvaluateOptions, TextOrJson};
use super::context::Context;
use super::outcome::{Outcome, print, unanswered};
use crate::analysis::ModelPairs;
use crate::clock::{Clock, SystemClock};
use crate::oci::RegistryName;
use crate::report;
use crate::whatif::{AlpineModel, Evaluation, calibrate, evaluate};
use crate::wording::wrapped;

/// `tare evaluate`: how good the model in force is on what the store knows.
pub(super) async fn evaluated(options: &EvaluateOptions, context: &Context) -> anyhow::Result<Outcome> {
    let (model, known) = model_and_pairs(context).await?;
    let evaluation = evaluate(&known.pairs, &model);
    let provenance = &model.provenance;
    let title = format!(
        "The current model (fitted on {}; {}) on {} images that exist on both.\nEach was judged as if its \
         repository had no Alpine images.\n",
        provenance.fitted_on,
        provenance.fitted_at,
        known.pairs.len()
    );
    show(&title, &evaluation, options.format, context.widths.output)
}

/// `tare calibrate`: fits the model anew. Writes it only where it is told to.
pub(super) async fn calibrated(options: &CalibrateOptions, context: &Context) -> anyhow::Result<Outcome> {
    let (model, known) = model_and_pairs(context).await?;
    let names: Vec<&str> = known.registries.iter().map(RegistryName::as_str).collect();
    let registries = names.join(", ");
    let day = SystemClock.now().format("%Y-%m-%d").to_string();
    let calibration = calibrate(&known.pairs, &model, &registries, &day);
    if let Some(file) = &options.output {
        let text = calibration.model.to_toml();
        fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    let title = format!(
        "Fitted on {} images of {registries} that exist on both.\nEach repository was judged by a model \
         fitted on the others.\n",
        known.pairs.len()
    );
    let outcome = show(
        &title,
        &calibration.evaluation,
        options.format,
        context.widths.output,
    )?;
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

/// The model in force, and the images that it can be measured by.
async fn model_and_pairs(context: &Context) -> anyhow::Result<(AlpineModel, ModelPairs)> {
    let store = context.open_store().await?;
    let found = match context.analysis(&store) {
        Ok(analysis) => {
            let pairs = analysis.model_pairs().await.map_err(unanswered);
            pairs.map(|pairs| (analysis.inputs().model.clone(), pairs))
        }
        Err(error) => Err(error),
    };
    store.close().await;
    found
}

fn show(title: &str, evaluation: &Evaluation, format: TextOrJson, width: usize) -> anyhow::Result<Outcome> {
    print(&match format {
        TextOrJson::Table => {
            let table = report::evaluation_table(evaluation, width);
            format!("{}\n{table}", wrapped(title, width))
        }
        TextOrJson::Json => report::json(evaluation)?,
    })?;
    Ok(Outcome::Complete)
}
