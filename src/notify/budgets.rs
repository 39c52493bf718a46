//! What months cost, against their budgets.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

use super::weekly::BudgetState;
use crate::cost::{Budget, BudgetSubject};
use crate::report::{RegistryRow, RepositoryRow};
use crate::units::{Currency, Money, MoneyError};

/// What a budget is for, in words.
pub fn subject_text(subject: &BudgetSubject) -> String {
    match subject {
        BudgetSubject::Everything => "All registries".to_owned(),
        BudgetSubject::Registry(registry) => registry.to_string(),
        BudgetSubject::CostCentre(centre) => format!("Cost centre {centre}"),
    }
}

/// The state of a budget; `None` if nothing that it is for has costs in its currency.
///
/// # Errors
/// If a sum leaves the range of exact numbers.
pub fn state(
    budget: &Budget,
    registries: &[RegistryRow],
    repositories: &[RepositoryRow],
) -> Result<Option<BudgetState>, MoneyError> {
    let currency = budget.month.currency();
    let amounts: Vec<Money> = match &budget.subject {
        BudgetSubject::Everything => totals(registries.iter()),
        BudgetSubject::Registry(name) => totals(registries.iter().filter(|row| row.registry == *name)),
        BudgetSubject::CostCentre(centre) => repositories
            .iter()
            .filter(|row| row.labels.cost_centre.as_ref() == Some(centre))
            .filter_map(|row| Some(row.cost.as_ref()?.parts.total))
            .collect(),
    };
    let amounts: Vec<Money> = amounts
        .into_iter()
        .filter(|amount| amount.currency() == currency)
        .collect();
    if amounts.is_empty() {
        return Ok(None);
    }
    let month = sum(&amounts, currency)?;
    // A budget is above zero.
    let percent = month.amount() * Decimal::ONE_HUNDRED / budget.month.amount();
    Ok(Some(BudgetState {
        subject: subject_text(&budget.subject),
        budget: budget.month,
        month,
        percent: percent.trunc().to_u32().unwrap_or(0),
    }))
}

fn totals<'a>(rows: impl Iterator<Item = &'a RegistryRow>) -> Vec<Money> {
    rows.filter_map(|row| Some(row.cost.as_ref()?.parts.total))
        .collect()
}

fn sum(amounts: &[Money], currency: Currency) -> Result<Money, MoneyError> {
    amounts
        .iter()
        .try_fold(Money::new(Decimal::ZERO, currency), |sum, amount| {
            sum.checked_add(*amount)
        })
}

/// The level to tell of: the highest one that is reached.
pub fn reached(percent: u32, levels: &[u32]) -> Option<u32> {
    levels.iter().copied().filter(|level| *level <= percent).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_level_counts() {
        let levels = [80, 100, 120];
        for (percent, level) in [(79, None), (80, Some(80)), (119, Some(100)), (500, Some(120))] {
            assert_eq!(reached(percent, &levels), level);
        }
    }
}
