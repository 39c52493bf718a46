use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use super::Settings;
use super::section::Section;
use super::values::whole;
use crate::cost::{Budget, BudgetSubject};
use crate::metrics::MetricsSettings;
use crate::oci::RegistryName;
use crate::units::{Currency, Money};

/// `[metrics]`: metrics for Prometheus.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MetricsSection {
    /// How many repositories, teams and cost centres of each registry get series of their own.
    #[serde(deserialize_with = "whole::<0, 100_000, _, _>")]
    pub repositories: u32,
}

impl Default for MetricsSection {
    fn default() -> Self {
        Self { repositories: 500 }
    }
}

impl Section for MetricsSection {
    const NAME: &'static str = "metrics";
}

/// `[[budget]]`: what may be spent in a month.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BudgetSection {
    /// The registry; all that are billed in the currency, together, where neither this nor a cost centre is given.
    #[serde(default)]
    pub registry: Option<RegistryName>,
    /// The cost centre, in all registries.
    #[serde(default)]
    pub cost_centre: Option<String>,
    /// How much, as text, since numbers of TOML are floats.
    pub monthly: BudgetAmount,
    /// In which currency.
    pub currency: Currency,
}

/// An amount above zero, written as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BudgetAmount(Decimal);

impl TryFrom<String> for BudgetAmount {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        text.parse()
            .ok()
            .filter(|amount| *amount > Decimal::ZERO)
            .map(Self)
            .ok_or("expected an amount above zero in quotes: \"1500\" or \"99.50\"")
    }
}

impl From<BudgetAmount> for String {
    fn from(amount: BudgetAmount) -> Self {
        amount.0.to_string()
    }
}

impl Section for BudgetSection {
    const NAME: &'static str = "budget";
    const REPEATED: bool = true;

    fn required() -> Table {
        Table::from_iter([
            ("monthly".to_owned(), Value::from("1")),
            ("currency".to_owned(), Value::from("USD")),
        ])
    }

    fn problems(&self, earlier: &[Self]) -> Vec<(&'static str, String)> {
        if self.registry.is_some() && self.cost_centre.is_some() {
            let message =
                "a budget is for a registry or for a cost centre in all registries; leave one of them out";
            return vec![("registry", message.to_owned())];
        }
        let subject = |budget: &Self| (budget.subject(), budget.currency);
        // Two for the same would leave open which one counts.
        if earlier.iter().any(|budget| subject(budget) == subject(self)) {
            let what = match self.subject() {
                BudgetSubject::Everything => "what all registries cost".to_owned(),
                BudgetSubject::Registry(registry) => registry.to_string(),
                BudgetSubject::CostCentre(centre) => format!("the cost centre {centre}"),
            };
            let message = format!("{what} has a budget already in {}; give it one", self.currency);
            return vec![("registry", message)];
        }
        Vec::new()
    }
}

impl BudgetSection {
    /// What the budget is for.
    fn subject(&self) -> BudgetSubject {
        match (&self.registry, &self.cost_centre) {
            (Some(registry), _) => BudgetSubject::Registry(registry.clone()),
            (None, Some(centre)) => BudgetSubject::CostCentre(centre.clone()),
            (None, None) => BudgetSubject::Everything,
        }
    }
}

impl Settings {
    /// What Prometheus is told, and what may be spent.
    pub fn metrics(&self) -> MetricsSettings {
        let budgets = self.budgets.iter().map(|budget| Budget {
            subject: budget.subject(),
            month: Money::new(budget.monthly.0, budget.currency),
        });
        MetricsSettings {
            repositories: usize::try_from(self.metrics.repositories).unwrap_or(usize::MAX),
            budgets: budgets.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::config::Environment;

    fn load(text: &str) -> Result<Settings, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tare.toml");
        fs::write(&file, text).unwrap();
        Settings::load(Some(&file), &Environment::default(), &[]).map_err(|error| error.to_string())
    }

    #[test]
    fn budgets_are_for_a_registry_or_a_cost_centre_or_all_together() {
        let settings = load(
            "[metrics]\nrepositories = 50\n\
             [[budget]]\nregistry = \"reg.example.com\"\nmonthly = \"99.50\"\ncurrency = \"USD\"\n\
             [[budget]]\nmonthly = \"1500\"\ncurrency = \"EUR\"\n\
             [[budget]]\ncost_centre = \"CC-1\"\nmonthly = \"7\"\ncurrency = \"EUR\"\n",
        )
        .unwrap()
        .metrics();
        assert_eq!(settings.repositories, 50);
        let [one, all, centre] = &settings.budgets[..] else {
            panic!("{settings:?}")
        };
        assert_eq!(
            one.subject,
            BudgetSubject::Registry("reg.example.com".parse().unwrap())
        );
        assert_eq!(one.month.to_string(), "99.50 USD");
        assert_eq!(
            (&all.subject, all.month.to_string()),
            (&BudgetSubject::Everything, "1500.00 EUR".to_owned())
        );
        assert_eq!(centre.subject, BudgetSubject::CostCentre("CC-1".to_owned()));
    }

    #[test]
    fn budgets_that_stand_for_the_same_or_for_nothing_are_refused() {
        for (text, words) in [
            ("[[budget]]\nmonthly = \"0\"\ncurrency = \"USD\"\n", "above zero"),
            (
                "[[budget]]\nmonthly = 10.5\ncurrency = \"USD\"\n",
                "budget.monthly",
            ),
            (
                "[[budget]]\nmonthly = \"1\"\ncurrency = \"dollars\"\n",
                "ISO 4217",
            ),
            (
                "[[budget]]\nmonthly = \"1\"\ncurrency = \"USD\"\n[[budget]]\nmonthly = \"2\"\ncurrency = \"USD\"\n",
                "has a budget already",
            ),
            (
                "[[budget]]\nmonthly = \"1\"\ncurrency = \"USD\"\nregistry = \"reg.example.com\"\ncost_centre = \"CC-1\"\n",
                "leave one of them out",
            ),
        ] {
            let error = load(text).unwrap_err();
            assert!(error.contains(words), "{error}");
        }
    }
}
