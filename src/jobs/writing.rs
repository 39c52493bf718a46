//! From single findings to batches in the store.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout_at};
use tracing::Instrument as _;

use crate::clock::Clock;
use crate::inventory::{Fault, Finding, ManifestListing, RepositoryListing};
use crate::store::{CrawlSaver, StoreError};

/// A batch is written when it holds this many findings,
const BATCH_FINDINGS: usize = 1_000;
/// or documents of this many bytes (a hostile registry may make each as large as it is allowed to be),
const BATCH_BYTES: u64 = 8 << 20;
/// or when its first finding is this old: what a killed crawl loses at most, besides what is under way.
const BATCH_AGE: Duration = Duration::from_millis(500);
/// How long a database that is away is waited for, in steps that grow from one second to ten.
const PATIENCE: Duration = Duration::from_secs(300);

/// Saves findings until the crawl has no more of them, and gives back the saver and the faults that were
/// among the findings.
///
/// # Errors
/// Where the database stays away, or refuses. Then nobody takes findings any more, which ends the crawl.
pub(super) async fn write(
    mut saver: CrawlSaver,
    findings: mpsc::Receiver<Finding>,
    clock: Arc<dyn Clock>,
) -> Result<(CrawlSaver, Vec<Fault>), StoreError> {
    // One batch is written, one waits at most, one is collected.
    let (sender, mut batches) = mpsc::channel::<Vec<Finding>>(1);
    let collector = tokio::spawn(collect(findings, sender).in_current_span());
    let mut faults = Vec::new();
    while let Some(batch) = batches.recv().await {
        if let Err(error) = retry_transient!(saver.save(&batch, clock.now())) {
            // It may be waiting for a finding, and must not take one more.
            collector.abort();
            return Err(error);
        }
        faults.extend(batch.into_iter().filter_map(|finding| match finding {
            Finding::Fault(fault) => Some(fault),
            _ => None,
        }));
    }
    Ok((saver, faults))
}

/// Puts findings together into batches until there are no more findings, or nobody takes batches.
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

/// How large the document was that a finding came from, roughly.
fn weight(finding: &Finding) -> u64 {
    match finding {
        Finding::Manifest(fact) => fact.size.get(),
        Finding::Config(fact) => fact.size.get(),
        // About what a digest takes in a statement.
        Finding::Repository(RepositoryListing {
            manifests: ManifestListing::Listed(manifests),
            ..
        }) => manifests.len() as u64 * 100,
        _ => 0,
    }
}

/// Does something with the database as often as it takes, waiting for the database if it is away; an error
/// where it stays away, or refuses. A macro, because the compiler does not see that a future made of
/// closures may move between threads.
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

/// Trying again while the database is away: a server that is restarted costs a pause, not a crawl.
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

    /// Waits, if trying again can help and there is time left.
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
