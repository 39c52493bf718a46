//! What registries and repositories cost, as reports show it.

use chrono::NaiveDate;
use serde::Serialize;

use crate::cost::{MoneyEstimate, RepositoryStatement, Statement};
use crate::pricing::{CheaperPlan, MovedEstimate, Payback, Period};
use crate::pulls::PullSource;
use crate::units::Money;

/// What a registry costs in a calendar month at the level of its last crawl.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RegistryCost {
    /// The month.
    pub period: Period,
    /// The price book.
    pub price_book: BookNamed,
    /// What the month costs: the repositories' costs and `unallocated` add up to it.
    pub month: Money,
    /// Its flat fees.
    pub fee: Money,
    /// What is paid for stored bytes.
    pub storage: Money,
    /// What is paid for moved bytes.
    pub transfer: Money,
    /// What is no repository's.
    pub unallocated: Money,
    /// What quota and free allowances are worth.
    pub included_worth: Money,
    /// What deleting all that no tag reaches would save; none where nothing is known of that kind.
    pub clean_up: Option<RegistryCleanUp>,
    /// The unit of stored bytes: `GiB` or `GB`.
    pub unit: String,
    /// What one more unit throughout the month would cost.
    pub one_more_unit: Money,
    /// What a unit costs on average, fees and copies included; none where nothing is stored.
    pub average_unit: Option<Money>,
    /// What Alpine would change; none where that was not worked out.
    pub alpine: Option<RegistryCostOnAlpine>,
    /// The cheapest plan that would do for what is stored now, where one is cheaper.
    pub cheaper_plan: Option<CheaperPlan>,
    /// The same for what would be stored on Alpine.
    pub cheaper_plan_on_alpine: Option<CheaperPlan>,
    /// What must be said wherever an amount is shown.
    pub warnings: Vec<String>,
}

/// What deleting all that no tag reaches would change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RegistryCleanUp {
    /// What the month would cost less: at the margin, so that it is nothing below a quota.
    pub saving: Money,
    /// Why nothing is saved, where nothing is.
    pub nothing_saved_because: Option<String>,
}

/// Which price book amounts rest on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BookNamed {
    /// Its id.
    pub id: String,
    /// Its edition.
    pub version: String,
    /// Its name for people.
    pub title: String,
    /// The currency of every amount.
    pub currency: crate::units::Currency,
    /// The last day its prices are known to hold.
    pub valid_until: NaiveDate,
}

/// A registry's costs if all switched that should.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RegistryCostOnAlpine {
    /// What the month would cost.
    pub month: MoneyEstimate,
    /// What would be saved: the expected values of the repositories' joint savings add up to the expected one.
    pub saving: MoneyEstimate,
    /// Why nothing is saved, where nothing is.
    pub nothing_saved_because: Option<String>,
}

/// What a repository costs in a calendar month at the level of the last crawl.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RepositoryCost {
    /// All of it.
    pub month: Money,
    /// Its part of flat fees.
    pub fee: Money,
    /// Its part of what is paid for stored bytes.
    pub storage: Money,
    /// Its part of what is paid for moved bytes.
    pub transfer: Money,
    /// How often it is pulled.
    pub pulls: MonthlyPulls,
    /// What that moves in a month.
    pub moved_bytes: MovedEstimate,
    /// What Alpine would change; none where that was not worked out.
    pub alpine: Option<RepositoryCostOnAlpine>,
    /// How long a pull takes on a node that has nothing of the image; none where there is no image.
    pub pull_seconds: Option<PullSeconds>,
}

/// How often a repository is pulled in a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct MonthlyPulls {
    /// How often.
    pub per_month: u64,
    /// How that is known.
    pub source: PullSource,
}

/// A repository's costs if all switched that should.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RepositoryCostOnAlpine {
    /// What the month would cost.
    pub month: MoneyEstimate,
    /// Its part of the registry's saving.
    pub joint_saving: MoneyEstimate,
    /// What is saved if it switches and nobody else does.
    pub solo_saving: MoneyEstimate,
    /// In how many months the work has paid for itself: a number, `never` or `at once`; none where no
    /// work is configured or the repository does not switch.
    pub payback_months: Option<String>,
}

/// Seconds of one cold pull at the configured bandwidth, with one decimal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PullSeconds {
    /// Of the image as it is.
    pub now: String,
    /// On Alpine; none where it does not move.
    pub alpine: Option<String>,
}

impl RegistryCost {
    /// A statement's totals.
    pub fn of(statement: &Statement) -> Self {
        let parts = statement.now.parts;
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
            month: parts.total,
            fee: parts.fee,
            storage: parts.storage,
            transfer: parts.transfer,
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
    pub fn of(row: &RepositoryStatement) -> Self {
        Self {
            month: row.now.total,
            fee: row.now.fee,
            storage: row.now.storage,
            transfer: row.now.transfer,
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
