//! Repositories that should switch, those first that bring most, with what stays behind.

use actix_web::HttpResponse;
use schemars::JsonSchema;
use serde::Serialize;

use super::repositories::{ORDERS, chosen, filter_notes, filters, key, saving_bytes, sort_rows};
use crate::api::call::Call;
use crate::api::list::{self, List, Page, paging};
use crate::api::operation::{AnswerForm, Operation};
use crate::api::parameter::{Form, Parameter};
use crate::api::past;
use crate::api::problem::{self, Problem};
use crate::api::provenance::Provenance;
use crate::api::reply::Reply;
use crate::report::{self, GroupRow, RepositoryRow, StaysBehind};
use crate::units::Money;
use crate::whatif::Verdict;

pub(super) fn operations() -> Vec<Operation> {
    let order = Parameter::new(
        "sort",
        Form::Word(ORDERS.to_vec()),
        "The sort key; a leading `-` sorts in descending order. Default: `-cost_saving`, which sorts by money, then by \
         freed bytes, then by name.",
    );
    vec![
        Operation::get(
            "/v1/savings",
            "list_savings",
            "Repositories that should switch, by what they save if all of them move",
            AnswerForm::json::<List<'_, Saving<'_>, Sums>>("SavingList"),
            |call| Box::pin(answer(call)),
        )
        .group("money")
        .about(
            "The repositories with the verdict `switch`, those first that save most, with the running total. The rows \
             and `stays_behind` add up to `totals`, which is what the selected repositories save. In CSV, \
             `stays_behind` is a last row named `(stays behind)`.",
        )
        .query(filters())
        .query([order])
        .query(past::parameters())
        .query([list::fields()])
        .query(paging())
        .or_csv()
        .problems([&problem::NOT_FOUND, &problem::OUTDATED_CURSOR]),
    ]
}

/// A repository and what it saves.
#[derive(Serialize, JsonSchema)]
struct Saving<'a> {
    #[serde(flatten)]
    row: &'a RepositoryRow,
    /// What this repository and all before it save.
    cumulative_bytes: i64,
    /// The same in money, in the currency of the row; null if the row has no costs.
    cumulative: Option<Money>,
}

/// The sums of the list.
#[derive(Serialize, JsonSchema)]
struct Sums {
    /// What repositories that do not switch lose in sharing.
    stays_behind: StaysBehind,
    /// The sums over all selected repositories: those of all pages, and those that stay behind.
    totals: GroupRow,
}

async fn answer(call: Call) -> Result<HttpResponse, Problem> {
    let snapshot = call.snapshot_asked_for().await?;
    let selected = chosen(&call, &snapshot)?;
    let totals = GroupRow::from_rows(selected.iter().copied()).map_err(Problem::internal)?;
    let (mut rows, staying): (Vec<_>, Vec<_>) = selected.into_iter().partition(|row| switches(row));
    let stays_behind = StaysBehind::new(staying).map_err(Problem::internal)?;
    sort_rows(&mut rows, call.values.text("sort").unwrap_or("-cost_saving"));
    let savings = cumulated(&rows)?;
    let mut page = Page::new(&call, &snapshot, savings, |saving| key(saving.row))?;
    let savings = std::mem::take(&mut page.rows);
    let reply = if call.form == "csv" && call.values.text("fields").is_none() {
        let rows: Vec<&RepositoryRow> = savings.iter().map(|saving| saving.row).collect();
        let last = page.next_cursor.is_none().then_some(&stays_behind);
        let text = report::savings_csv(&rows, last).map_err(Problem::internal)?;
        Reply::csv("savings.csv", text)
    } else {
        let list = List {
            items: savings,
            next_cursor: page.next_cursor.clone(),
            notes: filter_notes(&call, &snapshot),
            provenance: Provenance::for_caller(&call.caller, &snapshot),
            totals: Sums { stays_behind, totals },
        };
        list::reply(&call, "savings.csv", &[], &list)?
    };
    call.reply(page.linked(reply))
}

fn switches(row: &RepositoryRow) -> bool {
    row.judged
        .as_ref()
        .is_some_and(|judged| judged.verdict == Verdict::Switch)
}

/// The expected joint saving in money.
fn money(row: &RepositoryRow) -> Option<Money> {
    let alpine = row.cost.as_ref()?.alpine.as_ref()?;
    Some(alpine.joint_saving.expected)
}

/// Each row with the cumulative saving up to it.
fn cumulated<'a>(rows: &[&'a RepositoryRow]) -> Result<Vec<Saving<'a>>, Problem> {
    let mut bytes = 0_i64;
    let mut sums: Vec<Money> = Vec::new();
    rows.iter()
        .map(|&row| {
            bytes = bytes.saturating_add(saving_bytes(row));
            let cumulative = match money(row) {
                None => None,
                Some(saved) => Some(
                    match sums.iter_mut().find(|sum| sum.currency() == saved.currency()) {
                        Some(sum) => {
                            *sum = sum.checked_add(saved).map_err(Problem::internal)?;
                            *sum
                        }
                        None => {
                            sums.push(saved);
                            saved
                        }
                    },
                ),
            };
            Ok(Saving {
                row,
                cumulative_bytes: bytes,
                cumulative,
            })
        })
        .collect()
}
