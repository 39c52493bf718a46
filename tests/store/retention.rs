//! What is forgotten, and what never is.

use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection as _, Executor as _};
use tare::inventory::{Fault, FaultKind, Finding};
use tare::store::{CrawlEnd, CrawlState, Pruned, Retention, Store};

use super::sample::{image, index, listing, tag};
use super::{
    TestDatabase, complete_end, connect, day, on_both_databases, registry, saved_inventory, what_is_known,
};

on_both_databases!(
    crawls_and_what_they_met_are_forgotten_but_never_the_latest,
    what_only_old_history_reached_is_forgotten_with_it,
    nothing_is_forgotten_that_a_crawl_may_take_for_granted,
    what_was_missing_does_not_stop_the_removal,
);

const DAY: Duration = Duration::from_secs(24 * 3600);

pub fn keep_all() -> Retention {
    Retention {
        crawl_events: Duration::MAX,
        crawl_faults: Duration::MAX,
        crawls: Duration::MAX,
        every_report: Duration::MAX,
        pull_events: Duration::MAX,
        tag_history: None,
    }
}

async fn crawl(store: &Store, on: u32, findings: &[Finding], state: CrawlState) -> i64 {
    let mut saver = store.begin_crawl(&registry(), 1, day(on)).await.unwrap();
    saver.save(findings, day(on)).await.unwrap();
    let end = CrawlEnd {
        state,
        ..complete_end()
    };
    saver.finish(&end, day(on)).await.unwrap();
    saver.part().crawl()
}

async fn crawls_and_what_they_met_are_forgotten_but_never_the_latest(database: TestDatabase) {
    let store = database.open().await;
    let fault = Finding::Fault(Fault {
        repository: None,
        reference: None,
        kind: FaultKind::Denied,
        fault: "no access".into(),
    });
    let mut crawls = Vec::new();
    for (on, state) in [
        (1, CrawlState::Complete),
        (2, CrawlState::Incomplete),
        (3, CrawlState::Interrupted),
    ] {
        crawls.push(crawl(&store, on, std::slice::from_ref(&fault), state).await);
    }
    assert!(store.prune(&keep_all(), day(28)).await.unwrap().is_nothing());
    let nothing_old = Retention {
        crawl_events: DAY * 7,
        crawl_faults: DAY * 7,
        crawls: DAY * 25,
        ..keep_all()
    };
    let pruned = store.prune(&nothing_old, day(28)).await.unwrap();
    assert_eq!((pruned.crawl_faults, pruned.crawls), (2, 1), "{pruned:?}");
    assert_eq!(store.crawl(crawls[0]).await.unwrap(), None);
    assert_eq!(store.crawl_events(crawls[1], 0, 10).await.unwrap(), []);
    let faults = async |crawl| store.crawl_faults(crawl).await.unwrap().len();
    assert_eq!((faults(crawls[1]).await, faults(crawls[2]).await), (0, 1));

    // Neither the last that came to its end nor the one after it.
    let no_crawls = Retention {
        crawls: Duration::ZERO,
        ..nothing_old
    };
    assert!(store.prune(&no_crawls, day(28)).await.unwrap().is_nothing());
    assert_eq!(store.crawls(None, None, 10).await.unwrap().len(), 2);
}

async fn what_only_old_history_reached_is_forgotten_with_it(database: TestDatabase) {
    let store = database.open().await;
    let (old, mut findings) = image("old");
    let (kept, more) = image("kept");
    findings.extend(more);
    findings.extend([
        tag("api", "latest", old),
        tag("api", "stable", kept),
        listing("api", &["latest", "stable"]),
    ]);
    crawl(&store, 1, &findings, CrawlState::Complete).await;
    let (new, mut findings) = image("new");
    findings.extend([tag("api", "latest", new), listing("api", &["latest", "stable"])]);
    crawl(&store, 10, &findings, CrawlState::Complete).await;

    let a_week = Retention {
        tag_history: Some(DAY * 7),
        ..keep_all()
    };
    assert!(
        store.prune(&a_week, day(12)).await.unwrap().is_nothing(),
        "two days old"
    );
    let pruned = store.prune(&a_week, day(20)).await.unwrap();
    let expected = Pruned {
        tag_history: 1,
        manifests: 1,
        ..Pruned::default()
    };
    assert_eq!(pruned, expected);
    let known = what_is_known(&store, &registry().name).await;
    assert!(
        !known.complete.contains(&old),
        "to be asked for again, should it come back"
    );
    assert!(known.complete.contains(&kept) && known.complete.contains(&new));
    assert_eq!(
        known.complete.len(),
        4,
        "the configuration of the old one is gone too"
    );
    let inventory = saved_inventory(&store).await;
    assert_eq!(inventory.repositories[0].tags.len(), 2);

    // What is back is saved like anything else.
    let (_, mut findings) = image("old");
    findings.extend([tag("api", "latest", old), listing("api", &["latest", "stable"])]);
    crawl(&store, 21, &findings, CrawlState::Complete).await;
    assert!(
        what_is_known(&store, &registry().name)
            .await
            .complete
            .contains(&old)
    );
}

async fn nothing_is_forgotten_that_a_crawl_may_take_for_granted(database: TestDatabase) {
    let store = database.open().await;
    let (old, mut findings) = image("old");
    findings.extend([tag("api", "latest", old), listing("api", &["latest"])]);
    crawl(&store, 1, &findings, CrawlState::Complete).await;
    let (new, mut findings) = image("new");
    findings.extend([tag("api", "latest", new), listing("api", &["latest"])]);
    crawl(&store, 2, &findings, CrawlState::Complete).await;
    let nothing = Retention {
        tag_history: Some(Duration::ZERO),
        ..keep_all()
    };
    let running = store.begin_crawl(&registry(), 1, day(20)).await.unwrap();
    assert!(store.prune(&nothing, day(20)).await.unwrap().is_nothing());
    running.part().give_up("enough", day(20)).await.unwrap();
    assert_eq!(store.prune(&nothing, day(20)).await.unwrap().manifests, 1);
}

async fn what_was_missing_does_not_stop_the_removal(database: TestDatabase) {
    let store = database.open().await;
    let (child, _) = image("child");
    let (broken, index_finding) = index(&[child]);
    let lost = Finding::Fault(Fault {
        repository: Some("api".parse().unwrap()),
        reference: Some(child.to_string()),
        kind: FaultKind::Broken,
        fault: "the registry no longer has it".into(),
    });
    let findings = [
        index_finding,
        lost,
        tag("api", "latest", broken),
        listing("api", &["latest"]),
    ];
    crawl(&store, 1, &findings, CrawlState::Complete).await;
    let (new, mut findings) = image("new");
    findings.extend([tag("api", "latest", new), listing("api", &["latest"])]);
    crawl(&store, 2, &findings, CrawlState::Complete).await;
    let a_week = Retention {
        tag_history: Some(DAY * 7),
        ..keep_all()
    };
    assert_eq!(store.prune(&a_week, day(20)).await.unwrap().manifests, 1);
    assert_eq!(saved_inventory(&store).await.repositories[0].tags.len(), 1);
}

#[tokio::test]
async fn of_old_reports_the_last_of_each_day_is_kept() {
    let database = TestDatabase::server().await;
    let store = database.open().await;
    crawl(&store, 1, &[], CrawlState::Complete).await;
    let mut connection = connect(&database).await;
    for time in [
        "2026-11-01T00:30:00Z",
        "2026-11-01T23:30:00Z",
        "2026-11-02T00:30:00Z",
        "2026-11-20T01:00:00Z",
        "2026-11-20T02:00:00Z",
    ] {
        let insert = format!(
            "INSERT INTO report (registry_id, as_of, computed_at, tare_version, catalogue_version, model_version,
                 is_complete, repositories, tags, images, logical_bytes, stored_bytes)
             SELECT id, '{time}', '{time}', '', '', '', true, 0, 0, 0, 0, 0 FROM registry"
        );
        connection.execute(AssertSqlSafe(insert)).await.unwrap();
    }
    let a_week = Retention {
        every_report: DAY * 7,
        ..keep_all()
    };
    assert_eq!(store.prune(&a_week, day(21)).await.unwrap().reports, 1);
    assert_eq!(store.prune(&a_week, day(30)).await.unwrap().reports, 1);
    assert!(store.prune(&a_week, day(30)).await.unwrap().is_nothing());
}

#[tokio::test]
async fn deleting_a_row_reads_no_table_that_refers_to_it_as_a_whole() {
    let database = TestDatabase::server().await;
    database.open().await;
    let mut connection = connect(&database).await;
    // PostgreSQL looks for rows that refer to a deleted one, and needs an index for that.
    let unindexed: Vec<String> = sqlx::query_scalar(
        "SELECT conname::text FROM pg_constraint AS key
         WHERE contype = 'f' AND confrelid::regclass::text IN ('blob', 'crawl', 'manifest', 'report', 'repository')
           AND NOT EXISTS (SELECT FROM pg_index WHERE indrelid = key.conrelid AND indkey[0] = key.conkey[1]
                               AND indpred IS NULL)",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    assert_eq!(unindexed, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn content_is_deleted_only_while_nothing_is_written() {
    let database = TestDatabase::server().await;
    let store = database.open().await;
    let (old, mut findings) = image("old");
    findings.extend([tag("api", "latest", old), listing("api", &["latest"])]);
    crawl(&store, 1, &findings, CrawlState::Complete).await;
    let (new, mut findings) = image("new");
    findings.extend([tag("api", "latest", new), listing("api", &["latest"])]);
    crawl(&store, 2, &findings, CrawlState::Complete).await;
    // As the answer to an event that is being saved.
    let mut writer = connect(&database).await;
    let mut writing = writer.begin().await.unwrap();
    writing
        .execute("SELECT pg_advisory_xact_lock_shared(127961879871489)")
        .await
        .unwrap();
    let nothing = Retention {
        tag_history: Some(Duration::ZERO),
        ..keep_all()
    };
    let pruning = tokio::spawn(async move { store.prune(&nothing, day(20)).await.unwrap() });
    let mut watcher = connect(&database).await;
    let waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'advisory'
                 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    while sqlx::query_scalar::<_, i64>(waits)
        .fetch_one(&mut watcher)
        .await
        .unwrap()
        == 0
    {
        assert!(!pruning.is_finished(), "it does not wait");
        tokio::task::yield_now().await;
    }
    writing.rollback().await.unwrap();
    assert_eq!(pruning.await.unwrap().manifests, 1);
}
