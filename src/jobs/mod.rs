//! Crawls from end to end: a registry is crawled, what is found is saved, and the analysis is asked for a report.
//!
//! The crawl knows no database and the store no protocol; here they meet. Findings go from one to the
//! other through channels of bounded size, and while one batch is written the next is collected, so that
//! the crawl waits for the store only where the database cannot keep up for long.
//!
//! [`CrawlJob`] is a crawl that one process does alone. [`Scheduler`] is what a service runs: it crawls when
//! a [`Schedule`] or a caller of the API asks, and shares the work with all processes that have the same
//! database. One of them leads the crawl: it lists the repositories, waits for the others and ends it. All
//! claim repositories a few at a time and give signs of life. Whoever gives none for longer than its lease is
//! taken to be lost: its repositories are anybody's, and nothing it may still find can be saved.

mod assign;
mod conclude;
mod conclusion;
mod crawl;
mod known;
mod part;
mod schedule;
mod scheduler;
mod spent;
mod writing;

use tracing::Span;

use crate::oci::RegistryName;

pub use crawl::{CrawlJob, CrawlResult};
pub use schedule::{InvalidSchedule, Schedule};
pub use scheduler::{MakeClient, ScheduledRegistry, Scheduler};

/// The span of a crawl, which gives every log line within the crawl's id and registry, whatever the level of the
/// log is.
fn crawl_span(crawl: i64, registry: &RegistryName) -> Span {
    tracing::error_span!("crawl", crawl_id = crawl, %registry)
}
