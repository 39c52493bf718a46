//! Saved reports, one after each crawl, and the history they form.

mod compare;
mod history;
mod levels;
mod missing;
mod reconciliation;
mod save;

pub use compare::ReportComparison;
pub use history::{PartOfRegistry, RegistryPoint, RepositoryPoint};
pub use levels::ReportedLevel;
pub use save::ReportOfCrawl;
