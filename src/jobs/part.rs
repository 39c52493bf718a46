//! A worker's part in a crawl, from loading what is known to saving what is found.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};
use tracing::Instrument as _;

use super::assign::Assigner;
use super::conclusion::Conclusion;
use super::control::Control;
use super::known::known_registry;
use super::spent::Spent;
use super::writing::{retry_transient, write};
use crate::analysis::ContentReader;
use crate::clock::Clock;
use crate::crawl::{CrawlPlan, CrawlStatus, Known, Listing, Progress, StopFlag, list, visit};
use crate::inventory::{Fault, FaultKind, Finding};
use crate::oci::RegistryName;
use crate::registry::Client;
use crate::store::{CrawlPart, CrawlSaver, CrawlState, Leaving, Renewal, Store, StoreError};

/// How many findings may wait between the crawl and the writer. Our choice: few, because each may contain a document of
/// megabytes.
const WAITING_FINDINGS: usize = 64;
/// How often a worker renews its lease and reports its progress. Our choice.
const SIGN_OF_LIFE: Duration = Duration::from_secs(1);
/// How long the leader of a cancelled crawl waits for the other workers. Our choice: they notice within a second.
const WAIT_FOR_OTHERS: Duration = Duration::from_secs(10);
/// How often it looks. Our choice.
const LOOK_AFTER_OTHERS: Duration = Duration::from_millis(200);

/// What a worker needs for its part.
pub(super) struct PartWork<'a> {
    pub(super) store: &'a Store,
    pub(super) reader: &'a ContentReader,
    pub(super) registry: &'a RegistryName,
    pub(super) client: &'a Client,
    pub(super) plan: &'a CrawlPlan,
    pub(super) clock: &'a Arc<dyn Clock>,
    pub(super) progress: &'a Progress,
    pub(super) stop: &'a StopFlag,
}

/// How a part ended.
pub(super) enum Ended {
    /// The crawl is over.
    Concluded(Box<Conclusion>),
    /// The crawl goes on, by other workers or later.
    Left(Leaving),
}

/// The result of walking and saving.
struct Walked {
    saver: CrawlSaver,
    faults: Vec<Fault>,
    was_stopped: bool,
}

impl PartWork<'_> {
    /// Does the part to its end, renewing the lease meanwhile.
    ///
    /// # Errors
    /// If the lease is lost, or the store fails permanently. What was saved until then stays.
    pub(super) async fn run(&self, saver: CrawlSaver) -> anyhow::Result<Ended> {
        let part = saver.part().clone();
        let spent = Spent::since_now(self.client);
        let control = Control::default();
        let ended = tokio::select! {
            biased;
            lost = self.live(&part, &spent, &control) => Err(lost.into()),
            ended = self.work(saver, &spent, &control) => ended,
        };
        if let Err(error) = &ended {
            // If not even this succeeds, the lease expires.
            if let Err(error) = part.give_up(&format!("{error:#}"), self.clock.now()).await {
                tracing::debug!(%error, "end of the part could not be recorded");
            }
        }
        ended
    }

    /// Renews the lease until it is lost, and passes on that the process stops or the crawl is cancelled.
    async fn live(&self, part: &CrawlPart, spent: &Spent<'_>, control: &Control) -> StoreError {
        let every = SIGN_OF_LIFE.min(part.lease() / 3).max(Duration::from_millis(20));
        loop {
            tokio::select! {
                () = sleep(every) => {}
                () = self.stop.stopped(), if !control.flag.is_stopped() => control.flag.stop(),
            }
            let tags = self.progress.snapshot().tags_done;
            let renewed = part.renew(&spent.so_far(), tags).await;
            if matches!(renewed, Ok(Renewal::Cancel)) {
                control.cancel();
            }
            let reported = match renewed {
                Ok(_) if part.is_leader() => part.report_progress(self.clock.now()).await,
                renewed => renewed.map(drop),
            };
            match reported {
                Err(StoreError::LeaseLost) => return StoreError::LeaseLost,
                // The writer waits for the database meanwhile, and logs that.
                Err(error) => tracing::debug!(%error, "lease could not be renewed"),
                Ok(()) => {}
            }
        }
    }

    async fn work(&self, saver: CrawlSaver, spent: &Spent<'_>, control: &Control) -> anyhow::Result<Ended> {
        let part = saver.part().clone();
        if self.stop.is_stopped() {
            control.flag.stop();
        }
        // A leader that takes over a cancelled crawl sends no request.
        let renewed = retry_transient!(part.renew(&spent.so_far(), 0)).context("cannot begin the part")?;
        if renewed == Renewal::Cancel {
            control.cancel();
        }
        let mut walked = self.walk(saver, &control.flag).await?;
        let ends_cancelled = walked.was_stopped && control.is_cancelled() && part.is_leader();
        if part.is_shared() && !ends_cancelled && (walked.was_stopped || !part.is_leader()) {
            let how = if walked.was_stopped {
                Leaving::Stopped
            } else {
                Leaving::Finished
            };
            let tags = self.progress.snapshot().tags_done;
            retry_transient!(part.renew(&spent.so_far(), tags)).context("cannot say what was done")?;
            retry_transient!(part.leave(how, self.clock.now())).context("cannot hand back what is left")?;
            return Ok(Ended::Left(how));
        }
        if ends_cancelled {
            self.wait_for_others(&part).await?;
        }
        let early = match (walked.was_stopped, ends_cancelled) {
            (_, true) => Some(CrawlState::Cancelled),
            (true, false) => Some(CrawlState::Interrupted),
            (false, false) => None,
        };
        let conclusion = self
            .conclude(&mut walked.saver, walked.faults, early, spent)
            .await?;
        Ok(Ended::Concluded(Box::new(conclusion)))
    }

    /// Waits until the other workers of a cancelled crawl have left it, or for [`WAIT_FOR_OTHERS`].
    async fn wait_for_others(&self, part: &CrawlPart) -> anyhow::Result<()> {
        let deadline = Instant::now() + WAIT_FOR_OTHERS;
        while Instant::now() < deadline {
            retry_transient!(self.store.expire_workers(self.clock.now()))?;
            if retry_transient!(part.rest())?.other_workers == 0 {
                break;
            }
            sleep(LOOK_AFTER_OTHERS).await;
        }
        Ok(())
    }

    async fn walk(&self, saver: CrawlSaver, stop: &StopFlag) -> anyhow::Result<Walked> {
        let part = saver.part().clone();
        let known = known_registry(self.store, self.registry)
            .await
            .context("cannot read what is known already")?;
        let (sender, findings) = mpsc::channel(WAITING_FINDINGS);
        // On a separate task, so that both cores have work.
        let writer = tokio::spawn(write(saver, findings, Arc::clone(self.clock)).in_current_span());
        let listed = self.list(&part, &known, sender.clone(), stop).await?;
        let was_stopped = match listed {
            None => {
                // The writer ends when nothing can be sent to it any more.
                drop(sender);
                true
            }
            Some(own) => {
                let (sends, assignments) = mpsc::channel(1);
                let assigner = Assigner {
                    store: self.store.clone(),
                    registry: self.registry.clone(),
                    part,
                    clock: Arc::clone(self.clock),
                };
                let assigner = tokio::spawn(assigner.run(own, known, sends).in_current_span());
                let summary = visit(self.client, self.plan, assignments, self.progress, sender, stop).await;
                let assigned = assigner.await.context("the assigner ended early")?;
                assigned.context("cannot claim work")?;
                summary.status == CrawlStatus::Interrupted
            }
        };
        let written = writer.await.context("the writer ended")?;
        let (saver, faults) = written.context("cannot save what the crawl finds")?;
        Ok(Walked {
            saver,
            faults,
            was_stopped,
        })
    }

    /// Lists the repositories, if this worker leads the crawl, and returns those that are its own from the start. `None` if
    /// it was stopped.
    async fn list(
        &self,
        part: &CrawlPart,
        known: &Known,
        findings: mpsc::Sender<Finding>,
        stop: &StopFlag,
    ) -> anyhow::Result<Option<Listing>> {
        let nothing = Listing {
            repositories: Vec::new(),
            is_complete: true,
        };
        if !part.is_leader() {
            return Ok(Some(nothing));
        }
        let listed = retry_transient!(part.listed()).context("cannot read how far the crawl is")?;
        if listed.is_some() {
            // Listed by a leader that is gone.
            return Ok(Some(nothing));
        }
        let sender = findings.clone();
        let Some(mut listing) = list(self.client, self.plan, known, self.progress, findings, stop).await
        else {
            return Ok(None);
        };
        if let Some(fault) = self.empty_catalogue(&listing).await? {
            listing.is_complete = false;
            // If the writer is gone, its error ends the crawl.
            let _ = sender.send(Finding::Fault(fault)).await;
        }
        let (names, complete) = (&listing.repositories, listing.is_complete);
        retry_transient!(part.list(names, complete, self.clock.now()))
            .context("cannot record what is to be read")?;
        Ok(Some(if part.is_shared() { nothing } else { listing }))
    }

    /// The fault of a catalogue that lists nothing although repositories with tags are known. Registries answer so to
    /// credentials that may not see any repository, so nothing counts as deleted because of it.
    async fn empty_catalogue(&self, listing: &Listing) -> anyhow::Result<Option<Fault>> {
        let repositories = &self.plan.repositories;
        let is_empty =
            listing.repositories.is_empty() && listing.is_complete && repositories.needs_catalogue();
        if !is_empty {
            return Ok(None);
        }
        let known = retry_transient!(self.store.tagged_repositories(self.registry))
            .context("cannot read which repositories had tags")?;
        let expected = known.iter().filter(|name| repositories.matches(name)).count();
        Ok((expected > 0).then(|| Fault {
            repository: None,
            reference: Some("_catalog".to_owned()),
            kind: FaultKind::Unavailable,
            fault: format!(
                "the catalogue lists no repository, and {expected} with tags were read before. None of them counts as \
                 deleted: check the registry, and whether the credentials may see its repositories"
            ),
        }))
    }
}
