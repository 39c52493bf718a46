//! What registries and repositories would cost on Alpine, and when a move is worth it. Answers have the present names of
//! members and, marked as deprecated, the former ones.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::Serialize;

use crate::cost::{MoneyEstimate, WorthRule, WorthSums};
use crate::pricing::Effort;
use crate::units::{Currency, Money, MoneyError};

/// What a registry would cost if every repository switched that should.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(into = "RegistryCostOnAlpineAnswer")]
pub struct RegistryCostOnAlpine {
    /// What the month would cost.
    pub month: MoneyEstimate,
    /// What would be saved. The expected joint savings of the repositories add up to the expected saving.
    pub saving: MoneyEstimate,
    /// Why nothing is saved; null where something is.
    pub nothing_saved_because: Option<String>,
    /// What is saved if only the repositories move that are worth it. Savings of repositories do not add up, so this is
    /// computed for exactly that set.
    pub worth_it_saving: MoneyEstimate,
    /// How many of the repositories that should switch are worth it and how many are not, with what they save if all
    /// that should switch do.
    pub worth: WorthSums,
    /// What makes a move worth it.
    pub worth_rule: WorthLimits,
}

/// What makes a move worth it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct WorthLimits {
    /// What a repository must save in a month.
    pub minimum_saving: Money,
    /// After how many months the work on it must be paid back, where an effort is configured.
    pub longest_payback_months: u32,
}

/// The work of moving repositories.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Work {
    /// Days of work, as a decimal number.
    #[schemars(with = "String")]
    pub days: Decimal,
    /// What they cost.
    pub cost: Money,
}

/// What a repository would cost if every repository switched that should.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(into = "RepositoryCostOnAlpineAnswer")]
pub struct RepositoryCostOnAlpine {
    /// What the month would cost.
    pub month: MoneyEstimate,
    /// Its part of the registry's saving.
    pub joint_saving: MoneyEstimate,
    /// What is saved if only this repository switches.
    pub solo_saving: MoneyEstimate,
    /// Its part of the registry's saving if only the repositories move that are worth it; negative where it keeps a base
    /// that others leave.
    pub worth_it_saving: MoneyEstimate,
    /// The part of the expected `worth_it_saving` that comes from moved bytes, as teams deploy; the rest comes from
    /// stored bytes, when old tags are deleted.
    pub worth_it_transfer_saving: Money,
    /// The work of moving it; null where no effort is configured or the repository does not switch.
    pub work: Option<Work>,
    /// After how many months the saving has paid for the work: a number, `never` or `at once`; null where no effort is
    /// configured or the repository does not switch.
    pub payback_months: Option<String>,
}

impl WorthLimits {
    /// The rule in the currency of a price book.
    pub fn new(rule: &WorthRule, currency: Currency) -> Self {
        Self {
            minimum_saving: Money::new(rule.minimum_saving.amount, currency),
            longest_payback_months: rule.longest_payback,
        }
    }
}

impl Work {
    pub(super) fn new(effort: Effort) -> Result<Self, MoneyError> {
        Ok(Self {
            days: effort.days.normalize(),
            cost: effort.day_rate.checked_mul(effort.days)?,
        })
    }
}

/// How answers write [`RegistryCostOnAlpine`]: what a registry would cost if every repository switched that should.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "RegistryCostOnAlpine")]
struct RegistryCostOnAlpineAnswer {
    /// The former name of `total`.
    #[schemars(extend("deprecated" = true))]
    month: MoneyEstimate,
    /// What the month would cost.
    total: MoneyEstimate,
    /// What would be saved. The expected joint savings of the repositories add up to the expected saving.
    saving: MoneyEstimate,
    /// Why nothing is saved; null where something is.
    nothing_saved_because: Option<String>,
    /// What is saved if only the repositories move that are worth it. Savings of repositories do not add up, so this is
    /// computed for exactly that set.
    worth_it_saving: MoneyEstimate,
    /// How many of the repositories that should switch are worth it and how many are not, with what they save if all
    /// that should switch do.
    worth: WorthSums,
    /// What makes a move worth it.
    worth_rule: WorthLimits,
}

impl From<RegistryCostOnAlpine> for RegistryCostOnAlpineAnswer {
    fn from(own: RegistryCostOnAlpine) -> Self {
        Self {
            month: own.month,
            total: own.month,
            saving: own.saving,
            nothing_saved_because: own.nothing_saved_because,
            worth_it_saving: own.worth_it_saving,
            worth: own.worth,
            worth_rule: own.worth_rule,
        }
    }
}

/// How answers write [`RepositoryCostOnAlpine`]: what a repository would cost if every repository switched that should.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "RepositoryCostOnAlpine")]
struct RepositoryCostOnAlpineAnswer {
    /// The former name of `total`.
    #[schemars(extend("deprecated" = true))]
    month: MoneyEstimate,
    /// What the month would cost.
    total: MoneyEstimate,
    /// The former name of `saving`.
    #[schemars(extend("deprecated" = true))]
    joint_saving: MoneyEstimate,
    /// Its part of the registry's saving.
    saving: MoneyEstimate,
    /// What is saved if only this repository switches.
    solo_saving: MoneyEstimate,
    /// Its part of the registry's saving if only the repositories move that are worth it; negative where it keeps a base
    /// that others leave.
    worth_it_saving: MoneyEstimate,
    /// The part of the expected `worth_it_saving` that comes from moved bytes, as teams deploy; the rest comes from
    /// stored bytes, when old tags are deleted.
    worth_it_transfer_saving: Money,
    /// The work of moving it; null where no effort is configured or the repository does not switch.
    work: Option<Work>,
    /// After how many months the saving has paid for the work: a number, `never` or `at once`; null where no effort is
    /// configured or the repository does not switch.
    payback_months: Option<String>,
}

impl From<RepositoryCostOnAlpine> for RepositoryCostOnAlpineAnswer {
    fn from(own: RepositoryCostOnAlpine) -> Self {
        Self {
            month: own.month,
            total: own.month,
            joint_saving: own.joint_saving,
            saving: own.joint_saving,
            solo_saving: own.solo_saving,
            worth_it_saving: own.worth_it_saving,
            worth_it_transfer_saving: own.worth_it_transfer_saving,
            work: own.work,
            payback_months: own.payback_months,
        }
    }
}
