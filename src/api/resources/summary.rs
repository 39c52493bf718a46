//! Repositories put together by what they have in common.

use std::borrow::Cow;

use actix_web::HttpResponse;

use super::repositories::{chosen, filters};
use crate::api::call::Call;
use crate::api::list::List;
use crate::api::operation::Operation;
use crate::api::parameter::{Form, Parameter};
use crate::api::problem::{self, Problem};
use crate::api::reply::Reply;
use crate::api::snapshot::Snapshot;
use crate::report::{GroupBy, Groups, Report, group_csv, groups};

pub(super) fn operations() -> Vec<Operation> {
    let names = GroupBy::ALL.iter().map(|(name, _)| *name).collect();
    let group_by = Parameter::new(
        "group_by",
        Form::Word(names),
        "What repositories are put together by; the registry by default.",
    );
    vec![
        Operation::get(
            "/v1/summary",
            "summarise",
            "Bytes, costs and savings by registry, team, cost centre, environment, base or verdict",
            "Summary",
            |call| Box::pin(summarise(call)),
        )
        .group("money")
        .about(
            "The rows add up to `totals`. What has no owner stands in the row with `key` null; with all \
             repositories of a registry, so does what of its bill is no repository's.",
        )
        .query([group_by])
        .query(filters())
        .or_csv()
        .problems([&problem::NOT_FOUND]),
    ]
}

async fn summarise(call: Call) -> Result<HttpResponse, Problem> {
    let snapshot = call.snapshot()?;
    let by = call.values.text("group_by").unwrap_or("registry");
    let by: GroupBy = by.parse().map_err(Problem::internal)?;
    let groups = grouped(&call, &snapshot, by)?;
    if call.form == "csv" {
        let text = group_csv(&groups).map_err(Problem::internal)?;
        return call.reply(Reply::csv("summary.csv", text));
    }
    call.reply(Reply::json(&List {
        items: groups.rows.iter().collect(),
        next_cursor: None,
        as_of: snapshot.as_of(),
        versions: &snapshot.versions,
        totals: Some(&groups.totals),
    })?)
}

/// The groups of what is asked for. Those of everything are worked out once for all who ask.
fn grouped<'a>(call: &Call, snapshot: &'a Snapshot, by: GroupBy) -> Result<Cow<'a, Groups>, Problem> {
    let is_everything = call.values.without(&["group_by", "format"]).is_empty();
    if is_everything && call.caller.sees_everything() {
        return Ok(Cow::Borrowed(snapshot.groups(by)?));
    }
    let rows = chosen(call, snapshot)?;
    // What of a bill is no repository's is shown with all of the registry's repositories and never with some.
    let is_whole = call
        .values
        .without(&["group_by", "format", "registry"])
        .is_empty()
        && call.caller.sees_whole_registries();
    let registry = call.values.text("registry");
    let registries = snapshot.report.registries.iter().filter(|row| {
        is_whole
            && call.caller.sees(&row.registry)
            && registry.is_none_or(|name| name == row.registry.as_str())
    });
    let report = Report {
        as_of: snapshot.report.as_of,
        registries: registries.cloned().collect(),
        repositories: rows.into_iter().cloned().collect(),
        images: None,
        others: None,
        complete: snapshot.report.complete,
        notes: Vec::new(),
    };
    groups(&report, by).map(Cow::Owned).map_err(Problem::internal)
}
