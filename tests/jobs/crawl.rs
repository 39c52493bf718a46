//! Crawls by one process.

use std::sync::Arc;
use std::time::Duration;

use sqlx::{AssertSqlSafe, ConnectOptions as _, Executor as _};
use tare::analysis::{AnalysisService, PlatformSelection};
use tare::clock::{Clock as _, SystemClock};
use tare::crawl::{CrawlPlan, CrawlStatus, Progress, RepositoryChoice, StopFlag};
use tare::inventory::{DedupScope, FaultKind};
use tare::jobs::{CrawlJob, CrawlResult};
use tare::report::AnalysisInputs;
use tare::store::{DatabaseLocation, Store};

use super::{accounting, analysis, client, company};
use crate::store::{TestDatabase, on_both_databases};
use crate::support::faulty_registry::{Answer, FaultyRegistry, Spoil, image};

on_both_databases!(
    a_second_crawl_asks_for_tags_and_nothing_else,
    a_crawl_that_was_stopped_is_completed_by_the_next,
    what_could_not_be_read_is_in_the_result,
    a_disputed_size_is_asked_for_once_and_the_liar_is_named,
    without_an_answer_the_manifests_decide_about_a_disputed_size,
    faults_beyond_the_limit_are_counted,
    only_what_was_chosen_is_counted,
    what_a_crawl_read_is_read_and_accounted_for_once,
    what_a_crawl_hands_on_is_what_the_store_holds_after_it,
);

async fn crawl_with(
    registry: &FaultyRegistry,
    store: &Store,
    plan: &CrawlPlan,
    stop: &StopFlag,
) -> anyhow::Result<CrawlResult> {
    let job = CrawlJob {
        store,
        client: &client(registry.url()),
        plan,
        dedup_scope: DedupScope::Registry,
        tombstone_after: 3,
        clock: Arc::new(SystemClock),
    };
    job.run(&Progress::default(), stop).await
}

async fn crawl(registry: &FaultyRegistry, store: &Store) -> CrawlResult {
    let result = crawl_with(registry, store, &CrawlPlan::default(), &StopFlag::new()).await;
    result.expect("the store works")
}

async fn a_second_crawl_asks_for_tags_and_nothing_else(database: TestDatabase) {
    let registry = FaultyRegistry::holding(company).start();
    let store = database.open().await;
    let first = crawl(&registry, &store).await;
    assert_eq!(first.status, CrawlStatus::Complete, "{:?}", first.faults);
    assert_eq!((first.repositories, first.tags), (4, 13));
    assert_eq!(first.requests.total, registry.requests().len() as u64);
    let counted = accounting(&store, &first.registry).await;
    assert_eq!(
        (first.manifests, first.blobs),
        (counted.registry.manifests, counted.registry.blobs)
    );

    registry.forget_requests();
    let second = crawl(&registry, &store).await;
    assert_eq!(registry.count("HEAD", "/manifests/"), 13);
    assert_eq!(
        (
            registry.count("GET", "/manifests/"),
            registry.count("GET", "/blobs/")
        ),
        (0, 0)
    );
    assert_eq!(registry.count("GET", "/tags/list"), 4);
    assert_eq!((second.manifests, second.blobs), (first.manifests, first.blobs));
    assert_eq!(accounting(&store, &second.registry).await, counted);
}

async fn a_crawl_that_was_stopped_is_completed_by_the_next(database: TestDatabase) {
    let registry = FaultyRegistry::holding(company).start();
    let store = database.open().await;
    let stop = StopFlag::new();
    // The chart's manifest never comes, so the crawl is at it when it is told to stop.
    registry
        .on(|request| request.path.contains("/charts/web/manifests/"))
        .spoil(Spoil::Stall(Duration::from_secs(3600)));
    let plan = CrawlPlan::default();
    let stopping = async {
        while registry.count("GET", "/blobs/") < 12 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        stop.stop();
    };
    let (stopped, ()) = tokio::join!(crawl_with(&registry, &store, &plan, &stop), stopping);
    assert_eq!(stopped.unwrap().status, CrawlStatus::Interrupted);

    registry.heal();
    registry.forget_requests();
    let next = crawl(&registry, &store).await;
    assert_eq!((next.status, next.tags), (CrawlStatus::Complete, 13));
    assert_eq!(
        registry.count("GET", "/manifests/"),
        1,
        "only what was missing is asked for"
    );
}

async fn what_could_not_be_read_is_in_the_result(database: TestDatabase) {
    let registry = FaultyRegistry::holding(company).start();
    registry
        .on(|request| request.path.contains("/web/manifests/v1-amd64"))
        .spoil(Spoil::Status(500));
    registry.change(|content| {
        content.repository("api").vanished_tag("gone");
    });
    let store = database.open().await;
    let result = crawl(&registry, &store).await;
    assert_eq!((result.status, result.tags), (CrawlStatus::Incomplete, 12));
    let mut faults: Vec<_> = result
        .faults
        .iter()
        .map(|fault| (fault.reference.as_deref().unwrap_or_default(), fault.kind))
        .collect();
    faults.sort_unstable();
    assert_eq!(
        faults,
        [
            ("gone", FaultKind::Vanished),
            ("v1-amd64", FaultKind::Unavailable)
        ]
    );
    registry.heal();
    let healed = crawl(&registry, &store).await;
    assert_eq!((healed.status, healed.tags), (CrawlStatus::Complete, 13));
}

/// A registry whose repositories share a layer of 100 bytes, for which a manifest of `liar` states 1,000,000.
fn disputed(liar: &'static str) -> FaultyRegistry {
    let lie = image()
        .layer("own", 7)
        .layer("base", 100)
        .build()
        .edited(|manifest| manifest["layers"][1]["size"] = 1_000_000.into());
    FaultyRegistry::holding(|content| {
        content.repository("api").tag("1", image().layer("base", 100));
        content.repository(liar).tag("1", lie);
    })
    .start()
}

async fn a_disputed_size_is_asked_for_once_and_the_liar_is_named(database: TestDatabase) {
    let store = database.open().await;
    for liar in ["aaa", "zzz"] {
        let registry = disputed(liar);
        registry
            .on(|request| request.method == "HEAD" && request.path.contains("/blobs/"))
            .spoil(Spoil::with(|_, _| Answer::new(200).bytes(vec![0; 100])));
        for asked in [1, 0] {
            registry.forget_requests();
            let result = crawl(&registry, &store).await;
            assert_eq!(
                result.status,
                CrawlStatus::Complete,
                "asking again changes nothing"
            );
            let [fault] = &result.faults[..] else {
                panic!("one fault: {:?}", result.faults);
            };
            assert_eq!(fault.kind, FaultKind::Conflicting);
            assert_eq!(fault.repository.as_ref().unwrap().as_str(), liar);
            for part in ["states 1000000 bytes", "100 bytes count", "the registry confirms"] {
                assert!(fault.fault.contains(part), "{}", fault.fault);
            }
            assert_eq!(registry.count("HEAD", "/blobs/"), asked);
            let stored = accounting(&store, &result.registry).await.registry.stored_bytes;
            assert!(stored.get() < 10_000, "{stored}");
        }
    }
}

async fn without_an_answer_the_manifests_decide_about_a_disputed_size(database: TestDatabase) {
    let registry = disputed("web");
    registry.change(|content| {
        content
            .repository("more")
            .tag("1", image().layer("base", 100).layer("more", 1));
    });
    let store = database.open().await;
    let result = crawl(&registry, &store).await;
    assert_eq!(result.status, CrawlStatus::Complete);
    assert!(
        result.faults[0]
            .fault
            .contains("100 bytes count, which most manifests state"),
        "{:?}",
        result.faults
    );
    let stored = accounting(&store, &result.registry).await.registry.stored_bytes;
    assert!(stored.get() < 10_000, "{stored}");
}

async fn faults_beyond_the_limit_are_counted(database: TestDatabase) {
    const TAGS: usize = 10_050;
    let registry = FaultyRegistry::holding(|content| {
        let repository = content.repository("api");
        for tag in 0..TAGS {
            repository.vanished_tag(&format!("v{tag}"));
        }
    })
    .start();
    let store = database.open().await;
    let result = crawl(&registry, &store).await;
    assert_eq!(result.faults.len(), 10_001);
    let last = result.faults.last().unwrap();
    assert!(last.fault.starts_with("and 50 more faults"), "{}", last.fault);
    let saved = store.crawl_faults(result.crawl).await.unwrap();
    assert_eq!(saved.len(), 10_001);
}

async fn only_what_was_chosen_is_counted(database: TestDatabase) {
    let registry = FaultyRegistry::holding(company).start();
    let store = database.open().await;
    crawl(&registry, &store).await;
    let plan = CrawlPlan {
        repositories: RepositoryChoice::matching(["charts/*"]).unwrap(),
        ..CrawlPlan::default()
    };
    for _ in 0..4 {
        let result = crawl_with(&registry, &store, &plan, &StopFlag::new())
            .await
            .unwrap();
        assert_eq!((result.repositories, result.tags, result.manifests), (1, 1, 1));
    }
    let all = crawl(&registry, &store).await;
    assert_eq!(
        (all.repositories, all.tags),
        (4, 13),
        "what was not looked for is not deleted"
    );
}

/// The report is made of the very accounting that the crawl made, and so of the content that it read.
async fn what_a_crawl_read_is_read_and_accounted_for_once(database: TestDatabase) {
    let registry = FaultyRegistry::holding(company).start();
    let store = database.open().await;
    let first = crawl(&registry, &store).await;
    let accounting = Arc::clone(first.content.accounting().unwrap());
    let now = SystemClock.now();
    let analysed = analysis(&store).save_report(vec![first.content], now).await;
    assert!(Arc::ptr_eq(
        &accounting,
        &analysed.unwrap().registries[0].accounting
    ));

    // What another crawl has outdated, or what is of other platforms, is not used.
    let outdated = crawl(&registry, &store).await;
    registry.change(|content| {
        content
            .repository("web")
            .tag("new", image().layer("new", 7).build());
    });
    let last = crawl(&registry, &store).await;
    let analysed = analysis(&store)
        .save_report(vec![outdated.content], now)
        .await
        .unwrap();
    assert_eq!(analysed.registries[0].accounting.registry.tags, 14);
    let accounting = Arc::clone(last.content.accounting().unwrap());
    let arm = PlatformSelection::new(vec!["linux/arm64".parse().unwrap()]);
    let inputs = Arc::new(AnalysisInputs::default());
    let analysed = AnalysisService::new(store.clone(), inputs, arm)
        .save_report(vec![last.content], now)
        .await
        .unwrap();
    assert_ne!(*accounting, *analysed.registries[0].accounting);
}

async fn what_a_crawl_hands_on_is_what_the_store_holds_after_it(database: TestDatabase) {
    let registry = FaultyRegistry::holding(company).start();
    let store = database.open().await;
    crawl(&registry, &store).await;
    registry.change(|content| {
        content.remove("web");
    });
    for tags in [13, 13, 9] {
        let result = crawl(&registry, &store).await;
        let handed_on = result.content.accounting().unwrap();
        assert_eq!(handed_on.registry.tags, tags);
        assert_eq!(**handed_on, accounting(&store, &result.registry).await);
        assert_eq!(result.tags, tags);
        let read = analysis(&store).analysed().await.unwrap();
        let taken = analysis(&store)
            .save_report(vec![result.content], SystemClock.now())
            .await
            .unwrap();
        let (read, taken) = (&read.registries[0], &taken.registries[0]);
        assert_eq!(read.analysis, taken.analysis);
        assert_eq!(
            format!("{:?}", read.content.source),
            format!("{:?}", taken.content.source)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_drops_its_connections_costs_a_pause() {
    let database = TestDatabase::server().await;
    let DatabaseLocation::Server(url) = &database.location else {
        unreachable!()
    };
    let options: sqlx::postgres::PgConnectOptions =
        secrecy::ExposeSecret::expose_secret(url).parse().unwrap();
    let registry = FaultyRegistry::holding(company).start();
    // Slow enough for the connection to be cut while batches are written.
    registry
        .on(|request| request.is_get("/manifests/"))
        .spoil(Spoil::with(|_, mut answer| {
            answer.delay = Duration::from_millis(200);
            answer
        }));
    let store = database.open().await;
    let plan = CrawlPlan {
        concurrent_repositories: 1,
        concurrent_tags: 1,
        ..CrawlPlan::default()
    };
    let cutting = async {
        let mut connection = options.connect().await.unwrap();
        for _ in 0..12 {
            let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                       WHERE datname = current_database() AND pid <> pg_backend_pid()";
            connection.execute(AssertSqlSafe(cut)).await.unwrap();
            tokio::time::sleep(Duration::from_millis(150)).await;
        }
    };
    // The first connection is needed to begin.
    let stop = StopFlag::new();
    let crawling = crawl_with(&registry, &store, &plan, &stop);
    let (result, ()) = tokio::join!(crawling, async {
        while registry.requests().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        cutting.await;
    });
    let result = result.unwrap();
    assert_eq!((result.status, result.tags), (CrawlStatus::Complete, 13));
}
