//! The registries, and one of them.

use std::borrow::Cow;

use actix_web::HttpResponse;
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use super::crawl_status::{CrawlNow, CurrentCrawl, Prospects};
use crate::api::call::Call;
use crate::api::list::{self, List, Page, optional_paging};
use crate::api::operation::{AnswerForm, Operation};
use crate::api::past;
use crate::api::problem::{self, Problem};
use crate::api::provenance::{Freshness, Provenance};
use crate::api::reply::Reply;
use crate::api::snapshot::{Snapshot, Versions, unknown_registry};
use crate::api::sort::{Orders, SortValue};
use crate::api::visible::VisibleRegistry;
use crate::oci::RegistryName;
use crate::report::{LastCrawl, Note, RegistryRow};

/// How an answer changes for a key that is limited to cost centres.
const PART: &str = "A key limited to cost centres gets the sums of their repositories: `of` is `visible`, and \
    members about other repositories are absent.";

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::get(
            "/v1/registries",
            "list_registries",
            "Stored bytes and cost of each registry, now and on Alpine",
            AnswerForm::json::<List<'_, Registry<'_>>>("RegistryList"),
            |call| Box::pin(registries(call)),
        )
        .group("registries")
        .about(PART)
        .query(past::parameters())
        .query([
            ORDERS.parameter("The sort key; a leading `-` sorts in descending order. Default: `name`."),
            list::fields(),
        ])
        .query(optional_paging())
        .problems([&problem::OUTDATED_CURSOR])
        .leads(
            "get_registry",
            &[("registry", "$response.body#/items/0/registry")],
        ),
        Operation::get(
            "/v1/registries/{registry}",
            "get_registry",
            "One registry",
            AnswerForm::json::<OneRegistry<'_>>("OneRegistry"),
            |call| Box::pin(one(call)),
        )
        .group("registries")
        .about(PART)
        .problems([&problem::NOT_FOUND]),
    ]
}

/// A registry with its last crawl and notes.
#[derive(Serialize, JsonSchema)]
pub(in crate::api) struct Registry<'a> {
    #[serde(flatten)]
    row: VisibleRegistry<'a>,
    /// How its last crawl ended.
    last_crawl: CrawlOutcome,
    /// Whether a crawl can be started now.
    crawl_now: CrawlNow,
    /// The crawl that is queued or running; null if there is none.
    current_crawl: Option<CurrentCrawl>,
    /// The schedule: a cron expression and its time zone; null if there is no schedule.
    schedule: Option<String>,
    /// When the next scheduled crawl starts; null if there is no schedule.
    next_crawl: Option<DateTime<Utc>>,
    /// What a reader must know about the figures.
    #[schemars(with = "Vec<Note>")]
    notes: Vec<Cow<'a, Note>>,
}

/// One registry. Its `as_of` is that of the figures.
#[derive(Serialize, JsonSchema)]
struct OneRegistry<'a> {
    #[serde(flatten)]
    registry: Registry<'a>,
    /// The age of the figures.
    freshness: Freshness,
    /// The inputs of the figures besides the crawls.
    #[schemars(with = "Versions")]
    versions: Cow<'a, Versions>,
}

/// How the last crawl of a registry ended.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "LastCrawl")]
struct CrawlOutcome {
    /// The result of the crawl.
    state: CrawlOutcomeState,
    /// How many faults made it incomplete. Absent if the key sees a part of the registry.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "usize")]
    losses: Option<usize>,
}

/// The result of the last crawl.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "LastCrawlState")]
enum CrawlOutcomeState {
    /// It read everything.
    Complete,
    /// It could not read everything.
    Incomplete,
    /// It is running, or it was stopped.
    Unfinished,
}

impl<'a> Registry<'a> {
    fn name(&self) -> &RegistryName {
        self.row.name()
    }

    /// `None` if the caller may see nothing of it.
    fn new(
        call: &Call,
        row: &'a RegistryRow,
        snapshot: &'a Snapshot,
        prospects: &Prospects,
    ) -> Result<Option<Self>, Problem> {
        let Some(visible) = VisibleRegistry::new(&call.caller, row, &snapshot.report.repositories)? else {
            return Ok(None);
        };
        let is_whole = call.caller.sees_whole_registries();
        let (state, losses) = match snapshot.last_crawl(&row.registry) {
            LastCrawl::Complete => (CrawlOutcomeState::Complete, 0),
            LastCrawl::Incomplete { losses } => (CrawlOutcomeState::Incomplete, losses),
            LastCrawl::Unfinished => (CrawlOutcomeState::Unfinished, 0),
        };
        Ok(Some(Self {
            row: visible,
            last_crawl: CrawlOutcome {
                state,
                losses: is_whole.then_some(losses),
            },
            crawl_now: prospects.crawl_now(&row.registry, &call.caller),
            current_crawl: prospects.current_crawl(&row.registry, is_whole),
            schedule: prospects.schedule(&row.registry),
            next_crawl: prospects.next_crawl(&row.registry),
            notes: snapshot.notes_for(&call.caller, Some(&row.registry)),
        }))
    }
}

const ORDERS: Orders<RegistryRow> = Orders(&[
    ("name", |row| row.registry.as_str().into()),
    ("stored", |row| row.totals.stored_bytes.into()),
    ("logical", |row| row.totals.logical_bytes.into()),
    ("cost", |row| {
        row.cost
            .as_ref()
            .map(|cost| SortValue::from(cost.parts.total))
            .into()
    }),
]);

async fn registries(call: Call) -> Result<HttpResponse, Problem> {
    let snapshot = call.snapshot_asked_for().await?;
    let mut rows: Vec<&RegistryRow> = snapshot.report.registries.iter().collect();
    let order = call.values.text("sort").unwrap_or("name");
    ORDERS.sort_items(&mut rows, order, |row| row, |row| row.registry.to_string());
    let prospects = Prospects::read_or_unknown(&call.api).await;
    let items = rows
        .into_iter()
        .filter_map(|row| Registry::new(&call, row, &snapshot, &prospects).transpose())
        .collect::<Result<_, _>>()?;
    let mut page = Page::whole_or_limited(&call, &snapshot, items, |item: &Registry<'_>| {
        item.name().to_string()
    })?;
    let mut list = page.list(&call, &snapshot);
    list.notes.extend(snapshot.left_out(&call.caller));
    call.reply(page.linked(list::reply(&call, "registries.csv", &[], &list)?))
}

async fn one(call: Call) -> Result<HttpResponse, Problem> {
    let snapshot = call.snapshot()?;
    let name = call.values.text("registry").unwrap_or_default();
    let row = snapshot.registry_row(name)?;
    let prospects = Prospects::read_or_unknown(&call.api).await;
    let registry = Registry::new(&call, row, &snapshot, &prospects)?.ok_or_else(|| unknown_registry(name))?;
    let Provenance {
        freshness, versions, ..
    } = Provenance::for_registry(&call.caller, row, &snapshot);
    call.reply(Reply::json(&OneRegistry {
        registry,
        freshness,
        versions,
    })?)
}
