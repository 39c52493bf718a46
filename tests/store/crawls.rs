use std::time::Duration;

use tare::inventory::{Fault, FaultKind, Finding, account};
use tare::store::{CrawlCost, CrawlEnd, CrawlState};
use tare::units::{ByteCount, RequestCounts};

use super::sample::{image, tag};
use super::{TestDatabase, complete_end, day, on_both_databases, registry, saved_inventory, what_is_known};

on_both_databases!(
    a_crawl_that_was_killed_is_interrupted_and_what_it_saved_is_used,
    how_a_crawl_ended_is_recorded,
    two_crawls_may_save_the_same_content_at_once,
);

async fn a_crawl_that_was_killed_is_interrupted_and_what_it_saved_is_used(database: TestDatabase) {
    let store = database.open_with_lease(Duration::ZERO).await;
    assert_eq!(store.registries().await.unwrap(), []);
    let (api, mut findings) = image("api");
    findings.push(tag("api", "1", api));
    let mut killed = store.begin_crawl(&registry(), 3, day(1)).await.unwrap();
    killed.save(&findings, day(1)).await.unwrap();
    drop(killed);
    let record = store.registries().await.unwrap().remove(0);
    assert_eq!(
        (record.last_crawl, record.last_finished),
        (Some(CrawlState::Running), None)
    );

    let mut next = store.begin_crawl(&registry(), 3, day(2)).await.unwrap();
    assert!(
        what_is_known(&store, &registry().name)
            .await
            .complete
            .contains(&api)
    );
    let mut end = CrawlEnd {
        state: CrawlState::Interrupted,
        ..complete_end()
    };
    next.finish(&end, day(2)).await.unwrap();
    let record = store.registries().await.unwrap().remove(0);
    assert_eq!(
        (record.last_crawl, record.last_finished),
        (Some(CrawlState::Interrupted), None)
    );

    // Whoever stopped it did not let it look: nothing has been missed by that.
    end.state = CrawlState::Complete;
    end.catalogue_listed = false;
    let mut last = store.begin_crawl(&registry(), 1, day(3)).await.unwrap();
    last.finish(&end, day(3)).await.unwrap();
    let record = store.registries().await.unwrap().remove(0);
    assert_eq!(record.registry, registry());
    assert_eq!(
        (record.last_crawl, record.last_finished),
        (Some(CrawlState::Complete), Some(day(3)))
    );
    let inventory = saved_inventory(&store).await;
    assert_eq!(account(&inventory).unwrap().registry.tags, 1);
}

async fn how_a_crawl_ended_is_recorded(database: TestDatabase) {
    let store = database.open().await;
    let mut saver = store.begin_crawl(&registry(), 3, day(1)).await.unwrap();
    let fault = Fault {
        repository: None,
        reference: Some("catalogue\0".into()),
        kind: FaultKind::Denied,
        fault: "no\0 access".into(),
    };
    saver
        .save(&[Finding::Fault(fault.clone())], day(1))
        .await
        .unwrap();
    let end = CrawlEnd {
        cost: CrawlCost {
            requests: RequestCounts {
                total: u64::MAX,
                ..RequestCounts::default()
            },
            bytes_received: ByteCount::MAX,
            waited: Duration::MAX,
            ..CrawlCost::default()
        },
        tags_done: 0,
        state: CrawlState::Incomplete,
        catalogue_listed: false,
        in_scope: &|_| true,
        faults: &[fault],
    };
    saver.finish(&end, day(2)).await.unwrap();
    let record = store.registries().await.unwrap().remove(0);
    assert_eq!(
        (record.last_crawl, record.last_finished),
        (Some(CrawlState::Incomplete), Some(day(2)))
    );
}

async fn two_crawls_may_save_the_same_content_at_once(database: TestDatabase) {
    let store = database.open().await;
    let mut findings = Vec::new();
    for number in 0..50 {
        let (digest, image) = image(&format!("image-{number}"));
        findings.extend(image);
        findings.push(tag("api", &number.to_string(), digest));
    }
    let backwards: Vec<_> = findings.iter().rev().cloned().collect();
    let mut other = registry();
    other.name = "other.example.com".parse().unwrap();
    let mut first = store.begin_crawl(&registry(), 3, day(1)).await.unwrap();
    let mut second = store.begin_crawl(&other, 3, day(1)).await.unwrap();
    let (first, second) = tokio::join!(
        async {
            for batch in findings.chunks(20) {
                first.save(batch, day(1)).await?;
            }
            Ok::<_, tare::store::StoreError>(())
        },
        async {
            for batch in backwards.chunks(20) {
                second.save(batch, day(1)).await?;
            }
            Ok::<_, tare::store::StoreError>(())
        }
    );
    first.unwrap();
    second.unwrap();
    for name in [registry().name, other.name] {
        let content = store.content(&name, &[], None).await.unwrap().unwrap();
        let inventory = content.inventory.finish();
        assert_eq!(account(&inventory).unwrap().registry.tags, 50, "{name}");
    }
}
