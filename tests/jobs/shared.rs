//! Several processes share a crawl, and one of them is killed.

use std::collections::HashMap;
use std::process::Child;
use std::time::Duration;

use tare::clock::{Clock as _, SystemClock};
use tare::store::{CrawlEvent, CrawlRecord, CrawlState, Store};

use super::worker::{LEASE, PATIENCE, let_lapse, open, start};
use super::{accounting, crawled, end_of, name};
use crate::support::faulty_registry::{Content, FaultyRegistry, Gate, Spoil, image};
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

/// How many repositories a crawl gets through before it is held up.
const PASSING: usize = REPOSITORIES / 2;

/// A registry at which a crawl gets through some repositories and then no further, until the gate is opened.
fn gated_registry() -> (FaultyRegistry, Gate) {
    let registry = FaultyRegistry::holding(many).listing_manifests().start();
    let (gate, spoil) = Gate::after(PASSING);
    registry.on(|_| true).spoil(spoil);
    (registry, gate)
}

/// A registry that takes its time, so that several workers have something to do.
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
        .register_registries(&[crawled(registry.url())], now)
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

/// Waits until a crawl is held up in its midst with this many at work. Gives the name of each worker, and whether it
/// leads.
async fn held_up(store: &Store, crawl: i64, workers: usize) -> Vec<(String, bool)> {
    for _ in 0..PATIENCE {
        let record = store.crawl(crawl).await.unwrap().unwrap();
        let events = store.crawl_events(crawl, 0, 1000).await.unwrap();
        let joined = events.iter().filter(|event| event.kind == "worker_joined");
        let joined: Vec<_> = joined
            .map(|event| (event.data["worker"].as_str().unwrap().to_owned(), leads(event)))
            .collect();
        if record.repositories_done >= PASSING as u64 && joined.len() == workers {
            assert_eq!(record.state, CrawlState::Running);
            return joined;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the crawl does not get on: {:?}", store.crawl(crawl).await);
}

fn leads(event: &CrawlEvent) -> bool {
    event.kind == "worker_joined" && event.data["leads"] == true
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
    let (registry, gate) = gated_registry();
    let store = open(&database, LEASE).await;
    let crawl = ask_for_a_crawl(&store, &registry).await;
    let mut workers: Vec<_> = (0..3).map(|_| start(&database, registry.url())).collect();
    let joined = held_up(&store, crawl, 3).await;
    let (victim, _) = joined.iter().find(|(_, leads)| *leads == the_leader).unwrap();
    let process = workers
        .iter_mut()
        .find(|worker| victim.starts_with(&format!("process {} ", worker.id())));
    let process = process.unwrap();
    process.kill().expect("it runs");
    process.wait().expect("it was started");
    gate.open();
    let_lapse(&database, victim).await;
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
    let (registry, gate) = gated_registry();
    let store = open(&database, LEASE).await;
    let crawl = ask_for_a_crawl(&store, &registry).await;
    let workers: Vec<_> = (0..2).map(|_| start(&database, registry.url())).collect();
    held_up(&store, crawl, 2).await;
    tokio::task::block_in_place(|| server.restart());
    gate.open();
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
    assert_eq!(record.cost.requests.total, registry.requests().len() as u64);
}
