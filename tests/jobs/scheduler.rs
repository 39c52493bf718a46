//! When crawls happen, and that one crawl does.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tare::analysis::{AnalysisService, PlatformSelection};
use tare::crawl::StopFlag;
use tare::jobs::Schedule;
use tare::oci::RegistryName;
use tare::report::AnalysisInputs;
use tare::store::{CrawlState, Store};

use super::{analysis, company, end_of, name, scheduler};
use crate::store::{TestDatabase, on_both_databases};
use crate::support::clock::SetClock;
use crate::support::faulty_registry::{FaultyRegistry, Spoil};

on_both_databases!(
    a_registry_that_was_never_crawled_is_crawled_at_once_and_then_when_it_is_time,
    a_crawl_that_is_asked_for_happens_and_its_report_is_saved,
    a_report_that_fails_does_not_stop_crawls,
    a_report_that_was_lost_is_made_up_for,
    what_stands_in_the_way_of_a_crawl_is_in_its_record,
    stopping_hands_back_what_is_under_way,
);

fn six_hourly() -> Option<Schedule> {
    Some(Schedule::new("0 */6 * * *", "UTC", Duration::ZERO).unwrap())
}

fn at(time: &str) -> DateTime<Utc> {
    time.parse().unwrap()
}

async fn slots(store: &Store) -> Vec<DateTime<Utc>> {
    let mut slots: Vec<_> = store
        .crawls(None, None, 100)
        .await
        .unwrap()
        .into_iter()
        .filter_map(|crawl| crawl.slot)
        .collect();
    slots.reverse();
    slots
}

/// Waits until so many crawls are over and nothing else happens.
async fn settled(store: &Store, crawls: usize) {
    for _ in 0..600 {
        let records = store.crawls(None, None, 100).await.unwrap();
        if records.iter().filter(|crawl| crawl.state.is_over()).count() >= crawls {
            // Long enough for one crawl too many to begin.
            tokio::time::sleep(Duration::from_millis(1500)).await;
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{:?}", store.crawls(None, None, 100).await);
}

async fn a_registry_that_was_never_crawled_is_crawled_at_once_and_then_when_it_is_time(
    database: TestDatabase,
) {
    let registry = FaultyRegistry::holding(company).start();
    let store = database.open().await;
    let clock = SetClock::new(at("2026-11-23T09:30:00Z"));
    let stop = StopFlag::new();
    // As many replicas as you like: here two, on the embedded database in one process.
    let runs: Vec<_> = (0..2)
        .map(|_| {
            let mut scheduler = scheduler(store.clone(), registry.url(), six_hourly());
            scheduler.clock = clock.clone();
            tokio::spawn(scheduler.run(stop.clone()))
        })
        .collect();
    settled(&store, 1).await;
    assert_eq!(slots(&store).await, [at("2026-11-23T06:00:00Z")]);
    clock.set(at("2026-11-23T11:59:59Z"));
    settled(&store, 1).await;
    clock.set(at("2026-11-23T12:00:01Z"));
    settled(&store, 2).await;
    // Nobody was there for days: one crawl makes up for all.
    clock.set(at("2026-11-26T19:00:00Z"));
    settled(&store, 3).await;
    assert_eq!(
        slots(&store).await,
        [
            at("2026-11-23T06:00:00Z"),
            at("2026-11-23T12:00:00Z"),
            at("2026-11-26T18:00:00Z")
        ]
    );
    assert_eq!(registry.count("GET", "/_catalog"), 3);
    stop.stop();
    for run in runs {
        run.await.unwrap();
    }
}

/// How many reports the store holds of a registry.
async fn reports(store: &Store, registry: &RegistryName) -> usize {
    let (from, until) = ("2020-01-01T00:00:00Z", "2100-01-01T00:00:00Z");
    let points = store.registry_history(registry, from.parse().unwrap(), until.parse().unwrap());
    points.await.unwrap().len()
}

async fn wait_for_reports(store: &Store, registry: &RegistryName, count: usize) {
    while reports(store, registry).await < count {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// An analysis that always fails: a file of its catalogue is invalid.
fn failing_analysis(store: &Store) -> AnalysisService {
    let inputs = AnalysisInputs {
        catalogue_files: vec![("broken.toml".to_owned(), "not a catalogue".to_owned())],
        ..AnalysisInputs::default()
    };
    AnalysisService::new(store.clone(), Arc::new(inputs), PlatformSelection::default())
}

async fn a_crawl_that_is_asked_for_happens_and_its_report_is_saved(database: TestDatabase) {
    let registry = FaultyRegistry::holding(company).start();
    let store = database.open().await;
    let stop = StopFlag::new();
    let run = tokio::spawn(scheduler(store.clone(), registry.url(), None).run(stop.clone()));
    let name = name(registry.url());
    wait_for_reports(&store, &name, 1).await;
    for crawls in 2..=3 {
        crawl_on_request(&store, &name).await;
        wait_for_reports(&store, &name, crawls).await;
    }
    stop.stop();
    run.await.unwrap();
}

/// Asks for a crawl and waits for it to end.
async fn crawl_on_request(store: &Store, registry: &RegistryName) {
    let now = chrono::DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
    let asked = store.request_crawl(registry, "maria", None, now).await;
    let asked = asked.unwrap();
    assert!(asked.is_new);
    let record = end_of(store, asked.id).await;
    assert_eq!(record.state, CrawlState::Complete, "{record:?}");
    assert_eq!((record.repositories_done, record.tags_done), (4, 13));
}

async fn a_report_that_fails_does_not_stop_crawls(database: TestDatabase) {
    let registry = FaultyRegistry::holding(company).start();
    let store = database.open().await;
    let mut scheduler = scheduler(store.clone(), registry.url(), None);
    scheduler.analysis = failing_analysis(&store);
    let stop = StopFlag::new();
    let run = tokio::spawn(scheduler.run(stop.clone()));
    let name = name(registry.url());
    settled(&store, 1).await;
    crawl_on_request(&store, &name).await;
    assert_eq!(reports(&store, &name).await, 0);
    stop.stop();
    run.await.unwrap();
}

/// Whoever ended a crawl may be killed before its report is saved, or the database may be away.
async fn a_report_that_was_lost_is_made_up_for(database: TestDatabase) {
    let registry = FaultyRegistry::holding(company).start();
    let store = database.open().await;
    let clock = SetClock::new(at("2026-11-23T09:30:00Z"));
    let name = name(registry.url());
    let run = |analysis: AnalysisService| {
        let mut scheduler = scheduler(store.clone(), registry.url(), None);
        scheduler.clock = clock.clone();
        scheduler.analysis = analysis;
        let stop = StopFlag::new();
        (tokio::spawn(scheduler.run(stop.clone())), stop)
    };
    let (failing, stop) = run(failing_analysis(&store));
    settled(&store, 1).await;
    assert_eq!(reports(&store, &name).await, 0);
    stop.stop();
    failing.await.unwrap();

    let (healthy, stop) = run(analysis(&store));
    clock.set(at("2026-11-23T09:33:00Z"));
    wait_for_reports(&store, &name, 1).await;
    clock.set(at("2026-11-23T12:00:00Z"));
    settled(&store, 1).await;
    assert_eq!(reports(&store, &name).await, 1);
    stop.stop();
    healthy.await.unwrap();
}

async fn what_stands_in_the_way_of_a_crawl_is_in_its_record(database: TestDatabase) {
    let registry = FaultyRegistry::holding(company).start();
    let store = database.open().await;
    let mut scheduler = scheduler(store.clone(), registry.url(), six_hourly());
    scheduler.registries[0].client =
        Arc::new(|| Box::pin(async { anyhow::bail!("there is no file /run/secrets/password") }));
    let stop = StopFlag::new();
    let run = tokio::spawn(scheduler.run(stop.clone()));
    settled(&store, 1).await;
    let record = store.crawls(None, None, 1).await.unwrap().remove(0);
    assert_eq!(record.state, CrawlState::Failed);
    let message = record.message.unwrap();
    assert!(message.contains("/run/secrets/password"), "{message}");
    stop.stop();
    run.await.unwrap();
}

async fn stopping_hands_back_what_is_under_way(database: TestDatabase) {
    let registry = FaultyRegistry::holding(company).start();
    registry
        .on(|request| request.path.contains("/charts/web/manifests/"))
        .spoil(Spoil::Stall(Duration::from_secs(3600)));
    let store = database.open().await;
    let stop = StopFlag::new();
    let run = tokio::spawn(scheduler(store.clone(), registry.url(), six_hourly()).run(stop.clone()));
    while registry.count("GET", "/charts/web/manifests/") == 0 || registry.count("GET", "/blobs/") < 12 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    tokio::time::sleep(Duration::from_millis(800)).await;
    stop.stop();
    run.await.unwrap();
    let record = store.crawls(None, None, 1).await.unwrap().remove(0);
    assert_eq!(record.state, CrawlState::Running, "somebody else may carry it on");

    registry.heal();
    registry.forget_requests();
    let stop = StopFlag::new();
    let run = tokio::spawn(scheduler(store.clone(), registry.url(), six_hourly()).run(stop.clone()));
    let record = end_of(&store, record.id).await;
    assert_eq!(record.state, CrawlState::Complete);
    assert_eq!(registry.count("GET", "/_catalog"), 0, "it was listed already");
    assert_eq!(
        registry.count("GET", "/manifests/"),
        1,
        "only what was missing is asked for"
    );
    stop.stop();
    run.await.unwrap();
}
