//! A crawl of the registry of the tests into the embedded database.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use divan::Bencher;
use tare::clock::{Clock as _, SystemClock};
use tare::crawl::{CrawlPlan, CrawlStatus, Progress, StopFlag};
use tare::inventory::DedupScope;
use tare::jobs::CrawlJob;
use tare::registry::{Client, ClientSettings, Credentials, Origin};
use tare::store::{DatabaseLocation, Store, StoreSettings};

use crate::generated::{TAGS, serve};

/// The first crawl of a registry: all is read, and saved.
#[divan::bench(args = TAGS, sample_count = 5, sample_size = 1)]
fn first_crawl(bencher: Bencher<'_, '_>, tags: usize) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let settings = StoreSettings::at(DatabaseLocation::Embedded(folder.path().join("data")));
    let store = runtime.block_on(Store::open(&settings, SystemClock.now()));
    let store = store.expect("an open store");
    // Each registry is new to the store.
    let seed = Cell::new(0);
    bencher
        .with_inputs(|| {
            seed.set(seed.get() + 1);
            serve(tags, seed.get())
        })
        .bench_local_refs(|registry| runtime.block_on(crawl(registry.url(), &store)));
    runtime.block_on(store.close());
}

/// A crawl of a registry in which nothing has changed: no manifest is read again.
#[divan::bench(args = TAGS, sample_count = 5, sample_size = 1)]
fn crawl_again(bencher: Bencher<'_, '_>, tags: usize) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let settings = StoreSettings::at(DatabaseLocation::Embedded(folder.path().join("data")));
    let store = runtime.block_on(Store::open(&settings, SystemClock.now()));
    let store = store.expect("an open store");
    let registry = serve(tags, 1);
    runtime.block_on(crawl(registry.url(), &store));
    bencher.bench_local(|| runtime.block_on(crawl(registry.url(), &store)));
    runtime.block_on(store.close());
}

async fn crawl(url: &str, store: &Store) {
    // Fails from the second time on, which is fine.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let settings = ClientSettings {
        requests_per_minute: 0,
        retry_base_delay: Duration::from_millis(1),
        ..ClientSettings::default()
    };
    let origin = Origin::parse(url).expect("an origin");
    let client = Client::new(origin, Credentials::Anonymous, settings, Arc::new(SystemClock));
    let job = CrawlJob {
        store,
        client: &client.expect("a client"),
        plan: &CrawlPlan::default(),
        dedup_scope: DedupScope::Registry,
        tombstone_after: 3,
        clock: Arc::new(SystemClock),
    };
    let result = job.run(&Progress::default(), &StopFlag::new()).await;
    assert_eq!(result.expect("a crawl").status, CrawlStatus::Complete);
}
