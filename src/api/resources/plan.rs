//! In which order repositories are best switched.

use std::sync::Arc;

use actix_web::HttpResponse;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::Serialize;

use super::asked_repositories::AskedRepositories;
use crate::api::call::Call;
use crate::api::operation::{AnswerForm, Operation};
use crate::api::parameter::{Form, Parameter};
use crate::api::problem::{self, Problem};
use crate::api::provenance::Provenance;
use crate::api::reply::Reply;
use crate::report::{MOST_PLAN_DAYS, MOST_WAVES, PlanQuestion, SwitchPlan, plan_csv, plan_days};

/// The default number of waves. Our choice: that of the command line.
const USUAL_WAVES: u64 = 5;

pub(super) fn operations() -> Vec<Operation> {
    let waves = Form::Number {
        least: 1,
        most: MOST_WAVES as u64,
        default: Some(USUAL_WAVES),
    };
    vec![
        Operation::get(
            "/v1/plan",
            "plan_switches",
            "In which order repositories are best switched",
            AnswerForm::json::<Answer<'_>>("PlanAnswer"),
            |call| Box::pin(answer(call)),
        )
        .group("money")
        .about(
            "Plans for the repositories with the verdict `switch`. They share layers, so the saving of one depends on the others. After \
             each step, no other choice of repositories saves more for the same or less effort. The effort is that of `[[effort]]` in \
             the configuration, else one day for each repository.",
        )
        .query([
            Parameter::new("effort", Form::Token(20), "The maximum effort in days, such as `20` or `2.5`. Default: no maximum."),
            Parameter::new("waves", waves, "The maximum number of waves."),
            Parameter::new("registry", Form::Text, "Only this registry."),
            Parameter::new(
                "cost_centre",
                Form::Text,
                "Only repositories of this cost centre may switch; all others stay as they are.",
            ),
            Parameter::new(
                "repository",
                Form::Text,
                "Only repositories with this name or glob may switch, such as `shop/**`; all others stay as they are.",
            ),
        ])
        .or_csv()
        .problems([&problem::NOT_FOUND]),
    ]
}

/// In which order repositories are best switched.
#[derive(Serialize, JsonSchema)]
struct Answer<'a> {
    #[serde(flatten)]
    plan: SwitchPlan,
    #[serde(flatten)]
    provenance: Provenance<'a>,
}

async fn answer(call: Call) -> Result<HttpResponse, Problem> {
    let snapshot = call.whole_snapshot().await?;
    let most_effort: Option<Decimal> = match call.values.text("effort") {
        None => None,
        Some(text) => Some(plan_days(text).ok_or_else(|| {
            let expected = format!("expected a number of days from 0 to {MOST_PLAN_DAYS}, such as 20 or 2.5");
            Problem::invalid_query("effort", expected)
        })?),
    };
    let most_waves = call.values.number("waves", USUAL_WAVES);
    let mut asked = AskedRepositories::new(&call, &snapshot)?;
    let (part, mut notes) = (asked.part.take(), std::mem::take(&mut asked.notes));
    let figures = snapshot.clone();
    let analysed = Arc::clone(snapshot.analysed()?);
    let turn = call.api.what_ifs.next().await?;
    let (mut plan, _turn) = call
        .api
        .run_blocking(move || {
            let examined = analysed.registries.iter();
            let plan = SwitchPlan::new(
                examined.filter(|registry| asked.by_registry().contains_key(registry.name())),
                &PlanQuestion {
                    inputs: &figures.inputs,
                    is_chosen: &|registry, name| asked.contains(registry, name),
                    most_waves: usize::try_from(most_waves).unwrap_or(MOST_WAVES),
                    most_effort,
                },
            )?;
            Ok::<_, crate::report::ReportError>((plan, turn))
        })
        .await??;
    if let Some(stored) = part {
        plan = plan.of_part(&stored);
    }
    notes.append(&mut plan.notes);
    plan.notes = notes;
    if call.form == "csv" {
        let text = plan_csv(&plan).map_err(Problem::internal)?;
        return call.reply(Reply::csv("plan.csv", text));
    }
    call.reply(Reply::json(&Answer {
        plan,
        provenance: Provenance::for_caller(&call.caller, &snapshot),
    })?)
}
