//! From a registry to findings: what to ask, what to skip, and how much at a time.
//!
//! [`crawl`] walks repositories → tags → manifests → configurations and sends each fact as it is
//! established. It knows no database: what was found before comes in as plain data ([`Known`]), and what
//! is found goes out through a channel, whose capacity bounds the memory. Where several processes share a
//! crawl, one [`list`]s the repositories and each [`visit`]s some.
//!
//! What it promises:
//! - **Few requests.** A digest is fetched once in a crawl and never when it is known. A repository never
//!   seen costs one GET a tag; after that a tag costs one HEAD, and a GET only where it points elsewhere.
//!   Where manifests without a tag are asked for, that costs one more listing a repository.
//! - **Order.** Facts about content are sent before the tag that reaches them, and a repository's
//!   [`RepositoryListing`](crate::inventory::RepositoryListing) after everything else of it. A crawl that
//!   is killed leaves something consistent behind, and the next one goes on from there.
//! - **Faults are findings.** One broken manifest costs its own bytes and nothing else.
//! - **Hostile content is bounded.** So is the depth of indexes and the number of manifests beneath a tag.

mod attached;
mod choice;
mod claims;
mod config;
mod outbox;
mod plan;
mod progress;
mod reach;
mod repository;
mod run;
mod stop;
mod untagged;
mod walk;

pub use choice::RepositoryChoice;
pub use plan::{CrawlPlan, CrawlStatus, CrawlSummary, Known, ReferrersPolicy};
pub use progress::{Progress, ProgressSnapshot};
pub use run::{Assignment, Listing, crawl, list, visit};
pub use stop::StopFlag;
