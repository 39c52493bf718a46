//! Several processes share a crawl, and one of them is killed.

use std::collections::HashMap;
use std::process::Child;
use std::time::Duration;

use tare::clock::{Clock as _, SystemClock};
use tare::store::{CrawlEvent, CrawlRecord, CrawlState, Store};

use super::worker::{LEASE, open, start};
use super::{accounting, crawled, end_of, name};
use crate::support::faulty_registry::{Content, FaultyRegistry, Spoil, image};
use crate::support::postgres::PostgresServer;

const REPOSITORIES: usize = 60;
const TAGS: usize = 4;

/// Repositories with images of their own, on a base that all share, each with one that lost its tag.
fn many(content: &mut Content) {
    for number in 0..REPOSITORIES {
        let repository = content.repository(&format!("team-{}/app-{number}", number % 7));
        repository.store(image().layer("base", 1000).layer(&format!("{number} old"), 7));
        for tag in 0..TAGS {
            let own = format!("{number} {tag}");
            repository.tag(
                &format!("v{tag}"),
                image().layer("base", 1000).layer(&own, 10 + tag as u64),
            );
        }
    }
}

/// A registry that takes its time, so that a crawl of it can be disturbed.
fn slow_registry() -> FaultyRegistry {
    let registry = FaultyRegistry::holding(many).listing_manifests().start();
    registry
        .on(|request| request.method != "HEAD")
        .spoil(Spoil::with(|_, mut answer| {
            answer.delay = Duration::from_millis(250);
            answer
        }));
    registry
}

async fn ask_for_a_crawl(store: &Store, registry: &FaultyRegistry) -> i64 {
    let now = SystemClock.now();
    store
        .know_registries(&[crawled(registry.url())], now)
        .await
        .unwrap();
    let asked = store
        .request_crawl(&name(registry.url()), "a test", None, now)
        .await;
    asked.unwrap().id
}

/// How many manifests and configurations were fetched by digest more than once.
fn fetched_twice(registry: &FaultyRegistry) -> usize {
    let mut fetched: HashMap<String, usize> = HashMap::new();
    for request in registry.requests() {
        if request.method == "GET"
            && let Some((_, digest)) = request.path.split_once("sha256:")
        {
            *fetched.entry(digest.to_owned()).or_default() += 1;
        }
    }
    fetched.values().filter(|&&times| times > 1).count()
}

async fn wait_for_repositories(store: &Store, crawl: i64, done: u64) {
    for _ in 0..600 {
        let record = store.crawl(crawl).await.unwrap().unwrap();
        if record.repositories_done >= done || record.state.is_over() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the crawl does not get on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_is_killed_costs_its_lease_and_nothing_else() {
    a_worker_is_killed(true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_helper_that_is_killed_costs_its_lease_and_nothing_else() {
    a_worker_is_killed(false).await;
}

async fn a_worker_is_killed(the_leader: bool) {
    let database = PostgresServer::shared().new_database().await;
    let registry = slow_registry();
    let store = open(&database, LEASE).await;
    let crawl = ask_for_a_crawl(&store, &registry).await;
    let mut workers: Vec<_> = (0..3).map(|_| start(&database, registry.url())).collect();
    wait_for_repositories(&store, crawl, REPOSITORIES as u64 / 3).await;
    let leads = |event: &CrawlEvent| event.kind == "worker_joined" && event.data["leads"] == true;
    let events = store.crawl_events(crawl, 0, 100).await.unwrap();
    let leader = events.iter().find(|event| leads(event)).unwrap();
    let leader = leader.data["worker"].as_str().unwrap().to_owned();
    let victim = workers
        .iter_mut()
        .find(|worker| leader.starts_with(&format!("process {} ", worker.id())) == the_leader);
    victim.unwrap().kill().expect("it runs");
    let record = end_of(&store, crawl).await;
    stop(workers);

    assert_eq!(record.state, CrawlState::Complete, "{record:?}");
    exact(&store, &registry, &record).await;
    let events = store.crawl_events(crawl, 0, 1000).await.unwrap();
    let count = |kind: &str| events.iter().filter(|event| event.kind == kind).count();
    assert_eq!(count("worker_lost"), 1, "{events:?}");
    let leaders = events.iter().filter(|event| leads(event)).count();
    assert_eq!(leaders, if the_leader { 2 } else { 1 });
    assert_eq!(events.last().unwrap().kind, "complete");
    // What the dead one had in hand: four repositories claimed, one handed on, eight walked.
    let twice = fetched_twice(&registry);
    assert!(twice <= 13 * (TAGS + 1), "{twice} were fetched twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_restarted_costs_a_pause_and_nothing_else() {
    let server = PostgresServer::start();
    let database = server.new_database().await;
    let registry = slow_registry();
    let store = open(&database, Duration::from_secs(30)).await;
    let crawl = ask_for_a_crawl(&store, &registry).await;
    let workers: Vec<_> = (0..2).map(|_| start(&database, registry.url())).collect();
    wait_for_repositories(&store, crawl, REPOSITORIES as u64 / 3).await;
    tokio::task::block_in_place(|| server.restart());
    let record = end_of(&store, crawl).await;
    stop(workers);
    assert_eq!(record.state, CrawlState::Complete, "{record:?}");
    exact(&store, &registry, &record).await;
}

async fn exact(store: &Store, registry: &FaultyRegistry, record: &CrawlRecord) {
    let all = REPOSITORIES as u64;
    assert_eq!((record.repositories_done, record.repositories_total), (all, all));
    assert_eq!(record.faults, 0);
    let counted = accounting(store, &name(registry.url())).await.registry;
    assert_eq!(
        (counted.repositories, counted.tags),
        (REPOSITORIES, REPOSITORIES * TAGS)
    );
    assert_eq!(counted.untagged_manifests, Some(REPOSITORIES));
}

fn stop(workers: Vec<Child>) {
    for mut worker in workers {
        let _ = worker.kill();
        worker.wait().expect("it was started");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_fetch_nothing_twice_that_one_would_not() {
    let database = PostgresServer::shared().new_database().await;
    let registry = slow_registry();
    let store = open(&database, LEASE).await;
    let crawl = ask_for_a_crawl(&store, &registry).await;
    let workers: Vec<_> = (0..3).map(|_| start(&database, registry.url())).collect();
    let record = end_of(&store, crawl).await;
    stop(workers);
    assert_eq!(record.state, CrawlState::Complete, "{record:?}");
    assert_eq!(fetched_twice(&registry), 0);
    assert_eq!(record.cost.requests, registry.requests().len() as u64);
}
