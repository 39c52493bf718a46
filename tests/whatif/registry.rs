//! The corpus as one registry: what is saved, beside the naive sum and beside the truth where it is known.

use std::collections::{BTreeMap, HashMap};

use tare::base_image::{Detection, ImageFacts, Scope, detect};
use tare::inventory::ManifestId;
use tare::oci::Digest;
use tare::whatif::{
    AlpineModel, AnalysisContext, Counterfactual, Coverage, EvidenceClass, GlibcRules, ImageMove,
    LayerIdentity, NewLayer, Pair, ParsedSteps, Replacement, ReplacementBuilder, UncertainSize, Verdict,
    VerdictSettings, own_twin, pairs,
};

use super::{catalogue, images};
use crate::support::inventory::inventory;

fn shown(bytes: i64) -> String {
    format!("{:.2} GB", bytes as f64 / 1e9)
}

#[test]
#[cfg_attr(not(corpus), ignore = "skipped: the corpus is absent")]
fn the_savings_of_the_whole_registry_add_up() {
    // Unoptimised code gets the images of one platform; optimised code all of them.
    let architecture = Some("amd64").filter(|_| cfg!(debug_assertions));
    let images = images(architecture);
    let (model, rules, settings) = (
        AlpineModel::shipped(),
        GlibcRules::shipped(),
        VerdictSettings::default(),
    );
    let inventory = inventory(&images);
    let catalogue = catalogue(&images);
    let analysis = AnalysisContext {
        catalogue: &catalogue,
        model: &model,
        rules: &rules,
        settings: &settings,
    }
    .analyse(&inventory, &images)
    .unwrap();
    let outcome = &analysis.outcome;
    println!("{:?}", outcome.registry);
    let joint: i64 = outcome
        .repositories
        .iter()
        .map(|one| one.joint_saving_bytes.expected)
        .sum();
    assert_eq!(joint, outcome.registry.saving_bytes.expected);
    assert!(outcome.registry.naive_saving_bytes.expected > outcome.registry.saving_bytes.expected);

    let mut verdicts: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (repository, one) in outcome.repositories.iter().zip(&analysis.repositories) {
        let name = repository.repository.as_str();
        verdicts
            .entry(one.verdict.verdict.as_str())
            .or_default()
            .push(name);
        println!(
            "{name}: {} ({}) solo {} joint {} break-even {:?}",
            one.verdict.verdict.as_str(),
            one.verdict.reason,
            shown(repository.solo_saving_bytes.expected),
            shown(repository.joint_saving_bytes.expected),
            repository.break_even_repositories,
        );
    }
    for (verdict, repositories) in verdicts {
        println!("{verdict}: {repositories:?}");
    }
    // No image that is larger on Alpine may be told to switch.
    for (facts, image) in images.iter().zip(&analysis.images) {
        if let Some(twin) = own_twin(facts, &catalogue, &Scope::all()) {
            let is_larger = catalogue.base(twin).bytes >= facts.layer_bytes();
            assert!(
                !(is_larger && image.verdict.verdict == Verdict::Switch),
                "{:?}",
                facts.names
            );
        }
    }
}

/// What the repositories with real twins would save, predicted without knowing those twins, against what
/// their real twins would save: in a registry that holds their images on other systems and nothing else.
#[test]
#[cfg_attr(not(corpus), ignore = "skipped: the corpus is absent")]
fn the_registrys_saving_is_near_the_truth() {
    let images = images(Some("amd64"));
    let catalogue = catalogue(&images);
    let known = pairs(&images, &catalogue, &ParsedSteps::from_images(&images));
    let by_digest: HashMap<Digest, &ImageFacts> = images.iter().map(|facts| (facts.digest, facts)).collect();
    let model = AlpineModel::shipped();
    use EvidenceClass::{A, B, C};
    // Judged together, a base of class C is modelled while what stands on it uses its real twin, so that
    // both are counted; each class by itself is free of that.
    for (name, classes, tolerance) in [
        ("A+B", &[A, B][..], 0.05),
        ("C", &[C], 0.05),
        ("A+B+C", &[A, B, C], 0.08),
    ] {
        let chosen: Vec<(&Pair, &ImageFacts, Detection)> = known
            .iter()
            .filter(|pair| classes.contains(&pair.composition.class))
            .map(|pair| {
                let facts = by_digest[&pair.image];
                (pair, facts, detect(facts, &catalogue, &Scope::all()))
            })
            .collect();
        let before = inventory(chosen.iter().map(|(_, facts, _)| *facts));
        let ids: HashMap<Digest, ManifestId> = (0..before.manifests().len() as ManifestId)
            .map(|id| (before.manifest_digest(id), id))
            .collect();
        let moving: Vec<_> = chosen
            .iter()
            .map(|(pair, facts, detection)| ImageMove {
                manifest: ids[&facts.digest],
                facts,
                steps: &detection.steps,
                composition: &pair.composition,
            })
            .collect();
        let modelled = ReplacementBuilder::new(&model, Coverage::Ninety).replacements(&before, &moving);
        let real = chosen.iter().map(|(pair, ..)| {
            let twin = catalogue.base(pair.twin);
            let layers = twin.layers.iter().map(|layer| NewLayer {
                identity: LayerIdentity::Published(layer.digest.unwrap()),
                size: UncertainSize::exact(layer.bytes),
            });
            let replacement = Replacement {
                twin: twin.name().to_string(),
                layers: layers.collect(),
            };
            (ids[&pair.image], replacement)
        });
        let outcome = |replacements: &HashMap<ManifestId, Replacement>| {
            let outcome = Counterfactual::new(&before, replacements).switching(|_| true);
            outcome.unwrap().registry
        };
        let (predicted, truth) = (outcome(&modelled), outcome(&real.collect()));
        let saving = truth.saving_bytes.expected;
        let error = predicted.saving_bytes.expected as f64 / saving as f64 - 1.0;
        println!(
            "{name}: {} images of {}, predicted saving {} ({} to {}), true {} (off by {:.1} %), naive {}",
            moving.len(),
            shown(truth.stored_before_bytes.as_i64()),
            shown(predicted.saving_bytes.expected),
            shown(predicted.saving_bytes.low),
            shown(predicted.saving_bytes.high),
            shown(saving),
            100.0 * error,
            shown(predicted.naive_saving_bytes.expected),
        );
        assert!(predicted.saving_bytes.low <= saving && saving <= predicted.saving_bytes.high);
        assert!(error.abs() <= tolerance, "{name}: {error}");
    }
}
