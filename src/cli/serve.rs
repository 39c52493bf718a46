use std::sync::Arc;

use futures::FutureExt as _;

use super::arguments::ServeOptions;
use super::client::client_of;
use super::context::Context;
use super::interrupt::on_interrupt;
use super::outcome::{Outcome, UsageError};
use crate::analysis::AnalysisService;
use crate::api::Server;
use crate::clock::SystemClock;
use crate::config::{RegistrySection, ServeRole};
use crate::crawl::StopFlag;
use crate::jobs::{ScheduledRegistry, Scheduler};
use crate::store::{CrawledRegistry, Store};

/// `tare serve`: answers and crawls until it is told to stop.
pub(super) async fn serve(options: &ServeOptions, context: &Context) -> anyhow::Result<Outcome> {
    let settings = &context.settings;
    settings
        .check_service()
        .map_err(|error| UsageError(error.to_string()))?;
    let registries = registries(options, context)?;
    let role = settings.serve.role;
    if role == ServeRole::Crawler && registries.is_empty() {
        return Err(UsageError(
            "a crawler needs registries: list them in the configuration (see config/tare.toml), or name them with \
             --registry"
                .to_owned(),
        )
        .into());
    }
    let stop = StopFlag::new();
    on_interrupt(stop.clone(), context.console.clone())?;
    let store = context.open_store().await?;
    let analysis = context.analysis(&store)?;
    // Crawler and service in one process share one analysis.
    let analysis = if role == ServeRole::Crawler {
        analysis
    } else {
        analysis.keeping()
    };
    let crawling = async {
        if role != ServeRole::Api {
            scheduler(&store, registries, analysis.clone(), context)?
                .run(stop.clone())
                .await;
        }
        anyhow::Ok(())
    };
    let answering = async {
        if role == ServeRole::Crawler {
            context.console.tell("Crawling by schedule and on request.");
            stop.stopped().await;
            return anyhow::Ok(());
        }
        let (api, clock) = (settings.api()?, Arc::new(SystemClock));
        let server = Server::bind(settings.serve.listen, store.clone(), analysis.clone(), api, clock)?;
        context.console.tell(&format!(
            "Listening on {0}: web page {0}/, API documentation {0}/docs",
            server.url()
        ));
        server.run(stop.stopped()).await?;
        Ok(())
    };
    // If one fails, the other shuts down gracefully.
    let (crawled, answered) = tokio::join!(
        crawling.inspect(|crawled| stop_after(crawled, &stop)),
        answering.inspect(|answered| stop_after(answered, &stop))
    );
    store.close().await;
    crawled?;
    answered?;
    Ok(Outcome::Complete)
}

fn stop_after(ended: &anyhow::Result<()>, stop: &StopFlag) {
    if ended.is_err() {
        stop.stop();
    }
}

/// The registries to crawl: those of the configuration and of the command line.
fn registries(options: &ServeOptions, context: &Context) -> anyhow::Result<Vec<RegistrySection>> {
    let mut registries = context.settings.registries.clone();
    for address in options.registries()? {
        if registries
            .iter()
            .all(|known| known.url.origin() != address.origin())
        {
            registries.push(RegistrySection::at(address));
        }
    }
    Ok(registries)
}

/// Who crawls these registries.
fn scheduler(
    store: &Store,
    registries: Vec<RegistrySection>,
    analysis: AnalysisService,
    context: &Context,
) -> anyhow::Result<Scheduler> {
    let settings = &context.settings;
    let registries = registries
        .into_iter()
        .map(|section| scheduled(section, context))
        .collect::<anyhow::Result<_>>()?;
    Ok(Scheduler {
        store: store.clone(),
        registries,
        tombstone_after: settings.crawl.tombstone_after,
        retention: settings.retention.retention(),
        clock: Arc::new(SystemClock),
        analysis,
    })
}

fn scheduled(section: RegistrySection, context: &Context) -> anyhow::Result<ScheduledRegistry> {
    let plan = section
        .plan(&context.settings.crawl)
        .map_err(|error| UsageError(error.to_string()))?;
    let schedule = section
        .schedule()
        .map_err(|error| UsageError(error.to_string()))?;
    let registry = CrawledRegistry {
        name: section.url.registry().clone(),
        origin_url: section.url.origin().url().origin().ascii_serialization(),
        dedup_scope: section.dedup_scope(),
    };
    let (settings, environment) = (Arc::clone(&context.settings), context.environment.clone());
    Ok(ScheduledRegistry {
        registry,
        plan,
        schedule,
        client: Arc::new(move || {
            let (section, settings, environment) = (section.clone(), settings.clone(), environment.clone());
            async move { client_of(&section, &settings.crawl, &environment).await }.boxed()
        }),
    })
}
