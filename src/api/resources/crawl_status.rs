//! What is true of crawls at this moment: who can do them, when the next one starts, and why one makes no progress.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use crate::api::Api;
use crate::api::problem::Problem;
use crate::identity::{Caller, Scope};
use crate::oci::RegistryName;
use crate::store::{CONFIGURED_GRACE, CrawlRecord, CrawlState, Crawler};

/// How long answers about registries wait for the database. Our choice: their figures do not need it.
const WAIT: Duration = Duration::from_secs(1);
/// How long a crawl may wait for a process before that is worth a word. Our choice: processes look every second.
const USUAL_WAIT: TimeDelta = TimeDelta::seconds(15);

/// Whether a crawl of a registry can be started now.
#[derive(Serialize, JsonSchema)]
pub(super) struct CrawlNow {
    /// Whether `POST /v1/crawls` starts a crawl of this registry.
    possible: bool,
    /// Why not, and what to do; null if it is possible.
    reason: Option<String>,
}

/// A crawl that has not ended.
#[derive(Serialize, JsonSchema)]
pub(super) struct CurrentCrawl {
    /// The number of the crawl.
    id: i64,
    /// Its state.
    state: CrawlState,
    /// What it is doing, in a sentence.
    state_text: String,
    /// Why it makes no progress, and what to do; null if it makes progress.
    stuck_reason: Option<String>,
}

/// The processes that crawl, and the crawls that have not ended.
pub(super) struct Prospects {
    /// `None` if the database does not answer.
    known: Option<Known>,
    now: DateTime<Utc>,
}

struct Known {
    crawlers: Vec<Crawler>,
    unfinished: Vec<CrawlRecord>,
}

impl Prospects {
    /// Reads them.
    ///
    /// # Errors
    /// If the database is not available.
    pub(super) async fn read(api: &Api) -> Result<Self, Problem> {
        let known = api
            .query_store(|store| async move {
                Ok(Known {
                    crawlers: store.crawlers().await?,
                    unfinished: store.unfinished_crawls().await?,
                })
            })
            .await?;
        Ok(Self {
            known: Some(known),
            now: api.clock.now(),
        })
    }

    /// Reads them if the database answers soon.
    pub(super) async fn read_or_unknown(api: &Api) -> Self {
        match tokio::time::timeout(WAIT, Self::read(api)).await {
            Ok(Ok(prospects)) => prospects,
            _ => Self {
                known: None,
                now: api.clock.now(),
            },
        }
    }

    fn crawlers(&self, registry: &RegistryName) -> impl Iterator<Item = &Crawler> {
        let crawlers = self.known.iter().flat_map(|known| &known.crawlers);
        crawlers.filter(move |crawler| crawler.entry.registry == *registry)
    }

    fn unfinished(&self, registry: &RegistryName) -> impl Iterator<Item = &CrawlRecord> {
        let unfinished = self.known.iter().flat_map(|known| &known.unfinished);
        unfinished.filter(move |record| record.registry == *registry)
    }

    /// Why a crawl of the registry would not start; `None` if it would.
    pub(super) fn why_not(&self, registry: &RegistryName) -> Option<String> {
        if self.known.is_none() {
            return Some("the database does not answer at the moment".to_owned());
        }
        let alive: Vec<_> = self
            .crawlers(registry)
            .filter(|crawler| crawler.is_alive)
            .collect();
        if alive.is_empty() {
            return Some(format!(
                "no process here crawls it: add [[registry]] to the configuration of `tare serve`, or serve --registry \
                 with the address of {registry}; a process with the role api does not crawl"
            ));
        }
        let has_configured = alive.iter().any(|crawler| crawler.entry.is_configured);
        let may_return = self
            .crawlers(registry)
            .any(|crawler| crawler.entry.is_configured && crawler.was_alive_recently);
        (!has_configured && may_return).then(|| {
            format!(
                "the process that has {registry} in its settings has stopped; another process takes over {} minutes \
                 after that",
                CONFIGURED_GRACE.as_secs() / 60
            )
        })
    }

    pub(super) fn crawl_now(&self, registry: &RegistryName, caller: &Caller) -> CrawlNow {
        let reason = if caller.may(Scope::Crawl) {
            self.why_not(registry)
        } else {
            Some("starting a crawl needs a key or token with the scope crawl".to_owned())
        };
        CrawlNow {
            possible: reason.is_none(),
            reason,
        }
    }

    /// The running crawl, else the queued one.
    /// Without numbers of repositories for who does not see all of them.
    pub(super) fn current_crawl(&self, registry: &RegistryName, is_whole: bool) -> Option<CurrentCrawl> {
        let record = self
            .unfinished(registry)
            .min_by_key(|record| (record.state == CrawlState::Queued, record.id))?;
        Some(CurrentCrawl {
            id: record.id,
            state: record.state,
            state_text: state_text(record, is_whole),
            stuck_reason: self.stuck_reason(record),
        })
    }

    /// The schedule of the process whose next crawl comes first.
    pub(super) fn schedule(&self, registry: &RegistryName) -> Option<String> {
        self.next(registry)?.entry.schedule.clone()
    }

    /// When the next scheduled crawl starts.
    pub(super) fn next_crawl(&self, registry: &RegistryName) -> Option<DateTime<Utc>> {
        self.next(registry)?.entry.next_crawl
    }

    fn next(&self, registry: &RegistryName) -> Option<&Crawler> {
        self.crawlers(registry)
            .filter(|crawler| crawler.is_alive && crawler.entry.next_crawl.is_some())
            .min_by_key(|crawler| crawler.entry.next_crawl)
    }

    /// Why an unfinished crawl makes no progress; `None` if it does.
    pub(super) fn stuck_reason(&self, record: &CrawlRecord) -> Option<String> {
        match record.state {
            CrawlState::Queued => {
                let running = self
                    .unfinished(&record.registry)
                    .find(|other| other.state != CrawlState::Queued);
                if let Some(running) = running {
                    return Some(format!("it waits for the end of crawl {}", running.id));
                }
                if let Some(reason) = self.why_not(&record.registry) {
                    return Some(reason);
                }
                (self.now - record.requested_at > USUAL_WAIT).then(|| {
                    "no process has started it yet, although one crawls this registry; the log of `tare serve` may say \
                     why"
                        .to_owned()
                })
            }
            CrawlState::Running | CrawlState::Cancelling if !record.has_worker => {
                Some(self.why_not(&record.registry).unwrap_or_else(|| {
                    "the process that worked on it is gone; another one continues it within a minute"
                        .to_owned()
                }))
            }
            _ => None,
        }
    }
}

/// The sentence for an event of a crawl: that of the state that it begins, else one for its kind.
pub(super) fn event_text(kind: &str) -> &'static str {
    let state = kind.parse::<CrawlState>().ok();
    let text = STATE_TEXTS.iter().find(|(known, _)| state == Some(*known));
    match (text, kind) {
        (Some((_, text)), _) => text,
        (None, "queued") => "Waiting for a process to start it.",
        (None, "started") => "Listing the repositories.",
        (None, "listed") => "The repositories are listed.",
        (None, "progress") => "Reading repositories.",
        (None, "worker_joined") => "A process takes part.",
        (None, "worker_left") => "A process has finished its part.",
        (None, "worker_lost") => "A process is gone; its repositories are read by others.",
        (None, _) => "",
    }
}

/// What a crawl is doing or how it ended, in a sentence.
///
/// With numbers of repositories if the reader sees the whole registry.
pub(super) fn state_text(record: &CrawlRecord, is_whole: bool) -> String {
    match record.state {
        CrawlState::Queued => "Waiting for a process to start it.".to_owned(),
        CrawlState::Running if record.repositories_total == 0 => "Listing the repositories.".to_owned(),
        CrawlState::Running if !is_whole => "Reading repositories.".to_owned(),
        CrawlState::Running => format!(
            "Reading repositories: {} of {}.",
            record.repositories_done, record.repositories_total
        ),
        state => STATE_TEXTS
            .iter()
            .find(|(known, _)| *known == state)
            .map_or("", |(_, text)| *text)
            .to_owned(),
    }
}

/// The sentences for states without figures.
const STATE_TEXTS: [(CrawlState, &str); 6] = [
    (CrawlState::Cancelling, "Cancelled; stopping its last requests."),
    (CrawlState::Complete, "Finished. Everything was read."),
    (CrawlState::Incomplete, "Finished. Some of it could not be read."),
    (
        CrawlState::Interrupted,
        "Stopped before its end. The next crawl continues from there.",
    ),
    (CrawlState::Failed, "Failed. The message has the reason."),
    (
        CrawlState::Cancelled,
        "Cancelled. What was read is kept, and the next crawl continues from there.",
    ),
];
