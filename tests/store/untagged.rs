//! What registries list beside what their tags reach.

use std::time::Duration;

use tare::inventory::{Finding, ManifestListing, RepositoryListing, account};
use tare::oci::Digest;
use tare::store::{Retention, Store};

use super::retention::keep_all;
use super::sample::{image, listing, listing_all, tag};
use super::{TestDatabase, complete_end, day, inventory_at, on_both_databases, registry, what_is_known};

on_both_databases!(
    what_no_tag_reaches_comes_back_as_it_was_on_any_day,
    a_list_that_is_not_to_be_had_leaves_nothing_known,
    what_is_listed_is_not_fetched_again_and_not_forgotten,
    a_deleted_repository_takes_its_list_along,
);

/// A crawl that finds this.
async fn crawl(store: &Store, on: u32, findings: &[Finding]) {
    let mut saver = store.begin_crawl(&registry(), 1, day(on)).await.unwrap();
    saver.save(findings, day(on)).await.unwrap();
    // Saving twice is the same as saving once.
    saver.save(findings, day(on)).await.unwrap();
    let end = complete_end();
    saver.finish(&end, day(on)).await.unwrap();
}

/// How many manifests no tag reached on the evening of a day, or now.
async fn untagged(store: &Store, on: Option<u32>) -> Option<usize> {
    let moment = on.map(|on| day(on) + chrono::TimeDelta::hours(6));
    let accounting = account(&inventory_at(store, moment).await).unwrap();
    accounting.registry.untagged_manifests
}

/// An image and two older ones without a tag.
fn three_versions() -> (Vec<Finding>, [Digest; 3]) {
    let mut findings = Vec::new();
    let digests = ["1", "2", "3"].map(|version| {
        let (digest, more) = image(version);
        // Of what no tag reaches, no configuration is read.
        findings.extend(more.into_iter().take(if version == "3" { 2 } else { 1 }));
        digest
    });
    findings.push(tag("api", "latest", digests[2]));
    findings.push(listing_all("api", &["latest"], &digests));
    (findings, digests)
}

async fn what_no_tag_reaches_comes_back_as_it_was_on_any_day(database: TestDatabase) {
    let store = database.open().await;
    let (findings, [one, two, three]) = three_versions();
    crawl(
        &store,
        1,
        &[tag("api", "latest", three), listing("api", &["latest"])],
    )
    .await;
    crawl(&store, 2, &findings).await;
    assert_eq!(untagged(&store, None).await, Some(2));
    // The tag goes back to the second version, so the third has none.
    crawl(
        &store,
        3,
        &[
            tag("api", "latest", two),
            listing_all("api", &["latest"], &[one, two, three]),
        ],
    )
    .await;
    assert_eq!(untagged(&store, None).await, Some(2));
    // The first is deleted, then everything that has no tag.
    crawl(&store, 4, &[listing_all("api", &["latest"], &[two, three])]).await;
    crawl(&store, 5, &[listing_all("api", &["latest"], &[two])]).await;
    let mut over_time = Vec::new();
    for on in 1..=5 {
        over_time.push(untagged(&store, Some(on)).await);
    }
    assert_eq!(over_time, [None, Some(2), Some(2), Some(1), Some(0)]);
    // It comes back: the same digest pushed once more.
    crawl(&store, 6, &[listing_all("api", &["latest"], &[one, two])]).await;
    assert_eq!(untagged(&store, None).await, Some(1));
    assert_eq!(untagged(&store, Some(5)).await, Some(0));
}

async fn a_list_that_is_not_to_be_had_leaves_nothing_known(database: TestDatabase) {
    let store = database.open().await;
    let (findings, _) = three_versions();
    crawl(&store, 1, &findings).await;
    let unread = Finding::Repository(RepositoryListing {
        repository: "api".parse().unwrap(),
        tags: vec!["latest".parse().unwrap()],
        listed_to_the_end: true,
        complete: false,
        manifests: ManifestListing::Unread,
    });
    crawl(&store, 2, &[unread]).await;
    assert_eq!(untagged(&store, None).await, Some(2), "a failure changes nothing");
    crawl(&store, 3, &[listing("api", &["latest"])]).await;
    assert_eq!(untagged(&store, None).await, None);
    assert_eq!(untagged(&store, Some(2)).await, Some(2));
}

async fn what_is_listed_is_not_fetched_again_and_not_forgotten(database: TestDatabase) {
    let store = database.open().await;
    let (findings, [one, two, three]) = three_versions();
    crawl(&store, 1, &findings).await;
    let known = what_is_known(&store, &registry().name).await;
    assert!(known.complete.contains(&three));
    assert!([one, two].iter().all(|digest| known.incomplete.contains(digest)));
    assert!(known.partial.is_empty(), "no tag reaches them");

    crawl(&store, 2, &[listing_all("api", &["latest"], &[two, three])]).await;
    let keep_ten_days = Retention {
        tag_history: Some(Duration::from_secs(10 * 86_400)),
        ..keep_all()
    };
    let pruned = store.prune(&keep_ten_days, day(20)).await.unwrap();
    assert_eq!(pruned.manifests, 1, "{pruned:?}");
    let known = what_is_known(&store, &registry().name).await;
    assert!(!known.incomplete.contains(&one) && known.incomplete.contains(&two));
    assert_eq!(untagged(&store, None).await, Some(1));
}

async fn a_deleted_repository_takes_its_list_along(database: TestDatabase) {
    let store = database.open().await;
    let (mut findings, _) = three_versions();
    let (other, more) = image("other");
    findings.extend(more);
    findings.extend([tag("web", "1", other), listing_all("web", &["1"], &[other])]);
    crawl(&store, 1, &findings).await;
    assert_eq!(untagged(&store, None).await, Some(2));
    crawl(&store, 2, &[listing_all("web", &["1"], &[other])]).await;
    assert_eq!(untagged(&store, None).await, Some(0));
}
