use std::io::stdin;
use std::sync::Arc;

use super::arguments::CrawlOptions;
use super::client::client_of;
use super::context::Context;
use super::crawl_result::Shown;
use super::interrupt::on_interrupt;
use super::outcome::{Outcome, UsageError, in_words, print};
use super::progress::with_progress;
use super::targets::targets;
use crate::analysis::CrawledContent;
use crate::clock::{Clock, SystemClock};
use crate::config::RegistrySection;
use crate::crawl::{CrawlPlan, Progress, StopFlag};
use crate::jobs::CrawlJob;
use crate::store::{CrawlChoice, CrawledRegistry, Store};

/// `tare crawl`: one registry after another. That one fails does not stop the others.
pub(super) async fn crawl(options: &CrawlOptions, context: &Context) -> anyhow::Result<Outcome> {
    let targets = targets(options, &context.settings, &context.environment, stdin().lock())?;
    let mut crawls = Vec::new();
    for target in targets {
        let plan = target
            .plan(&context.settings.crawl)
            .map_err(|error| UsageError(error.to_string()))?;
        crawls.push((target, plan));
    }
    let (outcome, is_anything_stored) = crawl_all(crawls, options.as_json(), context).await?;
    if is_anything_stored && !options.as_json() && !context.quiet {
        print("\nSee what is stored: tare report\n")?;
    }
    Ok(outcome)
}

/// Crawls one registry after another into the store, and says what each came to. The second value is whether any was
/// reached.
pub(super) async fn crawl_all(
    crawls: Vec<(RegistrySection, CrawlPlan)>,
    as_json: bool,
    context: &Context,
) -> anyhow::Result<(Outcome, bool)> {
    // A crawl may take hours, so a wrong price book or catalogue is said first.
    context.settings.analysis_inputs()?;
    let stop = StopFlag::new();
    on_interrupt(stop.clone(), context.console.clone())?;
    let store = context.open_store().await?;

    let mut outcome = Outcome::Complete;
    let mut failure = None;
    let mut is_anything_stored = false;
    // What the crawls have read of the registries, for the report.
    let mut contents = Vec::new();
    for (target, plan) in &crawls {
        if stop.is_stopped() {
            context.console.complain(&format!(
                "{}: not crawled: stopped before its turn",
                target.url.registry()
            ));
            outcome = Outcome::Incomplete;
            continue;
        }
        match one(target, plan, context, &store, &stop).await {
            Ok((result, content)) => {
                contents.push(content);
                let unreached = result.unreached();
                is_anything_stored |= unreached.is_none();
                match &unreached {
                    Some(reason) => context.console.complain(reason),
                    None => context.console.complain(&result.missing_in_words()),
                }
                if as_json {
                    print(&result.json_line()?)?;
                } else if unreached.is_none() && !context.quiet {
                    print(&result.in_words())?;
                }
                if !result.is_complete() {
                    outcome = Outcome::Incomplete;
                }
            }
            Err(error) => {
                let error = error.context(format!("{} could not be crawled", target.url.registry()));
                if let Some(earlier) = failure.replace(error) {
                    context.console.complain(&in_words(&earlier));
                }
            }
        }
    }
    if !stop.is_stopped() {
        let saved = context
            .analysis(&store)?
            .save_report(contents, SystemClock.now())
            .await;
        if let Err(error) = saved {
            // The crawl is saved, and the next report is computed from it.
            context.console.complain(&format!(
                "the report could not be saved: {}",
                in_words(&error.into())
            ));
        }
    }
    store.close().await;
    if let Some(error) = failure {
        return Err(error);
    }
    Ok((outcome, is_anything_stored))
}

/// Crawls one registry and says what it came to.
async fn one(
    target: &RegistrySection,
    plan: &CrawlPlan,
    context: &Context,
    store: &Store,
    stop: &StopFlag,
) -> anyhow::Result<(Shown, CrawledContent)> {
    let crawl = &context.settings.crawl;
    let client = client_of(target, crawl, &context.environment).await?;
    let job = CrawlJob {
        store,
        client: &client,
        plan,
        dedup_scope: target.dedup_scope(),
        tombstone_after: crawl.tombstone_after,
        clock: Arc::new(SystemClock),
    };
    remember(target, store).await?;
    let progress = Progress::default();
    let work = job.run(&progress, stop);
    let result = if context.quiet {
        work.await?
    } else {
        with_progress(work, &client, &progress, plan.concurrent_repositories, context).await?
    };
    Ok((Shown::new(&result), result.content))
}

/// Saves what this crawl reads of the registry, so that a service can crawl the same again.
async fn remember(target: &RegistrySection, store: &Store) -> anyhow::Result<()> {
    let registry = CrawledRegistry {
        name: target.url.registry().clone(),
        origin_url: target.url.origin().url().origin().ascii_serialization(),
        dedup_scope: target.dedup_scope(),
    };
    let choice = CrawlChoice {
        repositories: target.repositories.clone(),
        platforms: target
            .platforms
            .iter()
            .flatten()
            .map(ToString::to_string)
            .collect(),
        // The service may run in another folder.
        extra_ca: target
            .extra_ca
            .iter()
            .map(std::path::absolute)
            .collect::<Result<_, _>>()?,
    };
    store
        .register_registries(std::slice::from_ref(&registry), SystemClock.now())
        .await?;
    Ok(store.remember_choice(&registry.name, &choice).await?)
}
