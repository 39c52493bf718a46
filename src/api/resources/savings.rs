//! Repositories by their joint saving.

use actix_web::HttpResponse;
use schemars::JsonSchema;
use serde::Serialize;

use super::repositories::{chosen, csv, filter_notes, filters, key, saving_bytes, sort_rows};
use crate::api::call::Call;
use crate::api::list::{self, List, Page, Totals, paging};
use crate::api::operation::{AnswerForm, Operation};
use crate::api::past;
use crate::api::problem::{self, Problem};
use crate::api::provenance::Provenance;
use crate::api::reply::Reply;
use crate::report::{GroupRow, RepositoryRow};
use crate::units::Money;

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::get(
            "/v1/savings",
            "list_savings",
            "Repositories by saving if all with the verdict `switch` move",
            AnswerForm::json::<List<'_, Saving<'_>, Totals<GroupRow>>>("SavingList"),
            |call| Box::pin(answer(call)),
        )
        .group("money")
        .about(
            "Sorted by expected joint saving in bytes, with the running total. A repository that keeps its base can \
             have a negative saving, because fewer repositories share its layers.",
        )
        .query(filters())
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

async fn answer(call: Call) -> Result<HttpResponse, Problem> {
    let snapshot = call.snapshot_asked_for().await?;
    let mut rows = chosen(&call, &snapshot)?;
    rows.retain(|row| saving_bytes(row) != 0 || money(row).is_some_and(|saved| !saved.is_zero()));
    sort_rows(&mut rows, "-saving");
    let totals = GroupRow::from_rows(rows.iter().copied()).map_err(Problem::internal)?;
    let savings = cumulated(&rows)?;
    let mut page = Page::new(&call, &snapshot, savings, |saving| key(saving.row))?;
    let savings = std::mem::take(&mut page.rows);
    let reply = if call.form == "csv" && call.values.text("fields").is_none() {
        let rows: Vec<&RepositoryRow> = savings.iter().map(|saving| saving.row).collect();
        Reply::csv("savings.csv", csv(&snapshot, &rows)?)
    } else {
        let list = List {
            items: savings,
            next_cursor: page.next_cursor.clone(),
            notes: filter_notes(&call, &snapshot),
            provenance: Provenance::for_caller(&call.caller, &snapshot),
            totals: Totals { totals },
        };
        list::reply(&call, "savings.csv", &[], &list)?
    };
    call.reply(page.linked(reply))
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
