//! What registries and repositories cost, as reports show it.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::Serialize;

use super::cost_on_alpine::{RegistryCostOnAlpine, RepositoryCostOnAlpine, Work, WorthLimits};
use super::pull_basis::{PullBasis, assumed_share};
use crate::cost::{
    CostParts, MonthlyCostParts, RepositoryStatement, RepositoryWorth, Statement, WorthRule, WorthStatement,
    WorthSums,
};
use crate::pricing::{CheaperPlan, MovedEstimate, Payback, Period};
use crate::pulls::PullSource;
use crate::units::{Currency, Money, MoneyError};

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
    /// How the pulls are known that the transfer rests on.
    #[serde(flatten)]
    pub pulls: PullBasis,
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
    /// The share of `month` that rests on an assumed number of pulls, from 0 to 1; null if it costs nothing.
    #[schemars(with = "Option<String>")]
    pub assumed_pulls_share: Option<Decimal>,
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
    ///
    /// # Errors
    /// If sums leave the range of exact numbers.
    pub fn new(costs: &RegistryCosts) -> Result<Self, MoneyError> {
        let statement = &costs.statement;
        let book = &statement.book;
        let mut pulls = PullBasis::zero(book.currency);
        for row in &statement.repositories {
            pulls.add(row.pulls.source, row.now)?;
        }
        pulls.of_month(statement.now.parts.total);
        let alpine = statement.alpine.as_ref();
        let worth = alpine.zip(costs.worth.as_ref());
        let worth = worth.map(|(alpine, worth)| -> Result<_, MoneyError> {
            Ok(RegistryCostOnAlpine {
                month: alpine.total,
                saving: alpine.saving,
                nothing_saved_because: alpine
                    .nothing_saved_because
                    .map(|because| because.reason().to_owned()),
                worth_it_saving: worth.saving,
                worth: costs.worth_sums()?,
                worth_rule: WorthLimits::new(&costs.rule, book.currency),
            })
        });
        Ok(Self {
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
            pulls,
            average_unit: statement.units.average,
            alpine: worth.transpose()?,
            cheaper_plan: statement.cheaper_plan.clone(),
            cheaper_plan_on_alpine: alpine.and_then(|alpine| alpine.cheaper_plan.clone()),
            warnings: statement.warnings.iter().map(ToString::to_string).collect(),
        })
    }
}

impl RepositoryCost {
    /// A statement's row.
    ///
    /// # Errors
    /// If the work costs more than can be counted exactly.
    pub fn new(row: &RepositoryStatement, worth: Option<&RepositoryWorth>) -> Result<Self, MoneyError> {
        let alpine = row
            .alpine
            .zip(worth)
            .map(|(alpine, worth)| -> Result<_, MoneyError> {
                Ok(RepositoryCostOnAlpine {
                    month: alpine.total,
                    joint_saving: alpine.joint_saving,
                    solo_saving: alpine.solo_saving,
                    worth_it_saving: worth.saving,
                    worth_it_transfer_saving: worth.transfer_saving,
                    work: worth.effort.map(Work::new).transpose()?,
                    payback_months: alpine.payback.map(in_months),
                })
            });
        Ok(Self {
            parts: row.now,
            pulls: MonthlyPulls {
                per_month: row.pulls.count,
                source: row.pulls.source,
            },
            moved_bytes: row.moved,
            assumed_pulls_share: assumed_share(row.pulls.source, row.now),
            alpine: alpine.transpose()?,
            pull_seconds: row.cold_pull_milliseconds.map(|now| PullSeconds {
                now: seconds(now),
                alpine: row.cold_pull_milliseconds_on_alpine.map(seconds),
            }),
        })
    }
}

/// What a registry costs, with what is worth moving in it.
#[derive(Debug, Clone)]
pub struct RegistryCosts {
    /// The statement if every repository switches that should.
    pub statement: Statement,
    /// What is worth moving; `None` if the changes on Alpine were not computed.
    pub worth: Option<WorthStatement>,
    /// What makes a move worth it.
    pub rule: WorthRule,
}

impl RegistryCosts {
    /// What each repository is worth; `None` where there is nothing to move.
    pub(super) fn worth_of(&self, place: usize) -> Option<&RepositoryWorth> {
        self.worth.as_ref()?.repositories.get(place)
    }

    fn worth_sums(&self) -> Result<WorthSums, MoneyError> {
        let mut sums = WorthSums::zero(self.statement.book.currency);
        for (place, row) in self.statement.repositories.iter().enumerate() {
            let worth = self.worth_of(place).and_then(|own| own.worth);
            if let Some((worth, alpine)) = worth.zip(row.alpine) {
                sums.add(worth, alpine.joint_saving.expected)?;
            }
        }
        Ok(sums)
    }
}

/// The words of a payback time in answers.
pub(super) fn in_months(payback: Payback) -> String {
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
