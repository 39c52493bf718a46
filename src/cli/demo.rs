use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use chrono::{DateTime, Datelike, Months, NaiveDate, NaiveTime, TimeDelta, Utc};

use super::arguments::{DemoOptions, Format, ReportOptions};
use super::client::demo_client;
use super::context::Context;
use super::demo_service::DemoService;
use super::interrupt::on_interrupt;
use super::outcome::{Outcome, print};
use super::report::{read, show};
use crate::analysis::{AnalysisService, CrawledContent, PlatformSelection};
use crate::clock::{Clock, FixedClock, SystemClock};
use crate::config::{Environment, Settings};
use crate::crawl::{CrawlPlan, CrawlStatus, Progress, StopFlag};
use crate::demo::{self, DemoRegistry};
use crate::inventory::DedupScope;
use crate::jobs::CrawlJob;
use crate::report::View;
use crate::store::{DatabaseLocation, Store, StoreSettings};
use crate::wording::wrapped;

/// The time of day of the demo's clock if a day was chosen. Our choice: noon, after the crawl at the start of that day.
const TIME_OF_DAY: TimeDelta = TimeDelta::hours(12);

/// `tare demo`: a made-up registry, crawled into a store that is gone afterwards. None of the user's
/// settings apply, so that everybody sees the same.
pub(super) async fn demo(options: &DemoOptions, context: &Context) -> anyhow::Result<Outcome> {
    let stop = StopFlag::new();
    on_interrupt(stop.clone(), context.console.clone())?;
    if options.registry_only {
        return registry_only(options, context, &stop).await;
    }
    let registry = serve(([127, 0, 0, 1], 0).into(), options).await?;
    let clock: Arc<dyn Clock> = match options.as_of {
        Some(_) => Arc::new(FixedClock(registry.ends() + TIME_OF_DAY)),
        None => Arc::new(SystemClock),
    };
    let temporary = tempfile::tempdir()?;
    let folder = match &options.keep {
        Some(folder) => {
            std::fs::create_dir(folder)
                .with_context(|| format!("cannot make the folder {}", folder.display()))?;
            folder.as_path()
        }
        None => temporary.path(),
    };
    let location = DatabaseLocation::Embedded(folder.join("store"));
    let store = Store::open(&StoreSettings::at(location), SystemClock.now()).await?;
    let settings = made_up_settings(folder)?;
    let moments = moments(registry.ends(), options.months);
    let outcome = match live_through(&store, &registry, &moments, &settings, &stop).await {
        Ok(()) => {
            let service = DemoService {
                store: &store,
                settings: &settings,
                registry: registry.address(),
                clock,
                stop: &stop,
            };
            print_report(service, options, context).await
        }
        Err(error) => Err(error),
    };
    store.close().await;
    // It waits for the server's thread.
    tokio::task::spawn_blocking(move || drop(registry)).await?;
    outcome
}

/// Serves the registry until it is stopped, for a Tare that runs elsewhere.
async fn registry_only(options: &DemoOptions, context: &Context, stop: &StopFlag) -> anyhow::Result<Outcome> {
    if let Some(tags) = options.tags {
        return generated(tags, options, context, stop).await;
    }
    let registry = serve(options.listen, options).await?;
    context.console.tell(&format!(
        "The registry of {}, a made-up company: tare crawl {}",
        demo::COMPANY,
        registry.url()
    ));
    stop.stopped().await;
    tokio::task::spawn_blocking(move || drop(registry)).await?;
    Ok(Outcome::Complete)
}

/// Serves a generated registry until it is stopped.
async fn generated(
    tags: u32,
    options: &DemoOptions,
    context: &Context,
    stop: &StopFlag,
) -> anyhow::Result<Outcome> {
    let (address, seed) = (options.listen, options.seed);
    let tags = usize::try_from(tags)?;
    let registry = tokio::task::spawn_blocking(move || demo::serve_synthetic(address, tags, seed)).await??;
    context.console.tell(&format!(
        "A generated registry of {tags} tags in {} repositories, from seed {seed}: tare crawl {}",
        registry.repositories(),
        registry.url()
    ));
    stop.stopped().await;
    tokio::task::spawn_blocking(move || drop(registry)).await?;
    Ok(Outcome::Complete)
}

/// Starts the registry. Its year ends on the chosen day, else today.
async fn serve(address: SocketAddr, options: &DemoOptions) -> anyhow::Result<DemoRegistry> {
    let ends = options.as_of.unwrap_or_else(|| SystemClock.now().date_naive());
    Ok(tokio::task::spawn_blocking(move || demo::serve_at(address, Some(ends))).await??)
}

async fn print_report(
    service: DemoService<'_>,
    options: &DemoOptions,
    context: &Context,
) -> anyhow::Result<Outcome> {
    let report = read(service.store, &[], &ReportOptions::default(), service.settings).await?;
    let width = context.widths.output;
    let words = format!(
        "This is the registry of {}, a made-up company. Its base images have the true sizes of \
         today's public base images; everything else is made up. {}\n\n",
        demo::COMPANY,
        match &options.keep {
            Some(folder) => format!(
                "It is kept in {0}. Try:\n tare --config {0}/tare.toml report",
                folder.display()
            ),
            None => "Nothing is kept.".to_owned(),
        }
    );
    match options.format {
        Format::Table => print(&wrapped(&words, width))?,
        Format::Json | Format::Csv => context.console.complain(words.trim_end()),
    }
    let outcome = show(&report, options.format, View::Summary, width)?;
    if options.format == Format::Table {
        print("\nNow your own: tare crawl https://reg.example.com, then tare report\n")?;
    }
    if !options.once {
        service.run(options.listen, context).await?;
    }
    Ok(outcome)
}

/// Crawls the registry as it was at these moments, as a service that had run all the time would have.
async fn live_through(
    store: &Store,
    registry: &DemoRegistry,
    moments: &[DateTime<Utc>],
    settings: &Settings,
    stop: &StopFlag,
) -> anyhow::Result<()> {
    let inputs = Arc::new(settings.analysis_inputs()?);
    let analysis = AnalysisService::new(store.clone(), inputs, PlatformSelection::default());
    for &moment in moments {
        registry.show(moment);
        let content = crawl_at(store, registry.address(), moment, stop).await?;
        analysis.save_report(vec![content], moment).await?;
    }
    Ok(())
}

/// The settings of the company that does not exist.
fn made_up_settings(folder: &Path) -> anyhow::Result<Settings> {
    let file = folder.join("tare.toml");
    let store = toml::Value::from(folder.join("store").display().to_string());
    std::fs::write(
        &file,
        format!("{}\n[store]\ndata_dir = {store}\n", demo::SETTINGS),
    )?;
    Ok(Settings::load(Some(&file), &Environment::default(), &[])?)
}

/// The first of each of so many months, and the last day.
fn moments(ends: DateTime<Utc>, months: u32) -> Vec<DateTime<Utc>> {
    let first_of_month = ends.date_naive().with_day(1);
    let firsts = (0..months).rev().filter_map(|back| {
        let day: NaiveDate = first_of_month?.checked_sub_months(Months::new(back))?;
        Some(day.and_time(NaiveTime::MIN).and_utc())
    });
    firsts.filter(|first| *first < ends).chain([ends]).collect()
}

async fn crawl_at(
    store: &Store,
    address: SocketAddr,
    moment: DateTime<Utc>,
    stop: &StopFlag,
) -> anyhow::Result<CrawledContent> {
    let clock = Arc::new(FixedClock(moment));
    let client = demo_client(address, clock.clone())?;
    let plan = CrawlPlan::default();
    let job = CrawlJob {
        store,
        client: &client,
        plan: &plan,
        dedup_scope: DedupScope::Registry,
        // The demo's registry lists all it has, so what it does not list is gone.
        tombstone_after: 1,
        clock,
    };
    let result = job.run(&Progress::default(), stop).await?;
    if result.status == CrawlStatus::Interrupted {
        anyhow::bail!("stopped");
    }
    Ok(result.content)
}
