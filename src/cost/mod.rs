//! What a registry and each of its repositories cost over a period, now and on Alpine.
//!
//! [`pricing`](crate::pricing) draws up a bill from bytes and a price book. This room says which bytes: it takes
//! a registry's [`RegistryUsage`] and the operator's [`CostPlan`] and gives a [`Statement`], in which quota,
//! tiers and fees apply to the registry as a whole, before and after the change, and only then are divided.
//! So a saving below the quota is worth nothing, and says why; and the rows of a statement add up to its total to the last
//! digit.

mod budget;
mod charges;
mod error;
mod labels;
mod part;
mod parts;
mod plan;
mod saved;
mod statement;
#[cfg(test)]
mod statement_tests;
mod storage_saving;
mod usage;
mod worth;
mod worth_rule;
mod worth_sums;
#[cfg(test)]
mod worth_tests;

pub use budget::{Budget, BudgetSubject};
pub use error::CostError;
pub use labels::{CostCentreRule, CostCentres, ImageLabelNames, Labels, newest_labels, sound_label_value};
pub use parts::{Charges, CleanUp, CostParts, MoneyEstimate, MonthlyCostParts, PricedPiece};
pub use plan::{CostPlan, Destination, EffortRule, RegistryTerms, TransferPlan};
pub use statement::{
    AlpineStatement, BookUsed, RepositoryOnAlpineCost, RepositoryStatement, Statement, statement,
};
pub use storage_saving::{StorageChange, storage_saving};
pub use usage::{AlpineBytes, PulledBytes, RegistryUsage, RepositoryUsage};
pub use worth::{RepositoryWorth, WorthStatement};
pub use worth_rule::{MinimumSaving, Worth, WorthRule};
pub use worth_sums::{WorthSum, WorthSums};
