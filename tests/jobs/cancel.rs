//! Crawls that a user cancels.

use std::time::Duration;

use tare::clock::{Clock as _, SystemClock};
use tare::crawl::StopFlag;
use tare::store::{Cancellation, CrawlState, Store};

use super::worker::{LEASE, PATIENCE, let_lapse, open, start};
use super::{company, crawled, end_of, name, scheduler};
use crate::store::{TestDatabase, on_both_databases};
use crate::support::faulty_registry::{FaultyRegistry, Spoil};
use crate::support::postgres::PostgresServer;

on_both_databases!(
    a_queued_crawl_is_cancelled_at_once,
    a_running_crawl_stops_and_the_next_one_continues_from_it,
);

async fn request(store: &Store, registry: &FaultyRegistry) -> i64 {
    let now = SystemClock.now();
    store
        .register_registries(&[crawled(registry.url())], now)
        .await
        .unwrap();
    let name = name(registry.url());
    let requested = store.request_crawl(&name, "maria", None, now);
    requested.await.unwrap().id
}

async fn cancel(store: &Store, crawl: i64) -> Cancellation {
    let cancelled = store.cancel_crawl(crawl, "erik", SystemClock.now()).await;
    cancelled.unwrap().expect("the crawl exists")
}

async fn kinds(store: &Store, crawl: i64) -> Vec<String> {
    let events = store.crawl_events(crawl, 0, 1000).await.unwrap();
    let kinds = events.into_iter().map(|event| event.kind);
    kinds.filter(|kind| kind != "progress").collect()
}

/// Waits until the crawl waits for an answer that does not come.
async fn stalled(store: &Store, registry: &FaultyRegistry, crawl: i64) {
    for _ in 0..PATIENCE {
        let record = store.crawl(crawl).await.unwrap().unwrap();
        if record.state == CrawlState::Running
            && registry.count("GET", "/charts/web/manifests/") > 0
            && registry.count("GET", "/blobs/") >= 12
        {
            // What was read is saved within half a second.
            tokio::time::sleep(Duration::from_millis(800)).await;
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the crawl does not get on: {:?}", store.crawl(crawl).await);
}

fn stalling_registry() -> FaultyRegistry {
    let registry = FaultyRegistry::holding(company).start();
    registry
        .on(|request| request.path.contains("/charts/web/manifests/"))
        .spoil(Spoil::Stall(Duration::from_secs(3600)));
    registry
}

async fn a_queued_crawl_is_cancelled_at_once(database: TestDatabase) {
    let registry = FaultyRegistry::holding(company).start();
    let store = database.open().await;
    let crawl = request(&store, &registry).await;
    assert_eq!(cancel(&store, crawl).await, Cancellation::Cancelled);
    let record = store.crawl(crawl).await.unwrap().unwrap();
    assert_eq!(record.state, CrawlState::Cancelled);
    assert_eq!(record.message.as_deref(), Some("cancelled by erik"));
    assert_eq!(kinds(&store, crawl).await, ["queued", "cancelled"]);
    assert_eq!(
        cancel(&store, crawl).await,
        Cancellation::AlreadyOver(CrawlState::Cancelled)
    );
    assert_eq!(
        store.cancel_crawl(4711, "erik", SystemClock.now()).await.unwrap(),
        None
    );
    assert!(!store.has_work(&name(registry.url())).await.unwrap());
    assert!(registry.requests().is_empty());
}

async fn a_running_crawl_stops_and_the_next_one_continues_from_it(database: TestDatabase) {
    let registry = stalling_registry();
    let store = database.open().await;
    let crawl = request(&store, &registry).await;
    let stop = StopFlag::new();
    let run = tokio::spawn(scheduler(store.clone(), registry.url(), None).run(stop.clone()));
    stalled(&store, &registry, crawl).await;

    assert_eq!(cancel(&store, crawl).await, Cancellation::Requested);
    let record = store.crawl(crawl).await.unwrap().unwrap();
    assert!(matches!(
        record.state,
        CrawlState::Cancelling | CrawlState::Cancelled
    ));
    assert_eq!(end_of(&store, crawl).await.state, CrawlState::Cancelled);
    let kinds = kinds(&store, crawl).await;
    assert_eq!(
        kinds,
        [
            "queued",
            "started",
            "worker_joined",
            "listed",
            "cancelling",
            "cancelled"
        ]
    );
    // A cancelled crawl says nothing about the registry.
    assert_eq!(store.crawl_health().await.unwrap()[0].last, None);

    registry.heal();
    registry.forget_requests();
    let next = request(&store, &registry).await;
    assert_eq!(end_of(&store, next).await.state, CrawlState::Complete);
    assert_eq!(
        registry.count("GET", "/manifests/"),
        1,
        "only what was missing is asked for"
    );
    stop.stop();
    run.await.unwrap();
}

/// The worker of a cancelled crawl is killed before it stops: another process ends the crawl, without a request.
#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_crawl_whose_worker_is_killed_is_ended_by_another_process() {
    let database = PostgresServer::shared().new_database().await;
    let registry = stalling_registry();
    let store = open(&database, LEASE).await;
    let crawl = request(&store, &registry).await;
    let mut first = start(&database, registry.url());
    stalled(&store, &registry, crawl).await;
    let events = store.crawl_events(crawl, 0, 1000).await.unwrap();
    let joined = events.iter().find(|event| event.kind == "worker_joined").unwrap();
    let worker = joined.data["worker"].as_str().unwrap().to_owned();
    first.kill().expect("it runs");
    first.wait().expect("it was started");

    // Its lease is still valid, so it may be alive.
    assert_eq!(cancel(&store, crawl).await, Cancellation::Requested);
    let record = store.crawl(crawl).await.unwrap().unwrap();
    assert_eq!(record.state, CrawlState::Cancelling);
    registry.forget_requests();
    let mut second = start(&database, registry.url());
    let_lapse(&database, &worker).await;
    assert_eq!(end_of(&store, crawl).await.state, CrawlState::Cancelled);
    assert!(registry.requests().is_empty(), "{:?}", registry.requests());
    second.kill().expect("it runs");
    second.wait().expect("it was started");
}

/// Nobody is left who could stop: the crawl is over at once.
#[tokio::test(flavor = "multi_thread")]
async fn a_running_crawl_without_a_worker_is_cancelled_at_once() {
    let database = PostgresServer::shared().new_database().await;
    let registry = stalling_registry();
    let store = open(&database, LEASE).await;
    let crawl = request(&store, &registry).await;
    let stop = StopFlag::new();
    let run = tokio::spawn(scheduler(store.clone(), registry.url(), None).run(stop.clone()));
    stalled(&store, &registry, crawl).await;
    stop.stop();
    run.await.unwrap();
    let record = store.crawl(crawl).await.unwrap().unwrap();
    assert_eq!((record.state, record.has_worker), (CrawlState::Running, false));
    assert_eq!(cancel(&store, crawl).await, Cancellation::Cancelled);
    assert_eq!(end_of(&store, crawl).await.state, CrawlState::Cancelled);
}
