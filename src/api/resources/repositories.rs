//! The list of repositories: filtered, sorted, in pages, with totals.

use std::cmp::Ordering;

use actix_web::HttpResponse;
use rust_decimal::Decimal;
use strum::VariantArray as _;

use crate::api::access::sees_row;
use crate::api::call::Call;
use crate::api::filter::matches_nothing;
use crate::api::list::{self, List, Page, Totals, paging};
use crate::api::operation::{AnswerForm, Operation};
use crate::api::parameter::{Form, Parameter, Values};
use crate::api::past;
use crate::api::problem::{self, Problem};
use crate::api::provenance::Provenance;
use crate::api::reply::Reply;
use crate::api::snapshot::{RepositoryList, Snapshot, unknown_registry};
use crate::cost::Worth;
use crate::report::{self, BaseNames, GroupRow, Report, RepositoryRow};
use crate::whatif::{ConfidenceLevel, Verdict};

/// Where the first repository of a list has its names.
const ROW: &[(&str, &str)] = &[
    ("registry", "$response.body#/items/0/registry"),
    ("repository", "$response.body#/items/0/repository"),
];

/// The sort keys of repositories; a leading `-` sorts in descending order.
pub(super) const ORDERS: [&str; 20] = [
    "name",
    "-name",
    "tags",
    "-tags",
    "logical",
    "-logical",
    "stored",
    "-stored",
    "exclusive",
    "-exclusive",
    "attributed",
    "-attributed",
    "saving",
    "-saving",
    "cost",
    "-cost",
    "alpine_cost",
    "-alpine_cost",
    "cost_saving",
    "-cost_saving",
];

pub(super) fn operations() -> Vec<Operation> {
    let order = Parameter::new(
        "sort",
        Form::Word(ORDERS.to_vec()),
        "The sort key; a leading `-` sorts in descending order. Default: `-attributed`. `saving` is in bytes, \
         `cost_saving` in money.",
    );
    vec![
        Operation::get(
            "/v1/repositories",
            "list_repositories",
            "Stored bytes and cost of each repository, now and on Alpine",
            AnswerForm::json::<List<'_, &RepositoryRow, Totals<GroupRow>>>("RepositoryList"),
            |call| Box::pin(answer(call)),
        )
        .group("repositories")
        .about(
            "Attributed bytes and expected joint savings of all rows add up to the registries' stored bytes and \
             savings; `totals` covers all rows that match the filters, on all pages.",
        )
        .query(filters())
        .query(past::parameters())
        .query([order])
        .query([list::fields()])
        .query(paging())
        .or_csv()
        .leads("get_repository", ROW)
        .leads("list_tags", ROW)
        .leads("list_images", ROW)
        .leads("get_repository_history", ROW)
        .problems([&problem::NOT_FOUND, &problem::OUTDATED_CURSOR]),
    ]
}

/// The parameters that choose repositories, or their images, by the owner.
pub(super) fn owners() -> [Parameter; 3] {
    [
        Parameter::new(
            "team",
            Form::Text,
            "Only this team; empty for repositories without one.",
        ),
        Parameter::new(
            "cost_centre",
            Form::Text,
            "Only this cost centre; empty for repositories without one.",
        ),
        Parameter::new(
            "environment",
            Form::Text,
            "Only this environment; empty for repositories without one.",
        ),
    ]
}

/// The parameter that chooses by what a move is worth.
pub(super) fn worth(about: &'static str) -> Parameter {
    let words = Worth::VARIANTS.iter().map(|worth| worth.as_str()).collect();
    Parameter::new("worth", Form::Word(words), about)
}

/// Whether the move of a repository is worth what was asked for.
pub(super) fn is_worth(row: &RepositoryRow, values: &Values) -> bool {
    let own = row.worth.map(Worth::as_str);
    values.text("worth").is_none_or(|wanted| own == Some(wanted))
}

/// Says that `worth` matches nothing, because no registry has costs.
pub(super) fn worth_note(call: &Call, snapshot: &Snapshot) -> Option<String> {
    let wanted = call.values.text("worth")?;
    let has_costs = |row: &RepositoryRow| sees_row(&call.caller, row) && row.cost.is_some();
    let is_known = snapshot.report.repositories.iter().any(has_costs);
    (!is_known).then(|| {
        format!(
            "worth={wanted} matches nothing: there is no price book, so what a move is worth is not known"
        )
    })
}

/// The parameters that choose among repositories.
pub(super) fn filters() -> Vec<Parameter> {
    let levels = ConfidenceLevel::VARIANTS
        .iter()
        .map(|level| level.as_str())
        .collect();
    let verdicts = Verdict::VARIANTS.iter().map(|verdict| verdict.as_str()).collect();
    let [team, cost_centre, environment] = owners();
    vec![
        Parameter::new("registry", Form::Text, "Only this registry."),
        Parameter::new(
            "verdict",
            Form::Word(verdicts),
            "Only repositories with this verdict.",
        ),
        Parameter::new(
            "confidence",
            Form::Word(levels),
            "Only repositories whose size on Alpine is this sure.",
        ),
        worth(
            "Only repositories whose move is worth this. Those without a price book or without a move are worth nothing of this kind.",
        ),
        Parameter::new(
            "base",
            Form::Text,
            "Only this base: its system (`debian:trixie`) or its runtime (`node:22`), also without its tag, registry or folder \
             (`node`); empty for repositories without a known base.",
        ),
        team,
        cost_centre,
        environment,
        Parameter::new(
            "search",
            Form::Text,
            "Only repositories with this text in their name.",
        ),
    ]
}

/// The repositories that match the filters and that the caller may see, unsorted.
///
/// # Errors
/// If the requested registry does not exist.
pub(super) fn chosen<'a>(call: &Call, snapshot: &'a Snapshot) -> Result<Vec<&'a RepositoryRow>, Problem> {
    let mut rows = chosen_repositories(call, snapshot)?;
    rows.retain(|row| is_wanted(row, &call.values));
    Ok(rows)
}

/// The repositories of the requested registry and owner that the caller may see, whatever their images.
///
/// # Errors
/// If the requested registry does not exist.
pub(super) fn chosen_repositories<'a>(
    call: &Call,
    snapshot: &'a Snapshot,
) -> Result<Vec<&'a RepositoryRow>, Problem> {
    let values = &call.values;
    if let Some(name) = values.text("registry") {
        let row = snapshot.registry_row(name)?;
        if !snapshot.shows(&call.caller, &row.registry) {
            return Err(unknown_registry(name));
        }
    }
    let rows = snapshot.report.repositories.iter();
    Ok(rows
        .filter(|row| sees_row(&call.caller, row) && is_owned(row, values))
        .collect())
}

fn is_owned(row: &RepositoryRow, values: &Values) -> bool {
    let is = |name: &str, matches: &dyn Fn(&str) -> bool| values.text(name).is_none_or(matches);
    let labels = &row.labels;
    let owned = [
        ("team", &labels.team),
        ("cost_centre", &labels.cost_centre),
        ("environment", &labels.environment),
    ];
    owned
        .into_iter()
        .all(|(name, own)| is(name, &|wanted| own.as_deref().unwrap_or_default() == wanted))
        && is("registry", &|name| row.registry.as_str() == name)
}

fn is_wanted(row: &RepositoryRow, values: &Values) -> bool {
    let is = |name: &str, matches: &dyn Fn(&str) -> bool| values.text(name).is_none_or(matches);
    let judged = row.judged.as_ref();
    is("verdict", &|verdict| {
        judged.is_some_and(|judged| judged.verdict.as_str() == verdict)
    }) && is_worth(row, values)
        && is("confidence", &|level| {
            let own = judged.and_then(|judged| judged.confidence);
            own.is_some_and(|own| own.as_str() == level)
        })
        && is("base", &|base| {
            let names = judged.and_then(|judged| judged.base.as_ref());
            names.map_or(base.is_empty(), |names| names.matches(base))
        })
        && is("search", &|text| row.totals.repository.as_str().contains(text))
}

/// A label of a row.
type LabelOf = fn(&RepositoryRow) -> Option<&str>;

/// Says which filters have a value that none of the caller's repositories has, whatever the other filters.
pub(super) fn filter_notes(call: &Call, snapshot: &Snapshot) -> Vec<String> {
    let rows = || {
        let rows = snapshot.report.repositories.iter();
        rows.filter(|row| sees_row(&call.caller, row))
    };
    let mut notes = Vec::new();
    let labels: [(&str, LabelOf); 3] = [
        ("team", |row| row.labels.team.as_deref()),
        ("cost_centre", |row| row.labels.cost_centre.as_deref()),
        ("environment", |row| row.labels.environment.as_deref()),
    ];
    for (name, label) in labels {
        let Some(value) = call.values.text(name).filter(|value| !value.is_empty()) else {
            continue;
        };
        let known = || rows().filter_map(label);
        if !known().any(|known| known == value) {
            notes.push(matches_nothing(name, value, known()));
        }
    }
    if let Some(base) = call.values.text("base") {
        let bases: Vec<&BaseNames> = rows()
            .filter_map(|row| row.judged.as_ref()?.base.as_ref())
            .collect();
        notes.extend(base_note(base, bases.into_iter()));
    }
    notes.extend(worth_note(call, snapshot));
    let names = || rows().map(|row| row.totals.repository.as_str());
    if let Some(text) = call.values.text("search")
        && !names().any(|name| name.contains(text))
    {
        notes.push(matches_nothing("search", text, names()));
    }
    notes
}

/// Says that no base is called so, with similar ones; `None` if one is.
pub(super) fn base_note<'a>(
    wanted: &str,
    bases: impl Iterator<Item = &'a BaseNames> + Clone,
) -> Option<String> {
    if wanted.is_empty() || bases.clone().any(|names| names.matches(wanted)) {
        return None;
    }
    Some(matches_nothing("base", wanted, bases.flat_map(BaseNames::each)))
}

/// Sorts rows by a key of [`ORDERS`], then by name.
pub(super) fn sort_rows(rows: &mut [&RepositoryRow], order: &str) {
    let (is_falling, key) = match order.strip_prefix('-') {
        Some(key) => (true, key),
        None => (false, order),
    };
    let by_name = |a: &RepositoryRow, b: &RepositoryRow| {
        (&a.registry, &a.totals.repository).cmp(&(&b.registry, &b.totals.repository))
    };
    let size = |row: &RepositoryRow| -> i128 {
        let totals = &row.totals;
        match key {
            "tags" => totals.tags as i128,
            "logical" => totals.logical_bytes.get().into(),
            "stored" => totals.stored_bytes.get().into(),
            "exclusive" => totals.exclusive_bytes.get().into(),
            "saving" => saving_bytes(row).into(),
            _ => totals.attributed_bytes.get().into(),
        }
    };
    let amount = |row: &RepositoryRow| -> Option<Decimal> {
        let cost = row.cost.as_ref()?;
        if key == "cost" {
            return Some(cost.parts.total.amount());
        }
        let alpine = cost.alpine.as_ref()?;
        let estimate = if key == "cost_saving" {
            alpine.joint_saving
        } else {
            alpine.month
        };
        Some(estimate.expected.amount())
    };
    rows.sort_by(|a, b| {
        let order = match key {
            "name" => by_name(a, b),
            "cost_saving" if is_falling => return report::best_first(a, b),
            "cost" | "alpine_cost" | "cost_saving" => {
                return by_amount(amount(a), amount(b), is_falling).then_with(|| by_name(a, b));
            }
            _ => size(a).cmp(&size(b)),
        };
        let order = if is_falling { order.reverse() } else { order };
        order.then_with(|| by_name(a, b))
    });
}

/// Compares amounts; rows without an amount come last in both directions.
fn by_amount(a: Option<Decimal>, b: Option<Decimal>, is_falling: bool) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) if is_falling => b.cmp(&a),
        (Some(a), Some(b)) => a.cmp(&b),
        (a, b) => a.is_none().cmp(&b.is_none()),
    }
}

/// The expected bytes that a repository frees if all with the verdict `switch` move.
pub(super) fn saving_bytes(row: &RepositoryRow) -> i64 {
    row.judged
        .as_ref()
        .map_or(0, |judged| judged.alpine.joint_saving_bytes.expected)
}

/// The unique key of a repository.
pub(super) fn key(row: &RepositoryRow) -> String {
    format!("{} {}", row.registry, row.totals.repository)
}

async fn answer(call: Call) -> Result<HttpResponse, Problem> {
    let snapshot = call.snapshot_asked_for().await?;
    let filters = call.values.without(&["limit", "cursor", "format", "fields"]);
    let all = snapshot.list(&call.caller, filters, || listed(&call, &snapshot))?;
    let rows = all.places.iter();
    let rows = rows.map(|&place| &snapshot.report.repositories[place as usize]);
    let mut page = Page::new(&call, &snapshot, rows.collect(), |row| key(row))?;
    let rows = std::mem::take(&mut page.rows);
    let reply = if call.form == "csv" && call.values.text("fields").is_none() {
        Reply::csv("repositories.csv", csv(&snapshot, &rows)?)
    } else {
        let list = List {
            items: rows,
            next_cursor: page.next_cursor.clone(),
            notes: all.notes.clone(),
            provenance: Provenance::for_caller(&call.caller, &snapshot),
            totals: Totals {
                totals: all.totals.clone(),
            },
        };
        list::reply(&call, "repositories.csv", &[], &list)?
    };
    call.reply(page.linked(reply))
}

/// The repositories that a caller asks for, in order.
fn listed(call: &Call, snapshot: &Snapshot) -> Result<RepositoryList, Problem> {
    let mut rows = chosen(call, snapshot)?;
    sort_rows(&mut rows, call.values.text("sort").unwrap_or("-attributed"));
    Ok(RepositoryList {
        totals: GroupRow::from_rows(rows.iter().copied()).map_err(Problem::internal)?,
        places: rows.into_iter().filter_map(|row| snapshot.place(row)).collect(),
        notes: filter_notes(call, snapshot),
    })
}

/// Rows as the table that `tare report --format csv` prints.
pub(super) fn csv(snapshot: &Snapshot, rows: &[&RepositoryRow]) -> Result<String, Problem> {
    let rows = rows.iter().copied().cloned().collect();
    let report = Report::from_rows(&snapshot.report, Vec::new(), rows).map_err(Problem::internal)?;
    report::csv(&report).map_err(Problem::internal)
}
