use serde::Serialize;

use super::arguments::{CancelOptions, CrawlsCommand, CrawlsListOptions, TextOrJson};
use super::context::Context;
use super::outcome::{Outcome, UsageError, print};
use crate::clock::{Clock as _, SystemClock};
use crate::config::RegistryAddress;
use crate::events::EventCoverage;
use crate::oci::RegistryName;
use crate::store::{Cancellation, CrawlRecord, CrawlState};

/// `tare crawls`: lists crawls, or cancels one.
pub(super) async fn crawls(command: &CrawlsCommand, context: &Context) -> anyhow::Result<Outcome> {
    match command {
        CrawlsCommand::List(options) => list(options, context).await,
        CrawlsCommand::Cancel(options) => cancel(options, context).await,
    }
}

/// A crawl, as `tare crawls list --format json` prints it: keys are added, never renamed or removed.
#[derive(Serialize)]
struct ShownCrawl<'a> {
    id: i64,
    registry: &'a RegistryName,
    state: CrawlState,
    requested_at: chrono::DateTime<chrono::Utc>,
    requested_by: &'a str,
    started_at: Option<chrono::DateTime<chrono::Utc>>,
    finished_at: Option<chrono::DateTime<chrono::Utc>>,
    repositories_done: u64,
    repositories_total: u64,
    message: Option<&'a str>,
    events: Option<EventCoverage>,
}

async fn list(options: &CrawlsListOptions, context: &Context) -> anyhow::Result<Outcome> {
    let store = context.open_store().await?;
    let registry = options.registry.as_ref().map(RegistryAddress::registry);
    let records = store.crawls(registry, None, options.limit).await;
    store.close().await;
    let records = records?;
    match options.format {
        TextOrJson::Json => {
            let shown: Vec<_> = records.iter().map(shown).collect();
            print(&(serde_json::to_string_pretty(&shown)? + "\n"))?;
        }
        TextOrJson::Table if records.is_empty() => print("There are no crawls yet: tare crawl REGISTRY\n")?,
        TextOrJson::Table => {
            let lines: String = records.iter().map(line).collect();
            print(&lines)?;
        }
    }
    Ok(Outcome::Complete)
}

fn shown(record: &CrawlRecord) -> ShownCrawl<'_> {
    ShownCrawl {
        id: record.id,
        registry: &record.registry,
        state: record.state,
        requested_at: record.requested_at,
        requested_by: &record.requested_by,
        started_at: record.started_at,
        finished_at: record.finished_at,
        repositories_done: record.repositories_done,
        repositories_total: record.repositories_total,
        message: record.message.as_deref(),
        events: record.event_coverage,
    }
}

fn line(record: &CrawlRecord) -> String {
    let message = record
        .message
        .as_ref()
        .map(|message| format!(": {message}"))
        .unwrap_or_default();
    let events = record
        .event_coverage
        .map(|events| format!(", events had told {} and missed {}", events.told, events.missed))
        .unwrap_or_default();
    format!(
        "{:>6}  {}  {}  {} of {} repositories, {}{message}{events}\n",
        record.id,
        record.requested_at.format("%Y-%m-%d %H:%M"),
        record.registry,
        record.repositories_done,
        record.repositories_total,
        record.state.as_str(),
    )
}

async fn cancel(options: &CancelOptions, context: &Context) -> anyhow::Result<Outcome> {
    let store = context.open_store().await?;
    let id = options.id;
    let cancelled = store.cancel_crawl(id, "command line", SystemClock.now()).await;
    store.close().await;
    let text = match cancelled? {
        None => {
            let message = format!("there is no crawl {id}; `tare crawls list` lists the crawls");
            return Err(UsageError(message).into());
        }
        Some(Cancellation::AlreadyOver(CrawlState::Cancelled)) => {
            format!("Crawl {id} is cancelled already.\n")
        }
        Some(Cancellation::AlreadyOver(state)) => {
            anyhow::bail!("crawl {id} has ended already: {}", state.as_str())
        }
        Some(Cancellation::Cancelled) => format!("Crawl {id} is cancelled.\n"),
        Some(Cancellation::Requested) => {
            format!("Crawl {id} stops within seconds. What it has read is kept.\n")
        }
    };
    print(&text)?;
    Ok(Outcome::Complete)
}
