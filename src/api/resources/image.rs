//! One image, explained.

use actix_web::HttpResponse;
use schemars::JsonSchema;
use serde::Serialize;

use super::repository::named;
use crate::api::call::Call;
use crate::api::operation::{AnswerForm, Operation};
use crate::api::problem::Problem;
use crate::api::provenance::Provenance;
use crate::api::reply::Reply;
use crate::oci::text::printable;
use crate::report::{Found, ImageExplanation};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::get(
            "/v1/images/{registry}/{repository}/{digest}",
            "explain_image",
            "One image explained: its base with the evidence, each layer, and what Alpine would make of it and why",
            AnswerForm::json::<Explained<'_>>("ImageExplanation"),
            |call| Box::pin(explain(call)),
        )
        .group("repositories")
        .about("The same as `tare explain --format json`, with the inputs of the figures."),
    ]
}

/// An image explained: its base, its layers, what Alpine would change and why.
#[derive(Serialize, JsonSchema)]
struct Explained<'a> {
    #[serde(flatten)]
    explanation: ImageExplanation,
    #[serde(flatten)]
    provenance: Provenance<'a>,
}

async fn explain(call: Call) -> Result<HttpResponse, Problem> {
    let snapshot = call.whole_snapshot().await?;
    let row = named(&call, &snapshot)?;
    let (registry, analysed) = snapshot.registry(row.registry.as_str())?;
    let digest = call.values.text("digest").unwrap_or_default();
    let repository = &row.totals.repository;
    let image = digest.parse().ok().and_then(|digest| {
        // Images are sorted by digest.
        let images = &analysed.content.images;
        let place = images.binary_search_by(|image| image.digest.cmp(&digest)).ok()?;
        let is_there = images[place].names.iter().any(|(name, _)| name == repository);
        is_there.then(|| &images[place])
    });
    let found = image.map(|image| Found {
        content: &analysed.content,
        repository,
        tag: None,
        image,
    });
    let explanation = match found {
        Some(found) => snapshot.analysed()?.explain(found, &snapshot.inputs)?,
        None => None,
    };
    let explanation = explanation.ok_or_else(|| {
        Problem::not_found(format!(
            "no tag of {repository} reaches an image with the digest {}",
            printable(digest)
        ))
    })?;
    call.reply(Reply::json(&Explained {
        explanation,
        provenance: Provenance::for_registry(&call.caller, registry, &snapshot),
    })?)
}
