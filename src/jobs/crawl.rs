use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;
use serde::Serialize;
use tokio::sync::mpsc;

use super::writing::{Patience, write};
use crate::clock::Clock;
use crate::crawl::{CrawlPlan, CrawlStatus, Known, Progress, StopFlag, crawl};
use crate::inventory::{DedupScope, Fault, FaultKind, Inventory, account};
use crate::oci::RegistryName;
use crate::registry::{Client, RequestStatistics};
use crate::store::{CrawlCost, CrawlEnd, CrawlState, CrawledRegistry, Store};
use crate::units::ByteCount;

/// How many findings wait between the crawl and whoever collects them. Few, since each may hold a
/// document of megabytes.
const WAITING_FINDINGS: usize = 64;

/// A crawl of one registry into the store.
pub struct CrawlJob<'a> {
    /// Where to save.
    pub store: &'a Store,
    /// How to ask the registry.
    pub client: &'a Client,
    /// What to read.
    pub plan: &'a CrawlPlan,
    /// Where the registry keeps one copy of a blob.
    pub dedup_scope: DedupScope,
    /// After how many listings in a row without it a repository or tag counts as deleted.
    pub tombstone_after: u32,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

/// What a crawl led to. Serialized, it is what `tare crawl --json` prints.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CrawlResult {
    /// The registry.
    pub registry: RegistryName,
    /// Whether everything that was chosen could be read.
    pub status: CrawlStatus,
    /// Repositories with a tag, of those that were chosen.
    pub repositories: usize,
    /// Tags in them.
    pub tags: usize,
    /// Different manifests and indexes that the tags reach.
    pub manifests: usize,
    /// Different stored blobs that the tags reach.
    pub blobs: usize,
    /// What the crawl asked the registry for.
    pub requests: RequestCounts,
    /// Bytes of bodies received.
    pub bytes_received: u64,
    /// How long it took, saving included.
    pub seconds: f64,
    /// What could not be read.
    pub faults: Vec<Fault>,
}

/// Requests on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct RequestCounts {
    /// All of them, those for tokens and repeated ones included.
    pub total: u64,
    /// GET requests among them.
    pub get: u64,
    /// HEAD requests among them.
    pub head: u64,
    /// Requests that repeated one that had failed.
    pub retried: u64,
}

impl CrawlJob<'_> {
    /// Crawls the registry and saves what is found while it is found. Whatever the crawl could not read
    /// is in the result, and so is that it was stopped.
    ///
    /// # Errors
    /// Where the store fails for good. What it had saved by then stays.
    pub async fn run(&self, progress: &Progress, stop: &StopFlag) -> anyhow::Result<CrawlResult> {
        let started = Instant::now();
        let before = self.client.statistics();
        let origin = self.client.origin();
        let registry = CrawledRegistry {
            name: origin.name().clone(),
            origin_url: origin.url().origin().ascii_serialization(),
            dedup_scope: self.dedup_scope,
        };
        let saver = self
            .store
            .begin_crawl(&registry, self.tombstone_after, self.clock.now())
            .await
            .context("cannot record that the crawl begins")?;
        let known = self
            .store
            .known(&registry.name)
            .await
            .context("cannot read what is known already")?;
        let known = Known {
            complete: known.complete,
            partial: known.partial,
            tags: known.tags,
        };

        let (sender, receiver) = mpsc::channel(WAITING_FINDINGS);
        // On a task of its own, so that both cores have something to do.
        let writer = tokio::spawn(write(saver, receiver, Arc::clone(&self.clock)));
        let summary = crawl(self.client, self.plan, &known, progress, sender, stop).await;
        let written = writer.await.context("the writer ended")?;
        let (mut saver, mut faults) = written.context("cannot save what the crawl finds")?;
        drop(known);

        let mut patience = Patience::new();
        let inventory = loop {
            match self
                .store
                .inventory(&registry.name, &self.plan.platforms, None)
                .await
            {
                Ok(inventory) => break inventory,
                Err(error) => patience
                    .after(error)
                    .await
                    .context("cannot read back what was saved")?,
            }
        };
        let mut inventory = inventory
            .context("the registry that was just crawled is not there")?
            .finish();
        inventory
            .repositories
            .retain(|repository| self.plan.repositories.means(&repository.name));
        let contradictions = contradictions(&inventory);
        let status = match summary.status {
            CrawlStatus::Complete if !contradictions.is_empty() => CrawlStatus::Incomplete,
            status => status,
        };

        let spent = spent(&before, &self.client.statistics());
        let end = CrawlEnd {
            cost: spent,
            state: match status {
                CrawlStatus::Complete => CrawlState::Complete,
                CrawlStatus::Incomplete => CrawlState::Incomplete,
                CrawlStatus::Interrupted => CrawlState::Interrupted,
            },
            // A crawl that was stopped has not looked at every repository in the catalogue.
            catalogue_listed: summary.catalogue_complete && status != CrawlStatus::Interrupted,
            in_scope: &|name| self.plan.repositories.means(name),
            faults: &contradictions,
        };
        let mut patience = Patience::new();
        let deleted = loop {
            match saver.finish(&end, self.clock.now()).await {
                Ok(deleted) => break deleted,
                Err(error) => patience
                    .after(error)
                    .await
                    .context("cannot record how the crawl ended")?,
            }
        };
        inventory
            .repositories
            .retain(|repository| !deleted.contains(&repository.name));
        faults.extend(contradictions);
        let counts = Counts::of(&inventory);
        Ok(CrawlResult {
            registry: registry.name,
            status,
            repositories: counts.repositories,
            tags: counts.tags,
            manifests: counts.manifests,
            blobs: counts.blobs,
            requests: RequestCounts {
                total: spent.requests,
                get: spent.get,
                head: spent.head,
                retried: spent.retried,
            },
            bytes_received: spent.bytes_received.get(),
            seconds: started.elapsed().as_millis() as f64 / 1000.0,
            faults,
        })
    }
}

/// What is wrong with the whole, though each part of it could be read.
fn contradictions(inventory: &Inventory) -> Vec<Fault> {
    let fault = |reference: Option<String>, fault: &str| Fault {
        repository: None,
        reference,
        kind: FaultKind::Invalid,
        fault: fault.to_owned(),
    };
    let sizes = inventory.conflicting_sizes().iter().map(|digest| {
        fault(
            Some(digest.to_string()),
            "manifests disagree about the size of this content; the first of them is believed",
        )
    });
    let overflow = account(inventory)
        .err()
        .map(|error| fault(None, &format!("sizes that overflow: {error}")));
    sizes.chain(overflow).collect()
}

struct Counts {
    repositories: usize,
    tags: usize,
    manifests: usize,
    blobs: usize,
}

impl Counts {
    fn of(inventory: &Inventory) -> Self {
        match account(inventory) {
            Ok(accounting) => Self {
                repositories: accounting.registry.repositories,
                tags: accounting.registry.tags,
                manifests: accounting.registry.manifests,
                blobs: accounting.registry.blobs,
            },
            // Sizes that overflow are among the faults; how many things there are is true all the same.
            Err(_) => Self {
                repositories: inventory.repositories.len(),
                tags: inventory
                    .repositories
                    .iter()
                    .map(|repository| repository.tags.len())
                    .sum(),
                manifests: inventory.manifests().len(),
                blobs: inventory.sizes().len(),
            },
        }
    }
}

/// What a client has spent between two moments; it may have been used before.
fn spent(before: &RequestStatistics, after: &RequestStatistics) -> CrawlCost {
    let bytes = after.bytes_received - before.bytes_received;
    CrawlCost {
        requests: after.total - before.total,
        get: after.get - before.get,
        head: after.head - before.head,
        retried: after.retried - before.retried,
        rate_limited: after.rate_limited - before.rate_limited,
        bytes_received: ByteCount::try_from(bytes).unwrap_or(ByteCount::MAX),
        waited: after.waited.saturating_sub(before.waited),
    }
}
