//! Saved reports, one after each crawl, and the history they form.

mod history;
mod missing;
mod save;

pub use history::{PartOfRegistry, RegistryPoint, RepositoryPoint};
pub use save::ReportOfCrawl;
