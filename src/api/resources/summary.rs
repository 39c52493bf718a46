//! Repositories grouped by a common property.

use std::borrow::Cow;

use actix_web::HttpResponse;
use schemars::JsonSchema;
use serde::Serialize;

use super::repositories::{chosen, filter_notes, filters};
use crate::api::budgets::Budgets;
use crate::api::call::Call;
use crate::api::list::{self, List, Page, optional_paging};
use crate::api::operation::{AnswerForm, Operation};
use crate::api::parameter::{Form, Parameter};
use crate::api::past;
use crate::api::problem::{self, Problem};
use crate::api::provenance::Provenance;
use crate::api::reply::Reply;
use crate::api::snapshot::Snapshot;
use crate::api::sort::{Orders, SortValue};
use crate::report::{GroupBy, GroupRow, Groups, Headline, Report, group_csv, groups};
use crate::units::Money;

/// The parameters that do not choose among repositories.
const SHAPES: [&str; 8] = [
    "group_by", "format", "as_of", "window", "sort", "fields", "limit", "cursor",
];
/// These, and the parameter that chooses a whole registry.
const SHAPES_AND_REGISTRY: [&str; 9] = [
    "group_by", "format", "as_of", "window", "sort", "fields", "limit", "cursor", "registry",
];

pub(super) fn operations() -> Vec<Operation> {
    let names = GroupBy::ALL.iter().map(|(name, _)| *name).collect();
    let group_by = Parameter::new("group_by", Form::Word(names), "Group by; default: registry.");
    vec![
        Operation::get(
            "/v1/summary",
            "summarise",
            "Bytes, costs and savings by registry, team, cost centre, environment, base or verdict",
            AnswerForm::json::<List<'_, Budgeted<'_>, Whole<'_>>>("Summary"),
            |call| Box::pin(summarise(call)),
        )
        .group("money")
        .about(
            "The rows add up to `totals`. `key` is null for unassigned repositories, and for the unallocated part of a \
             bill if all repositories of the registry are selected. `budgets` are the configured ones of the registry \
             or cost centre, and in `totals` those of everything that it covers. `headline` says what to do first.",
        )
        .query([group_by])
        .query(filters())
        .query(past::parameters())
        .query([
            ORDERS.parameter("The sort key; a leading `-` sorts in descending order. Default: the most expensive first, what is \
                              unassigned last."),
            list::fields(),
        ])
        .query(optional_paging())
        .or_csv()
        .problems([&problem::NOT_FOUND, &problem::OUTDATED_CURSOR]),
    ]
}

const ORDERS: Orders<GroupRow> = Orders(&[
    ("name", |row| row.key.as_deref().map(SortValue::from).into()),
    ("repositories", |row| row.repositories.into()),
    ("tags", |row| row.tags.into()),
    ("logical", |row| row.logical_bytes.into()),
    ("attributed", |row| row.attributed_bytes.into()),
    ("saving", |row| row.joint_saving_bytes.into()),
    ("cost", |row| {
        row.costs
            .first()
            .map(|cost| SortValue::from(cost.parts.total))
            .into()
    }),
    ("cost_saving", |row| {
        row.costs.first().map(|cost| SortValue::from(cost.saving)).into()
    }),
]);

async fn summarise(call: Call) -> Result<HttpResponse, Problem> {
    let snapshot = call.snapshot_asked_for().await?;
    let by = call.values.text("group_by").unwrap_or("registry");
    let by: GroupBy = by.parse().map_err(Problem::internal)?;
    let groups = grouped(&call, &snapshot, by)?;
    if call.form == "csv" && call.values.text("fields").is_none() {
        let text = group_csv(&groups).map_err(Problem::internal)?;
        return call.reply(Reply::csv("summary.csv", text));
    }
    let budgets = Budgets(&call.api.settings.metrics.budgets);
    let budgeted = |row, budgets| Budgeted { row, budgets };
    let registry = call.values.text("registry");
    let totals = if call.values.without(&SHAPES_AND_REGISTRY).is_empty() {
        let registry = registry.and_then(|name| snapshot.registry_row(name).ok());
        budgets.for_caller(&call.caller, registry.map(|row| &row.registry))
    } else {
        Vec::new()
    };
    // A budget is shown only with the whole group, not with a part of it.
    let are_whole = match by {
        GroupBy::Registry => {
            let others = call.values.without(&SHAPES_AND_REGISTRY);
            others.is_empty() && call.caller.sees_whole_registries()
        }
        _ => call.values.without(&SHAPES).is_empty() && call.caller.sees_all_registries(),
    };
    let mut rows: Vec<&GroupRow> = groups.rows.iter().collect();
    if let Some(order) = call.values.text("sort") {
        ORDERS.sort_items(
            &mut rows,
            order,
            |row| row,
            |row| row.key.clone().unwrap_or_default(),
        );
    }
    let key = |row: &&GroupRow| row.key.as_ref().map_or_else(String::new, |key| format!("={key}"));
    let mut page = Page::whole_or_limited(&call, &snapshot, rows, key)?;
    let rows = std::mem::take(&mut page.rows).into_iter().map(|row| {
        let key = row.key.as_deref().filter(|_| are_whole);
        budgeted(row, budgets.for_group(by, key))
    });
    let answer = List {
        items: rows.collect(),
        next_cursor: page.next_cursor.clone(),
        notes: [filter_notes(&call, &snapshot), snapshot.left_out(&call.caller)].concat(),
        provenance: Provenance::for_caller(&call.caller, &snapshot),
        totals: Whole {
            headline: &groups.headline,
            totals: budgeted(&groups.totals, totals),
        },
    };
    call.reply(page.linked(list::reply(&call, "summary.csv", &[], &answer)?))
}

/// A group and its budget.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "BudgetedGroup")]
struct Budgeted<'a> {
    #[serde(flatten)]
    row: &'a GroupRow,
    /// What may be spent on the group in a month, one entry for each currency that has a budget.
    budgets: Vec<Money>,
}

/// All groups together.
#[derive(Serialize, JsonSchema)]
struct Whole<'a> {
    /// What to do first, over all selected repositories.
    headline: &'a Headline,
    /// The sums over all groups.
    totals: Budgeted<'a>,
}

/// The requested groups. Groups of all repositories are computed once per snapshot.
fn grouped<'a>(call: &Call, snapshot: &'a Snapshot, by: GroupBy) -> Result<Cow<'a, Groups>, Problem> {
    let is_everything = call.values.without(&SHAPES).is_empty();
    if is_everything && call.caller.sees_everything() {
        return Ok(Cow::Borrowed(snapshot.groups(by)?));
    }
    let rows = chosen(call, snapshot)?;
    // The unallocated part of a bill is shown only together with all repositories of the registry.
    let is_whole =
        call.values.without(&SHAPES_AND_REGISTRY).is_empty() && call.caller.sees_whole_registries();
    let registry = call.values.text("registry");
    let registries = snapshot.report.registries.iter().filter(|row| {
        is_whole
            && call.caller.sees(&row.registry)
            && registry.is_none_or(|name| name == row.registry.as_str())
    });
    let rows = rows.into_iter().cloned().collect();
    let report = Report::from_rows(&snapshot.report, registries.cloned().collect(), rows);
    let report = report.map_err(Problem::internal)?;
    groups(&report, by).map(Cow::Owned).map_err(Problem::internal)
}
