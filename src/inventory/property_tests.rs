//! Properties that hold for every registry, checked on generated ones.

use proptest::prelude::*;

use super::examples::{image, name};
use super::{ContentCounts, DedupScope, InventoryBuilder, account, account_tags};
use crate::units::ByteCount;

/// The layers of each tag of each repository, out of twelve.
fn registries() -> impl Strategy<Value = Vec<Vec<Vec<usize>>>> {
    let image = proptest::collection::vec(0_usize..12, 0..6);
    proptest::collection::vec(proptest::collection::vec(image, 0..5), 1..9)
}

/// Sizes that seldom divide evenly.
fn layer_size(layer: usize) -> u32 {
    [
        1,
        2,
        3,
        5,
        7,
        11,
        101,
        1009,
        10_007,
        100_003,
        999_983,
        4_000_000_007,
    ][layer]
}

fn builder(registry: &[Vec<Vec<usize>>], scope: DedupScope, reversed: bool) -> InventoryBuilder {
    let mut facts = Vec::new();
    for (repository, tags) in registry.iter().enumerate() {
        for (tag, layers) in tags.iter().enumerate() {
            let names: Vec<_> = layers.iter().map(|layer| format!("layer {layer}")).collect();
            let sized: Vec<_> = names
                .iter()
                .zip(layers)
                .map(|(name, &layer)| (name.as_str(), layer_size(layer)))
                .collect();
            facts.push((
                format!("r{repository}"),
                format!("t{tag}"),
                image(&format!("{layers:?}"), &sized),
            ));
        }
    }
    if reversed {
        facts.reverse();
    }
    let mut builder = InventoryBuilder::new("reg.example.com".parse().expect("a registry name"), scope);
    for (repository, tag, (digest, size, manifest)) in facts {
        builder.manifest(digest, size, manifest);
        builder.tag(name(&repository), tag.parse().expect("a tag"), digest);
    }
    builder
}

proptest! {
    #[test]
    fn shares_sum_to_what_is_stored(registry in registries()) {
        for scope in [DedupScope::Registry, DedupScope::Repository] {
            let accounting = account(&builder(&registry, scope, false).finish()).unwrap();
            let sum = |bytes: fn(&super::RepositoryTotals) -> ByteCount| -> u64 {
                accounting.repositories.iter().map(|totals| bytes(totals).get()).sum()
            };
            prop_assert_eq!(sum(|totals| totals.attributed_bytes), accounting.registry.stored_bytes.get());
            prop_assert_eq!(sum(|totals| totals.logical_bytes), accounting.registry.logical_bytes.get());
            prop_assert!(sum(|totals| totals.exclusive_bytes) <= accounting.registry.stored_bytes.get());
            for totals in &accounting.repositories {
                prop_assert!(totals.exclusive_bytes <= totals.attributed_bytes);
                prop_assert!(totals.attributed_bytes <= totals.stored_bytes);
                prop_assert!(totals.stored_bytes <= totals.logical_bytes);
            }
        }
    }

    #[test]
    fn what_is_counted_is_what_is_accounted_for(registry in registries()) {
        for scope in [DedupScope::Registry, DedupScope::Repository] {
            let inventory = builder(&registry, scope, false).finish();
            let totals = account(&inventory).unwrap().registry;
            let expected = ContentCounts {
                repositories: totals.repositories,
                tags: totals.tags,
                manifests: totals.manifests,
                blobs: totals.blobs,
            };
            prop_assert_eq!(ContentCounts::new(&inventory, |_| true), expected);
            let chosen = name("r0");
            let alone = account(&builder(&registry[..1], scope, false).finish()).unwrap().registry;
            let counts = ContentCounts::new(&inventory, |name| *name == chosen);
            prop_assert_eq!((counts.manifests, counts.blobs), (alone.manifests, alone.blobs));
        }
    }

    #[test]
    fn the_order_of_facts_never_matters(registry in registries()) {
        let forwards = account(&builder(&registry, DedupScope::Registry, false).finish()).unwrap();
        let backwards = account(&builder(&registry, DedupScope::Registry, true).finish()).unwrap();
        prop_assert_eq!(forwards, backwards);
    }

    #[test]
    fn deleting_a_repository_frees_its_exclusive_bytes(registry in registries()) {
        let before = account(&builder(&registry, DedupScope::Registry, false).finish()).unwrap();
        let after = account(&builder(&registry[..registry.len() - 1], DedupScope::Registry, false).finish()).unwrap();
        let last = name(&format!("r{}", registry.len() - 1));
        let freed = before
            .repositories
            .iter()
            .find(|totals| totals.repository == last)
            .map_or(0, |totals| totals.exclusive_bytes.get());
        prop_assert_eq!(before.registry.stored_bytes.get() - after.registry.stored_bytes.get(), freed);
    }

    #[test]
    fn tags_sum_to_their_repository(registry in registries()) {
        for scope in [DedupScope::Registry, DedupScope::Repository] {
            let inventory = builder(&registry, scope, false).finish();
            for totals in account(&inventory).unwrap().repositories {
                let tags = account_tags(&inventory, &totals.repository).unwrap().unwrap();
                let sum: u64 = tags.iter().map(|tag| tag.attributed_bytes.get()).sum();
                prop_assert_eq!(sum, totals.attributed_bytes.get());
            }
        }
    }
}
