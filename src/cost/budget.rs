//! Monthly budgets.

use crate::oci::RegistryName;
use crate::units::Money;

/// The most that may be spent on something in a calendar month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budget {
    /// What the budget is for.
    pub subject: BudgetSubject,
    /// The amount for a calendar month.
    pub month: Money,
}

/// What a budget is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BudgetSubject {
    /// All registries that are billed in the budget's currency, together.
    Everything,
    /// One registry.
    Registry(RegistryName),
    /// The repositories of one cost centre, in all registries.
    CostCentre(String),
}
