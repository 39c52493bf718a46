use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use tokio::time::sleep;
use tracing::Instrument as _;

use super::crawl_span;
use super::part::{Ended, PartWork};
use crate::analysis::{ContentReader, CrawledContent};
use crate::clock::Clock;
use crate::crawl::{CrawlPlan, CrawlStatus, Progress, StopFlag};
use crate::events::EventCoverage;
use crate::inventory::{DedupScope, Fault};
use crate::oci::{RegistryName, RepositoryName};
use crate::registry::Client;
use crate::store::{CrawlSaver, CrawlState, CrawledRegistry, Store, StoreError};
use crate::units::RequestCounts;

/// A crawl of one registry by this process alone.
pub struct CrawlJob<'a> {
    /// The store.
    pub store: &'a Store,
    /// The registry's client.
    pub client: &'a Client,
    /// What to read.
    pub plan: &'a CrawlPlan,
    /// The scope in which the registry shares blobs.
    pub dedup_scope: DedupScope,
    /// After how many consecutive listings without it a repository or tag counts as deleted.
    pub tombstone_after: u32,
    /// The clock.
    pub clock: Arc<dyn Clock>,
}

/// The result of a crawl. Serialized, it is the output of `tare crawl --json`.
#[derive(Debug)]
pub struct CrawlResult {
    /// The crawl's number in the store.
    pub crawl: i64,
    /// The registry.
    pub registry: RegistryName,
    /// Whether everything that was chosen was read.
    pub status: CrawlStatus,
    /// Chosen repositories with a tag.
    pub repositories: usize,
    /// Tags in them.
    pub tags: usize,
    /// Distinct manifests and indexes that the tags reach.
    pub manifests: usize,
    /// Distinct stored blobs that the tags reach.
    pub blobs: usize,
    /// The requests of the crawl.
    pub requests: RequestCounts,
    /// Bytes of response bodies.
    pub bytes_received: u64,
    /// How long it took, including saving.
    pub seconds: f64,
    /// The faults.
    pub faults: Vec<Fault>,
    /// What events had told before the crawl; `None` if the registry sends no events.
    pub event_coverage: Option<EventCoverage>,
    /// What the registry contains now, for the analysis that follows.
    pub content: CrawledContent,
}

/// How often another worker's lease is polled: our choice, short against any lease.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

impl CrawlJob<'_> {
    /// Crawls the registry and saves findings as they arrive. Faults are in the result, and so is an interruption.
    ///
    /// # Errors
    /// If another process is crawling the registry, or the store fails permanently. What was saved until then stays.
    pub async fn run(&self, progress: &Progress, stop: &StopFlag) -> anyhow::Result<CrawlResult> {
        let started = Instant::now();
        let origin = self.client.origin();
        let registry = CrawledRegistry {
            name: origin.name().clone(),
            origin_url: origin.url().origin().ascii_serialization(),
            dedup_scope: self.dedup_scope,
        };
        let saver = self.begin(&registry, stop).await?;
        let span = crawl_span(saver.part().crawl(), &registry.name);
        let reader = ContentReader::new(self.store.clone());
        let work = PartWork {
            store: self.store,
            reader: &reader,
            registry: &registry.name,
            client: self.client,
            plan: self.plan,
            clock: &self.clock,
            progress,
            stop,
        };
        let Ended::Concluded(conclusion) = work.run(saver).instrument(span).await? else {
            bail!("this process lost its lease, and no other process works on the crawl");
        };
        let is_chosen = |name: &RepositoryName| self.plan.repositories.matches(name);
        let counts = conclusion.content.counts(is_chosen);
        let spent = conclusion.cost;
        let record = self.store.crawl(conclusion.crawl).await;
        let record = record.context("cannot read how the crawl ended")?;
        Ok(CrawlResult {
            crawl: conclusion.crawl,
            registry: registry.name,
            status: match conclusion.state {
                CrawlState::Complete => CrawlStatus::Complete,
                CrawlState::Interrupted | CrawlState::Cancelled => CrawlStatus::Interrupted,
                _ => CrawlStatus::Incomplete,
            },
            repositories: counts.repositories,
            tags: counts.tags,
            manifests: counts.manifests,
            blobs: counts.blobs,
            requests: spent.requests,
            bytes_received: spent.bytes_received.get(),
            seconds: started.elapsed().as_millis() as f64 / 1000.0,
            faults: conclusion.faults,
            event_coverage: record.and_then(|record| record.event_coverage),
            content: conclusion.content,
        })
    }

    /// Starts the crawl. If another process seems to be crawling, waits until it renews its lease or the lease expires: a
    /// killed process does not renew it.
    async fn begin(&self, registry: &CrawledRegistry, stop: &StopFlag) -> anyhow::Result<CrawlSaver> {
        if self.clock.can_be_wrong() {
            self.store.check_clock(self.clock.now()).await?;
        }
        let mut first_lease = None;
        loop {
            let now = self.clock.now();
            let begun = self.store.begin_crawl(registry, self.tombstone_after, now).await;
            match begun {
                Ok(saver) => return Ok(saver),
                Err(StoreError::CrawlInProgress {
                    holder, lease_until, ..
                }) if first_lease.is_none_or(|first| lease_until <= first) && !stop.is_stopped() => {
                    if first_lease.replace(lease_until).is_none() {
                        tracing::info!(
                            worker = holder,
                            "waiting for the lease of a worker that may be gone"
                        );
                    }
                    sleep(LOOK_AGAIN).await;
                }
                Err(error @ StoreError::CrawlInProgress { .. }) => return Err(error.into()),
                Err(error) => return Err(error).context("cannot record that the crawl begins"),
            }
        }
    }
}
