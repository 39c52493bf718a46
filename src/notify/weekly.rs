//! The weekly summary.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use serde_json::{Value, json};

use super::audience::Audience;
use super::event::EventKind;
use super::message::{Message, Page, Row, Section, VERSION};
use crate::oci::{RegistryName, RepositoryName};
use crate::units::Money;

/// How many repositories are named whose costs changed most. Our choice: a mail is read, a list is not.
const MOVERS: usize = 5;

/// What a repository cost in a month at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryCostAt {
    /// The registry.
    pub registry: RegistryName,
    /// The repository.
    pub repository: RepositoryName,
    /// Its cost centre.
    pub cost_centre: Option<String>,
    /// The cost of a month at the level of that moment.
    pub month: Money,
}

/// The state of a budget.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BudgetState {
    /// What the budget is for, in words.
    pub subject: String,
    /// The budget of a month.
    pub budget: Money,
    /// What a month costs at the present level.
    pub month: Money,
    /// The cost in percent of the budget, rounded down.
    pub percent: u32,
}

/// The input of a summary.
#[derive(Debug, Clone)]
pub struct WeeklyInput<'a> {
    /// The scheduled time, in the receiver's time zone: the day that the title names.
    pub day: NaiveDate,
    /// The identity of the event.
    pub id: String,
    /// When the summary was made.
    pub at: DateTime<Utc>,
    /// The headline of the receiver's repositories, in words.
    pub text: &'a str,
    /// The headline as data.
    pub headline: &'a Value,
    /// What repositories cost a week ago, all of them.
    pub before: &'a [RepositoryCostAt],
    /// What they cost now.
    pub now: &'a [RepositoryCostAt],
    /// The budgets of the receiver's repositories.
    pub budgets: &'a [BudgetState],
    /// What the receiver is told about.
    pub audience: &'a Audience,
    /// Where the page is.
    pub page: Page<'a>,
}

/// A repository whose cost changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mover {
    /// The registry.
    pub registry: RegistryName,
    /// The repository.
    pub repository: RepositoryName,
    /// The cost of a month a week ago; null if it is new or was not priced.
    pub before: Option<Money>,
    /// The cost of a month now; null if it is gone or not priced.
    pub after: Option<Money>,
    /// The difference.
    pub difference: Money,
}

/// The summary as a message.
pub fn message(input: &WeeklyInput<'_>) -> Message {
    let movers = movers(input.before, input.now, input.audience);
    let mut sections = Vec::new();
    let has_before = input.before.iter().any(|cost| {
        input
            .audience
            .includes_repository(&cost.registry, cost.cost_centre.as_deref())
    });
    if has_before {
        let rows = if movers.is_empty() {
            vec![Row::new("No repository", "no change", "")]
        } else {
            movers.iter().take(MOVERS).map(mover_row).collect()
        };
        sections.push(Section {
            title: "Changed most since last week (cost of a month)".to_owned(),
            rows,
        });
    }
    if !input.budgets.is_empty() {
        sections.push(Section {
            title: "Budgets".to_owned(),
            rows: input.budgets.iter().map(budget_row).collect(),
        });
    }
    let scope = input
        .audience
        .cost_centre
        .as_ref()
        .map(|centre| format!(" for {centre}"))
        .unwrap_or_default();
    Message {
        version: VERSION,
        event: EventKind::WeeklySummary,
        id: input.id.clone(),
        at: input.at,
        title: format!(
            "Container registries{scope}: week of {}",
            input.day.format("%-d %B %Y")
        ),
        text: input.text.to_owned(),
        sections,
        links: input
            .page
            .links(&[("Overview", ""), ("Savings", "?view=savings")]),
        data: json!({
            "headline": input.headline,
            "movers": movers.iter().take(MOVERS).collect::<Vec<_>>(),
            "budgets": input.budgets,
        }),
    }
}

/// The repositories of an audience whose costs changed, the largest change first.
fn movers(before: &[RepositoryCostAt], now: &[RepositoryCostAt], audience: &Audience) -> Vec<Mover> {
    let of_audience = |costs: &[RepositoryCostAt]| -> BTreeMap<_, Money> {
        costs
            .iter()
            .filter(|cost| audience.includes_repository(&cost.registry, cost.cost_centre.as_deref()))
            .map(|cost| ((cost.registry.clone(), cost.repository.clone()), cost.month))
            .collect()
    };
    let (before, now) = (of_audience(before), of_audience(now));
    let names: std::collections::BTreeSet<_> = before.keys().chain(now.keys()).collect();
    let mut movers: Vec<Mover> = names
        .into_iter()
        .filter_map(|name| {
            let (was, is) = (before.get(name).copied(), now.get(name).copied());
            let difference = match (was, is) {
                // Costs in two currencies cannot be compared.
                (Some(was), Some(is)) => is.checked_sub(was).ok()?,
                (None, Some(is)) => is,
                (Some(was), None) => Money::new(-was.amount(), was.currency()),
                (None, None) => return None,
            };
            (!difference.rounded().is_zero()).then(|| Mover {
                registry: name.0.clone(),
                repository: name.1.clone(),
                before: was,
                after: is,
                difference,
            })
        })
        .collect();
    // Stable: equal changes stay in the order of their names.
    movers.sort_by_key(|mover| std::cmp::Reverse(mover.difference.amount().abs()));
    movers
}

fn mover_row(mover: &Mover) -> Row {
    let note = match (mover.before, mover.after) {
        (Some(before), Some(after)) => format!("{before} to {after}"),
        (None, Some(_)) => "new".to_owned(),
        _ => "gone".to_owned(),
    };
    Row::new(
        format!("{}/{}", mover.registry, mover.repository),
        signed(mover.difference),
        note,
    )
}

/// An amount with its sign.
pub(super) fn signed(amount: Money) -> String {
    let sign = if amount.amount().is_sign_negative() {
        ""
    } else {
        "+"
    };
    format!("{sign}{amount}")
}

fn budget_row(state: &BudgetState) -> Row {
    Row::new(
        state.subject.clone(),
        format!("{} of {}", state.month, state.budget),
        format!("{} %", state.percent),
    )
}
