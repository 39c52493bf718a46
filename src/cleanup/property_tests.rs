//! Properties that hold for every registry and every set of rules, checked on generated ones.

use proptest::prelude::*;

use super::tests::{days_ago, now, rules, seen};
use super::{Policy, RepositoryContent, Rule, simulate};
use crate::inventory::examples::{image, name};
use crate::inventory::{DedupScope, Inventory, InventoryBuilder, ManifestTimes, account};

/// Repositories; each a list of images, which have layers out of ten and may have no tag.
type Registry = Vec<Vec<(Vec<usize>, bool)>>;

fn registries() -> impl Strategy<Value = Registry> {
    let image = (proptest::collection::vec(0_usize..10, 0..5), any::<bool>());
    proptest::collection::vec(proptest::collection::vec(image, 0..6), 1..6)
}

fn some_rules() -> impl Strategy<Value = Vec<Rule>> {
    let days = |days: u32| super::AgeLimit::from_days(days).unwrap();
    let rule = prop_oneof![
        (0_u32..4).prop_map(Rule::KeepNewest),
        (1_u32..3).prop_map(Rule::KeepNewestPatches),
        (1_u32..3).prop_map(Rule::KeepNewestMinors),
        (0_u32..30).prop_map(move |age| Rule::OlderThan(days(age))),
        (0_u32..30).prop_map(move |age| Rule::NotPulledFor(days(age))),
        (0_u32..30).prop_map(move |age| Rule::UntaggedOlderThan(days(age))),
        "[0-3]\\*|\\*[0-3]".prop_map(|glob| Rule::Delete(glob.parse().unwrap())),
    ];
    proptest::collection::vec(rule, 0..4)
}

fn keeping_rule() -> impl Strategy<Value = Rule> {
    prop_oneof![
        "[0-3]\\*|\\*[0-3]".prop_map(|glob| Rule::Keep(glob.parse().unwrap())),
        (0_u32..30).prop_map(|age| Rule::KeepPulledWithin(super::AgeLimit::from_days(age).unwrap())),
    ]
}

fn inventory(registry: &Registry, scope: DedupScope) -> Inventory {
    let mut builder = InventoryBuilder::new("reg.example.com".parse().unwrap(), scope);
    for (repository, images) in registry.iter().enumerate() {
        let repository = name(&format!("r{repository}"));
        builder.listed(repository.clone(), []);
        for (number, (layers, is_tagged)) in images.iter().enumerate() {
            let names: Vec<String> = layers.iter().map(|layer| format!("layer {layer}")).collect();
            let sized: Vec<(&str, u32)> = names
                .iter()
                .zip(layers)
                .map(|(name, &layer)| (name.as_str(), 7_u32.pow(layer as u32)))
                .collect();
            let (digest, size, manifest) = image(&format!("{layers:?}"), &sized);
            builder.manifest(digest, size, manifest);
            builder.listed(repository.clone(), [digest]);
            let changed = Some(days_ago(number as i64 * 7));
            let times = ManifestTimes {
                created: None,
                changed,
            };
            builder.times(repository.clone(), digest, times);
            if *is_tagged {
                let tag = format!("{}.{}.{number}", number % 2, number / 2);
                builder.tag(repository.clone(), tag.parse().unwrap(), digest);
            }
        }
    }
    builder.finish()
}

fn contents(inventory: &Inventory) -> Vec<RepositoryContent> {
    let nodes = inventory.repositories.iter();
    let age = |tag: &str| i64::from(tag.bytes().map(u32::from).sum::<u32>() % 40);
    nodes
        .map(|node| seen(inventory, node.name.as_str(), age))
        .collect()
}

/// What a registry stores, with what no tag reaches, by the accounting.
fn stored(inventory: &Inventory) -> u64 {
    let totals = account(inventory).unwrap().registry;
    totals.stored_bytes.get() + totals.untagged_bytes.unwrap_or_default().get()
}

/// The registry after the clean-up.
fn cleaned(inventory: &Inventory, contents: &[RepositoryContent], policy: &Policy) -> Inventory {
    let result = simulate(inventory, contents, policy, now()).unwrap();
    let mut after = inventory.clone();
    for (content, outcome) in contents.iter().zip(&result.repositories) {
        let node = &mut after.repositories[content.place];
        let mut goes = outcome.selection.tags.iter();
        node.tags.retain(|_| goes.next().is_some_and(Option::is_none));
        let mut goes = outcome.selection.untagged.iter();
        if let Some(untagged) = &mut node.untagged {
            untagged.retain(|_| goes.next() == Some(&false));
        }
    }
    after
}

proptest! {
    #[test]
    fn what_is_freed_is_the_difference_of_what_is_stored(registry in registries(), by in some_rules()) {
        for scope in [DedupScope::Registry, DedupScope::Repository] {
            let inventory = inventory(&registry, scope);
            let contents = contents(&inventory);
            let policy = rules(by.clone());
            let result = simulate(&inventory, &contents, &policy, now()).unwrap();
            prop_assert_eq!(result.stored_before.get(), stored(&inventory));
            let left = stored(&cleaned(&inventory, &contents, &policy));
            prop_assert_eq!(result.freed.get(), stored(&inventory) - left);
            let parts: u64 = result.repositories.iter().map(|row| row.freed.get()).sum();
            prop_assert_eq!(parts, result.freed.get(), "the parts add up");
        }
    }

    #[test]
    fn a_further_rule_that_keeps_never_frees_more(
        registry in registries(),
        by in some_rules(),
        keeping in keeping_rule(),
    ) {
        let inventory = inventory(&registry, DedupScope::Registry);
        let contents = contents(&inventory);
        let freed = |by: Vec<Rule>| simulate(&inventory, &contents, &rules(by), now()).unwrap().freed;
        let more = by.iter().cloned().chain([keeping]).collect();
        prop_assert!(freed(more) <= freed(by));
    }

    #[test]
    fn a_larger_number_to_keep_never_frees_more(registry in registries(), by in some_rules(), number in 0_u32..4) {
        let inventory = inventory(&registry, DedupScope::Registry);
        let contents = contents(&inventory);
        let freed = |number| {
            let with = by.iter().cloned().chain([Rule::KeepNewest(number)]).collect::<Vec<_>>();
            simulate(&inventory, &contents, &rules(with), now()).unwrap().freed
        };
        prop_assert!(freed(number + 1) <= freed(number));
    }
}
