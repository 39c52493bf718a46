//! Collects findings into batches and writes them to the store.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout_at};
use tracing::Instrument as _;

use crate::clock::Clock;
use crate::inventory::{Fault, FaultLimit, Finding, ManifestListing, RepositoryListing};
use crate::store::{CrawlSaver, StoreError};

/// A batch is written when it has this many findings,
const BATCH_FINDINGS: usize = 1_000;
/// or documents with this many bytes (a hostile registry may make each as large as allowed),
const BATCH_BYTES: u64 = 8 << 20;
/// or when its first finding is this old: the most that a killed crawl loses, besides work in progress. Our choice, like
/// the other limits of a batch.
const BATCH_AGE: Duration = Duration::from_millis(500);
/// How many faults of a crawl are in its result: those that the store lists.
const MAX_FAULTS: usize = FaultLimit::OF_CRAWL as usize;
/// How long to wait for an unavailable database, in steps that grow from one second to ten. Our choice.
const PATIENCE: Duration = Duration::from_secs(300);

/// Saves findings until the crawl has no more, and returns the saver and the faults among the findings.
///
/// # Errors
/// If the database stays unavailable, or refuses a statement. The receiver is then gone, which ends the crawl.
pub(super) async fn write(
    mut saver: CrawlSaver,
    findings: mpsc::Receiver<Finding>,
    clock: Arc<dyn Clock>,
) -> Result<(CrawlSaver, Vec<Fault>), StoreError> {
    // One batch is written, at most one waits, and one is collected.
    let (sender, mut batches) = mpsc::channel::<Vec<Finding>>(1);
    let collector = tokio::spawn(collect(findings, sender).in_current_span());
    let mut faults = Vec::new();
    while let Some(batch) = batches.recv().await {
        if let Err(error) = retry_transient!(saver.save(&batch, clock.now())) {
            // It may be waiting for a finding, and must not take another.
            collector.abort();
            return Err(error);
        }
        let met = batch.into_iter().filter_map(|finding| match finding {
            Finding::Fault(fault) => Some(fault),
            _ => None,
        });
        faults.extend(met.take(MAX_FAULTS.saturating_sub(faults.len())));
    }
    faults.extend(retry_transient!(saver.save_unlisted_faults())?);
    Ok((saver, faults))
}

/// Collects findings into batches until there are no more findings, or the receiver is gone.
async fn collect(mut findings: mpsc::Receiver<Finding>, batches: mpsc::Sender<Vec<Finding>>) {
    while let Some(first) = findings.recv().await {
        let deadline = Instant::now() + BATCH_AGE;
        let mut bytes = weight(&first);
        let mut batch = vec![first];
        while batch.len() < BATCH_FINDINGS && bytes < BATCH_BYTES {
            let Ok(Some(finding)) = timeout_at(deadline, findings.recv()).await else {
                break;
            };
            bytes += weight(&finding);
            batch.push(finding);
        }
        if batches.send(batch).await.is_err() {
            return;
        }
    }
}

/// The approximate size of a finding's document.
fn weight(finding: &Finding) -> u64 {
    match finding {
        Finding::Manifest(fact) => fact.size.get(),
        Finding::Config(fact) => fact.size.get(),
        // About the size of a digest in a statement.
        Finding::Repository(RepositoryListing {
            manifests: ManifestListing::Listed(manifests) | ManifestListing::Partial(manifests),
            ..
        }) => manifests.len() as u64 * 100,
        _ => 0,
    }
}

/// Repeats an operation of the store while the database is unavailable. Fails if it stays unavailable, or refuses. A
/// macro, because the compiler does not see that a future made of closures may move between threads.
macro_rules! retry_transient {
    ($work:expr) => {{
        let mut patience = $crate::jobs::writing::Patience::new();
        loop {
            match $work.await {
                Ok(output) => break Ok(output),
                Err(error) => {
                    if let Err(error) = patience.after(error).await {
                        break Err(error);
                    }
                }
            }
        }
    }};
}
pub(super) use retry_transient;

/// Waits while the database is unavailable: a restarted server costs a pause, not a crawl.
pub(super) struct Patience {
    deadline: Instant,
    pause: Duration,
}

impl Patience {
    pub(super) fn new() -> Self {
        Self {
            deadline: Instant::now() + PATIENCE,
            pause: Duration::from_secs(1),
        }
    }

    /// Waits, if a retry can help and there is time left.
    ///
    /// # Errors
    /// The same error, if not.
    pub(super) async fn after(&mut self, error: StoreError) -> Result<(), StoreError> {
        if !error.is_transient() || Instant::now() + self.pause >= self.deadline {
            return Err(error);
        }
        tracing::warn!(%error, retry_seconds = self.pause.as_secs(), "database not available, trying again");
        sleep(self.pause).await;
        self.pause = (self.pause * 2).min(Duration::from_secs(10));
        Ok(())
    }
}
