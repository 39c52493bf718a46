use std::collections::BTreeMap;
use std::time::Duration;

use strum::VariantArray as _;

use tare::inventory::{Fault, FaultKind, Finding};
use tare::store::{Answers, CrawlCost, CrawlEnd, CrawlSaver, CrawlState};
use tare::units::RequestCounts;

use super::{TestDatabase, day, on_both_databases, registry};

on_both_databases!(the_last_success_outlives_later_failures, connections_are_counted,);

const ANSWERS: Answers = Answers {
    successes: 1,
    redirections: 2,
    refusals: 3,
    failures: 4,
};

fn fault(kind: FaultKind) -> Finding {
    Finding::Fault(Fault {
        repository: None,
        reference: None,
        kind,
        fault: "no answer".into(),
    })
}

const REQUESTS: RequestCounts = RequestCounts {
    total: 5,
    get: 3,
    head: 1,
    retried: 2,
    rate_limited: 1,
};

async fn end(saver: &mut CrawlSaver, state: CrawlState, on: u32) {
    let end = CrawlEnd {
        cost: CrawlCost {
            requests: REQUESTS,
            waited: Duration::from_millis(1500),
            answers: ANSWERS,
            ..CrawlCost::default()
        },
        state,
        catalogue_listed: false,
        in_scope: &|_| true,
        faults: &[],
        tags_done: 0,
    };
    saver.finish(&end, day(on)).await.unwrap();
}

async fn the_last_success_outlives_later_failures(database: TestDatabase) {
    let store = database.open().await;
    assert_eq!(store.crawl_health().await.unwrap(), []);
    let mut first = store.begin_crawl(&registry(), 3, day(1)).await.unwrap();
    let running = store.crawl_health().await.unwrap().remove(0);
    assert_eq!((running.last, running.last_success), (None, None));
    assert_eq!(running.unfinished, BTreeMap::from([(CrawlState::Running, 1)]));
    end(&mut first, CrawlState::Complete, 2).await;
    let mut second = store.begin_crawl(&registry(), 3, day(3)).await.unwrap();
    let faults = [FaultKind::Denied, FaultKind::Denied, FaultKind::Invalid].map(fault);
    second.save(&faults, day(3)).await.unwrap();
    end(&mut second, CrawlState::Incomplete, 4).await;

    let health = store.crawl_health().await.unwrap().remove(0);
    assert_eq!(health.registry, registry().name);
    assert_eq!(health.last_success, Some(day(2)));
    assert_eq!(health.unfinished, BTreeMap::new());
    let last = health.last.unwrap();
    assert_eq!((last.state, last.ended), (CrawlState::Incomplete, day(4)));
    assert_eq!(last.duration, Duration::from_secs(24 * 60 * 60));
    assert_eq!(last.cost.requests, REQUESTS);
    assert_eq!(last.cost.waited, Duration::from_millis(1500));
    assert_eq!(last.cost.answers, ANSWERS);
    let counts: Vec<u64> = last.faults.values().copied().collect();
    assert_eq!(
        counts.len(),
        FaultKind::VARIANTS.len(),
        "kinds without a fault are told too"
    );
    assert_eq!(
        (last.faults[&FaultKind::Denied], last.faults[&FaultKind::Invalid]),
        (2, 1)
    );
    assert_eq!(counts.iter().sum::<u64>(), 3);
}

async fn connections_are_counted(database: TestDatabase) {
    let store = database.open().await;
    let connections = store.connections();
    assert!(
        (1..=connections.most).contains(&connections.open),
        "{connections:?}"
    );
    assert!(connections.idle <= connections.open);
}
