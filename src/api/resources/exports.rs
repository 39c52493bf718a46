//! A month's costs in the forms that finance takes.

use actix_web::HttpResponse;
use chrono::NaiveDate;

use crate::api::call::Call;
use crate::api::operation::{AnswerForm, Content, Operation};
use crate::api::parameter::{Form, Parameter};
use crate::api::problem::{self, Problem};
use crate::api::reply::Reply;
use crate::api::snapshot::unknown_registry;
use crate::export::{BilledMonth, FocusVersion, Scenario, focus, plain, workbook};
use crate::pricing::Period;

const CSV: &str = "text/csv; charset=utf-8";
const WORKBOOK: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

pub(super) fn operations() -> Vec<Operation> {
    let scenario = Parameter::new(
        "scenario",
        Form::Word(vec!["now", "alpine"]),
        "What is charged (by default), or what would be charged on Alpine: never both in one file, since sums over \
         it would mean nothing.",
    );
    let version = Parameter::new(
        "focus_version",
        Form::Word(vec!["1.2", "1.4"]),
        "The version of FOCUS; 1.2 by default.",
    );
    let csv = || AnswerForm::new("csv", "text/csv", Content::Text);
    vec![
        export(Operation::get(
            "/v1/exports/focus",
            "export_focus",
            "A month by the FinOps Open Cost and Usage Specification (FOCUS), as CSV",
            csv(),
            |call| Box::pin(as_focus(call)),
        ))
        .query([scenario.clone(), version]),
        export(Operation::get(
            "/v1/exports/csv",
            "export_csv",
            "A month's charges in plain words, as CSV that is safe to open in a spreadsheet",
            csv(),
            |call| Box::pin(as_csv(call)),
        ))
        .query([scenario]),
        export(Operation::get(
            "/v1/exports/xlsx",
            "export_workbook",
            "A month as a workbook with a sheet for each view, now and on Alpine",
            AnswerForm::new("xlsx", WORKBOOK, Content::Binary),
            |call| Box::pin(as_workbook(call)),
        )),
    ]
}

/// What exports have in common.
fn export(operation: Operation) -> Operation {
    operation
        .group("money")
        .about(
            "A month that was closed is given as it was closed, with its corrections; any other is drawn up from what \
             was stored and pulled in it, which takes seconds. A key for some cost centres gets the rows of what is \
             theirs in that month, without the share of the whole that each row is.",
        )
        .query([
            Parameter::new("month", Form::Month, "The month; the present one by default."),
            Parameter::new("registry", Form::Text, "Only this registry."),
        ])
        .problems([&problem::NOT_FOUND])
}

/// What is to be exported, and the name of the month.
async fn billed(call: &Call) -> Result<(Vec<BilledMonth>, String), Problem> {
    let first = call
        .values
        .month("month")
        .unwrap_or_else(|| call.api.clock.now().date_naive());
    let period = Period::month_containing(first).map_err(|_| nothing(first))?;
    let wanted = call.values.text("registry").map(str::to_owned);
    if let Some(name) = wanted.as_deref().filter(|name| !call.knows(name)) {
        return Err(unknown_registry(name));
    }
    let months = call.months(period).await?;
    let is_wanted = |name: &str| wanted.as_deref().is_none_or(|wanted| wanted == name);
    let months: Vec<BilledMonth> = months
        .into_iter()
        .filter(|(registry, _)| call.caller.sees(registry) && is_wanted(registry.as_str()))
        .map(|(_, month)| month)
        .collect();
    let months = match call.caller.cost_centres() {
        None => months,
        Some(centres) => {
            let own = months
                .into_iter()
                .filter_map(|month| month.part_of(centres).transpose());
            own.collect::<Result<_, _>>().map_err(Problem::internal)?
        }
    };
    if months.is_empty() {
        return Err(nothing(first));
    }
    Ok((months, period.start().format("%Y-%m").to_string()))
}

fn nothing(first: NaiveDate) -> Problem {
    Problem::not_found(format!(
        "there is nothing to export for {}: a registry needs a price book and a crawl in that month or before",
        first.format("%Y-%m")
    ))
}

fn scenario(call: &Call) -> Scenario {
    match call.values.text("scenario") {
        Some("alpine") => Scenario::Alpine,
        _ => Scenario::Now,
    }
}

async fn as_focus(call: Call) -> Result<HttpResponse, Problem> {
    let (months, name) = billed(&call).await?;
    let (scenario, version) = (
        scenario(&call),
        call.values.text("focus_version").unwrap_or("1.2"),
    );
    let text = match version {
        "1.4" => focus(&months, scenario, FocusVersion::V1_4),
        _ => focus(&months, scenario, FocusVersion::V1_2),
    };
    let file = format!("focus-{version}-{name}-{}.csv", scenario.as_str());
    let text = text.map_err(Problem::internal)?;
    call.reply(Reply::download(CSV, &file, text.into_bytes()))
}

async fn as_csv(call: Call) -> Result<HttpResponse, Problem> {
    let (months, name) = billed(&call).await?;
    let scenario = scenario(&call);
    let text = plain(&months, scenario).map_err(Problem::internal)?;
    let file = format!("charges-{name}-{}.csv", scenario.as_str());
    call.reply(Reply::download(CSV, &file, text.into_bytes()))
}

async fn as_workbook(call: Call) -> Result<HttpResponse, Problem> {
    let (months, name) = billed(&call).await?;
    let content = call
        .api
        .work_out(move || workbook(&months))
        .await?
        .map_err(Problem::internal)?;
    call.reply(Reply::download(WORKBOOK, &format!("costs-{name}.xlsx"), content))
}
