//! What was worked out after each crawl, and the past that it makes up.

mod history;
mod missing;
mod save;

pub use history::{PartOfRegistry, RegistryPoint, RepositoryPoint};
pub use save::ReportOfCrawl;
