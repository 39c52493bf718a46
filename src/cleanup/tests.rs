//! What goes and what is freed, on registries made of values.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::{
    CleanupResult, CleanupRules, Policy, PushTime, PushTimeBasis, RepositoryContent, Rule, TagFacts,
    UntaggedFacts, simulate,
};
use crate::inventory::examples::{digest, image, index, name};
use crate::inventory::{DedupScope, Inventory, InventoryBuilder, ManifestTimes};
use crate::oci::{ManifestKind, RepositoryName};
use crate::pulls::{LastPull, PullLevel, PullState};
use crate::units::Period;

/// The moment at which the tests look at registries.
pub(super) fn now() -> DateTime<Utc> {
    "2026-12-01T00:00:00Z".parse().unwrap()
}

pub(super) fn days_ago(days: i64) -> DateTime<Utc> {
    now() - TimeDelta::days(days)
}

/// A last pull so many days ago, with pulls counted for a year.
pub(super) fn pulled(days: Option<i64>) -> LastPull {
    let day = |days| days_ago(days).date_naive();
    LastPull {
        state: if days.is_some() {
            PullState::Pulled
        } else {
            PullState::NotPulled
        },
        day: days.map(day),
        counted: Some(Period::new(day(365), day(-1)).unwrap()),
        level: PullLevel::Image,
    }
}

/// A repository of an inventory as policies see it; `ages` gives the days since each tag was pushed.
pub(super) fn seen(inventory: &Inventory, repository: &str, ages: impl Fn(&str) -> i64) -> RepositoryContent {
    let repository: RepositoryName = name(repository);
    let nodes = &inventory.repositories;
    let place = nodes.iter().position(|node| node.name == repository).unwrap();
    let node = &nodes[place];
    RepositoryContent {
        place,
        registry: inventory.registry.clone(),
        repository,
        tags: node
            .tags
            .iter()
            .map(|tag| TagFacts {
                tag: tag.tag.clone(),
                manifest: tag.manifest,
                digest: inventory.manifest_digest(tag.manifest),
                pushed: Some(PushTime {
                    at: days_ago(ages(tag.tag.as_str())),
                    basis: PushTimeBasis::Registry,
                }),
                last_pull: pulled(None),
                is_listed: false,
            })
            .collect(),
        untagged: node.untagged.as_ref().map(|manifests| {
            let facts = manifests.iter().map(|&manifest| {
                let times = node.times.get(&manifest).copied().unwrap_or_default();
                UntaggedFacts {
                    manifest,
                    digest: inventory.manifest_digest(manifest),
                    pushed: times.created,
                    idle_since: times.idle_since(),
                    is_part: false,
                }
            });
            facts.collect()
        }),
    }
}

pub(super) fn rules(rules: impl IntoIterator<Item = Rule>) -> Policy {
    Policy::Rules(CleanupRules(rules.into_iter().collect()))
}

fn age(text: &str) -> super::AgeLimit {
    text.parse().unwrap()
}

/// The names of the tags that go, in order of name.
pub(super) fn gone(content: &RepositoryContent, result: &CleanupResult) -> Vec<String> {
    let repository = &result.repositories[0];
    let tags = content.tags.iter().zip(&repository.selection.tags);
    tags.filter(|(_, reason)| reason.is_some())
        .map(|(tag, _)| tag.tag.to_string())
        .collect()
}

/// Tags of one repository, each with a layer of its own on a shared base.
pub(super) fn tagged(tags: &[&str]) -> InventoryBuilder {
    let mut builder = InventoryBuilder::new("reg.example.com".parse().unwrap(), DedupScope::Registry);
    for tag in tags {
        let own = format!("layer of {tag}");
        let (digest, size, manifest) = image(&format!("app {tag}"), &[("base", 1000), (&own, 100)]);
        builder.manifest(digest, size, manifest);
        builder.tag(name("app"), tag.parse().unwrap(), digest);
    }
    builder
}

/// Manifest, configuration and the layer of its own.
const OWN: u64 = 10 + 20 + 100;

/// The tags that go by these rules; tags are as many days old as their last number says.
fn swept(tags: &[&str], by: impl IntoIterator<Item = Rule>) -> (Vec<String>, u64) {
    let inventory = tagged(tags).finish();
    let content = seen(&inventory, "app", last_number);
    let contents = [content];
    let result = simulate(&inventory, &contents, &rules(by), now()).unwrap();
    (gone(&contents[0], &result), result.freed.get())
}

pub(super) fn last_number(tag: &str) -> i64 {
    let digits = tag.rsplit(|character: char| !character.is_ascii_digit()).next();
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

#[test]
fn all_but_the_newest_go_and_free_what_nothing_else_needs() {
    let (tags, freed) = swept(&["t1", "t2", "t3", "t4"], [Rule::KeepNewest(2)]);
    assert_eq!(tags, ["t3", "t4"]);
    assert_eq!(freed, 2 * OWN, "the base stays");
    let (tags, freed) = swept(&["t1", "t2"], [Rule::KeepNewest(0)]);
    assert_eq!((tags.len(), freed), (2, 2 * OWN + 1000));
    assert_eq!(swept(&["t1", "t2"], [Rule::KeepNewest(5)]), (vec![], 0));
}

#[test]
fn of_tags_pushed_at_the_same_time_the_last_by_name_is_the_newest() {
    assert_eq!(swept(&["a", "b", "c"], [Rule::KeepNewest(1)]).0, ["a", "b"]);
}

#[test]
fn a_rule_that_keeps_wins_over_one_that_deletes() {
    let old = || Rule::OlderThan(age("30d"));
    let tags = ["t10", "t40", "t50", "v60"];
    assert_eq!(swept(&tags, [old()]).0, ["t40", "t50", "v60"]);
    assert_eq!(
        swept(&tags, [old(), Rule::Keep("v*".parse().unwrap())]).0,
        ["t40", "t50"]
    );
    // With a rule of age, the newest stay and the others go only if they are that old.
    assert_eq!(swept(&tags, [old(), Rule::KeepNewest(2)]).0, ["t50", "v60"]);
    assert_eq!(
        swept(&["t1", "t2", "t3"], [old(), Rule::KeepNewest(1)]).0,
        Vec::<String>::new()
    );
    let delete = || Rule::Delete("t*".parse().unwrap());
    assert_eq!(
        swept(&tags, [delete(), Rule::KeepNewest(1)]).0,
        ["t40", "t50", "v60"]
    );
    assert_eq!(
        swept(&tags, [Rule::Keep("*".parse().unwrap())]).0,
        Vec::<String>::new()
    );
    assert!(!rules([Rule::Keep("*".parse().unwrap())]).deletes_anything());
}

#[test]
fn releases_are_kept_by_patch_and_by_minor_version() {
    let tags = [
        "1.0.0",
        "1.0.1",
        "1.1.0",
        "1.1.3",
        "1.2.0",
        "2.0.0",
        "2.0.0-rc1",
        "latest",
        "v1.0.0",
    ];
    assert_eq!(swept(&tags, [Rule::KeepNewestPatches(1)]).0, ["1.0.0", "1.1.0"]);
    assert_eq!(
        swept(&tags, [Rule::KeepNewestMinors(2)]).0,
        ["1.0.0", "1.0.1", "1.1.0"],
        "other variants and what is no release stay"
    );
    let both = [Rule::KeepNewestMinors(1), Rule::KeepNewestPatches(1)];
    assert_eq!(
        swept(&tags, both).0,
        ["1.0.0", "1.1.0"],
        "a further rule keeps more"
    );
}

#[test]
fn tags_of_which_pulls_are_not_known_are_not_deleted_for_want_of_pulls() {
    let inventory = tagged(&["new", "never", "old", "unknown", "used"]).finish();
    let mut content = seen(&inventory, "app", |tag| if tag == "new" { 5 } else { 100 });
    let facts = [None, None, Some(70), None, Some(3)];
    for (tag, days) in content.tags.iter_mut().zip(facts) {
        // In order of name: never, new, old, unknown, used.
        tag.last_pull = pulled(days);
    }
    content.tags[3].last_pull = LastPull {
        state: PullState::Unknown,
        counted: None,
        ..pulled(None)
    };
    let contents = [content];
    let swept = |by: Vec<Rule>| {
        let result = simulate(&inventory, &contents, &rules(by), now()).unwrap();
        gone(&contents[0], &result)
    };
    assert_eq!(swept(vec![Rule::NotPulledFor(age("60d"))]), ["never", "old"]);
    assert_eq!(swept(vec![Rule::NotPulledFor(age("80d"))]), ["never"]);
    let kept = Rule::KeepPulledWithin(age("30d"));
    assert_eq!(swept(vec![Rule::OlderThan(age("90d")), kept]), ["never", "old"]);
}

#[test]
fn with_an_index_go_its_images_unless_another_tag_or_index_needs_them() {
    let mut builder = tagged(&["amd64"]);
    let (arm, size, manifest) = image("arm", &[("arm layer", 70)]);
    builder.manifest(arm, size, manifest);
    let (list, size, manifest) = index("list", &[("app amd64", "amd64"), ("arm", "arm64")]);
    builder.manifest(list, size, manifest);
    builder.tag(name("app"), "multi".parse().unwrap(), list);
    let inventory = builder.finish();
    let contents = [seen(&inventory, "app", |_| 1)];
    let policy = rules([Rule::Delete("multi".parse().unwrap())]);
    let result = simulate(&inventory, &contents, &policy, now()).unwrap();
    assert_eq!(result.freed.get(), 5 + 10 + 20 + 70);
    assert_eq!(
        (
            result.repositories[0].manifests.len(),
            result.repositories[0].untagged_manifests
        ),
        (2, 0)
    );
    let policy = rules([Rule::Delete("amd64".parse().unwrap())]);
    let result = simulate(&inventory, &contents, &policy, now()).unwrap();
    assert_eq!(
        (result.freed.get(), result.repositories[0].manifests.len()),
        (0, 0)
    );
}

#[test]
fn signatures_go_with_their_image_and_are_not_counted_among_the_newest() {
    let mut builder = tagged(&["t1", "t2"]);
    let signature = |subject: &str| digest(subject).to_string().replacen(':', "-", 1) + ".sig";
    for subject in ["app t1", "app t2", "gone"] {
        let payload = format!("payload of {subject}");
        let (digest, size, mut manifest) = image(&format!("signature of {subject}"), &[(&payload, 3)]);
        manifest.kind = ManifestKind::Artifact;
        builder.manifest(digest, size, manifest);
        builder.tag(name("app"), signature(subject).parse().unwrap(), digest);
    }
    // A signature of the signature.
    let (countersigned, size, manifest) = image("countersignature", &[("countersigned", 4)]);
    builder.manifest(countersigned, size, manifest);
    let signature_of_signature = signature("signature of app t2");
    builder.tag(
        name("app"),
        signature_of_signature.parse().unwrap(),
        countersigned,
    );
    // And one that is attached by its subject.
    let (attached, size, mut manifest) = image("sbom", &[("packages", 7)]);
    manifest.subject = Some(digest("app t2"));
    builder.manifest(attached, size, manifest);
    builder.referrer(digest("app t2"), attached);
    let inventory = builder.finish();
    let contents = [seen(&inventory, "app", |tag| if tag == "t1" { 1 } else { 2 })];
    let result = simulate(&inventory, &contents, &rules([Rule::KeepNewest(1)]), now()).unwrap();
    let mut expected = vec!["t2".to_owned(), signature("app t2"), signature_of_signature];
    expected.sort();
    assert_eq!(gone(&contents[0], &result), expected);
    assert_eq!(result.freed.get(), OWN + 33 + 34 + 37);
    assert_eq!(result.repositories[0].manifests.len(), 4);
    let by_name = rules([Rule::Delete("sha256-*".parse().unwrap())]);
    let result = simulate(&inventory, &contents, &by_name, now()).unwrap();
    assert_eq!(
        gone(&contents[0], &result),
        [signature("gone")],
        "its image is gone"
    );
}

#[test]
fn untagged_manifests_stay_unless_a_rule_selects_them() {
    let mut builder = tagged(&["t1", "t50"]);
    for (word, layer, idle) in [("old", 60, 10), ("young", 70, 3)] {
        let own = format!("{word} layer");
        let (digest, size, manifest) = image(word, &[("layer of t50", 100), (&own, layer)]);
        builder.manifest(digest, size, manifest);
        builder.listed(name("app"), [digest]);
        let changed = Some(days_ago(idle));
        builder.times(
            name("app"),
            digest,
            ManifestTimes {
                created: None,
                changed,
            },
        );
    }
    let inventory = builder.finish();
    let contents = [seen(&inventory, "app", last_number)];
    let result = |by: Vec<Rule>| simulate(&inventory, &contents, &rules(by), now()).unwrap();
    let old = result(vec![Rule::OlderThan(age("30d"))]);
    assert_eq!(
        old.freed.get(),
        OWN - 100,
        "untagged images need the layer of t50"
    );
    let untagged = || Rule::UntaggedOlderThan(age("7d"));
    let swept = result(vec![untagged()]);
    assert_eq!(swept.freed.get(), 10 + 20 + 60);
    assert_eq!(
        (
            swept.repositories[0].manifests.len(),
            swept.repositories[0].untagged_manifests
        ),
        (1, 1)
    );
    let all = result(vec![
        Rule::UntaggedOlderThan(age("0d")),
        Rule::OlderThan(age("30d")),
    ]);
    assert_eq!(all.freed.get(), OWN + 90 + 100);
}

#[test]
fn what_several_repositories_release_is_divided_among_them() {
    for (scope, [app, web], total) in [
        (DedupScope::Registry, [OWN + 500, OWN + 500], 2 * OWN + 1000),
        (DedupScope::Repository, [OWN + 1000, OWN + 1000], 2 * OWN + 2000),
    ] {
        let mut builder = InventoryBuilder::new("reg.example.com".parse().unwrap(), scope);
        for repository in ["app", "web"] {
            let own = format!("layer of {repository}");
            let (digest, size, manifest) = image(repository, &[("base", 1000), (&own, 100)]);
            builder.manifest(digest, size, manifest);
            builder.tag(name(repository), "old".parse().unwrap(), digest);
        }
        let inventory = builder.finish();
        let contents = ["app", "web"].map(|repository| seen(&inventory, repository, |_| 1));
        let all = rules([Rule::Delete("*".parse().unwrap())]);
        let result = simulate(&inventory, &contents, &all, now()).unwrap();
        let freed: Vec<u64> = result.repositories.iter().map(|row| row.freed.get()).collect();
        assert_eq!((freed, result.freed.get()), (vec![app, web], total));
        let one = simulate(&inventory, &contents[..1], &all, now()).unwrap();
        let alone = if scope.is_registry() { OWN } else { OWN + 1000 };
        assert_eq!(
            one.freed.get(),
            alone,
            "the other repository still holds the base"
        );
    }
}

#[test]
fn a_push_is_as_old_as_the_best_source_says() {
    let moment = |days| Some(days_ago(days));
    let basis = |registry, seen, appeared, built| {
        PushTime::best(registry, seen, appeared, built).map(|time| (time.basis, (now() - time.at).num_days()))
    };
    assert_eq!(
        basis(moment(1), moment(2), true, moment(3)),
        Some((PushTimeBasis::Registry, 1))
    );
    assert_eq!(
        basis(None, moment(2), true, moment(3)),
        Some((PushTimeBasis::FirstSeen, 2))
    );
    assert_eq!(
        basis(None, moment(2), false, moment(3)),
        Some((PushTimeBasis::ImageBuilt, 3))
    );
    assert_eq!(
        basis(None, moment(2), false, None),
        Some((PushTimeBasis::FirstCrawl, 2))
    );
    assert_eq!(basis(None, None, false, None), None);
}

#[test]
fn a_tag_without_any_time_stays() {
    let inventory = tagged(&["t1", "t2"]).finish();
    let mut content = seen(&inventory, "app", |_| 100);
    for tag in &mut content.tags {
        tag.pushed = None;
    }
    let contents = [content];
    let policy = rules([Rule::KeepNewest(0), Rule::OlderThan(age("1d"))]);
    let result = simulate(&inventory, &contents, &policy, now()).unwrap();
    assert_eq!(gone(&contents[0], &result), Vec::<String>::new());
    let never: Option<NaiveDate> = contents[0].tags[0].last_pull.day;
    assert_eq!(never, None);
}
