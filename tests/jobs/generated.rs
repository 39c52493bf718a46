//! A generated registry, whose totals are known from its own numbers, crawled by one process and by three.

use std::time::Duration;

use tare::demo::{SyntheticRegistry, SyntheticTotals, serve_synthetic};
use tare::store::{CrawlState, Store};

use super::worker::{LEASE, PATIENCE, open, start_as};
use super::{accounting, end_of, name};
use crate::support::postgres::PostgresServer;

/// Enough for some repositories of each kind.
const TAGS: usize = 250;

#[tokio::test(flavor = "multi_thread")]
async fn one_process_and_three_find_the_totals_of_a_generated_registry_with_the_same_requests() {
    let registry = serve_synthetic(([127, 0, 0, 1], 0).into(), TAGS, 1).expect("a registry");
    let totals = registry.totals();
    let by_one = crawl(&registry, totals, 1).await;
    let by_three = crawl(&registry, totals, 3).await;
    assert_eq!(by_one, by_three);
}

/// Crawls the registry into a new database and compares its totals. Gives the number of requests.
async fn crawl(registry: &SyntheticRegistry, expected: SyntheticTotals, processes: usize) -> u64 {
    let database = PostgresServer::shared().new_database().await;
    let store = open(&database, LEASE).await;
    let before = registry.requests();
    let start = |_| start_as(&database, registry.url(), false);
    let mut workers: Vec<_> = (0..processes).map(start).collect();
    let record = end_of(&store, first_crawl(&store).await).await;
    let requests = registry.requests() - before;
    for worker in &mut workers {
        let _ = worker.kill();
        worker.wait().expect("it was started");
    }
    assert_eq!(
        (record.state, record.faults),
        (CrawlState::Complete, 0),
        "{record:?}"
    );
    assert_eq!(record.cost.requests.total, requests);

    let counted = accounting(&store, &name(registry.url())).await.registry;
    assert_eq!(
        (counted.repositories, counted.tags, counted.manifests),
        (expected.repositories, expected.tags, expected.manifests)
    );
    assert_eq!(counted.stored_bytes.get(), expected.stored_bytes);
    assert_eq!(counted.logical_bytes.get(), expected.logical_bytes);
    requests
}

/// The crawl that a service asks for when it starts for the first time.
async fn first_crawl(store: &Store) -> i64 {
    for _ in 0..PATIENCE {
        let crawls = store.crawls(None, None, 1).await.expect("an answer");
        if let Some(crawl) = crawls.first() {
            return crawl.id;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("no process starts a crawl");
}
