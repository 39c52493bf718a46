use std::sync::Arc;

use futures::FutureExt as _;

use super::arguments::ServeOptions;
use super::client::client_of;
use super::context::Context;
use super::interrupt::on_interrupt;
use super::outcome::{Outcome, UsageError};
use crate::analysis::AnalysisService;
use crate::api::{ApiSettings, EventSecrets, Server};
use crate::clock::SystemClock;
use crate::config::{RegistryAddress, RegistrySection, ServeRole};
use crate::crawl::StopFlag;
use crate::jobs::{ScheduledRegistry, Scheduler};
use crate::notify::Dispatcher;
use crate::store::{CrawledRegistry, Store, StoredRegistry};

/// `tare serve`: answers and crawls until it is told to stop.
pub(super) async fn serve(options: &ServeOptions, context: &Context) -> anyhow::Result<Outcome> {
    let settings = &context.settings;
    settings
        .check_service()
        .map_err(|error| UsageError(error.to_string()))?;
    let registries = registries(options, context)?;
    let event_secrets = event_secrets(&registries, context)?;
    let role = settings.serve.role;
    let notifications = settings
        .dispatcher(&context.environment)
        .map_err(|error| UsageError(error.to_string()))?;
    let stop = StopFlag::new();
    on_interrupt(stop.clone(), context.console.clone())?;
    let store = context.open_store().await?;
    // Crawler and service in one process share one analysis. After the next crawl, only what is new is read and analysed.
    let analysis = context.analysis(&store)?.keeping();
    let crawler = match role {
        ServeRole::Api => None,
        ServeRole::Crawler | ServeRole::All => {
            let mut crawler = scheduler(&store, registries, analysis.clone(), context)?;
            if let Err(error) = crawler.prepare().await {
                // It tries again every few seconds.
                tracing::warn!(%error, "the registries could not be announced");
            }
            if role == ServeRole::Crawler && crawler.registries.is_empty() {
                context.console.tell(
                    "No registry is configured, and none was crawled before: list registries in the configuration \
                     (see config/tare.toml), or name them with --registry.",
                );
            }
            Some(crawler)
        }
    };
    let dispatcher = match role {
        ServeRole::Api => None,
        ServeRole::Crawler | ServeRole::All => Some(Dispatcher::new(
            store.clone(),
            analysis.clone(),
            notifications,
            Arc::new(SystemClock),
        )),
    };
    let notifying = async {
        if let Some(dispatcher) = &dispatcher {
            dispatcher.run(stop.stopped()).await;
        }
    };
    let crawling = async {
        if let Some(crawler) = crawler {
            crawler.run(stop.clone()).await;
        }
        anyhow::Ok(())
    };
    let answering = async {
        if role == ServeRole::Crawler {
            context.console.tell("Crawling by schedule and on request.");
            stop.stopped().await;
            return anyhow::Ok(());
        }
        let clock = Arc::new(SystemClock);
        let api = ApiSettings {
            event_secrets,
            ..settings.api()?
        };
        let server = Server::bind(settings.serve.listen, store.clone(), analysis.clone(), api, clock)?;
        context.console.tell(&format!(
            "Listening on {0}: web page {0}/, API documentation {0}/docs",
            server.url()
        ));
        server.run(stop.stopped()).await?;
        Ok(())
    };
    // If one fails, the other shuts down gracefully.
    let (crawled, answered, ()) = tokio::join!(
        crawling.inspect(|crawled| stop_after(crawled, &stop)),
        answering.inspect(|answered| stop_after(answered, &stop)),
        notifying
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

/// The secrets that registries send with their events.
fn event_secrets(registries: &[RegistrySection], context: &Context) -> anyhow::Result<EventSecrets> {
    let secret = |registry: &RegistrySection| {
        let secret = registry.event_secret(&context.environment);
        let secret = secret.map_err(|error| UsageError(error.to_string()))?;
        Ok(secret.map(|secret| (registry.url.registry().clone(), secret)))
    };
    registries
        .iter()
        .filter_map(|registry| secret(registry).transpose())
        .collect()
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
    let stored_context = context.clone();
    Ok(Scheduler {
        store: store.clone(),
        registries,
        from_stored: Some(Arc::new(move |stored| from_stored(stored, &stored_context))),
        tombstone_after: settings.crawl.tombstone_after,
        retention: settings.retention.retention(),
        clock: Arc::new(SystemClock),
        analysis,
    })
}

/// A registry that was crawled before, as `tare crawl` would crawl it again: with the credentials of its settings or of
/// Docker. It is crawled on request only.
fn from_stored(stored: &StoredRegistry, context: &Context) -> anyhow::Result<ScheduledRegistry> {
    let address: RegistryAddress = stored.registry.origin_url.parse()?;
    let mut section = RegistrySection::at(address);
    section.dedup_scope = Some(stored.registry.dedup_scope);
    section.repositories.clone_from(&stored.choice.repositories);
    section.extra_ca.clone_from(&stored.choice.extra_ca);
    let platforms: Vec<_> = stored
        .choice
        .platforms
        .iter()
        .map(|platform| platform.parse())
        .collect::<Result<_, _>>()?;
    section.platforms = (!platforms.is_empty()).then_some(platforms);
    Ok(ScheduledRegistry {
        is_configured: false,
        ..scheduled(section, context)?
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
        is_configured: true,
        client: Arc::new(move || {
            let (section, settings, environment) = (section.clone(), settings.clone(), environment.clone());
            async move { client_of(&section, &settings.crawl, &environment).await }.boxed()
        }),
    })
}
