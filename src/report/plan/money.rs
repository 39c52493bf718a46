//! What a choice of repositories saves in a month.

use crate::cost::{self, CostError, CostPlan, MoneyEstimate, RegistryUsage};
use crate::pricing::Effort;
use crate::report::AnalysedRegistry;
use crate::report::usage::{CostPeriod, registry_usage, usage_if};
use crate::units::Money;
use crate::whatif::Outcome;

/// The bill of a registry in the month of its last crawl.
pub(super) struct Bill<'a> {
    registry: &'a AnalysedRegistry,
    costs: &'a CostPlan,
    usage: RegistryUsage,
}

impl<'a> Bill<'a> {
    pub(super) fn new(registry: &'a AnalysedRegistry, costs: &'a CostPlan) -> Self {
        let today = CostPeriod::MonthAt(registry.content.source.as_of.date_naive());
        Self {
            registry,
            costs,
            usage: registry_usage(registry, &registry.analysis.outcome, costs, today),
        }
    }

    /// The cost centre of each repository, in the order of the inventory.
    pub(super) fn cost_centres(&self) -> Vec<Option<String>> {
        let rows = self.usage.repositories.iter();
        rows.map(|row| row.labels.cost_centre.clone()).collect()
    }

    /// What is saved if exactly these repositories switch: the whole registry is billed before and after, so quota, tiers and
    /// moved bytes count. `None` without a price book.
    pub(super) fn saving(&self, outcome: &Outcome) -> Result<Option<MoneyEstimate>, CostError> {
        let day = self.registry.content.source.as_of.date_naive();
        let period = CostPeriod::MonthAt(day)
            .period()
            .map_err(|_| CostError::EndOfCalendar)?;
        let usage = usage_if(self.registry, &self.usage, outcome);
        let statement = cost::statement(self.costs, &usage, period)?;
        Ok(statement
            .and_then(|statement| statement.alpine)
            .map(|alpine| alpine.saving))
    }
}

/// The sum of the savings of registries; `None` if one is unknown, or if the currencies differ.
pub(super) fn total(
    savings: impl IntoIterator<Item = Option<MoneyEstimate>>,
) -> Result<Option<MoneyEstimate>, CostError> {
    let mut total: Option<MoneyEstimate> = None;
    for saving in savings {
        let Some(saving) = saving else { return Ok(None) };
        total = match total {
            None => Some(saving),
            Some(sum) if sum.expected.currency() == saving.expected.currency() => {
                Some(sum.checked_add(saving)?)
            }
            Some(_) => return Ok(None),
        };
    }
    Ok(total)
}

/// What these efforts cost; `None` if one is unknown, or if the currencies differ.
pub(super) fn effort_cost(
    efforts: impl IntoIterator<Item = Option<Effort>>,
) -> Result<Option<Money>, CostError> {
    let mut total: Option<Money> = None;
    for effort in efforts {
        let Some(effort) = effort else { return Ok(None) };
        let cost = effort.cost()?;
        total = match total {
            None => Some(cost),
            Some(sum) if sum.currency() == cost.currency() => Some(sum.checked_add(cost)?),
            Some(_) => return Ok(None),
        };
    }
    Ok(total)
}
