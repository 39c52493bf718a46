//! Assigns repositories to a worker, a few at a time.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use super::known::{known_registry, known_repositories};
use super::writing::retry_transient;
use crate::clock::Clock;
use crate::crawl::{Assignment, Known, Listing};
use crate::oci::{RegistryName, RepositoryName};
use crate::store::{Claim, CrawlPart, Store, StoreError};

/// How many repositories are claimed at once. Our choice: few, so that all workers finish at about the same time, and a
/// killed worker had little claimed.
const CLAIM: u32 = 4;
/// For how many repositories of its own a worker reads at once what is known. Our choice: few statements, and little memory.
const KNOWN_AT_A_TIME: usize = 32;
/// How often a leader without work checks whether the others are done. Our choice.
const LOOK_AFTER_OTHERS: Duration = Duration::from_millis(500);
/// What other workers have saved is read again at most so often that it takes a tenth of the time. Our choice.
const KNOWN_RATIO: u32 = 10;

/// Assigns repositories to a walk.
pub(super) struct Assigner {
    pub(super) store: Store,
    pub(super) registry: RegistryName,
    pub(super) part: CrawlPart,
    pub(super) clock: Arc<dyn Clock>,
}

impl Assigner {
    /// Assigns a worker's own repositories, then claims more as long as there are any. A leader also waits for the other
    /// workers. Ends early if the receiver is gone.
    pub(super) async fn run(
        self,
        own: Listing,
        known: Known,
        assignments: mpsc::Sender<Assignment>,
    ) -> Result<(), StoreError> {
        let mut fresh = Fresh {
            known,
            loaded_at: Instant::now(),
            took: Duration::ZERO,
            workers_gone: 0,
        };
        if !self.part.is_shared() {
            for some in own.repositories.chunks(KNOWN_AT_A_TIME) {
                if assignments.is_closed() {
                    break;
                }
                self.assign(some, &fresh.known, &assignments).await?;
            }
            return Ok(());
        }
        while !assignments.is_closed() {
            let claim = retry_transient!(self.part.claim(CLAIM))?;
            if claim.repositories.is_empty() {
                if !self.part.is_leader() || self.others_are_done().await? {
                    return Ok(());
                }
                tokio::select! {
                    () = assignments.closed() => {}
                    () = sleep(LOOK_AFTER_OTHERS) => {}
                }
                continue;
            }
            fresh.refresh(&self, &claim).await?;
            self.assign(&claim.repositories, &fresh.known, &assignments)
                .await?;
        }
        Ok(())
    }

    /// Assigns repositories with what is known of them. Ends early if the receiver is gone.
    async fn assign(
        &self,
        repositories: &[RepositoryName],
        known: &Known,
        assignments: &mpsc::Sender<Assignment>,
    ) -> Result<(), StoreError> {
        let known = known_repositories(&self.store, &self.registry, known, repositories).await?;
        for repository in repositories {
            let (repository, known) = (repository.clone(), Arc::clone(&known));
            if assignments.send(Assignment { repository, known }).await.is_err() {
                break;
            }
        }
        Ok(())
    }

    async fn others_are_done(&self) -> Result<bool, StoreError> {
        retry_transient!(self.store.expire_workers(self.clock.now()))?;
        let rest = retry_transient!(self.part.rest())?;
        Ok(rest.unclaimed == 0 && rest.other_workers == 0)
    }
}

/// What is known of the registry as a whole, read again as other workers find more.
struct Fresh {
    known: Known,
    loaded_at: Instant,
    took: Duration,
    workers_gone: u64,
}

impl Fresh {
    async fn refresh(&mut self, assigner: &Assigner, claim: &Claim) -> Result<(), StoreError> {
        // A lost worker may have saved much of the repositories that it leaves behind.
        let may_be_stale = claim.workers_gone > self.workers_gone
            || claim.workers > 1 && self.loaded_at.elapsed() > self.took * KNOWN_RATIO;
        if may_be_stale {
            let begin = Instant::now();
            self.known = known_registry(&assigner.store, &assigner.registry).await?;
            self.loaded_at = Instant::now();
            self.took = begin.elapsed();
            self.workers_gone = claim.workers_gone;
        }
        Ok(())
    }
}
