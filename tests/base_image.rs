//! How well bases are found on images whose parent is known. They come from the corpus.

use tare::base_image::{
    BaseName, Catalogue, CatalogueBuilder, Detection, Evidence, ImageFacts, Scope, detect,
};

use crate::support::corpus::corpus;

/// The names of an image's parent in another repository, as its layers show.
fn parent(facts: &ImageFacts, found: &Detection, catalogue: &Catalogue) -> Vec<BaseName> {
    let by_layers = |layers: Option<usize>| {
        found.candidates.iter().filter(move |candidate| {
            candidate.evidence == Evidence::LayerDigests
                && candidate.layers < facts.layers.len()
                && layers.is_none_or(|layers| layers == candidate.layers)
        })
    };
    let names = |candidate: &tare::base_image::Candidate| {
        let names = candidate.base.map(|id| &catalogue.base(id).names);
        let names = names.into_iter().flatten().map(|name| BaseName::clone(name));
        names.collect::<Vec<_>>()
    };
    let is_foreign = |name: &BaseName| !facts.names.iter().any(|(own, _)| own.as_str() == name.repository);
    let longest = by_layers(None)
        .filter(|candidate| names(candidate).iter().any(is_foreign))
        .map(|candidate| candidate.layers)
        .max();
    match longest {
        Some(layers) => by_layers(Some(layers))
            .flat_map(names)
            .filter(is_foreign)
            .collect(),
        None => Vec::new(),
    }
}

#[test]
#[cfg_attr(not(corpus), ignore = "skipped: the corpus is absent")]
fn without_digests_the_rest_still_names_the_right_base() {
    let mut images = corpus("train-head");
    images.retain(|facts| facts.platform.architecture == "amd64");
    let registry = "registry.example.com".parse().expect("a name");
    let mut builder = CatalogueBuilder::new();
    builder.shipped().expect("the shipped catalogue");
    for facts in &images {
        builder.image(&registry, facts);
    }
    let catalogue = builder.finish();
    let blind = Scope::all()
        .hiding(Evidence::LayerDigests)
        .hiding(Evidence::DiffIds)
        .hiding(Evidence::SystemLayer);

    let (mut sure, mut right, mut systems, mut same_system) = (0, 0, 0, 0);
    for facts in &images {
        let known = detect(facts, &catalogue, &Scope::all());
        let parents = parent(facts, &known, &catalogue);
        if parents.is_empty() {
            continue;
        }
        let found = detect(facts, &catalogue, &blind);
        let system = |found: &Detection| found.system.as_ref().map(|found| found.system.name.clone());
        systems += 1;
        same_system += usize::from(system(&found) == system(&known));
        let Some(best) = found.base().filter(|best| best.confidence.get() >= 80) else {
            continue;
        };
        let names = best
            .base
            .map(|id| catalogue.base(id).names.clone())
            .unwrap_or_default();
        // A base beneath the known parent's rebuild may be found deeper than layers can show; it must
        // never be another runtime altogether.
        sure += 1;
        let agrees = names.iter().any(|name| {
            parents.iter().any(|parent| {
                parent.repository == name.repository || {
                    let of = |name: &BaseName| catalogue.repository(&name.repository);
                    let (one, other) = (of(name), of(parent));
                    one.zip(other)
                        .is_some_and(|(one, other)| catalogue.built_on(other).contains(&one))
                }
            })
        });
        right += usize::from(agrees);
    }
    assert!(sure > 500 && systems > 1_000, "{sure} {systems}");
    assert!(right * 100 >= sure * 98, "{right} of {sure} named rightly");
    assert!(
        same_system * 100 >= systems * 98,
        "{same_system} of {systems} systems"
    );
}
