//! Registries that were crawled before, and the processes that crawl them.

use std::sync::Arc;
use std::time::Duration;

use tare::clock::{Clock as _, SystemClock};
use tare::crawl::StopFlag;
use tare::jobs::{ScheduledRegistry, Scheduler};
use tare::store::{CrawlState, CrawlerEntry, Store, StoredRegistry};

use super::{company, end_of, name, scheduler};
use crate::store::{TestDatabase, on_both_databases};
use crate::support::faulty_registry::FaultyRegistry;
use crate::support::postgres::PostgresServer;

on_both_databases!(a_registry_that_was_crawled_before_is_crawled_on_request,);

/// A scheduler without registries of its own, which takes those that were crawled before.
fn of_stored(store: &Store) -> Scheduler {
    let template = scheduler(store.clone(), "http://127.0.0.1:1", None);
    let for_stored = store.clone();
    Scheduler {
        registries: Vec::new(),
        from_stored: Some(Arc::new(move |stored: &StoredRegistry| {
            let mut own = scheduler(for_stored.clone(), &stored.registry.origin_url, None);
            Ok(ScheduledRegistry {
                is_configured: false,
                ..own.registries.remove(0)
            })
        })),
        ..template
    }
}

async fn crawl_once(store: &Store, registry: &FaultyRegistry) {
    let stop = StopFlag::new();
    let run = tokio::spawn(scheduler(store.clone(), registry.url(), None).run(stop.clone()));
    while store.crawls(None, None, 1).await.unwrap().is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let crawl = store.crawls(None, None, 1).await.unwrap().remove(0);
    end_of(store, crawl.id).await;
    stop.stop();
    run.await.unwrap();
}

async fn request(store: &Store, registry: &FaultyRegistry) -> i64 {
    let now = SystemClock.now();
    let name = name(registry.url());
    let requested = store.request_crawl(&name, "maria", None, now);
    requested.await.unwrap().id
}

async fn a_registry_that_was_crawled_before_is_crawled_on_request(database: TestDatabase) {
    let registry = FaultyRegistry::holding(company).start();
    let store = database.open().await;
    crawl_once(&store, &registry).await;
    let mut scheduler = of_stored(&store);
    scheduler.prepare().await.unwrap();
    let crawlers = store.crawlers().await.unwrap();
    assert_eq!(crawlers.len(), 1);
    assert!(
        crawlers[0].is_alive && !crawlers[0].entry.is_configured,
        "{crawlers:?}"
    );
    let stop = StopFlag::new();
    let run = tokio::spawn(scheduler.run(stop.clone()));
    let crawl = request(&store, &registry).await;
    let record = end_of(&store, crawl).await;
    assert_eq!(record.state, CrawlState::Complete, "{record:?}");
    stop.stop();
    run.await.unwrap();
    assert!(!store.crawlers().await.unwrap()[0].is_alive);
}

/// A process whose settings name the registry has its credentials, so others leave it alone.
#[tokio::test(flavor = "multi_thread")]
async fn a_registry_is_left_to_the_process_that_is_configured_for_it() {
    let database = PostgresServer::shared().new_database().await;
    let registry = FaultyRegistry::holding(company).start();
    let store = super::worker::open(&database, Duration::from_secs(30)).await;
    crawl_once(&store, &registry).await;

    // As another process with the registry in its settings would announce it.
    let entry = CrawlerEntry {
        registry: name(registry.url()),
        is_configured: true,
        schedule: Some("30 3 * * * (UTC)".to_owned()),
        next_crawl: None,
    };
    announce_as_another_process(&database, &entry).await;
    registry.forget_requests();
    let stop = StopFlag::new();
    let run = tokio::spawn(of_stored(&store).run(stop.clone()));
    let crawl = request(&store, &registry).await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(
        store.crawl(crawl).await.unwrap().unwrap().state,
        CrawlState::Queued
    );
    assert!(registry.requests().is_empty());

    // Long after that process was last seen, any other takes over.
    forget_other_processes(&database).await;
    assert_eq!(end_of(&store, crawl).await.state, CrawlState::Complete);
    stop.stop();
    run.await.unwrap();
}

async fn announce_as_another_process(database: &str, entry: &CrawlerEntry) {
    use sqlx::Connection as _;
    let mut connection = sqlx::PgConnection::connect(database).await.unwrap();
    sqlx::query(
        "INSERT INTO crawler (registry_id, process, is_configured, schedule, lease_until)
         SELECT id, 'another', $2, $3, clock_timestamp() + interval '1 hour' FROM registry WHERE name = $1",
    )
    .bind(entry.registry.as_str())
    .bind(entry.is_configured)
    .bind(&entry.schedule)
    .execute(&mut connection)
    .await
    .unwrap();
}

async fn forget_other_processes(database: &str) {
    use sqlx::Connection as _;
    let mut connection = sqlx::PgConnection::connect(database).await.unwrap();
    sqlx::query(
        "UPDATE crawler SET lease_until = clock_timestamp() - interval '6 minutes' WHERE process = 'another'",
    )
    .execute(&mut connection)
    .await
    .unwrap();
}
