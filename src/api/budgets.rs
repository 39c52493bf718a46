//! The monthly budgets that apply to an answer.

use crate::cost::{Budget, BudgetSubject};
use crate::identity::Caller;
use crate::oci::RegistryName;
use crate::report::GroupBy;
use crate::units::Money;

/// The budgets of the configuration.
#[derive(Clone, Copy)]
pub(super) struct Budgets<'a>(pub &'a [Budget]);

impl Budgets<'_> {
    /// The budgets of a group of repositories; empty for groups that cannot have any.
    pub(super) fn for_group(self, by: GroupBy, key: Option<&str>) -> Vec<Money> {
        self.amounts(|subject| match (by, subject) {
            (GroupBy::CostCentre, BudgetSubject::CostCentre(centre)) => key == Some(centre),
            (GroupBy::Registry, BudgetSubject::Registry(registry)) => key == Some(registry.as_str()),
            _ => false,
        })
    }

    /// The budgets of all that a caller may see, or of one registry. A part has a budget if all of its cost centres
    /// have one in the same currency.
    pub(super) fn for_caller(self, caller: &Caller, registry: Option<&RegistryName>) -> Vec<Money> {
        match registry {
            Some(name) if caller.sees(name) && caller.sees_whole_registries() => {
                self.amounts(|subject| matches!(subject, BudgetSubject::Registry(own) if own == name))
            }
            Some(_) => Vec::new(),
            None if !caller.sees_all_registries() => Vec::new(),
            None => match caller.cost_centres() {
                None => self.amounts(|subject| *subject == BudgetSubject::Everything),
                Some(centres) => self.of_cost_centres(centres),
            },
        }
    }

    fn of_cost_centres(self, cost_centres: &[String]) -> Vec<Money> {
        let mut sums: Option<Vec<Money>> = None;
        for centre in cost_centres {
            let own = self.for_group(GroupBy::CostCentre, Some(centre));
            sums = Some(match sums {
                None => own,
                // A currency in which one of them has no budget drops out.
                Some(sums) => sums
                    .into_iter()
                    .filter_map(|sum| own.iter().find_map(|money| sum.checked_add(*money).ok()))
                    .collect(),
            });
        }
        sums.unwrap_or_default()
    }

    fn amounts(self, is_meant: impl Fn(&BudgetSubject) -> bool) -> Vec<Money> {
        let meant = self.0.iter().filter(|budget| is_meant(&budget.subject));
        meant.map(|budget| budget.month).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::{Scope, Visible};

    fn money(text: &str) -> Money {
        let (amount, currency) = text.split_once(' ').unwrap();
        Money::new(amount.parse().unwrap(), currency.parse().unwrap())
    }

    fn budgets() -> Vec<Budget> {
        let centre = |name: &str| BudgetSubject::CostCentre(name.to_owned());
        [
            (BudgetSubject::Everything, "1000 USD"),
            (
                BudgetSubject::Registry("reg.example.com".parse().unwrap()),
                "700 USD",
            ),
            (centre("CC-1"), "100 USD"),
            (centre("CC-1"), "90 EUR"),
            (centre("CC-2"), "50 USD"),
        ]
        .map(|(subject, month)| Budget {
            subject,
            month: money(month),
        })
        .into()
    }

    fn key_for(cost_centres: &[&str]) -> Caller {
        let centres = cost_centres.iter().map(|name| (*name).to_owned()).collect();
        Caller::new("x", vec![Scope::Read], Visible::All, Visible::Only(centres))
    }

    #[test]
    fn a_group_has_its_own_budget() {
        let (all, name) = (budgets(), Some("CC-1"));
        let of = |by, key| Budgets(&all).for_group(by, key);
        assert_eq!(of(GroupBy::CostCentre, name), [money("100 USD"), money("90 EUR")]);
        assert_eq!(of(GroupBy::Registry, Some("reg.example.com")), [money("700 USD")]);
        assert_eq!(of(GroupBy::CostCentre, None), []);
        assert_eq!(of(GroupBy::Team, name), []);
    }

    #[test]
    fn a_caller_gets_the_budget_of_what_it_may_see() {
        let all = budgets();
        let registry = "reg.example.com".parse().unwrap();
        let of = |caller: &Caller, registry| Budgets(&all).for_caller(caller, registry);
        assert_eq!(of(&Caller::anonymous(), None), [money("1000 USD")]);
        assert_eq!(of(&Caller::anonymous(), Some(&registry)), [money("700 USD")]);
        assert_eq!(of(&key_for(&["CC-1", "CC-2"]), None), [money("150 USD")]);
        assert_eq!(of(&key_for(&["CC-1", "CC-3"]), None), []);
        assert_eq!(of(&key_for(&["CC-1"]), Some(&registry)), []);
    }
}
