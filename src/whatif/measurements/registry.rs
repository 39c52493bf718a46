//! The corpus as one registry: what is saved, beside the naive sum and beside the truth where it is known.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::{Duration, Instant};

use super::super::compose::own_twin;
use super::super::pairs::{pair_of, unseen};
use super::super::replace::{Moving, Replacer};
use super::*;
use crate::base_image::{Scope, detect};
use crate::inventory::ManifestId;
use crate::oci::Digest;

fn shown(bytes: i64) -> String {
    format!("{:.2} GB", bytes as f64 / 1e9)
}

#[test]
fn the_whole_registry_is_analysed_within_a_second() {
    let Some(corpus) = corpus::load("") else {
        println!("skipped: no corpus");
        return;
    };
    let (model, rules, settings) = (
        AlpineModel::shipped(),
        BoundRules::shipped(),
        VerdictSettings::default(),
    );
    let catalogue = catalogue(&corpus.images, true);
    let start = Instant::now();
    let analysis = Judgement {
        catalogue: &catalogue,
        model: &model,
        rules: &rules,
        settings: &settings,
    }
    .analyse(&corpus.inventory, &corpus.images)
    .unwrap();
    let elapsed = start.elapsed();
    println!("{} images analysed in {elapsed:?}", corpus.images.len());
    assert!(cfg!(debug_assertions) || elapsed < Duration::from_secs(1));

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
    for (facts, image) in corpus.images.iter().zip(&analysis.images) {
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
/// their real twins would save: in a registry that does not hold those twins yet.
#[test]
fn the_registrys_saving_is_near_the_truth() {
    let Some(corpus) = corpus::load("linux/amd64") else {
        println!("skipped: no corpus");
        return;
    };
    let catalogue = catalogue(&corpus.images, true);
    let readings = Readings::of(&corpus.images);
    let model = AlpineModel::shipped();
    let mut known = Vec::new();
    for facts in &corpus.images {
        let Some(twin) = own_twin(facts, &catalogue, &Scope::all()) else {
            continue;
        };
        let Some(pair) = pair_of(facts, twin, &catalogue, &readings) else {
            continue;
        };
        known.push((facts, pair.composition, catalogue.base(twin)));
    }
    for (name, classes) in [
        ("A+B", &[EvidenceClass::A, EvidenceClass::B][..]),
        ("C", &[EvidenceClass::C]),
        ("A+B+C", &[EvidenceClass::A, EvidenceClass::B, EvidenceClass::C]),
    ] {
        let chosen = || {
            known
                .iter()
                .filter(|(_, composition, _)| classes.contains(&composition.class))
        };
        let meant: HashSet<Digest> = chosen().map(|(facts, ..)| facts.digest).collect();
        let before = corpus::load_without("linux/amd64", &|digest| !meant.contains(digest))
            .unwrap()
            .inventory;
        let ids: HashMap<Digest, ManifestId> = (0..before.manifests().len() as ManifestId)
            .map(|id| (before.manifest_digest(id), id))
            .collect();
        let steps: Vec<_> = chosen()
            .map(|(facts, ..)| detect(facts, &catalogue, &unseen(facts, &catalogue)).steps)
            .collect();
        let moving: Vec<_> = chosen()
            .zip(&steps)
            .map(|((facts, composition, _), steps)| Moving {
                manifest: ids[&facts.digest],
                facts,
                steps,
                composition,
            })
            .collect();
        let modelled = Replacer::new(&model, Coverage::Ninety).replacements(&before, &moving);
        let real: HashMap<_, _> = chosen()
            .map(|(facts, _, twin)| {
                let layers = twin.layers.iter().map(|layer| LayerAfter {
                    identity: LayerIdentity::Published(layer.digest.unwrap()),
                    size: Spread::exact(layer.bytes),
                });
                let layers = layers.collect();
                let twin = twin.name().to_string();
                (ids[&facts.digest], Replacement { twin, layers })
            })
            .collect();
        let outcome = |replacements: &HashMap<ManifestId, Replacement>| {
            Counterfactual::new(&before, replacements)
                .switching(|_| true)
                .unwrap()
        };
        let (predicted, truth) = (outcome(&modelled), outcome(&real));
        for (one, other) in predicted.repositories.iter().zip(&truth.repositories) {
            println!(
                "    {}: before {} joint {} true {}",
                one.repository,
                shown(one.attributed_before_bytes.as_i64()),
                shown(one.joint_saving_bytes.expected),
                shown(other.joint_saving_bytes.expected)
            );
        }
        let (predicted, truth) = (predicted.registry, truth.registry);
        let error = predicted.saving_bytes.expected as f64 / truth.saving_bytes.expected as f64 - 1.0;
        println!(
            "{name}: {} images, before {}, predicted {} ({} to {}), true {}, off by {:.1} %, naive {} (true naive {})",
            modelled.len(),
            shown(truth.stored_before_bytes.as_i64()),
            shown(predicted.saving_bytes.expected),
            shown(predicted.saving_bytes.low),
            shown(predicted.saving_bytes.high),
            shown(truth.saving_bytes.expected),
            100.0 * error,
            shown(predicted.naive_saving_bytes.expected),
            shown(truth.naive_saving_bytes.expected),
        );
        let truth = truth.saving_bytes.expected;
        assert!(predicted.saving_bytes.low <= truth && truth <= predicted.saving_bytes.high);
        // Judged together, a base of class C is modelled while what stands on it uses its real twin, so
        // that both are counted; each class by itself is free of that.
        let tolerance = if name == "A+B+C" { 0.08 } else { 0.05 };
        assert!(error.abs() <= tolerance, "{name}: {error}");
    }
}
