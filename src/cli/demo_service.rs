use std::net::SocketAddr;
use std::sync::Arc;

use futures::FutureExt as _;

use super::client::demo_client;
use super::context::Context;
use crate::analysis::{AnalysisService, PlatformSelection};
use crate::api::Server;
use crate::clock::SystemClock;
use crate::config::Settings;
use crate::crawl::{CrawlPlan, StopFlag};
use crate::inventory::DedupScope;
use crate::jobs::{ScheduledRegistry, Scheduler};
use crate::registry::Origin;
use crate::store::{CrawledRegistry, Store};

/// The service over the made-up year.
pub(super) struct DemoService<'a> {
    pub(super) store: &'a Store,
    pub(super) settings: &'a Settings,
    /// Where the made-up registry is.
    pub(super) registry: &'a str,
    pub(super) stop: &'a StopFlag,
}

impl DemoService<'_> {
    /// Serves requests and crawls on request until it is stopped.
    pub(super) async fn run(&self, listen: SocketAddr, context: &Context) -> anyhow::Result<()> {
        let inputs = Arc::new(self.settings.analysis_inputs()?);
        let analysis =
            AnalysisService::new(self.store.clone(), inputs, PlatformSelection::default()).keeping();
        let api = self.settings.api()?;
        let clock = Arc::new(SystemClock);
        let server = Server::bind(listen, self.store.clone(), analysis.clone(), api, clock)?;
        context.console.tell(&format!(
            "\nWeb page: {0}/ (API documentation: {0}/docs, Prometheus: {0}/metrics). Press Ctrl-C to stop.",
            server.url()
        ));
        let crawling = self.crawler(analysis)?.run(self.stop.clone());
        // A server that cannot go on takes the crawler with it.
        let answering = server.run(self.stop.stopped()).inspect(|_| self.stop.stop());
        let ((), answered) = tokio::join!(crawling, answering);
        Ok(answered?)
    }

    /// Who crawls the registry when the page or the API asks for it.
    fn crawler(&self, analysis: AnalysisService) -> anyhow::Result<Scheduler> {
        let origin = Origin::parse(self.registry)?;
        let registry = CrawledRegistry {
            name: origin.name().clone(),
            origin_url: origin.url().origin().ascii_serialization(),
            dedup_scope: DedupScope::Registry,
        };
        let url = self.registry.to_owned();
        Ok(Scheduler {
            store: self.store.clone(),
            registries: vec![ScheduledRegistry {
                registry,
                plan: CrawlPlan::default(),
                schedule: None,
                client: Arc::new(move || {
                    let url = url.clone();
                    async move { demo_client(&url, Arc::new(SystemClock)) }.boxed()
                }),
            }],
            // The demo's registry lists all it has, so what it does not list is gone.
            tombstone_after: 1,
            retention: self.settings.retention.retention(),
            clock: Arc::new(SystemClock),
            analysis,
        })
    }
}
