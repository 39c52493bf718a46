//! Crawls from end to end: a registry is crawled, what is found is saved, and the analysis is asked for a report.
//!
//! A crawl knows no database and the store no protocol; they meet here. Findings pass from one to the other through
//! bounded channels. While one batch is written the next is collected, so that the crawl waits for the store only if the
//! database falls behind for long.
//!
//! [`CrawlJob`] is a crawl by one process. [`Scheduler`] is what a service runs: it crawls when a [`Schedule`] or a caller
//! of the API asks for it, and shares the work with all processes on the same database. One of them leads the crawl: it
//! lists the repositories, waits for the others and ends it. All of them claim a few repositories at a time and renew
//! their leases. A worker whose lease expires counts as lost: its repositories become free, and it can no longer save
//! anything.
//!
//! Events that registries send are stored as questions. The same processes claim them, ask the registry for exactly these
//! tags and manifests, and save the answers as a crawl would.
//!
//! Each process announces the registries that it crawls, so that a request for a crawl that no process would do is refused. A
//! cancelled crawl stops when its workers next renew their leases.

mod assign;
mod conclude;
mod conclusion;
mod control;
mod crawl;
mod events;
mod known;
mod part;
mod roster;
mod schedule;
mod scheduled;
mod scheduler;
mod spent;
mod writing;

use tracing::Span;

use crate::oci::RegistryName;

pub use crawl::{CrawlJob, CrawlResult};
pub use schedule::{InvalidSchedule, Schedule};
pub use scheduled::{FromStored, MakeClient, ScheduledRegistry};
pub use scheduler::Scheduler;

/// The span of a crawl, which gives every log line within the crawl's id and registry, whatever the level of the
/// log is.
fn crawl_span(crawl: i64, registry: &RegistryName) -> Span {
    tracing::error_span!("crawl", crawl_id = crawl, %registry)
}
