//! Crawls that processes share: who may have which part, and who has lost it.

use std::time::Duration;

use serde_json::json;
use tare::inventory::{Fault, FaultKind, Finding};
use tare::oci::RepositoryName;
use tare::store::{CrawlCost, CrawlEnd, CrawlRecord, CrawlSaver, CrawlState, Leaving, Store, StoreError};
use tare::units::RequestCounts;

use super::sample::listing;
use super::{TestDatabase, day, on_both_databases, registry};

on_both_databases!(
    a_request_is_answered_by_the_crawl_that_waits_or_runs,
    a_slot_is_taken_once_and_by_a_crawl_that_waits_already,
    a_crawl_of_ones_own_keeps_others_out_until_it_is_over,
    the_records_tell_what_happened,
);

const LONG: Duration = Duration::from_secs(30);

async fn store_that_knows_the_registry(database: &TestDatabase, lease: Duration) -> Store {
    let store = database.open_with_lease(lease).await;
    store.register_registries(&[registry()], day(1)).await.unwrap();
    store
}

async fn join(store: &Store) -> Option<CrawlSaver> {
    store.join_crawl(&registry().name, 3, day(2)).await.unwrap()
}

async fn the_crawl(store: &Store) -> CrawlRecord {
    store.crawls(None, None, 1).await.unwrap().remove(0)
}

pub(super) fn end(state: CrawlState) -> CrawlEnd<'static> {
    CrawlEnd {
        cost: CrawlCost {
            requests: RequestCounts {
                total: 10,
                ..RequestCounts::default()
            },
            ..CrawlCost::default()
        },
        tags_done: 2,
        state,
        catalogue_listed: true,
        in_scope: &|_| true,
        faults: &[],
    }
}

fn names(names: &[&str]) -> Vec<RepositoryName> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

async fn a_request_is_answered_by_the_crawl_that_waits_or_runs(database: TestDatabase) {
    let store = store_that_knows_the_registry(&database, LONG).await;
    assert_eq!(store.registries().await.unwrap(), [], "known, but never crawled");
    let name = registry().name;
    let ask = async |key| store.request_crawl(&name, "maria", key, day(1)).await.unwrap();
    let first = ask(Some("k1")).await;
    assert!(first.is_new);
    for key in [None, Some("k1"), Some("k2")] {
        let again = ask(key).await;
        assert_eq!((again.id, again.is_new), (first.id, false));
    }
    let mut saver = join(&store).await.unwrap();
    assert_eq!(ask(None).await.id, first.id, "running now");
    saver.finish(&end(CrawlState::Complete), day(2)).await.unwrap();
    assert_eq!(
        ask(Some("k1")).await.id,
        first.id,
        "a repeated request, and no new one"
    );
    let next = ask(Some("k2")).await;
    assert!(next.is_new && next.id > first.id);

    let unknown = "nobody.example.com".parse().unwrap();
    let refusal = store.request_crawl(&unknown, "maria", None, day(1)).await;
    assert!(matches!(refusal, Err(StoreError::UnknownRegistry(name)) if name == unknown));
}

async fn a_slot_is_taken_once_and_by_a_crawl_that_waits_already(database: TestDatabase) {
    let store = store_that_knows_the_registry(&database, LONG).await;
    let name = registry().name;
    assert_eq!(store.scheduled_until(&name).await.unwrap(), None);
    let crawl = store.take_slot(&name, day(3), day(4)).await.unwrap();
    assert!(crawl.is_some());
    assert_eq!(store.take_slot(&name, day(3), day(4)).await.unwrap(), None);
    assert_eq!(
        store.take_slot(&name, day(2), day(4)).await.unwrap(),
        None,
        "an earlier one"
    );
    assert_eq!(
        store.take_slot(&name, day(5), day(5)).await.unwrap(),
        crawl,
        "it waits still"
    );
    assert_eq!(store.scheduled_until(&name).await.unwrap(), Some(day(5)));
    let record = the_crawl(&store).await;
    assert_eq!(
        (record.requested_by.as_str(), record.slot),
        ("schedule", Some(day(5)))
    );
}

async fn a_crawl_of_ones_own_keeps_others_out_until_it_is_over(database: TestDatabase) {
    let store = store_that_knows_the_registry(&database, LONG).await;
    let mut own = store.begin_crawl(&registry(), 3, day(1)).await.unwrap();
    let refusal = store.begin_crawl(&registry(), 3, day(1)).await.unwrap_err();
    let process = format!("process {} on ", std::process::id());
    assert!(refusal.to_string().contains(&process), "{refusal}");
    assert!(
        refusal.to_string().contains("since 2026-11-01T12:00:00Z"),
        "{refusal}"
    );
    store.take_slot(&registry().name, day(2), day(2)).await.unwrap();
    assert!(join(&store).await.is_none(), "one crawl of a registry at a time");
    own.finish(&end(CrawlState::Complete), day(2)).await.unwrap();
    let shared = join(&store).await.unwrap();
    assert!(shared.part().is_leader() && shared.part().is_shared());
}

async fn the_records_tell_what_happened(database: TestDatabase) {
    let store = store_that_knows_the_registry(&database, LONG).await;
    let id = store
        .request_crawl(&registry().name, "maria", None, day(1))
        .await
        .unwrap()
        .id;
    let mut saver = join(&store).await.unwrap();
    let part = saver.part().clone();
    part.list(&names(&["api", "web"]), true, day(2)).await.unwrap();
    assert_eq!(part.claim(5).await.unwrap().repositories.len(), 2);
    let fault = Fault {
        repository: Some("api".parse().unwrap()),
        reference: Some("1".into()),
        kind: FaultKind::Denied,
        fault: "no access".into(),
    };
    let findings = [Finding::Fault(fault.clone()), listing("api", &["1"])];
    saver.save(&findings, day(2)).await.unwrap();
    part.renew(&end(CrawlState::Complete).cost, 1).await.unwrap();
    part.report_progress(day(2)).await.unwrap();
    let record = store.crawl(id).await.unwrap().unwrap();
    assert_eq!(record.state, CrawlState::Running);
    assert_eq!((record.repositories_done, record.repositories_total), (1, 2));
    assert_eq!(
        (record.tags_done, record.cost.requests.total, record.faults),
        (1, 10, 1)
    );
    assert!(part.has_losses().await.unwrap());

    saver.save(&[listing("web", &[])], day(2)).await.unwrap();
    saver.finish(&end(CrawlState::Incomplete), day(3)).await.unwrap();
    let record = store.crawl(id).await.unwrap().unwrap();
    assert_eq!(
        (record.state, record.finished_at),
        (CrawlState::Incomplete, Some(day(3)))
    );
    assert_eq!((record.repositories_done, record.tags_done), (2, 2));
    assert_eq!(store.crawl_faults(id).await.unwrap(), [fault]);
    let events = store.crawl_events(id, 0, 100).await.unwrap();
    let kinds: Vec<&str> = events.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(
        kinds,
        [
            "queued",
            "started",
            "worker_joined",
            "listed",
            "progress",
            "incomplete"
        ]
    );
    assert_eq!(events[4].data["repositories_total"], json!(2));
    let later = store.crawl_events(id, events[4].id, 100).await.unwrap();
    assert_eq!(later, events[5..]);
    assert_eq!(store.crawl(id + 100).await.unwrap(), None);
}

/// Two processes, which only a server can have.
async fn two_workers(lease: Duration) -> (Store, Store, CrawlSaver) {
    let database = TestDatabase::server().await;
    let (first, second) = (
        store_that_knows_the_registry(&database, lease).await,
        store_that_knows_the_registry(&database, LONG).await,
    );
    first
        .request_crawl(&registry().name, "maria", None, day(1))
        .await
        .unwrap();
    let leader = join(&first).await.unwrap();
    (first, second, leader)
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_share_the_repositories_and_the_leader_ends_last() {
    let (_first, second, mut leader) = two_workers(LONG).await;
    assert!(join(&second).await.is_none(), "nothing is listed yet");
    let part = leader.part().clone();
    part.list(&names(&["a", "b", "c"]), true, day(2)).await.unwrap();
    assert_eq!(part.claim(2).await.unwrap().repositories.len(), 2);
    let mut helper = join(&second).await.unwrap();
    assert!(!helper.part().is_leader());
    let claim = helper.part().claim(2).await.unwrap();
    assert_eq!((claim.repositories, claim.workers), (names(&["c"]), 2));
    assert!(join(&second).await.is_none(), "all is claimed");
    let rest = part.rest().await.unwrap();
    assert_eq!((rest.unclaimed, rest.other_workers), (0, 1));
    helper.save(&[listing("c", &[])], day(2)).await.unwrap();
    let cost = end(CrawlState::Complete).cost;
    helper.part().renew(&cost, 1).await.unwrap();
    helper.part().leave(Leaving::Finished, day(2)).await.unwrap();
    assert_eq!(part.rest().await.unwrap().other_workers, 0);
    leader
        .save(&[listing("a", &[]), listing("b", &[])], day(2))
        .await
        .unwrap();
    leader.finish(&end(CrawlState::Complete), day(2)).await.unwrap();
    let record = the_crawl(&second).await;
    assert_eq!((record.repositories_done, record.repositories_total), (3, 3));
    assert_eq!(
        (record.cost.requests.total, record.tags_done),
        (20, 3),
        "of both together"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_lost_its_lease_can_write_nothing_any_more() {
    let (_first, second, mut leader) = two_workers(Duration::ZERO).await;
    let part = leader.part().clone();
    part.list(&names(&["a", "b"]), true, day(2)).await.unwrap();
    part.claim(2).await.unwrap();
    let fault = Finding::Fault(Fault {
        repository: Some("b".parse().unwrap()),
        reference: None,
        kind: FaultKind::Denied,
        fault: "no access".into(),
    });
    leader.save(&[listing("a", &[]), fault], day(2)).await.unwrap();

    // Its lease lapses at once; the second takes over what it had not finished, and leads.
    let mut heir = join(&second).await.unwrap();
    assert!(heir.part().is_leader());
    assert_eq!(heir.part().listed().await.unwrap(), Some(true));
    let claim = heir.part().claim(5).await.unwrap();
    assert_eq!((claim.repositories, claim.workers_gone), (names(&["b"]), 1));
    let is_lost = |result: Result<(), StoreError>| matches!(result, Err(StoreError::LeaseLost));
    assert!(is_lost(leader.save(&[listing("b", &[])], day(2)).await));
    assert!(is_lost(part.renew(&CrawlCost::default(), 0).await.map(drop)));
    assert!(is_lost(part.claim(1).await.map(drop)));
    assert!(is_lost(part.leave(Leaving::Stopped, day(2)).await));
    assert!(is_lost(leader.finish(&end(CrawlState::Complete), day(2)).await));
    assert_eq!(the_crawl(&second).await.faults, 0, "the heir reports them anew");
    heir.save(&[listing("b", &[])], day(2)).await.unwrap();
    heir.finish(&end(CrawlState::Complete), day(3)).await.unwrap();
    let record = the_crawl(&second).await;
    assert_eq!(
        (record.state, record.repositories_done),
        (CrawlState::Complete, 2)
    );
    let events = second.crawl_events(record.id, 0, 100).await.unwrap();
    let lost = events.iter().find(|event| event.kind == "worker_lost").unwrap();
    assert_eq!(lost.data["repositories_handed_back"], json!(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_stopped_worker_hands_back_is_claimed_by_others() {
    let (first, second, leader) = two_workers(LONG).await;
    leader
        .part()
        .list(&names(&["a", "b"]), true, day(2))
        .await
        .unwrap();
    leader.part().claim(1).await.unwrap();
    leader.part().leave(Leaving::Stopped, day(2)).await.unwrap();
    let heir = join(&second).await.unwrap();
    assert!(heir.part().is_leader());
    assert_eq!(heir.part().claim(5).await.unwrap().repositories.len(), 2);
    assert!(join(&first).await.is_none());
}
