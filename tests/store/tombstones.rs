use std::time::Duration;

use tare::inventory::{Fault, FaultKind, Finding, account};
use tare::oci::RepositoryName;
use tare::store::{CrawlEnd, Store};

use super::sample::{image, listing, tag};
use super::{
    TestDatabase, complete_end, day, inventory_at, on_both_databases, registry, saved_inventory,
    what_is_known,
};

on_both_databases!(
    a_tag_counts_as_deleted_after_several_listings_without_it,
    a_listed_tag_that_cannot_be_found_is_missed_too,
    a_repository_counts_as_deleted_after_several_catalogues_without_it,
    what_a_crawl_did_not_look_for_is_not_missed,
);

/// A crawl that finds this and comes to its end.
async fn crawl(
    store: &Store,
    on: u32,
    findings: &[Finding],
    scope: &(dyn Fn(&RepositoryName) -> bool + Sync),
) {
    let mut saver = store.begin_crawl(&registry(), 3, day(on)).await.unwrap();
    saver.save(findings, day(on)).await.unwrap();
    let end = CrawlEnd {
        in_scope: scope,
        ..complete_end()
    };
    saver.finish(&end, day(on)).await.unwrap();
}

async fn tags_on(store: &Store, on: u32) -> usize {
    let inventory = inventory_at(store, Some(day(on))).await;
    account(&inventory).unwrap().registry.tags
}

async fn repositories_now(store: &Store) -> usize {
    let inventory = saved_inventory(store).await;
    inventory.repositories.len()
}

async fn a_tag_counts_as_deleted_after_several_listings_without_it(database: TestDatabase) {
    let store = database.open().await;
    let (api, mut findings) = image("api");
    findings.extend([
        tag("api", "1", api),
        tag("api", "2", api),
        listing("api", &["1", "2"]),
    ]);
    crawl(&store, 1, &findings, &|_| true).await;
    let without = [listing("api", &["1"])];
    crawl(&store, 2, &without, &|_| true).await;
    crawl(&store, 3, &without, &|_| true).await;
    // Back for a day, which forgives the two misses.
    crawl(&store, 4, &[listing("api", &["1", "2"])], &|_| true).await;
    for on in 5..=6 {
        crawl(&store, on, &without, &|_| true).await;
    }
    // A listing that broke off says nothing.
    let Finding::Repository(mut broken) = listing("api", &[]) else {
        unreachable!()
    };
    broken.listed_to_the_end = false;
    crawl(&store, 7, &[Finding::Repository(broken)], &|_| true).await;
    assert_eq!(tags_on(&store, 7).await, 2);
    crawl(&store, 8, &without, &|_| true).await;
    assert_eq!((tags_on(&store, 7).await, tags_on(&store, 8).await), (2, 1));

    crawl(
        &store,
        9,
        &[tag("api", "2", api), listing("api", &["1", "2"])],
        &|_| true,
    )
    .await;
    assert_eq!((tags_on(&store, 8).await, tags_on(&store, 9).await), (1, 2));
}

async fn a_listed_tag_that_cannot_be_found_is_missed_too(database: TestDatabase) {
    let store = database.open_with_lease(Duration::ZERO).await;
    let (api, mut findings) = image("api");
    findings.extend([tag("api", "1", api), listing("api", &["1"])]);
    crawl(&store, 1, &findings, &|_| true).await;
    let vanished = Finding::Fault(Fault {
        repository: Some("api".parse().unwrap()),
        reference: Some("1".into()),
        kind: FaultKind::Vanished,
        fault: "listed, but gone when asked for".into(),
    });
    for on in 2..=4 {
        // In different batches, as it may happen.
        let mut saver = store.begin_crawl(&registry(), 3, day(on)).await.unwrap();
        saver
            .save(std::slice::from_ref(&vanished), day(on))
            .await
            .unwrap();
        saver.save(&[listing("api", &["1"])], day(on)).await.unwrap();
    }
    assert_eq!((tags_on(&store, 3).await, tags_on(&store, 4).await), (1, 0));
}

async fn a_repository_counts_as_deleted_after_several_catalogues_without_it(database: TestDatabase) {
    let store = database.open().await;
    let (api, mut findings) = image("api");
    let both = [listing("api", &["1"]), listing("web", &["1"])];
    findings.extend([tag("api", "1", api), tag("web", "1", api)]);
    findings.extend(both.clone());
    crawl(&store, 1, &findings, &|_| true).await;
    for on in 2..=4 {
        assert_eq!(repositories_now(&store).await, 2);
        crawl(&store, on, &both[..1], &|_| true).await;
    }
    assert_eq!(repositories_now(&store).await, 1);
    assert_eq!((tags_on(&store, 3).await, tags_on(&store, 4).await), (2, 1));
    let known = what_is_known(&store, &registry().name).await;
    assert!(!known.tags.contains_key(&"web".parse().unwrap()));

    crawl(
        &store,
        5,
        &[tag("web", "1", api), both[0].clone(), both[1].clone()],
        &|_| true,
    )
    .await;
    assert_eq!((repositories_now(&store).await, tags_on(&store, 5).await), (2, 2));
}

async fn what_a_crawl_did_not_look_for_is_not_missed(database: TestDatabase) {
    let store = database.open().await;
    let (api, mut findings) = image("api");
    findings.extend([tag("api", "1", api), tag("web", "1", api)]);
    findings.extend([listing("api", &["1"]), listing("web", &["1"])]);
    crawl(&store, 1, &findings, &|_| true).await;
    for on in 2..=5 {
        crawl(&store, on, &findings[..1], &|name| name.as_str() == "api").await;
    }
    // Only the one that was looked for is gone.
    let known = what_is_known(&store, &registry().name).await;
    assert_eq!(
        known.tags.keys().map(RepositoryName::as_str).collect::<Vec<_>>(),
        ["web"]
    );
}
