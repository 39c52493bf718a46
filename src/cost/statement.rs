use serde::{Deserialize, Serialize};

use super::charges::Billing;
use super::error::CostError;
use super::labels::Labels;
use super::parts::{Charges, CleanUp, CostParts, MoneyEstimate};
use super::plan::CostPlan;
use super::saved::{self, JointSaving};
use super::usage::{RegistryUsage, RepositoryUsage};
use crate::oci::{RegistryName, RepositoryName};
use crate::pricing::{
    AllocationRules, CheaperPlan, MovedEstimate, NoSaving, Payback, Period, UnitCosts, Warning,
    cheaper_plans, payback, pull_milliseconds, unit_costs,
};
use crate::pulls::PullCount;
use crate::units::{Currency, Money};

/// What a registry costs over a period, divided among its repositories, now and on Alpine. It holds all that
/// it was made of but the usage, so that it can be kept and shown again as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// The registry.
    pub registry: RegistryName,
    /// The days charged for.
    pub period: Period,
    /// The price book, in the edition in force at the end of the period.
    pub book: BookUsed,
    /// By which rules the charges were divided.
    pub allocation: AllocationRules,
    /// What is charged for what is stored and moved as it is.
    pub now: Charges,
    /// The part of `now` that is no repository's.
    pub unallocated: Money,
    /// The saving if all untagged content were deleted; `None` if untagged content is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clean_up: Option<CleanUp>,
    /// The charges on Alpine; `None` if they were not computed.
    pub alpine: Option<AlpineStatement>,
    /// Each repository, in the order given.
    pub repositories: Vec<RepositoryStatement>,
    /// What one unit more or less costs, beside the average.
    pub units: UnitCosts,
    /// The cheapest plan that would do for what is stored now.
    pub cheaper_plan: Option<CheaperPlan>,
    /// What must be said wherever an amount is shown.
    pub warnings: Vec<Warning>,
}

/// Which price book a statement rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookUsed {
    /// Its id.
    pub id: String,
    /// Its edition.
    pub version: String,
    /// Its name for people.
    pub title: String,
    /// Who sells it, as FOCUS's ProviderName.
    pub provider: String,
    /// What is sold, as FOCUS's ServiceName.
    pub service: String,
    /// The currency of every amount.
    pub currency: Currency,
    /// The last day the prices are known to hold.
    pub valid_until: chrono::NaiveDate,
}

/// A registry's charges on Alpine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlpineStatement {
    /// What would be charged, with the expected sizes.
    pub charges: Charges,
    /// The same as an interval.
    pub total: MoneyEstimate,
    /// What is saved. The repositories' joint savings add up to its expected value.
    pub saving: MoneyEstimate,
    /// Why nothing is, where nothing is.
    pub nothing_saved_because: Option<NoSaving>,
    /// The cheapest plan that would do for what would be stored then.
    pub cheaper_plan: Option<CheaperPlan>,
}

/// A repository's part of a statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepositoryStatement {
    /// The repository.
    pub repository: RepositoryName,
    /// Its owner.
    pub labels: Labels,
    /// What it bears of the charges.
    pub now: CostParts,
    /// How often it was pulled.
    pub pulls: PullCount,
    /// What that moved.
    pub moved: MovedEstimate,
    /// The changes on Alpine; `None` if they were not computed.
    pub alpine: Option<RepositoryOnAlpineCost>,
    /// How long a cold pull takes today, in milliseconds, at the plan's bandwidth.
    pub cold_pull_milliseconds: Option<u64>,
    /// The same on Alpine.
    pub cold_pull_milliseconds_on_alpine: Option<u64>,
}

/// What Alpine changes for a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepositoryOnAlpineCost {
    /// What it would bear: its cost now less its joint saving.
    pub total: MoneyEstimate,
    /// Its part of what is saved if all switch that should.
    pub joint_saving: MoneyEstimate,
    /// The saving if only this repository switches, with quota and tiers applied to the registry.
    pub solo_saving: MoneyEstimate,
    /// The months until the work has paid for itself, at the joint saving; `None` if no effort is configured,
    /// or where it does not switch.
    pub payback: Option<Payback>,
}

/// Computes the statement of a registry; `None` if it has no price book.
///
/// # Errors
/// If the book is not there or does not fit the usage.
pub fn statement(
    plan: &CostPlan,
    usage: &RegistryUsage,
    period: Period,
) -> Result<Option<Statement>, CostError> {
    let Some(terms) = plan.terms(&usage.registry) else {
        return Ok(None);
    };
    let billing = Billing::new(plan, terms, usage, period)?;
    let now = billing.now()?;
    let on_alpine = usage
        .alpine
        .map(|bytes| billing.on_alpine(bytes, &now))
        .transpose()?;
    let last_day = period.end().pred_opt().unwrap_or(period.start());
    let book = plan.books.get(&terms.book, last_day)?;
    let cheapest = |history| -> Result<Option<CheaperPlan>, CostError> {
        let plans = cheaper_plans(book, &plan.books, history, period)?;
        Ok(plans.into_iter().next())
    };
    let alpine = match &on_alpine {
        Some(on_alpine) => Some(AlpineStatement {
            charges: on_alpine.charges.clone(),
            total: on_alpine.total,
            saving: on_alpine.saving,
            nothing_saved_because: on_alpine.nothing_saved_because,
            cheaper_plan: cheapest(&on_alpine.history)?,
        }),
        None => None,
    };
    let savings = on_alpine
        .as_ref()
        .map(|on_alpine| saved::by_repository(&billing, &now, on_alpine))
        .transpose()?;
    let mut repositories = Vec::with_capacity(usage.repositories.len());
    for (index, repository) in usage.repositories.iter().enumerate() {
        let parts = now.parts_of(index)?;
        let alpine = match &savings {
            Some(savings) => Some(on_alpine_cost(plan, usage, repository, parts, savings[index])?),
            None => None,
        };
        repositories.push(repository_statement(
            plan, repository, &billing, index, parts, alpine,
        ));
    }
    Ok(Some(Statement {
        registry: usage.registry.clone(),
        period,
        allocation: billing.allocation.clone(),
        book: BookUsed {
            id: book.id.clone(),
            version: book.version.clone(),
            title: book.title.clone(),
            provider: book.provider.clone(),
            service: book.service.clone(),
            currency: book.currency,
            valid_until: book.valid_until,
        },
        unallocated: now.unallocated()?,
        clean_up: billing.clean_up(&now)?,
        warnings: now
            .warnings()
            .into_iter()
            .chain(pulls_above_total(usage))
            .collect(),
        units: unit_costs(book, &billing.history, period)?,
        cheaper_plan: cheapest(&billing.history)?,
        now,
        alpine,
        repositories,
    }))
}

/// That the repositories are taken to be pulled more often than the whole registry was.
fn pulls_above_total(usage: &RegistryUsage) -> Option<Warning> {
    let counted = usage.total_pulls?;
    let counts = usage.repositories.iter().map(|repository| repository.pulls.count);
    let taken = counts.fold(0, u64::saturating_add);
    (taken > counted).then_some(Warning::PullsAboveTotal { taken, counted })
}

/// Each repository's part of what the registry saves, and what the registry saves, without the rest of a statement.
pub(super) fn joint_savings(
    plan: &CostPlan,
    usage: &RegistryUsage,
    period: Period,
) -> Result<(Vec<JointSaving>, MoneyEstimate), CostError> {
    let (Some(terms), Some(bytes)) = (plan.terms(&usage.registry), usage.alpine) else {
        return Err(CostError::NoAlpine);
    };
    let billing = Billing::new(plan, terms, usage, period)?;
    let now = billing.now()?;
    let on_alpine = billing.on_alpine(bytes, &now)?;
    Ok((saved::jointly(&billing, &now, &on_alpine)?, on_alpine.saving))
}

fn on_alpine_cost(
    plan: &CostPlan,
    usage: &RegistryUsage,
    repository: &RepositoryUsage,
    now: CostParts,
    saved: saved::Saved,
) -> Result<RepositoryOnAlpineCost, CostError> {
    let effort = plan
        .effort(&usage.registry, &repository.repository)
        .filter(|_| repository.switches);
    let payback = effort
        .map(|effort| payback(effort, saved.joint.expected))
        .transpose()?;
    Ok(RepositoryOnAlpineCost {
        total: saved.joint.left_of(now.total)?,
        joint_saving: saved.joint,
        solo_saving: saved.solo,
        payback,
    })
}

fn repository_statement(
    plan: &CostPlan,
    repository: &RepositoryUsage,
    billing: &Billing<'_>,
    index: usize,
    now: CostParts,
    alpine: Option<RepositoryOnAlpineCost>,
) -> RepositoryStatement {
    let milliseconds = |bytes| {
        pull_milliseconds(bytes, plan.transfer.bits_per_second).and_then(|time| u64::try_from(time).ok())
    };
    RepositoryStatement {
        repository: repository.repository.clone(),
        labels: repository.labels.clone(),
        now,
        pulls: repository.pulls,
        moved: billing.moved[index].now,
        alpine,
        cold_pull_milliseconds: repository.pulled.and_then(|pulled| milliseconds(pulled.cold)),
        cold_pull_milliseconds_on_alpine: repository
            .pulled
            .and_then(|pulled| pulled.alpine)
            .and_then(|(cold, _)| milliseconds(cold.expected)),
    }
}
