//! What changed between two moments, and why.

use actix_web::HttpResponse;
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use super::costs::{ImageLabels, WindowDays};
use crate::api::call::Call;
use crate::api::filter::StatementFilter;
use crate::api::list::{self, List, Page, paging};
use crate::api::operation::{AnswerForm, Operation};
use crate::api::parameter::{Form, Parameter};
use crate::api::past::start_of;
use crate::api::problem::{self, Problem};
use crate::api::snapshot::Snapshot;
use crate::api::sort::{Orders, SortValue};
use crate::report::changes::{ChangeRow, CostChange, Moment, RepositoryChange, change_rows, changes};
use crate::report::costs::Aggregate;
use crate::units::Period;

const ORDERS: Orders<ChangeRow> = Orders(&[
    ("name", |row| row.name.as_str().into()),
    ("before", |row| {
        row.cost.map(|cost| SortValue::from(cost.before)).into()
    }),
    ("after", |row| {
        row.cost.map(|cost| SortValue::from(cost.after)).into()
    }),
    ("difference", |row| {
        row.cost.map(|cost| SortValue::from(cost.difference)).into()
    }),
    ("bytes", |row| row.attributed_bytes.difference.into()),
]);

/// The columns of CSV.
const COLUMNS: [&str; 8] = [
    "name",
    "keys",
    "status",
    "new_repositories",
    "gone_repositories",
    "cost",
    "attributed_bytes",
    "pulls_per_month",
];

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::get(
            "/v1/changes",
            "list_changes",
            "What changed between two moments, by repository or group, and whether because of pulls, bytes or prices",
            AnswerForm::json::<Changes<'_>>("ChangeList"),
            |call| Box::pin(answer(call)),
        )
        .group("costs")
        .about(
            "Compares the beginning of the window with its end: each as a calendar month at the level of the last crawl before it, \
             with today's settings. The causes of a difference add up to it to the last digit. Each is a Shapley value: the mean of \
             what this cause alone adds, over every order in which bytes, pulls and prices can change; the registry is billed anew \
             for each combination. Rows in which nothing changed are left out; `totals` covers all.",
        )
        .query([
            Parameter::new(
                "window",
                Form::Window,
                "From when until when, in the forms of `/v1/costs`. Default: `30d`.",
            ),
            Parameter::new(
                "aggregate",
                Form::Text,
                "One or more of `registry`, `repository`, `team`, `cost_centre`, `environment` and `label:NAME`, separated by \
                 commas. A repository counts in the group that it belongs to at the end. Default: `registry,repository`.",
            ),
        ])
        .query(StatementFilter::parameters())
        .query([
            ORDERS.parameter("The sort key; a leading `-` sorts in descending order. Default: the largest difference of cost first, up or \
                              down. `-difference` puts first what grew most."),
            list::fields(),
        ])
        .query(paging())
        .or_csv()
        .problems([&problem::NOT_FOUND, &problem::OUTDATED_CURSOR]),
    ]
}

/// What changed in a window.
#[derive(Serialize, JsonSchema)]
struct Changes<'a> {
    /// The days that were asked for.
    window: WindowDays,
    /// The moment of the figures before.
    before_as_of: DateTime<Utc>,
    /// The moment of the figures after.
    after_as_of: DateTime<Utc>,
    /// What changes are grouped by.
    aggregate: Vec<String>,
    #[serde(flatten)]
    list: List<'a, ChangeRow>,
    /// The sums over all groups, one entry for each currency.
    totals: Vec<CostChange>,
}

async fn answer(call: Call) -> Result<HttpResponse, Problem> {
    let present = call.whole_snapshot().await?;
    let window = match call.window("window")? {
        Some(window) => window,
        None => Period::from_window("30d", call.today()).map_err(Problem::internal)?,
    };
    let aggregate = Aggregate::list(call.values.text("aggregate").unwrap_or("registry,repository"))
        .map_err(|error| Problem::invalid_query("aggregate", error))?;
    let filter = StatementFilter::new(&call, &present)?;
    let mut notes = Vec::new();
    let after = call
        .snapshot_at("window", window.last_second(), present.clone())
        .await?;
    let first = call
        .analyse(|analysis| async move { analysis.history_begins().await })
        .await?;
    let start = start_of(window);
    // A window that begins before the history is compared with its beginning.
    let begin = match first {
        Some(first) if start < first && first < window.last_second() => {
            notes.push(format!(
                "the history begins on {}, which is what the end of the window is compared with",
                first.format("%Y-%m-%d")
            ));
            first
        }
        _ => start,
    };
    let before = call.snapshot_at("window", begin, present.clone()).await?;
    let (rows, failed) = {
        let (before, after) = (before.clone(), after.clone());
        call.api
            .run_blocking(move || Ok::<_, Problem>(changes(moment(&before)?, moment(&after)?)))
            .await??
    };
    let failed = failed.into_iter().filter(|(registry, _)| filter.covers(registry));
    notes.extend(failed.map(|(registry, reason)| format!("{registry}: no costs: {reason}")));
    let chosen: Vec<&RepositoryChange> = rows
        .iter()
        .filter(|row| is_visible(&call, &filter, row))
        .collect();
    if filter.is_restricted() && chosen.is_empty() {
        notes.push("the filters match no repository at either moment".to_owned());
    }
    let labels = ImageLabels::new(&after, &aggregate)?;
    let grouped = |aggregate: &[Aggregate]| {
        let image_label = |registry: &_, repository: &_, label: &str| labels.get(registry, repository, label);
        change_rows(chosen.iter().copied(), aggregate, image_label).map_err(Problem::internal)
    };
    let mut items = grouped(&aggregate)?;
    notes.extend(labels.unknown(&aggregate));
    // Grouped by nothing, all is one group for each currency.
    let totals = grouped(&[])?.into_iter().filter_map(|row| row.cost).collect();
    if let Some(order) = call.values.text("sort") {
        ORDERS.sort(&mut items, order, |row| row.name.clone());
    }
    let mut page = Page::new(&call, &after, items, |row| {
        let currency = row.cost.map(|cost| cost.after.currency().code());
        format!("{} {}", row.name, currency.unwrap_or_default())
    })?;
    let mut list = page.list(&call, &after);
    list.notes = notes;
    let answer = Changes {
        window: window.into(),
        before_as_of: before.report.as_of,
        after_as_of: after.report.as_of,
        aggregate: aggregate.iter().map(ToString::to_string).collect(),
        list,
        totals,
    };
    call.reply(page.linked(list::reply(&call, "changes.csv", &COLUMNS, &answer)?))
}

fn moment(snapshot: &Snapshot) -> Result<Moment<'_>, Problem> {
    Ok(Moment {
        analysed: snapshot.analysed()?,
        inputs: &snapshot.inputs,
    })
}

/// Whether a caller may see a change, and asked for it.
fn is_visible(call: &Call, filter: &StatementFilter, change: &RepositoryChange) -> bool {
    let caller = &call.caller;
    let owner = change.repository.as_ref().map(|name| (name, &change.labels));
    let is_seen = match &change.repository {
        Some(_) => caller.sees_repository(&change.registry, change.labels.cost_centre.as_deref()),
        // The rest of a bill tells about the whole registry.
        None => caller.sees(&change.registry) && caller.sees_whole_registries(),
    };
    is_seen && filter.matches(&change.registry, owner)
}
