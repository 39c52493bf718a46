//! Crawls from end to end, from a registry over HTTP into the store: by one process, and by several that
//! share them.

mod cancel;
mod crawl;
mod events;
mod generated;
mod roster;
mod scheduler;
mod shared;
pub mod worker;

use std::sync::Arc;
use std::time::Duration;

use tare::analysis::{AnalysisService, PlatformSelection};
use tare::clock::SystemClock;
use tare::crawl::CrawlPlan;
use tare::inventory::{Accounting, DedupScope, account};
use tare::jobs::{Schedule, ScheduledRegistry, Scheduler};
use tare::oci::RegistryName;
use tare::registry::{Client, ClientSettings, Credentials, Origin};
use tare::report::AnalysisInputs;
use tare::store::{CrawlRecord, CrawledRegistry, Store};

use crate::store::retention::keep_all;
use crate::support::faulty_registry::{Content, helm_chart, image, index};

/// Three repositories and a chart: 4 repositories, 13 tags.
fn company(content: &mut Content) {
    for name in ["web", "api", "jobs"] {
        let repository = content.repository(name);
        for tag in 0..2 {
            let amd = image()
                .layer("base", 100)
                .layer(&format!("{name} {tag}"), 10)
                .build();
            let arm = image()
                .platform("linux/arm64")
                .layer("arm base", 90)
                .layer(name, tag);
            let both = index().child(amd.clone()).child(arm);
            repository
                .tag(&format!("v{tag}"), both)
                .tag(&format!("v{tag}-amd64"), amd);
        }
    }
    content.repository("charts/web").tag("1", helm_chart("web", 500));
}

/// A client that loses no time.
fn client(url: &str) -> Client {
    // Fails where another test was first, which is fine.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let settings = ClientSettings {
        max_attempts: 2,
        retry_base_delay: Duration::from_millis(1),
        requests_per_minute: 0,
        ..ClientSettings::default()
    };
    let origin = Origin::parse(url).expect("an origin");
    Client::new(origin, Credentials::Anonymous, settings, Arc::new(SystemClock)).expect("a client")
}

/// A scheduler of one registry.
fn scheduler(store: Store, url: &str, schedule: Option<Schedule>) -> Scheduler {
    let address = url.to_owned();
    let registry = ScheduledRegistry {
        registry: crawled(url),
        plan: CrawlPlan::default(),
        schedule,
        is_configured: true,
        client: Arc::new(move || {
            let client = client(&address);
            Box::pin(async move { Ok(client) })
        }),
    };
    Scheduler {
        analysis: analysis(&store),
        store,
        registries: vec![registry],
        from_stored: None,
        tombstone_after: 3,
        retention: keep_all(),
        clock: Arc::new(SystemClock),
    }
}

/// An analysis of the store's content with the shipped data.
fn analysis(store: &Store) -> AnalysisService {
    let inputs = Arc::new(AnalysisInputs::default());
    AnalysisService::new(store.clone(), inputs, PlatformSelection::default())
}

/// The registry at an address as the store knows it.
fn crawled(url: &str) -> CrawledRegistry {
    CrawledRegistry {
        name: name(url),
        origin_url: url.to_owned(),
        dedup_scope: DedupScope::Registry,
    }
}

fn name(url: &str) -> RegistryName {
    Origin::parse(url).expect("an origin").name().clone()
}

/// Waits for a crawl to be over.
async fn end_of(store: &Store, crawl: i64) -> CrawlRecord {
    for _ in 0..worker::PATIENCE {
        if let Ok(Some(record)) = store.crawl(crawl).await
            && record.state.is_over()
        {
            return record;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("crawl {crawl} does not end: {:?}", store.crawl(crawl).await);
}

async fn accounting(store: &Store, registry: &RegistryName) -> Accounting {
    let content = store.content(registry, &[], None).await;
    let content = content.expect("an answer").expect("the registry");
    account(&content.inventory.finish()).expect("sizes that fit")
}
