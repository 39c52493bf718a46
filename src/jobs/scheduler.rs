//! The scheduler of a service: crawls registries by schedule and on request.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use chrono::{DateTime, TimeDelta, Utc};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tracing::{Instrument as _, Span};

use super::crawl_span;
use super::events::{Attendance, Attended};
use super::part::{Ended, PartWork};
use super::scheduled::{FromStored, ScheduledRegistry};
use crate::analysis::{AnalysisService, CrawledContent};
use crate::clock::Clock;
use crate::crawl::{Progress, StopFlag};
use crate::store::{CrawlSaver, CrawlState, Leaving, Retention, Store};

/// The requester of a registry's first crawl.
const FIRST_START: &str = "first start of the service";
/// How often the announcement of this process is renewed, and stored registries are looked for. Our choice.
const ANNOUNCE_EVERY: Duration = Duration::from_secs(5);
/// How often the scheduler looks for work. Our choice.
const LOOK: Duration = Duration::from_secs(1);
/// The longest pause after a failure; pauses double up to it. Our choice.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// How long after the end of a crawl its report counts as missing. Our choice: the process that ended the crawl computes
/// it first.
const REPORT_WITHIN: TimeDelta = TimeDelta::minutes(2);
/// How often the scheduler looks for crawls without a report. If a report fails repeatedly, the interval doubles up to
/// [`RAREST_REPORT`]. Our choice.
const REPORT_LOOK: TimeDelta = TimeDelta::minutes(1);
const RAREST_REPORT: TimeDelta = TimeDelta::hours(1);
/// How long work in progress may take to stop. Our choice, below the usual 30 seconds of container platforms.
const STOP_WITHIN: Duration = Duration::from_secs(10);

/// Crawls registries by schedule or on request of API callers, together with any number of other processes on the same
/// database.
///
/// Each time of a schedule leads to one crawl, by whichever process is first; times that were missed lead to one crawl
/// together. A registry that was never crawled is crawled at once, even without a schedule.
pub struct Scheduler {
    /// The store.
    pub store: Store,
    /// The registries to crawl.
    pub registries: Vec<ScheduledRegistry>,
    /// Makes registries that were crawled before ready to be crawled on request; `None` crawls only [`Self::registries`].
    pub from_stored: Option<FromStored>,
    /// After how many consecutive listings without it a repository or tag counts as deleted.
    pub tombstone_after: u32,
    /// The retention settings.
    pub retention: Retention,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Makes and saves the report after a crawl has ended, before old data is removed. A failure is logged.
    pub analysis: AnalysisService,
}

impl Scheduler {
    /// Runs until the flag is raised; then stops the work in progress within ten seconds.
    pub async fn run(self, stop: StopFlag) {
        let scheduler = Arc::new(self);
        let mut watches = JoinSet::new();
        let mut watch = |registry: ScheduledRegistry| {
            let (scheduler, stop) = (Arc::clone(&scheduler), stop.clone());
            watches.spawn(async move { scheduler.watch(&registry, &stop).await });
        };
        let mut known = scheduler.registries.clone();
        known.iter().cloned().for_each(&mut watch);
        let attended = Attended::new(known.clone());
        let attendance = Attendance::new(scheduler.store.clone(), Arc::clone(&scheduler.clock));
        let attending = tokio::spawn(attendance.run(attended.clone(), stop.clone()));
        while !stop.is_stopped() {
            match scheduler.stored_beside(&known).await {
                Ok(found) => {
                    found.iter().cloned().for_each(&mut watch);
                    attended.add(&found);
                    known.extend(found);
                }
                Err(error) => tracing::debug!(%error, "stored registries could not be read"),
            }
            if let Err(error) = scheduler.announce(&known).await {
                tracing::debug!(%error, "the registries of this process could not be announced");
            }
            tokio::select! {
                () = stop.stopped() => {}
                () = sleep(ANNOUNCE_EVERY) => {}
            }
        }
        if let Err(error) = scheduler.store.withdraw_crawler().await {
            tracing::debug!(%error, "the announcement of this process ends with its lease");
        }
        let all_ended = async {
            while watches.join_next().await.is_some() {}
            // It has no result, and a panic in it is logged.
            let _ = attending.await;
        };
        if timeout(STOP_WITHIN, all_ended).await.is_err() {
            tracing::warn!("crawls under way did not end in time, other workers continue them");
        }
    }

    /// Handles one registry.
    async fn watch(&self, registry: &ScheduledRegistry, stop: &StopFlag) {
        let mut watch = Watch {
            scheduler: self,
            registry,
            stop,
            is_known: false,
            seen_until: None,
            span: Span::none(),
            report_look: (DateTime::UNIX_EPOCH, REPORT_LOOK),
        };
        let mut pause = LOOK;
        while !stop.is_stopped() {
            pause = match watch.turn().await {
                Ok(()) => LOOK,
                Err(error) => {
                    watch.span.in_scope(|| {
                        tracing::error!(
                            registry = %registry.registry.name,
                            error = format!("{error:#}"),
                            "crawling failed"
                        );
                    });
                    (pause * 2).min(LONGEST_PAUSE)
                }
            };
            tokio::select! {
                () = stop.stopped() => {}
                () = sleep(pause) => {}
            }
        }
    }
}

/// The state of one registry's scheduling.
struct Watch<'a> {
    scheduler: &'a Scheduler,
    registry: &'a ScheduledRegistry,
    stop: &'a StopFlag,
    /// Whether the registry is saved in the store.
    is_known: bool,
    /// Until when the schedule has been handled, by any process.
    seen_until: Option<DateTime<Utc>>,
    /// The span of the crawl that the last turn was about, if it was about one.
    span: Span,
    /// When to look for a crawl without a report again, and the interval after that.
    report_look: (DateTime<Utc>, TimeDelta),
}

impl Watch<'_> {
    /// Does the work that is due.
    async fn turn(&mut self) -> anyhow::Result<()> {
        self.span = Span::none();
        let Scheduler { store, clock, .. } = self.scheduler;
        let registry = &self.registry.registry;
        if !self.is_known {
            let now = clock.now();
            store
                .register_registries(std::slice::from_ref(registry), now)
                .await?;
            if store.scheduled_until(&registry.name).await?.is_none() {
                // The same key in all processes, so that the registry is crawled once.
                store
                    .request_crawl(&registry.name, FIRST_START, Some(FIRST_START), now)
                    .await?;
            }
            self.is_known = true;
        }
        self.take_slot().await?;
        if !self.registry.is_configured
            && (!store.has_work(&registry.name).await? || store.is_left_to_others(&registry.name).await?)
        {
            return Ok(());
        }
        let joined = store
            .join_crawl(&registry.name, self.scheduler.tombstone_after, clock.now())
            .await
            .context("cannot look for work")?;
        match joined {
            Some(saver) => {
                self.span = crawl_span(saver.part().crawl(), &registry.name);
                self.take_part(saver).instrument(self.span.clone()).await
            }
            None => self.catch_up().await,
        }
    }

    /// Computes the report of the last crawl, if the process that ended the crawl did not.
    async fn catch_up(&mut self) -> anyhow::Result<()> {
        let Scheduler { store, clock, .. } = self.scheduler;
        let name = &self.registry.registry.name;
        let (next, pause) = self.report_look;
        let now = clock.now();
        if now < next {
            return Ok(());
        }
        self.report_look = (now + pause, REPORT_LOOK);
        let left = store.crawl_without_report(name, now - REPORT_WITHIN).await?;
        let Some(crawl) = left else {
            return Ok(());
        };
        self.span = crawl_span(crawl, name);
        self.span
            .in_scope(|| tracing::warn!("no report followed the crawl, computing it now"));
        self.report_look = (now + pause, (pause * 2).min(RAREST_REPORT));
        self.follow_up(crawl, None).instrument(self.span.clone()).await
    }

    /// Queues a crawl if one is due and no other process has queued it.
    async fn take_slot(&mut self) -> anyhow::Result<()> {
        let Scheduler { store, clock, .. } = self.scheduler;
        let name = &self.registry.registry.name;
        let Some(schedule) = &self.registry.schedule else {
            return Ok(());
        };
        let now = clock.now();
        let due = schedule.latest_due(name, now);
        let Some(slot) = due.filter(|due| self.seen_until.is_none_or(|seen| seen < *due)) else {
            return Ok(());
        };
        let until = store.scheduled_until(name).await?;
        if clock.can_be_wrong() {
            store.check_clock(now).await?;
        }
        if until.is_none_or(|until| until < slot)
            && let Some(crawl) = store.take_slot(name, slot, now).await?
        {
            tracing::info!(crawl_id = crawl, registry = %name, %slot, "scheduled crawl queued");
        }
        self.seen_until = Some(slot);
        Ok(())
    }

    async fn take_part(&self, saver: CrawlSaver) -> anyhow::Result<()> {
        let Scheduler { store, clock, .. } = self.scheduler;
        let name = &self.registry.registry.name;
        let part = saver.part().clone();
        let crawl = part.crawl();
        if clock.can_be_wrong()
            && let Err(error) = store.check_clock(clock.now()).await
        {
            part.give_up(&error.to_string(), clock.now()).await?;
            return Err(error.into());
        }
        tracing::info!("taking part in the crawl");
        let client = match (self.registry.client)().await {
            Ok(client) => client,
            Err(error) => {
                part.give_up(&format!("{error:#}"), clock.now()).await?;
                return Err(error.context(format!("crawl {crawl}: cannot log in")));
            }
        };
        let work = PartWork {
            store,
            reader: self.scheduler.analysis.reader(),
            registry: name,
            client: &client,
            plan: &self.registry.plan,
            clock,
            progress: &Progress::default(),
            stop: self.stop,
        };
        match work.run(saver).await.with_context(|| format!("crawl {crawl}"))? {
            Ended::Left(Leaving::Finished) => {
                tracing::info!("part finished, other workers continue the crawl");
            }
            Ended::Left(Leaving::Stopped) => tracing::info!("part handed back"),
            Ended::Concluded(conclusion) => {
                let state = conclusion.state;
                tracing::info!(state = state.as_str(), "crawl ended");
                if state == CrawlState::Cancelled {
                    return Ok(());
                }
                self.follow_up(crawl, Some(conclusion.content)).await?;
            }
        }
        Ok(())
    }

    /// The work after a crawl.
    async fn follow_up(&self, crawl: i64, content: Option<CrawledContent>) -> anyhow::Result<()> {
        let scheduler = self.scheduler;
        let crawled = content.into_iter().collect();
        let reported = scheduler
            .analysis
            .save_report(crawled, scheduler.clock.now())
            .await;
        let pruned = scheduler
            .store
            .prune(&scheduler.retention, scheduler.clock.now())
            .await
            .context("what is older than the retention settings say could not be removed");
        reported.with_context(|| format!("crawl {crawl} is saved, but its report is not"))?;
        let pruned = pruned?;
        if !pruned.is_nothing() {
            tracing::info!(
                crawl_events = pruned.crawl_events,
                crawl_faults = pruned.crawl_faults,
                crawls = pruned.crawls,
                reports = pruned.reports,
                pull_events = pruned.pull_events,
                tag_history = pruned.tag_history,
                manifests = pruned.manifests,
                "removed what is older than the retention settings allow"
            );
        }
        Ok(())
    }
}
