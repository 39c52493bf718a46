use std::collections::{BTreeSet, HashSet};

use crate::base_image::{BaseId, Catalogue, ImageFacts, Scope, detect};

use super::compose::{compose, own_twin};
use super::pair::Pair;
use super::parsed_steps::ParsedSteps;

/// All pairs of an image and its actual Alpine variant in the registries.
///
/// Each composition is made as if the image's repository, and everything built on it, did not exist: the rest is what
/// the model has for an image that has not been moved yet. Several tags of one pair count once.
pub fn pairs<'a>(
    images: impl IntoIterator<Item = &'a ImageFacts>,
    catalogue: &Catalogue,
    parsed: &ParsedSteps<'_>,
) -> Vec<Pair> {
    let mut seen = HashSet::new();
    images
        .into_iter()
        .filter_map(|facts| {
            let twin = own_twin(facts, catalogue, &Scope::all())?;
            let is_new = seen.insert((facts.digest, catalogue.base(twin).digest));
            is_new.then(|| pair_of(facts, twin, catalogue, parsed)).flatten()
        })
        .collect()
}

/// An image and its Alpine variant; `None` if nothing is left to predict from once its repository is hidden.
fn pair_of(facts: &ImageFacts, id: BaseId, catalogue: &Catalogue, parsed: &ParsedSteps<'_>) -> Option<Pair> {
    let twin = catalogue.base(id);
    if twin.digest == Some(facts.digest) {
        return None;
    }
    let (repository, tag) = facts.names.first()?;
    let scope = unseen(facts, catalogue);
    let detection = detect(facts, catalogue, &scope);
    let kinds = parsed.kinds(facts, &detection);
    Some(Pair {
        repository: repository.as_str().to_owned(),
        name: tag.as_str().to_owned(),
        image: facts.digest,
        twin: id,
        composition: compose(facts, &detection, &kinds, catalogue, &scope)?,
        bytes: facts.layer_bytes(),
        on_alpine: twin.bytes,
    })
}

/// Everything but the image's own repositories and what is built on them, which would reveal the variant. An image can
/// be in several repositories, such as mirrors.
fn unseen(facts: &ImageFacts, catalogue: &Catalogue) -> Scope {
    let own = facts
        .names
        .iter()
        .filter_map(|(name, _)| catalogue.repository(name.as_str()));
    let hidden: BTreeSet<_> = own
        .flat_map(|id| catalogue.built_on(id).into_iter().chain([id]))
        .collect();
    Scope::all().excluding(hidden)
}
