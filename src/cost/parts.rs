//! Amounts by kind and the charges they come from: what the other files of this room have in common.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::error::CostError;
use crate::pricing::{Allocation, Bill, NoSaving};
use crate::units::{Currency, Money, MoneyError};

/// Bills and how they are divided: one for each edition of the book within the period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charges {
    /// The bills, in the order of their days.
    pub pieces: Vec<PricedPiece>,
    /// Their sum by kind.
    pub parts: CostParts,
    /// What quota and free allowances are worth.
    pub included_worth: Money,
}

/// A bill and its division.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PricedPiece {
    /// The bill.
    pub bill: Bill,
    /// What each repository bears of it.
    pub allocation: Allocation,
}

/// A cost by kind. In a statement, `total` is the exact sum of the other three.
///
/// Serialized it is what closed months keep; answers write it as [`MonthlyCostParts`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CostParts {
    /// The whole cost.
    pub total: Money,
    /// Flat fees, those of replicas included.
    pub fee: Money,
    /// What stored bytes cost, in all copies, and what reading them back from other classes costs.
    pub storage: Money,
    /// What moved bytes cost.
    pub transfer: Money,
}

/// How answers write [`CostParts`] of a calendar month: their total is the member `month`.
#[derive(Serialize, JsonSchema)]
#[serde(remote = "CostParts")]
pub struct MonthlyCostParts {
    /// The former name of `total`.
    #[serde(rename = "month")]
    #[schemars(extend("deprecated" = true))]
    total: Money,
    /// What the month costs.
    #[serde(rename = "total", getter = "CostParts::total")]
    same: Money,
    /// Flat fees.
    fee: Money,
    /// What stored bytes cost.
    storage: Money,
    /// What moved bytes cost.
    transfer: Money,
}

/// A modelled amount. The range is that of the image sizes: it holds if pulls are as counted or assumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MoneyEstimate {
    /// The amount is seldom lower, if pulls are as counted or assumed.
    pub low: Money,
    /// The best single estimate.
    pub expected: Money,
    /// The amount is seldom higher, if pulls are as counted or assumed.
    pub high: Money,
}

/// What deleting all that no tag reaches would change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CleanUp {
    /// What the period would have cost less.
    pub saving: Money,
    /// Why that is nothing, where it is.
    pub nothing_saved_because: Option<NoSaving>,
}

impl CostParts {
    /// The whole cost, under its second name in answers.
    fn total(&self) -> Money {
        self.total
    }

    /// Nothing.
    pub fn zero(currency: Currency) -> Self {
        let zero = Money::zero(currency);
        Self {
            total: zero,
            fee: zero,
            storage: zero,
            transfer: zero,
        }
    }

    /// The sum, part by part.
    ///
    /// # Errors
    /// If the currencies differ, or a sum is too large to be exact.
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        Ok(Self {
            total: self.total.checked_add(other.total)?,
            fee: self.fee.checked_add(other.fee)?,
            storage: self.storage.checked_add(other.storage)?,
            transfer: self.transfer.checked_add(other.transfer)?,
        })
    }
}

impl MoneyEstimate {
    /// Zero, exactly.
    pub fn zero(currency: Currency) -> Self {
        let zero = Money::zero(currency);
        Self {
            low: zero,
            expected: zero,
            high: zero,
        }
    }

    /// What is left of an amount after this is saved; most is left where least is saved.
    ///
    /// # Errors
    /// If the currencies differ.
    pub fn left_of(self, amount: Money) -> Result<Self, CostError> {
        Ok(Self {
            low: amount.checked_sub(self.high)?,
            expected: amount.checked_sub(self.expected)?,
            high: amount.checked_sub(self.low)?,
        })
    }

    /// The sum bound by bound, which is wider than the truth where errors are independent.
    ///
    /// # Errors
    /// If the currencies differ, or a sum is too large to be exact.
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        Ok(Self {
            low: self.low.checked_add(other.low)?,
            expected: self.expected.checked_add(other.expected)?,
            high: self.high.checked_add(other.high)?,
        })
    }
}
