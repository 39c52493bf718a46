//! The same answers under other assumptions, without touching what is saved.
//!
//! Images are not looked at again: which repositories switch is a question to a graph that is there, and costs
//! are reckoned anew.

use actix_web::HttpResponse;
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::repositories::{ORDERS, put_in_order};
use crate::api::call::Call;
use crate::api::operation::Operation;
use crate::api::parameter::{Form, Parameter};
use crate::api::problem::{INVALID_BODY, Invalid, Problem};
use crate::api::reply::Reply;
use crate::api::snapshot::{Snapshot, Versions};
use crate::cost::{CostPlan, EffortRule, PullAssumption, PullCounts, RegistryTerms, Repositories};
use crate::pricing::{Effort, Share};
use crate::report::{
    AnalysedRegistry, GroupRow, Note, RegistryRow, ReportError, ReportOptions, RepositoryRow,
};
use crate::units::Money;
use crate::whatif::{Outcome, Verdict};

/// Rows that are shown where nothing else is asked for, and the most.
const USUAL_ROWS: u64 = 50;
const MOST_ROWS: u64 = 10_000;

pub(super) fn operations() -> Vec<Operation> {
    let limit = Form::Number {
        least: 1,
        most: MOST_ROWS,
        default: Some(USUAL_ROWS),
    };
    vec![
        Operation::post(
            "/v1/whatif",
            "ask_what_if",
            "The same answers under other assumptions",
            ("WhatIfQuestion", "WhatIfAnswer"),
            |call| Box::pin(answer(call)),
        )
        .group("money")
        .about(
            "Which repositories switch, how often they are pulled, how many pulls are cold, by which price book they \
             are billed, what moving takes. What is not given stays as it is. Nothing is saved. Where no costs come \
             of it (the currencies differ, say), `notes` has the reason.",
        )
        .query([
            Parameter::new("limit", limit, "The most repositories that are shown; `totals` are of all."),
            Parameter::new("sort", Form::Word(ORDERS.to_vec()), "Their order. By default `-saving`."),
        ]),
    ]
}

/// The question. Everything that is not given stays as it is.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Question {
    /// Which repositories the question is about, by names and globs.
    repositories: Option<Vec<String>>,
    switch: Switch,
    pulls_per_month: Option<u64>,
    cold_share: Option<Decimal>,
    price_book: Option<String>,
    effort: Option<AskedEffort>,
}

/// Which repositories switch.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Switch {
    /// Those of `repositories`, or of all, whose verdict says so.
    #[default]
    Verdict,
    /// Every one that can move, whatever its verdict.
    All,
    /// Those of `repositories` that can move, whatever their verdicts.
    Chosen,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct AskedEffort {
    days: Decimal,
    day_rate: Money,
}

/// The answer.
#[derive(Serialize)]
struct Answer<'a> {
    registries: Vec<&'a RegistryRow>,
    repositories: Vec<&'a RepositoryRow>,
    totals: GroupRow,
    notes: Vec<&'a Note>,
    as_of: Option<DateTime<Utc>>,
    versions: &'a Versions,
}

async fn answer(call: Call) -> Result<HttpResponse, Problem> {
    let snapshot = call.snapshot()?;
    let question: Question = call.read_body()?;
    let chosen = question.chosen()?;
    let costs = question.costs(&snapshot.knowledge.costs)?;
    let switch = question.switch;
    let shared = snapshot.clone();
    let report = call
        .api
        .work_out(move || {
            shared
                .analysed
                .report_if(&shared.knowledge, &costs, &ReportOptions::default(), |registry| {
                    outcome(&shared, registry, switch, chosen.as_ref())
                })
        })
        .await??;
    let is_whole = call.caller.needs_whole_registries().is_ok();
    let registries = report.registries.iter();
    let registries = registries.filter(|row| is_whole && call.caller.sees(&row.registry));
    let mut rows: Vec<&RepositoryRow> = report
        .repositories
        .iter()
        .filter(|row| call.caller.sees_row(row))
        .collect();
    let totals = GroupRow::of(rows.iter().copied()).map_err(Problem::internal)?;
    put_in_order(&mut rows, call.values.text("sort").unwrap_or("-saving"));
    rows.truncate(usize::try_from(call.values.number("limit", USUAL_ROWS)).unwrap_or(usize::MAX));
    call.reply(Reply::json(&Answer {
        registries: registries.collect(),
        repositories: rows,
        totals,
        notes: report
            .notes
            .iter()
            .filter(|note| call.caller.sees(&note.registry))
            .collect(),
        as_of: snapshot.as_of(),
        versions: &snapshot.versions,
    })?)
}

/// What comes of it if these repositories of a registry switch.
fn outcome(
    snapshot: &Snapshot,
    registry: &AnalysedRegistry,
    switch: Switch,
    chosen: Option<&Repositories>,
) -> Result<Outcome, ReportError> {
    let analysis = &registry.analysis;
    let nodes = &registry.holdings.inventory.repositories;
    let is_chosen = |place: usize| {
        let name = &nodes[place].name;
        chosen.is_none_or(|chosen| chosen.mean(registry.name(), name))
    };
    let switched = match switch {
        Switch::Verdict if chosen.is_none() => return Ok(analysis.outcome.clone()),
        Switch::Verdict => analysis.counterfactual.switching(|place| {
            analysis.repositories[place].verdict.verdict == Verdict::Switch && is_chosen(place)
        }),
        Switch::All | Switch::Chosen => {
            let graph = snapshot.every_move(registry).unwrap_or(&analysis.counterfactual);
            let is_all = switch == Switch::All;
            graph.switching(|place| {
                graph.can_switch(place) && (is_all || chosen.is_some() && is_chosen(place))
            })
        }
    };
    switched.map_err(|source| ReportError::Overflow {
        registry: registry.name().clone(),
        source,
    })
}

impl Question {
    /// The repositories that it is about; none for all.
    fn chosen(&self) -> Result<Option<Repositories>, Problem> {
        match &self.repositories {
            None => Ok(None),
            // A list of nothing means nothing, and no pattern does.
            Some(patterns) if patterns.is_empty() => {
                wrong("repositories", Repositories::matching(["!"])).map(Some)
            }
            Some(patterns) => wrong("repositories", Repositories::matching(patterns)).map(Some),
        }
    }

    /// What costs rest on then.
    fn costs(&self, present: &CostPlan) -> Result<CostPlan, Problem> {
        let mut costs = present.clone();
        let everything = || wrong("repositories", Repositories::matching(["**"]));
        if let Some(count) = self.pulls_per_month {
            costs.pulls = PullCounts::assuming(vec![PullAssumption {
                repositories: everything()?,
                per_month: Some(count),
            }]);
        }
        if let Some(share) = self.cold_share {
            let share = wrong("cold_share", Share::new(share))?;
            costs.transfer.cold_share = share;
            for destination in &mut costs.transfer.destinations {
                destination.cold_share = None;
            }
        }
        if let Some(book) = &self.price_book {
            if !costs.books.iter().any(|known| known.id == *book) {
                return wrong(
                    "price_book",
                    Err(format!("there is no price book {}", book.escape_debug())),
                );
            }
            costs.registries = rebilled(&costs.registries, book);
        }
        if let Some(effort) = self.effort {
            if effort.days.is_sign_negative() || effort.day_rate.amount().is_sign_negative() {
                return wrong(
                    "effort",
                    Err("work takes no less than no days, and costs no less than nothing"),
                );
            }
            costs.efforts = vec![EffortRule {
                repositories: everything()?,
                effort: Effort {
                    days: effort.days,
                    day_rate: effort.day_rate,
                },
            }];
        }
        Ok(costs)
    }
}

/// The same terms by another price book. Zones and regions are those of the book that was, and are left out.
fn rebilled(present: &[RegistryTerms], book: &str) -> Vec<RegistryTerms> {
    let mut terms: Vec<RegistryTerms> = present
        .iter()
        .map(|terms| RegistryTerms {
            registries: terms.registries.clone(),
            seats: terms.seats,
            stored_elsewhere: terms.stored_elsewhere,
            allocation: terms.allocation.clone(),
            ..RegistryTerms::everywhere(book)
        })
        .collect();
    terms.push(RegistryTerms::everywhere(book));
    terms
}

/// What is wrong with a member of the question, as a problem.
fn wrong<T>(name: &str, result: Result<T, impl ToString>) -> Result<T, Problem> {
    result.map_err(|error| {
        let error = Invalid {
            place: "body",
            name: name.to_owned(),
            detail: error.to_string(),
        };
        Problem::invalid(&INVALID_BODY, vec![error])
    })
}
