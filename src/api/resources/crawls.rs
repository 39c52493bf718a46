//! The list of crawls, one crawl, and requests for a crawl.

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::crawl_status::{Prospects, state_text};
use crate::api::access::{Access, sees_row};
use crate::api::call::Call;
use crate::api::cursor::ListIdentity;
use crate::api::list::{self, next_link, paging};
use crate::api::openapi::Shape;
use crate::api::operation::{AnswerForm, Operation};
use crate::api::parameter::{Form, Parameter};
use crate::api::problem::{self, Problem};
use crate::api::reply::Reply;
use crate::api::snapshot::unknown_registry;
use crate::events::EventCoverage;
use crate::identity::{Caller, Scope};
use crate::inventory::{Fault, FaultKind};
use crate::oci::text::printable;
use crate::oci::{RegistryName, RepositoryName};
use crate::store::{Cancellation, CrawlOrder, CrawlRecord, CrawlState, StoreError};
use crate::units::{ByteCount, RequestCounts, milliseconds};

/// The maximum number of faults in an answer. Our choice: enough to find the cause, and the answer stays small.
const MOST_FAULTS: usize = 1000;
/// The maximum length of an idempotency key. Our choice: any UUID or hash fits.
const LONGEST_IDEMPOTENCY_KEY: usize = 255;

/// The beginning of `requested_by` for a request by the API; the name of the caller follows.
const API_PREFIX: &str = "API: ";

pub(super) fn operations() -> Vec<Operation> {
    let mut list = Operation::get(
        "/v1/crawls",
        "list_crawls",
        "The crawls, latest first unless sorted otherwise",
        AnswerForm::json::<CrawlList<'_>>("CrawlList"),
        |call| Box::pin(answer(call)),
    )
    .group("crawls")
    .query([
        Parameter::new("registry", Form::Text, "Only this registry."),
        Parameter::new(
            "sort",
            Form::Order(vec!["requested"]),
            "The sort key: when the crawl was requested; a leading `-` sorts in descending order. Default: `-requested`.",
        ),
        list::fields(),
    ])
    .query(paging())
    .problems([&problem::NOT_FOUND, &problem::OUTDATED_CURSOR]);
    list = list
        .leads("get_crawl", &[("id", "$response.body#/items/0/id")])
        .leads("follow_crawl", &[("id", "$response.body#/items/0/id")]);
    list.answer.is_cacheable = false;
    let one = Operation::get(
        "/v1/crawls/{id}",
        "get_crawl",
        "One crawl, and what it could not read",
        AnswerForm::json::<CrawlWithFaults<'_>>("CrawlWithFaults"),
        |call| Box::pin(one(call)),
    )
    .group("crawls");
    let mut start = Operation::post(
        "/v1/crawls",
        "start_crawl",
        "Requests a crawl of a registry",
        (
            Shape::new::<CrawlRequest>("CrawlRequest"),
            AnswerForm::json::<Crawl<'_>>("Crawl"),
        ),
        |call| Box::pin(start(call)),
    )
    .group("crawls")
    .about(
        "If a crawl of the registry is queued or running, it is returned. A repeated request with the same \
         `Idempotency-Key` returns the crawl of the first one.",
    )
    .access(Access::Needs(Scope::Crawl))
    .problems([&problem::NOT_FOUND, &problem::CONFLICT]);
    start.in_headers = vec![Parameter::new(
        "Idempotency-Key",
        Form::Token(LONGEST_IDEMPOTENCY_KEY),
        "A key that the client chooses; a repeated request has the same key.",
    )];
    start = start.leads("get_crawl", &[("id", "$response.body#/id")]);
    start.answer.status = 202;
    start.answer.about = "The requested crawl";
    start.answer.headers = vec![("Location", "The path of the crawl.")];
    let cancel = Operation::delete(
        "/v1/crawls/{id}",
        "cancel_crawl",
        "Cancels a crawl",
        AnswerForm::json::<Crawl<'_>>("Crawl"),
        |call| Box::pin(cancel(call)),
    )
    .group("crawls")
    .about(
        "A queued crawl is cancelled at once. A running crawl stops within seconds; until then its state is \
         `cancelling`. What it has read is kept, and the next crawl continues from there. Cancelling a cancelled crawl \
         again changes nothing.",
    )
    .access(Access::Needs(Scope::Crawl))
    .problems([&problem::CONFLICT]);
    vec![list, start, one, cancel]
}

/// A crawl: who requested it, its state, and its load on the registry.
#[derive(Serialize, JsonSchema)]
pub(super) struct Crawl<'a> {
    /// The number of the crawl; later crawls have higher numbers.
    id: i64,
    /// The registry.
    registry: &'a RegistryName,
    /// The state of the crawl.
    state: CrawlState,
    /// What the crawl is doing or how it ended, in a sentence.
    state_text: String,
    /// Why an unfinished crawl makes no progress, and what to do; null if it makes progress or has ended.
    stuck_reason: Option<String>,
    /// When it was requested.
    requested_at: DateTime<Utc>,
    /// Who requested it. If the key is limited to cost centres, another caller of the API is just `API`.
    requested_by: &'a str,
    /// When it started; null while it is queued.
    started_at: Option<DateTime<Utc>>,
    /// When it ended; null until then.
    finished_at: Option<DateTime<Utc>>,
    /// Its figures.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "CrawlFigures")]
    figures: Option<CrawlFigures>,
    /// Why it did not succeed; null if there is no message.
    message: Option<&'a str>,
    /// What events of the registry had told before the crawl. Null if the registry sends no events, until the crawl has
    /// ended, and for a key that is limited to cost centres.
    events: Option<EventCoverage>,
}

/// What a crawl of a whole registry has read. Absent if the key is limited to cost centres: most of it says something of
/// the repositories of others.
#[derive(Serialize, JsonSchema)]
struct CrawlFigures {
    /// How many repositories have been read. Absent if the key is limited to cost centres.
    #[schemars(skip_serializing_if = "is_partial")]
    repositories_done: u64,
    /// How many repositories there are to read; 0 until they have been listed. Absent if the key is limited to cost centres.
    #[schemars(skip_serializing_if = "is_partial")]
    repositories_total: u64,
    /// How many tags have been read. Absent if the key is limited to cost centres.
    #[schemars(skip_serializing_if = "is_partial")]
    tags_done: u64,
    /// The requests to the registry by kind. Absent if the key is limited to cost centres.
    #[schemars(skip_serializing_if = "is_partial")]
    requests: RequestCounts,
    /// The bytes that the registry sent. Absent if the key is limited to cost centres.
    #[schemars(skip_serializing_if = "is_partial")]
    bytes_received: ByteCount,
    /// How long the crawl waited because the registry throttled it. Absent if the key is limited to cost centres.
    #[schemars(skip_serializing_if = "is_partial")]
    waited_milliseconds: u64,
    /// The number of faults. Absent if the key is limited to cost centres.
    #[schemars(skip_serializing_if = "is_partial")]
    faults: u64,
}

impl CrawlFigures {
    fn new(record: &CrawlRecord) -> Self {
        let cost = &record.cost;
        Self {
            repositories_done: record.repositories_done,
            repositories_total: record.repositories_total,
            tags_done: record.tags_done,
            requests: cost.requests,
            bytes_received: cost.bytes_received,
            waited_milliseconds: milliseconds(cost.waited),
            faults: record.faults,
        }
    }
}

/// Who requested a crawl, for a caller: the names of other keys and people are not for everyone.
fn requested_by<'a>(caller: &Caller, record: &'a CrawlRecord) -> &'a str {
    let by = record.requested_by.as_str();
    let own = by.strip_prefix(API_PREFIX) == Some(caller.name.as_str());
    match by.starts_with(API_PREFIX) && !own && !caller.sees_whole_registries() {
        true => "API",
        false => by,
    }
}

impl<'a> Crawl<'a> {
    pub(super) fn new(caller: &Caller, record: &'a CrawlRecord, prospects: &Prospects) -> Self {
        let is_whole = caller.sees_whole_registries();
        Self {
            id: record.id,
            registry: &record.registry,
            state: record.state,
            state_text: state_text(record, is_whole),
            stuck_reason: prospects.stuck_reason(record),
            requested_at: record.requested_at,
            requested_by: requested_by(caller, record),
            started_at: record.started_at,
            finished_at: record.finished_at,
            figures: is_whole.then(|| CrawlFigures::new(record)),
            // A message can name repositories that a limited caller may not see.
            message: record.message.as_deref().filter(|_| is_whole),
            events: record.event_coverage.filter(|_| is_whole),
        }
    }
}

/// Crawls, page by page.
#[derive(Serialize, JsonSchema)]
struct CrawlList<'a> {
    /// The rows of this page.
    items: Vec<Crawl<'a>>,
    /// Where the next page begins; null on the last page.
    next_cursor: Option<String>,
    /// When this was answered.
    as_of: DateTime<Utc>,
}

async fn answer(call: Call) -> Result<HttpResponse, Problem> {
    let wanted: Option<RegistryName> = match call.values.text("registry") {
        None => None,
        // An invalid name cannot have crawls.
        Some(text) => Some(text.parse().map_err(|_| unknown_registry(text))?),
    };
    let identity = ListIdentity::new("crawls", &call.values.without(&["limit", "cursor", "fields"]));
    let order = match call.values.text("sort") {
        Some("requested") => CrawlOrder::OldestFirst,
        _ => CrawlOrder::NewestFirst,
    };
    let last: Option<i64> = match call.values.text("cursor") {
        None => None,
        Some(cursor) => identity.key_of(cursor)?.parse().ok(),
    };
    let limit = u32::try_from(call.values.number("limit", 50)).unwrap_or(u32::MAX);
    let mut records = call
        .api
        .crawls(&call.caller, wanted, last, limit.saturating_add(1), order)
        .await?;
    let is_last = records.len() <= limit as usize;
    records.truncate(limit as usize);
    let next_cursor = records
        .last()
        .filter(|_| !is_last)
        .map(|record| identity.after(&record.id.to_string()));
    let prospects = Prospects::read(&call.api).await?;
    let list = CrawlList {
        items: records
            .iter()
            .map(|record| Crawl::new(&call.caller, record, &prospects))
            .collect(),
        next_cursor,
        as_of: call.api.clock.now(),
    };
    let mut reply = list::reply(&call, "crawls.csv", &[], &list)?;
    if let Some(cursor) = &list.next_cursor {
        reply = reply.with_header(header::LINK, &next_link(&call, cursor));
    }
    call.reply(reply)
}

/// The crawl that a call's path names, if the caller may see it.
///
/// # Errors
/// If there is none.
pub(super) async fn named(call: &Call) -> Result<CrawlRecord, Problem> {
    let text = call.values.text("id").unwrap_or_default();
    let unknown = || Problem::not_found(format!("there is no crawl {}", printable(text)));
    let id: i64 = text.parse().map_err(|_| unknown())?;
    let record = call
        .api
        .query_store(move |store| async move { store.crawl(id).await })
        .await?;
    record
        .filter(|record| call.api.shows(&call.caller, &record.registry))
        .ok_or_else(unknown)
}

/// A crawl, and what it could not read.
#[derive(Serialize, JsonSchema)]
struct CrawlWithFaults<'a> {
    #[serde(flatten)]
    crawl: Crawl<'a>,
    /// The first thousand things that could not be read.
    fault_list: Vec<CrawlFault<'a>>,
}

/// Something that could not be read.
#[derive(Serialize, JsonSchema)]
struct CrawlFault<'a> {
    /// The repository; null if the catalogue could not be read.
    repository: Option<&'a str>,
    /// The tag or digest; null if the repository could not be read.
    reference: Option<&'a str>,
    /// The kind of fault.
    kind: FaultKind,
    /// What went wrong.
    fault: &'a str,
}

async fn one(call: Call) -> Result<HttpResponse, Problem> {
    let record = named(&call).await?;
    let id = record.id;
    let faults: Vec<Fault> = call
        .api
        .query_store(move |store| async move { store.crawl_faults(id).await })
        .await?;
    // A caller limited to some repositories sees only their faults.
    let snapshot = call.api.snapshots.current();
    let is_visible = |fault: &Fault| {
        let row = snapshot.as_ref().zip(fault.repository.as_ref());
        let row = row
            .and_then(|(snapshot, name)| snapshot.repository(record.registry.as_str(), name.as_str()).ok());
        call.caller.sees_whole_registries() || row.is_some_and(|row| sees_row(&call.caller, row))
    };
    let fault_list = faults
        .iter()
        .filter(|fault| is_visible(fault))
        .take(MOST_FAULTS)
        .map(|fault| CrawlFault {
            repository: fault.repository.as_ref().map(RepositoryName::as_str),
            reference: fault.reference.as_deref(),
            kind: fault.kind,
            fault: &fault.fault,
        })
        .collect();
    let prospects = Prospects::read(&call.api).await?;
    call.reply(Reply::json(&CrawlWithFaults {
        crawl: Crawl::new(&call.caller, &record, &prospects),
        fault_list,
    })?)
}

/// Which registry to crawl.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct CrawlRequest {
    /// The name of a registry that was crawled before or is configured.
    registry: String,
}

async fn start(call: Call) -> Result<HttpResponse, Problem> {
    let CrawlRequest { registry: name } = call.read_body()?;
    let registry: RegistryName = name.parse().map_err(|_| unknown_registry(&name))?;
    if !call.api.shows(&call.caller, &registry) {
        return Err(unknown_registry(&name));
    }
    let prospects = Prospects::read(&call.api).await?;
    let is_known = registry.clone();
    let is_known = call
        .api
        .query_store(move |store| async move { store.knows_registry(&is_known).await })
        .await?;
    if !is_known {
        return Err(unknown_registry(&name));
    }
    if let Some(reason) = prospects.why_not(&registry) {
        return Err(Problem::new(&problem::CONFLICT, reason));
    }
    let key = call.values.text("Idempotency-Key").map(str::to_owned);
    let (by, now) = (format!("{API_PREFIX}{}", call.caller.name), call.api.clock.now());
    let record = call
        .api
        .query_store(move |store| async move {
            match store.request_crawl(&registry, &by, key.as_deref(), now).await {
                Err(StoreError::UnknownRegistry(_)) => Ok(None),
                Ok(requested) => store.crawl(requested.id).await,
                Err(error) => Err(error),
            }
        })
        .await?;
    let record = record.ok_or_else(|| unknown_registry(&name))?;
    let reply = Reply::json(&Crawl::new(&call.caller, &record, &prospects))?
        .with_status(StatusCode::ACCEPTED)
        .with_header(
            header::LOCATION,
            &format!("{}v1/crawls/{}", call.api.base_path(), record.id),
        );
    call.reply(reply)
}

async fn cancel(call: Call) -> Result<HttpResponse, Problem> {
    let id = named(&call).await?.id;
    let (by, now) = (format!("{API_PREFIX}{}", call.caller.name), call.api.clock.now());
    let cancelled = call
        .api
        .query_store(move |store| async move { store.cancel_crawl(id, &by, now).await })
        .await?;
    match cancelled {
        None => return Err(Problem::not_found(format!("there is no crawl {id}"))),
        Some(Cancellation::AlreadyOver(state)) if state != CrawlState::Cancelled => {
            let detail = format!("crawl {id} has ended already: {}", state.as_str());
            return Err(Problem::new(&problem::CONFLICT, detail));
        }
        Some(_) => {}
    }
    let prospects = Prospects::read(&call.api).await?;
    let record = named(&call).await?;
    call.reply(Reply::json(&Crawl::new(&call.caller, &record, &prospects))?)
}
