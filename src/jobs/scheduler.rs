//! What a service does all year: crawl when it is time, or when somebody asks.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use chrono::{DateTime, TimeDelta, Utc};
use futures::future::BoxFuture;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tracing::{Instrument as _, Span};

use super::part::{Ended, PartWork};
use super::{Schedule, crawl_span};
use crate::analysis::{AnalysisService, CrawledContent};
use crate::clock::Clock;
use crate::crawl::{CrawlPlan, Progress, StopFlag};
use crate::registry::Client;
use crate::store::{CrawlSaver, CrawledRegistry, Leaving, Retention, Store};

/// Who asks for the first crawl of a registry.
const FIRST_START: &str = "first start of the service";
/// How often it is looked whether there is something to do.
const LOOK: Duration = Duration::from_secs(1);
/// The longest pause after something failed; it doubles up to here.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// How long after the end of a crawl its report counts as lost: whoever ended it works it out first.
const REPORT_WITHIN: TimeDelta = TimeDelta::minutes(2);
/// How often it is looked for crawls without a report; one that cannot be worked out is tried ever more rarely, down
/// to once in [`RAREST_REPORT`].
const REPORT_LOOK: TimeDelta = TimeDelta::minutes(1);
const RAREST_REPORT: TimeDelta = TimeDelta::hours(1);
/// How long work under way may take to be handed back once the process is to stop.
const STOP_WITHIN: Duration = Duration::from_secs(10);

/// Crawls registries when their schedules or callers of the API ask for it, together with any number of
/// other processes that do the same on the same database.
///
/// A time of a schedule leads to one crawl, whichever process comes first; times that nobody was there
/// for lead to one crawl together. A registry that was never crawled is crawled at once, schedule or not.
pub struct Scheduler {
    /// Where crawls are asked for and saved.
    pub store: Store,
    /// The registries to see to.
    pub registries: Vec<ScheduledRegistry>,
    /// After how many listings in a row without it a repository or tag counts as deleted.
    pub tombstone_after: u32,
    /// How long what is kept about crawls stays.
    pub retention: Retention,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Makes and saves the report after a crawl has ended, before old data is removed. A failure is logged.
    pub analysis: AnalysisService,
}

/// A registry to see to.
#[derive(Clone)]
pub struct ScheduledRegistry {
    /// The registry.
    pub registry: CrawledRegistry,
    /// What to read of it.
    pub plan: CrawlPlan,
    /// When to crawl it; only when asked for where there is none.
    pub schedule: Option<Schedule>,
    /// Makes a client for one crawl, so that credentials are those of the day.
    pub client: MakeClient,
}

/// Makes a client of a registry.
pub type MakeClient = Arc<dyn Fn() -> BoxFuture<'static, anyhow::Result<Client>> + Send + Sync>;

impl Scheduler {
    /// Works until the flag is raised; then hands back what is under way and ends within ten seconds.
    pub async fn run(self, stop: StopFlag) {
        let scheduler = Arc::new(self);
        let mut watches = JoinSet::new();
        for registry in scheduler.registries.clone() {
            let (scheduler, stop) = (Arc::clone(&scheduler), stop.clone());
            watches.spawn(async move { scheduler.watch(&registry, &stop).await });
        }
        stop.stopped().await;
        let all_ended = async { while watches.join_next().await.is_some() {} };
        if timeout(STOP_WITHIN, all_ended).await.is_err() {
            tracing::warn!("crawls under way did not end in time, other workers continue them");
        }
    }

    /// Sees to one registry.
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

/// One registry being seen to.
struct Watch<'a> {
    scheduler: &'a Scheduler,
    registry: &'a ScheduledRegistry,
    stop: &'a StopFlag,
    /// Whether the store knows the registry.
    is_known: bool,
    /// Up to when the schedule has been seen to, by whomever.
    seen_until: Option<DateTime<Utc>>,
    /// The span of the crawl that the last turn was about, if it was about one.
    span: Span,
    /// When to look for a crawl without a report again, and how long to wait from then on.
    report_look: (DateTime<Utc>, TimeDelta),
}

impl Watch<'_> {
    /// Does what there is to do now.
    async fn turn(&mut self) -> anyhow::Result<()> {
        self.span = Span::none();
        let Scheduler { store, clock, .. } = self.scheduler;
        let registry = &self.registry.registry;
        if !self.is_known {
            let now = clock.now();
            store.know_registries(std::slice::from_ref(registry), now).await?;
            if store.scheduled_until(&registry.name).await?.is_none() {
                // Under one key, so that however many processes find out, it is crawled once.
                store
                    .request_crawl(&registry.name, FIRST_START, Some(FIRST_START), now)
                    .await?;
            }
            self.is_known = true;
        }
        self.take_slot().await?;
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

    /// Does what was to follow the last crawl, where whoever ended it did not live to, or could not.
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

    /// Queues a crawl where it is time for one and nobody else has.
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
                self.follow_up(crawl, Some(conclusion.content)).await?;
            }
        }
        Ok(())
    }

    /// Saves the report after a crawl, and removes what is older than the retention settings say.
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
