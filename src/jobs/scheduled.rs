use std::sync::Arc;

use futures::future::BoxFuture;

use super::schedule::Schedule;
use crate::crawl::CrawlPlan;
use crate::registry::Client;
use crate::store::{CrawledRegistry, StoredRegistry};

/// A registry to crawl.
#[derive(Clone)]
pub struct ScheduledRegistry {
    /// The registry.
    pub registry: CrawledRegistry,
    /// What to read of it.
    pub plan: CrawlPlan,
    /// When to crawl it; `None` means only on request.
    pub schedule: Option<Schedule>,
    /// Whether the settings name the registry. If not, it is left to processes whose settings name it, which have its
    /// credentials.
    pub is_configured: bool,
    /// Creates a client for each crawl, so that credentials are current.
    pub client: MakeClient,
}

/// Makes a client of a registry.
pub type MakeClient = Arc<dyn Fn() -> BoxFuture<'static, anyhow::Result<Client>> + Send + Sync>;

/// Makes a registry that was crawled before ready to be crawled again, on request.
pub type FromStored = Arc<dyn Fn(&StoredRegistry) -> anyhow::Result<ScheduledRegistry> + Send + Sync>;
