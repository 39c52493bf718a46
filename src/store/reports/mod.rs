//! Saved reports, one after each crawl, and the history they form.

mod history;
mod levels;
mod missing;
mod reconciliation;
mod save;

pub use history::{PartOfRegistry, RegistryPoint, RepositoryPoint};
pub use levels::ReportedLevel;
pub use save::ReportOfCrawl;
