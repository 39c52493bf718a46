//! A month's costs as files for finance.

use actix_web::HttpResponse;
use chrono::NaiveDate;

use crate::api::call::Call;
use crate::api::operation::{AnswerForm, Content, Operation};
use crate::api::parameter::{Form, Parameter};
use crate::api::problem::{self, Problem};
use crate::api::reply::Reply;
use crate::api::snapshot::unknown_registry;
use crate::export::{BilledMonth, ExportError, FocusVersion, Scenario, focus, plain, workbook};
use crate::pricing::Period;

const CSV: &str = "text/csv; charset=utf-8";
const WORKBOOK: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

pub(super) fn operations() -> Vec<Operation> {
    let scenario = Parameter::new(
        "scenario",
        Form::Word(vec!["now", "alpine"]),
        "The month's costs (default), or what they would be on Alpine. A file has only one of the two, so that its \
         sums are meaningful.",
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
            "A month's costs as FOCUS rows (CSV)",
            csv(),
            |call| Box::pin(as_focus(call)),
        ))
        .query([scenario.clone(), version]),
        export(Operation::get(
            "/v1/exports/csv",
            "export_csv",
            "A month's costs as CSV for spreadsheets",
            csv(),
            |call| Box::pin(as_csv(call)),
        ))
        .query([scenario]),
        export(Operation::get(
            "/v1/exports/xlsx",
            "export_workbook",
            "A month's costs as an Excel workbook",
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
            "A closed month is returned as it was closed, with corrections. Any other month is computed, which takes \
             seconds. A key limited to cost centres gets only their rows, without each row's share of the total.",
        )
        .query([
            Parameter::new("month", Form::Month, "The month; the current one by default."),
            Parameter::new("registry", Form::Text, "Only this registry."),
        ])
        .problems([&problem::NOT_FOUND])
}

/// What is to be exported, and the name of the month.
async fn billed(call: &Call) -> Result<(Vec<BilledMonth>, String), Problem> {
    let first = call.values.month("month").unwrap_or_else(|| call.today());
    let period = Period::month_containing(first).map_err(|_| nothing(first))?;
    let period = period
        .not_in_the_future(call.today())
        .map_err(|error| Problem::invalid_query("month", error))?;
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
    let file = format!("focus-{version}-{name}-{}.csv", scenario.as_str());
    let version = match version {
        "1.4" => FocusVersion::V1_4,
        _ => FocusVersion::V1_2,
    };
    let rows = move |out: &mut Vec<u8>| focus(&months, scenario, version, out);
    reply(&call, &file, rows).await
}

async fn as_csv(call: Call) -> Result<HttpResponse, Problem> {
    let (months, name) = billed(&call).await?;
    let scenario = scenario(&call);
    let file = format!("charges-{name}-{}.csv", scenario.as_str());
    let rows = move |out: &mut Vec<u8>| plain(&months, scenario, out);
    reply(&call, &file, rows).await
}

/// A file of rows. Its bytes are kept until they are sent, because its tag is a digest of them.
async fn reply(
    call: &Call,
    file: &str,
    rows: impl FnOnce(&mut Vec<u8>) -> Result<(), ExportError> + Send + 'static,
) -> Result<HttpResponse, Problem> {
    let written = move || {
        let mut content = Vec::new();
        rows(&mut content).map(|()| content)
    };
    let content = call.api.run_blocking(written).await?.map_err(Problem::internal)?;
    call.reply(Reply::download(CSV, file, content))
}

async fn as_workbook(call: Call) -> Result<HttpResponse, Problem> {
    let (months, name) = billed(&call).await?;
    let content = call
        .api
        .run_blocking(move || workbook(&months))
        .await?
        .map_err(Problem::internal)?;
    call.reply(Reply::download(WORKBOOK, &format!("costs-{name}.xlsx"), content))
}
