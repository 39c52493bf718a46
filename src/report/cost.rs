//! What registries and repositories cost, as reports show it.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::Serialize;

use crate::cost::{CostParts, MoneyEstimate, MonthlyCostParts, RepositoryStatement, Statement};
use crate::pricing::{CheaperPlan, MovedEstimate, Payback, Period};
use crate::pulls::PullSource;
use crate::units::{Currency, Money};

/// What a registry costs in a calendar month at the level of its last crawl.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct RegistryCost {
    /// The calendar month.
    pub period: Period,
    /// The price book that the amounts rest on.
    pub price_book: BookNamed,
    /// The cost of the month by kind; it includes `unallocated`.
    #[serde(flatten, with = "MonthlyCostParts")]
    pub parts: CostParts,
    /// The part of `month` that is not allocated to a repository. Absent where the answer covers a part of the registry.
    #[schemars(skip_serializing_if = "is_partial")]
    pub unallocated: Money,
    /// What quota and free allowances are worth. Absent where the answer covers a part of the registry.
    #[schemars(skip_serializing_if = "is_partial")]
    pub included_worth: Money,
    /// What deleting everything that no tag reaches would save; null where nothing of that kind is known.
    pub clean_up: Option<RegistryCleanUp>,
    /// The unit of stored bytes: `GiB` or `GB`.
    pub unit: String,
    /// What one more unit throughout the month would cost.
    pub one_more_unit: Money,
    /// What a unit costs on average, fees and copies included; null where nothing is stored. Absent where the answer
    /// covers a part of the registry.
    #[schemars(skip_serializing_if = "is_partial")]
    pub average_unit: Option<Money>,
    /// What Alpine would change; null where that was not computed.
    pub alpine: Option<RegistryCostOnAlpine>,
    /// The cheapest plan that fits what is stored now; null where no plan is cheaper. Absent where the answer covers a
    /// part of the registry.
    #[schemars(skip_serializing_if = "is_partial")]
    pub cheaper_plan: Option<CheaperPlan>,
    /// The cheapest plan that fits what would be stored on Alpine; null where no plan is cheaper. Absent where the answer
    /// covers a part of the registry.
    #[schemars(skip_serializing_if = "is_partial")]
    pub cheaper_plan_on_alpine: Option<CheaperPlan>,
    /// Warnings that must stand wherever an amount is shown.
    pub warnings: Vec<String>,
}

/// What deleting everything that no tag reaches would change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RegistryCleanUp {
    /// What the month would cost less, at the margin: nothing below a quota.
    pub saving: Money,
    /// Why nothing is saved; null where something is.
    pub nothing_saved_because: Option<String>,
}

/// The price book that amounts rest on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct BookNamed {
    /// The identifier of the price book.
    pub id: String,
    /// Its edition.
    pub version: String,
    /// Its name for people.
    pub title: String,
    /// The currency of every amount.
    pub currency: Currency,
    /// The last day its prices are known to hold.
    pub valid_until: NaiveDate,
}

/// What a registry would cost if every repository switched that should.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct RegistryCostOnAlpine {
    /// What the month would cost.
    pub month: MoneyEstimate,
    /// What would be saved. The expected joint savings of the repositories add up to the expected saving.
    pub saving: MoneyEstimate,
    /// Why nothing is saved; null where something is.
    pub nothing_saved_because: Option<String>,
}

/// What a repository costs in a calendar month at the level of the last crawl.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct RepositoryCost {
    /// Its part of the registry's cost by kind.
    #[serde(flatten, with = "MonthlyCostParts")]
    pub parts: CostParts,
    /// How often it is pulled.
    pub pulls: MonthlyPulls,
    /// How many bytes the pulls of a month move.
    pub moved_bytes: MovedEstimate,
    /// What Alpine would change; null where that was not computed.
    pub alpine: Option<RepositoryCostOnAlpine>,
    /// How long a pull takes on a node that has no layer of the image; null where there is no image.
    pub pull_seconds: Option<PullSeconds>,
}

/// How often a repository is pulled in a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MonthlyPulls {
    /// The number of pulls in a month.
    pub per_month: u64,
    /// Where the number comes from.
    pub source: PullSource,
}

/// What a repository would cost if every repository switched that should.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct RepositoryCostOnAlpine {
    /// What the month would cost.
    pub month: MoneyEstimate,
    /// Its part of the registry's saving.
    pub joint_saving: MoneyEstimate,
    /// What is saved if only this repository switches.
    pub solo_saving: MoneyEstimate,
    /// After how many months the saving has paid for the work: a number, `never` or `at once`; null where no effort is
    /// configured or the repository does not switch.
    pub payback_months: Option<String>,
}

/// Seconds of one cold pull at the configured bandwidth, with one decimal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PullSeconds {
    /// Of the image as it is.
    #[schemars(extend("pattern" = "^[0-9]+\\.[0-9]$"))]
    pub now: String,
    /// Of the image on Alpine; null where it does not move.
    #[schemars(extend("pattern" = "^[0-9]+\\.[0-9]$"))]
    pub alpine: Option<String>,
}

impl RegistryCost {
    /// A statement's totals.
    pub fn from_statement(statement: &Statement) -> Self {
        let book = &statement.book;
        let alpine = statement.alpine.as_ref();
        Self {
            period: statement.period,
            price_book: BookNamed {
                id: book.id.clone(),
                version: book.version.clone(),
                title: book.title.clone(),
                currency: book.currency,
                valid_until: book.valid_until,
            },
            parts: statement.now.parts,
            unallocated: statement.unallocated,
            included_worth: statement.now.included_worth,
            clean_up: statement.clean_up.map(|clean_up| RegistryCleanUp {
                saving: clean_up.saving,
                nothing_saved_because: clean_up
                    .nothing_saved_because
                    .map(|because| because.reason().to_owned()),
            }),
            unit: statement.units.unit.clone(),
            one_more_unit: statement.units.one_more,
            average_unit: statement.units.average,
            alpine: alpine.map(|alpine| RegistryCostOnAlpine {
                month: alpine.total,
                saving: alpine.saving,
                nothing_saved_because: alpine
                    .nothing_saved_because
                    .map(|because| because.reason().to_owned()),
            }),
            cheaper_plan: statement.cheaper_plan.clone(),
            cheaper_plan_on_alpine: alpine.and_then(|alpine| alpine.cheaper_plan.clone()),
            warnings: statement.warnings.iter().map(ToString::to_string).collect(),
        }
    }
}

impl RepositoryCost {
    /// A statement's row.
    pub fn from_statement(row: &RepositoryStatement) -> Self {
        Self {
            parts: row.now,
            pulls: MonthlyPulls {
                per_month: row.pulls.count,
                source: row.pulls.source,
            },
            moved_bytes: row.moved,
            alpine: row.alpine.map(|alpine| RepositoryCostOnAlpine {
                month: alpine.total,
                joint_saving: alpine.joint_saving,
                solo_saving: alpine.solo_saving,
                payback_months: alpine.payback.map(in_months),
            }),
            pull_seconds: row.cold_pull_milliseconds.map(|now| PullSeconds {
                now: seconds(now),
                alpine: row.cold_pull_milliseconds_on_alpine.map(seconds),
            }),
        }
    }
}

fn in_months(payback: Payback) -> String {
    match payback {
        Payback::AtOnce => "at once".to_owned(),
        Payback::Months(months) => months.to_string(),
        Payback::Never => "never".to_owned(),
    }
}

/// Milliseconds as seconds, rounded to the nearest tenth.
fn seconds(milliseconds: u64) -> String {
    let tenths = milliseconds.saturating_add(50) / 100;
    format!("{}.{}", tenths / 10, tenths % 10)
}
