use std::sync::Arc;

use super::Context;
use super::arguments::{DemoOptions, Format, ReportOptions};
use super::interrupt::on_interrupt;
use super::outcome::{Outcome, print};
use super::report::{read, show};
use crate::clock::{Clock, SystemClock};
use crate::config::{CrawlSection, Settings};
use crate::crawl::{CrawlPlan, CrawlStatus, Progress, StopFlag};
use crate::demo;
use crate::inventory::DedupScope;
use crate::jobs::CrawlJob;
use crate::registry::{Client, ClientSettings, Credentials, Origin};
use crate::store::{DatabaseLocation, Store, StoreSettings};

/// `tare demo`: a made-up registry, crawled into a store that is gone afterwards. None of the user's
/// settings apply, so that everybody sees the same.
pub(super) async fn demo(options: &DemoOptions, context: &Context) -> anyhow::Result<Outcome> {
    let stop = StopFlag::new();
    on_interrupt(stop.clone(), context.console.clone())?;
    let registry = tokio::task::spawn_blocking(demo::serve).await??;
    let folder = tempfile::tempdir()?;
    let location = DatabaseLocation::Embedded(folder.path().join("store"));
    let store = Store::open(&StoreSettings::at(location), SystemClock.now()).await?;
    let report = crawl_and_read(&store, registry.url(), &stop).await;
    store.close().await;
    // It waits for the server's thread.
    tokio::task::spawn_blocking(move || drop(registry)).await?;

    let report = report?;
    let words = format!(
        "This is the registry of {}, a company that does not exist: its images stand on the true sizes of\n\
         today's public base images, everything else is made up. Nothing of this is kept.\n\n",
        demo::COMPANY
    );
    match options.format {
        Format::Table => print(&words)?,
        Format::Json | Format::Csv => context.console.complain(words.trim_end()),
    }
    let outcome = show(&report, options.format)?;
    if options.format == Format::Table {
        print("\nNow your own: tare crawl https://reg.example.com, then tare report\n")?;
    }
    Ok(outcome)
}

async fn crawl_and_read(store: &Store, url: &str, stop: &StopFlag) -> anyhow::Result<crate::report::Report> {
    let settings = ClientSettings {
        requests_per_minute: 0,
        ..ClientSettings::default()
    };
    let clock = Arc::new(SystemClock);
    let client = Client::new(
        Origin::parse(url)?,
        Credentials::Anonymous,
        settings,
        clock.clone(),
    )?;
    let plan = CrawlPlan::default();
    let job = CrawlJob {
        store,
        client: &client,
        plan: &plan,
        dedup_scope: DedupScope::Registry,
        tombstone_after: CrawlSection::default().tombstone_after,
        clock,
    };
    let result = job.run(&Progress::default(), stop).await?;
    if result.status == CrawlStatus::Interrupted {
        anyhow::bail!("stopped");
    }
    read(store, &[], &ReportOptions::default(), &Settings::default()).await
}
