use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use strum::VariantArray as _;

use super::worth_rule::Worth;
use crate::units::{Currency, Money, MoneyError};

/// Some repositories that are equally worth it, added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct WorthSum {
    /// How many there are.
    pub repositories: usize,
    /// The sum of their joint savings in a month, as expected.
    pub saving: Money,
}

/// How many repositories are worth it and how many are not, with what they save if all that should switch do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct WorthSums(BTreeMap<Worth, WorthSum>);

impl WorthSums {
    /// No repositories: each kind with zero.
    pub fn zero(currency: Currency) -> Self {
        let zero = WorthSum {
            repositories: 0,
            saving: Money::zero(currency),
        };
        Self(Worth::VARIANTS.iter().map(|&worth| (worth, zero)).collect())
    }

    /// Sums that were added up before.
    pub fn from_sums(sums: BTreeMap<Worth, WorthSum>) -> Self {
        Self(sums)
    }

    /// Adds a repository.
    ///
    /// # Errors
    /// If the currencies differ, or a sum is too large to be exact.
    pub fn add(&mut self, worth: Worth, saving: Money) -> Result<(), MoneyError> {
        if let Some(sum) = self.0.get_mut(&worth) {
            sum.saving = sum.saving.checked_add(saving)?;
            sum.repositories += 1;
        }
        Ok(())
    }

    /// The sum of one kind; `None` if there is none of it.
    pub fn get(&self, worth: Worth) -> Option<&WorthSum> {
        self.0.get(&worth)
    }
}
