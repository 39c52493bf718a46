//! Turns a registry into findings: what to request, what to skip, and how much at a time.
//!
//! [`crawl`] walks repositories → tags → manifests → configurations and sends each fact as soon as it is known. This
//! room knows no database: what earlier crawls found comes in as plain data ([`Known`]), and findings go out through
//! a bounded channel, which limits memory. If several processes share a crawl, one [`list`]s the repositories and
//! each [`visit`]s some of them.
//!
//! [`fetch`] and [`answer`] read a few single tags and manifests in the same way, because of events.
//!
//! Guarantees:
//! - **Few requests.** A digest is fetched once per crawl, and never if it is known. A new repository costs one GET
//!   per tag; after that a tag costs one HEAD, and a GET only if it has moved. Azure and Google list all manifests of a
//!   repository with their tags, so that an unchanged repository costs its listing and nothing else.
//! - **Order.** Facts about content are sent before the tag that reaches them, and a repository's
//!   [`RepositoryListing`](crate::inventory::RepositoryListing) after everything else in it. A killed crawl leaves
//!   consistent data, and the next one continues from there.
//! - **Faults are findings.** A broken manifest affects only its own bytes.
//! - **Hostile content is bounded**: the depth of indexes and the number of manifests below a tag.

mod asked;
mod attached;
mod children;
mod choice;
mod config;
mod denied;
mod digest_state;
mod finding_sender;
mod plan;
mod progress;
mod recheck;
mod repository;
mod run;
mod stop;
mod tag_listing;
mod untagged;
mod vanishing;
mod walk;
mod walk_outcome;

pub use asked::{Answer, Answered, Question, answer, fetch};
pub use choice::RepositoryChoice;
pub use plan::{CrawlPlan, CrawlStatus, CrawlSummary, Known, ReferrersPolicy};
pub use progress::{Progress, ProgressSnapshot};
pub use run::{Assignment, Listing, crawl, list, visit};
pub use stop::StopFlag;
