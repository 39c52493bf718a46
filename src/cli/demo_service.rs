use std::net::SocketAddr;
use std::sync::Arc;

use futures::FutureExt as _;

use super::client::{demo_client, demo_origin};
use super::context::Context;
use crate::analysis::{AnalysisService, PlatformSelection};
use crate::api::Server;
use crate::clock::Clock;
use crate::config::Settings;
use crate::crawl::{CrawlPlan, StopFlag};
use crate::inventory::DedupScope;
use crate::jobs::{ScheduledRegistry, Scheduler};
use crate::store::{CrawledRegistry, Store};

/// The service over the made-up year.
pub(super) struct DemoService<'a> {
    pub(super) store: &'a Store,
    pub(super) settings: &'a Settings,
    /// Where the made-up registry is.
    pub(super) registry: SocketAddr,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) stop: &'a StopFlag,
}

impl DemoService<'_> {
    /// Serves requests and crawls on request until it is stopped.
    pub(super) async fn run(&self, listen: SocketAddr, context: &Context) -> anyhow::Result<()> {
        let inputs = Arc::new(self.settings.analysis_inputs()?);
        let analysis =
            AnalysisService::new(self.store.clone(), inputs, PlatformSelection::default()).keeping();
        let api = self.settings.api()?;
        let clock = Arc::clone(&self.clock);
        let server = Server::bind(listen, self.store.clone(), analysis.clone(), api, clock)?;
        context.console.tell(&format!(
            "\nWeb page: {0}/ (API documentation: {0}/docs, Prometheus: {0}/metrics). Press Ctrl-C to stop.",
            server.url()
        ));
        let mut crawler = self.crawler(analysis)?;
        crawler.prepare().await?;
        let crawling = crawler.run(self.stop.clone());
        // A server that cannot go on takes the crawler with it.
        let answering = server.run(self.stop.stopped()).inspect(|_| self.stop.stop());
        let ((), answered) = tokio::join!(crawling, answering);
        Ok(answered?)
    }

    /// Who crawls the registry when the page or the API asks for it.
    fn crawler(&self, analysis: AnalysisService) -> anyhow::Result<Scheduler> {
        let origin = demo_origin()?;
        let registry = CrawledRegistry {
            name: origin.name().clone(),
            origin_url: origin.url().origin().ascii_serialization(),
            dedup_scope: DedupScope::Registry,
        };
        let (address, clock) = (self.registry, Arc::clone(&self.clock));
        Ok(Scheduler {
            store: self.store.clone(),
            registries: vec![ScheduledRegistry {
                registry,
                plan: CrawlPlan::default(),
                schedule: None,
                is_configured: true,
                client: Arc::new(move || {
                    let clock = Arc::clone(&clock);
                    async move { demo_client(address, clock) }.boxed()
                }),
            }],
            from_stored: None,
            // The demo's registry lists all it has, so what it does not list is gone.
            tombstone_after: 1,
            retention: self.settings.retention.retention(),
            clock: Arc::clone(&self.clock),
            analysis,
        })
    }
}
