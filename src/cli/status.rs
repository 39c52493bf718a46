//! `tare status`: which registries there are, how old their figures are, and what comes next.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use serde::Serialize;

use super::arguments::{StatusOptions, TextOrJson};
use super::context::Context;
use super::outcome::{Outcome, UsageError, print};
use crate::clock::{Clock, SystemClock};
use crate::oci::RegistryName;
use crate::oci::text::printable;
use crate::pulls::CountedPulls;
use crate::report::{self, Column, TextTable, grouped};
use crate::store::{CrawlRecord, CrawlState, DatabaseLocation, Store};
use crate::wording::wrapped;

/// How many days of pulls are counted. Our choice: about a month, which bills are for.
const DAYS_OF_PULLS: u64 = 30;
/// Among how many of the latest crawls the last finished one is looked for. Our choice: one is queued and one runs at a
/// time, and few fail one after another.
const CRAWLS_LOOKED_AT: u32 = 20;

/// The state of a store. Serialized, it is the JSON of `tare status`: keys are added, never renamed or removed.
#[derive(Debug, Serialize)]
struct Status {
    as_of: DateTime<Utc>,
    /// `server`, or the folder of the embedded database.
    database: String,
    registries: Vec<RegistryStatus>,
}

#[derive(Debug, Serialize)]
struct RegistryStatus {
    registry: RegistryName,
    /// When a crawl last ended, complete or not; null if none has.
    last_crawl: Option<DateTime<Utc>>,
    /// How that crawl ended.
    last_state: Option<CrawlState>,
    /// How many seconds ago that was.
    age_seconds: Option<i64>,
    /// Whether that crawl read everything.
    is_complete: bool,
    /// How many faults it met.
    faults: u64,
    /// The crawl that waits or runs; null if there is none.
    current_crawl: Option<CurrentCrawl>,
    /// The schedule of the configuration; null if there is none.
    schedule: Option<String>,
    /// When the schedule's next crawl is due.
    next_crawl: Option<DateTime<Utc>>,
    /// The price book; null if there is none, and reports show no costs.
    price_book: Option<String>,
    /// The pulls that were counted in the last 30 days; null if none was ever counted.
    pulls: Option<KnownPulls>,
}

#[derive(Debug, Serialize)]
struct CurrentCrawl {
    state: CrawlState,
    requested_at: DateTime<Utc>,
    repositories_done: u64,
    repositories_total: u64,
}

#[derive(Debug, Serialize)]
struct KnownPulls {
    last_30_days: u64,
    /// The last day on which pulls were counted.
    last_day: NaiveDate,
}

/// Shows the state of the store.
pub(super) async fn status(options: &StatusOptions, context: &Context) -> anyhow::Result<Outcome> {
    let now = SystemClock.now();
    let store = context.open_store().await?;
    let status = read(&store, context, now).await;
    store.close().await;
    let status = status?;
    print(&match options.format {
        TextOrJson::Json => report::json(&status)?,
        TextOrJson::Table => status.table(context.widths.output),
    })?;
    Ok(Outcome::Complete)
}

async fn read(store: &Store, context: &Context, now: DateTime<Utc>) -> anyhow::Result<Status> {
    let settings = &context.settings;
    let plan = settings.cost_plan()?;
    let (counted, _) = store.counted_pulls(None).await?;
    let pulls = known_pulls(&counted, now.date_naive());
    let crawled = store.registries().await?;
    let configured = settings
        .registries
        .iter()
        .map(|section| section.url.registry().clone());
    let mut names: Vec<RegistryName> = crawled
        .into_iter()
        .map(|record| record.registry.name)
        .chain(configured)
        .collect();
    names.sort();
    names.dedup();
    let mut registries = Vec::new();
    for name in names {
        let crawls = store.crawls(Some(&name), None, CRAWLS_LOOKED_AT).await?;
        let schedule = match settings.configured(&name) {
            Some(section) => section
                .schedule()
                .map_err(|error| UsageError(error.to_string()))?,
            None => None,
        };
        let price_book = plan.terms(&name).map(|terms| terms.book.clone());
        let mut registry = RegistryStatus::new(name, &crawls, now);
        registry.next_crawl = schedule
            .as_ref()
            .and_then(|schedule| schedule.next_due(&registry.registry, now));
        registry.schedule = schedule.map(|schedule| schedule.to_string());
        registry.price_book = price_book;
        registry.pulls = pulls
            .get(&registry.registry)
            .map(|&(last_30_days, last_day)| KnownPulls {
                last_30_days,
                last_day,
            });
        registries.push(registry);
    }
    Ok(Status {
        as_of: now,
        database: match context.store_settings()?.location {
            DatabaseLocation::Server(_) => "server".to_owned(),
            DatabaseLocation::Embedded(folder) => folder.display().to_string(),
        },
        registries,
    })
}

/// By registry: the pulls of the last days, and the last day with pulls.
fn known_pulls(counted: &[CountedPulls], today: NaiveDate) -> BTreeMap<RegistryName, (u64, NaiveDate)> {
    let since = today.checked_sub_days(Days::new(DAYS_OF_PULLS)).unwrap_or(today);
    let mut known: BTreeMap<RegistryName, (u64, NaiveDate)> = BTreeMap::new();
    for pulls in counted {
        let end = pulls.period.end();
        let last_day = end.pred_opt().unwrap_or(end);
        let (sum, last) = known.entry(pulls.registry.clone()).or_insert((0, last_day));
        *last = (*last).max(last_day);
        if pulls.period.start() >= since {
            *sum = sum.saturating_add(pulls.count);
        }
    }
    known
}

impl RegistryStatus {
    /// What the crawls of a registry, newest first, say about it.
    fn new(registry: RegistryName, crawls: &[CrawlRecord], now: DateTime<Utc>) -> Self {
        let last = crawls.iter().find(|crawl| crawl.finished_at.is_some());
        let current = crawls.iter().find(|crawl| crawl.finished_at.is_none());
        let last_crawl = last.and_then(|crawl| crawl.finished_at);
        Self {
            registry,
            last_crawl,
            last_state: last.map(|crawl| crawl.state),
            age_seconds: last_crawl.map(|at| (now - at).num_seconds().max(0)),
            is_complete: last.is_some_and(|crawl| crawl.state == CrawlState::Complete),
            faults: last.map_or(0, |crawl| crawl.faults),
            current_crawl: current.map(|crawl| CurrentCrawl {
                state: crawl.state,
                requested_at: crawl.requested_at,
                repositories_done: crawl.repositories_done,
                repositories_total: crawl.repositories_total,
            }),
            schedule: None,
            next_crawl: None,
            price_book: None,
            pulls: None,
        }
    }

    fn cells(&self) -> [String; 8] {
        let moment = |at: DateTime<Utc>| at.format("%F %R").to_string();
        [
            printable(self.registry.as_str()),
            self.last_crawl.map_or_else(|| "never".to_owned(), moment),
            self.age_seconds.map(age).unwrap_or_default(),
            match self.last_state {
                None => String::new(),
                Some(CrawlState::Complete) => "complete".to_owned(),
                Some(state) if self.faults > 0 => format!("{} ({} faults)", state.as_str(), self.faults),
                Some(state) => state.as_str().to_owned(),
            },
            match &self.current_crawl {
                None => String::new(),
                Some(crawl) if crawl.state == CrawlState::Running => format!(
                    "running, {}/{} repositories",
                    crawl.repositories_done, crawl.repositories_total
                ),
                Some(crawl) => crawl.state.as_str().to_owned(),
            },
            match (self.next_crawl, &self.schedule) {
                (Some(at), _) => moment(at),
                (None, _) => "no schedule".to_owned(),
            },
            self.price_book.clone().unwrap_or_else(|| "none".to_owned()),
            match &self.pulls {
                None => "assumed".to_owned(),
                Some(pulls) => format!(
                    "{} in 30 days, until {}",
                    grouped(usize::try_from(pulls.last_30_days).unwrap_or(usize::MAX)),
                    pulls.last_day
                ),
            },
        ]
    }
}

impl Status {
    fn table(&self, width: usize) -> String {
        if self.registries.is_empty() {
            return "No registry has been crawled yet. Next: tare crawl https://reg.example.com\n".to_owned();
        }
        let mut table = TextTable::new([
            Column::text("REGISTRY").shortened_to(24),
            Column::text("LAST CRAWL (UTC)"),
            Column::text("AGE").optional(1),
            Column::text("RESULT"),
            Column::text("NOW").optional(2),
            Column::text("NEXT CRAWL").optional(3),
            Column::text("PRICE BOOK").shortened_to(20).optional(4),
            Column::text("PULLS").optional(5),
        ]);
        for registry in &self.registries {
            table.add(registry.cells());
        }
        let mut text = table.text(width);
        if self
            .registries
            .iter()
            .any(|registry| registry.next_crawl.is_none())
        {
            let advice =
                "No schedule: set schedule in the [[registry]] of the configuration, or run tare crawl.";
            text.push_str(&format!("\n{}\n", wrapped(advice, width)));
        }
        text
    }
}

/// An age in its largest unit.
fn age(seconds: i64) -> String {
    let age = TimeDelta::seconds(seconds);
    let (count, unit) = match (age.num_days(), age.num_hours(), age.num_minutes()) {
        (days, ..) if days > 0 => (days, "day"),
        (_, hours, _) if hours > 0 => (hours, "hour"),
        (.., minutes) => (minutes, "minute"),
    };
    match count {
        1 => format!("1 {unit}"),
        _ => format!("{count} {unit}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_said_in_its_largest_unit() {
        for (seconds, words) in [
            (0, "0 minutes"),
            (60, "1 minute"),
            (7200, "2 hours"),
            (10 * 86_400, "10 days"),
        ] {
            assert_eq!(age(seconds), words);
        }
    }
}
