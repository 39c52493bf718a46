//! The registries, and one of them.

use actix_web::HttpResponse;
use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::api::call::Call;
use crate::api::list::List;
use crate::api::operation::Operation;
use crate::api::problem::{self, Problem};
use crate::api::reply::Reply;
use crate::api::snapshot::{Snapshot, unknown_registry};
use crate::report::{LastCrawl, Note, RegistryRow};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::get(
            "/v1/registries",
            "list_registries",
            "What each registry stores, costs, and would on Alpine",
            "RegistryList",
            |call| Box::pin(list(call)),
        )
        .group("registries")
        .leads(
            "get_registry",
            &[("registry", "$response.body#/items/0/registry")],
        ),
        Operation::get(
            "/v1/registries/{registry}",
            "get_registry",
            "One registry",
            "Registry",
            |call| Box::pin(one(call)),
        )
        .group("registries")
        .problems([&problem::NOT_FOUND]),
    ]
}

/// A registry as it is answered.
#[derive(Serialize)]
pub(in crate::api) struct Registry<'a> {
    #[serde(flatten)]
    row: &'a RegistryRow,
    /// How old the figures are.
    freshness_seconds: i64,
    last_crawl: ShownCrawl,
    /// What a reader must know about the figures.
    notes: Vec<&'a Note>,
}

#[derive(Serialize)]
struct ShownCrawl {
    state: &'static str,
    /// How many faults cost it something.
    losses: usize,
}

impl<'a> Registry<'a> {
    fn of(row: &'a RegistryRow, snapshot: &'a Snapshot, now: DateTime<Utc>) -> Result<Self, Problem> {
        let (_, analysed) = snapshot.registry(row.registry.as_str())?;
        let (state, losses) = match analysed.holdings.source.last_crawl {
            LastCrawl::Complete => ("complete", 0),
            LastCrawl::Incomplete { losses } => ("incomplete", losses),
            LastCrawl::Unfinished => ("unfinished", 0),
        };
        let notes = snapshot.report.notes.iter();
        Ok(Self {
            row,
            freshness_seconds: (now - row.as_of).num_seconds().max(0),
            last_crawl: ShownCrawl { state, losses },
            notes: notes.filter(|note| note.registry == row.registry).collect(),
        })
    }
}

async fn list(call: Call) -> Result<HttpResponse, Problem> {
    call.caller.needs_whole_registries()?;
    let snapshot = call.snapshot()?;
    let now = call.api.clock.now();
    let rows = snapshot.report.registries.iter();
    let items = rows
        .filter(|row| call.caller.sees(&row.registry))
        .map(|row| Registry::of(row, &snapshot, now))
        .collect::<Result<_, _>>()?;
    call.reply(Reply::json(&List::whole(&snapshot, items))?)
}

async fn one(call: Call) -> Result<HttpResponse, Problem> {
    call.caller.needs_whole_registries()?;
    let snapshot = call.snapshot()?;
    let name = call.values.text("registry").unwrap_or_default();
    let (row, _) = snapshot.registry(name)?;
    if !call.caller.sees(&row.registry) {
        return Err(unknown_registry(name));
    }
    let registry = Registry::of(row, &snapshot, call.api.clock.now())?;
    call.reply(Reply::json(&registry)?)
}
