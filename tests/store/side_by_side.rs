//! Crawls of different registries write at the same time. Only on a server: the embedded database has one connection, so there
//! one statement waits for the other.

use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection as _, Executor as _};
use tare::inventory::Finding;
use tare::oci::{Digest, RegistryName};
use tare::store::{CrawlSaver, CrawledRegistry, Store};

use super::sample::{image, listing, tag};
use super::{TestDatabase, complete_end, connect, day, registry, what_is_known};

/// Much longer than what the tests wait for takes.
const PATIENCE: Duration = Duration::from_secs(30);

fn other_registry() -> CrawledRegistry {
    CrawledRegistry {
        name: "other.example.com".parse().unwrap(),
        origin_url: "https://other.example.com".into(),
        ..registry()
    }
}

async fn finish(saver: &mut CrawlSaver, on: u32) {
    let end = complete_end();
    saver.finish(&end, day(on)).await.unwrap();
}

/// What a crawl finds in a repository with these images.
fn found(repository: &str, images: &[String]) -> (Vec<Digest>, Vec<Finding>) {
    let (mut digests, mut findings) = (Vec::new(), Vec::new());
    let mut tags = Vec::new();
    for name in images {
        let (digest, more) = image(name);
        findings.extend(more);
        findings.push(tag(repository, name, digest));
        tags.push(name.as_str());
        digests.push(digest);
    }
    findings.push(listing(repository, &tags));
    (digests, findings)
}

async fn tags_of(store: &Store, registry: &RegistryName) -> usize {
    let known = what_is_known(store, registry).await;
    known.tags.values().map(std::collections::HashSet::len).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crawl_does_not_wait_for_the_open_transaction_of_another_registrys_crawl() {
    let database = TestDatabase::server().await;
    let store = database.open().await;
    let (digests, findings) = found("api", &["held".to_owned()]);
    let mut held = store.begin_crawl(&registry(), 3, day(1)).await.unwrap();
    // The layer that all these images share is known: new content that both find is inserted by one of them.
    let (_, known) = found("first", &["known".to_owned()]);
    held.save(&known, day(1)).await.unwrap();
    // Something else inserts the same digest and does not commit, so that the batch waits inside its own transaction.
    let mut holder = connect(&database).await;
    let mut holding = holder.begin().await.unwrap();
    let insert = format!("INSERT INTO blob (digest) VALUES ('{}')", digests[0]);
    holding.execute(AssertSqlSafe(insert)).await.unwrap();
    let saving = tokio::spawn(async move {
        held.save(&findings, day(1)).await.unwrap();
        held
    });
    let mut watcher = connect(&database).await;
    let waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'
                 AND pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database())";
    while sqlx::query_scalar::<_, i64>(waits)
        .fetch_one(&mut watcher)
        .await
        .unwrap()
        == 0
    {
        assert!(!saving.is_finished(), "it does not wait");
        tokio::task::yield_now().await;
    }

    let all_of_it = async {
        let (_, findings) = found("web", &["free".to_owned()]);
        let mut free = store.begin_crawl(&other_registry(), 3, day(1)).await.unwrap();
        free.save(&findings, day(1)).await.unwrap();
        finish(&mut free, 1).await;
        tags_of(&store, &other_registry().name).await
    };
    let tags = tokio::time::timeout(PATIENCE, all_of_it).await;
    assert_eq!(tags.expect("it does not wait for the other crawl"), 1);
    assert!(!saving.is_finished());

    holding.rollback().await.unwrap();
    let mut held = tokio::time::timeout(PATIENCE, saving).await.unwrap().unwrap();
    finish(&mut held, 1).await;
    assert_eq!(tags_of(&store, &registry().name).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn crawls_that_find_the_same_new_content_in_other_orders_do_not_block_each_other_for_good() {
    let database = TestDatabase::server().await;
    let store = database.open().await;
    let mut one = store.begin_crawl(&registry(), 3, day(1)).await.unwrap();
    let mut other = store.begin_crawl(&other_registry(), 3, day(1)).await.unwrap();
    for round in 0..20 {
        let mut images: Vec<String> = (0..30).map(|n| format!("v{round}.{n}")).collect();
        let (digests, forwards) = found("api", &images);
        images.reverse();
        let (_, backwards) = found("api", &images);
        let saved = tokio::time::timeout(PATIENCE, async {
            tokio::join!(one.save(&forwards, day(1)), other.save(&backwards, day(1)))
        });
        let (first, second) = saved.await.expect("no crawl waits for ever");
        first.unwrap();
        second.unwrap();
        let known = store.known_digests().await.unwrap();
        assert!(digests.iter().all(|digest| known.complete.contains(digest)));
    }
}
