use crate::cost::BudgetSubject;
use crate::oci::{RegistryName, RegistryPattern};
use crate::report::RepositoryRow;

/// What a receiver is told about.
#[derive(Debug, Clone, Default)]
pub struct Audience {
    /// The registries, by name or glob; all if it is empty.
    pub registries: Vec<RegistryPattern>,
    /// The cost centre; the figures of all if there is none.
    pub cost_centre: Option<String>,
}

impl Audience {
    /// Whether the receiver is told about a registry.
    pub fn includes(&self, registry: &RegistryName) -> bool {
        self.registries.is_empty() || self.registries.iter().any(|pattern| pattern.matches(registry))
    }

    /// Whether the receiver is told about everything.
    pub fn is_everything(&self) -> bool {
        self.registries.is_empty() && self.cost_centre.is_none()
    }

    /// Whether a repository is among those that the figures are about.
    pub fn includes_row(&self, row: &RepositoryRow) -> bool {
        self.includes_repository(&row.registry, row.labels.cost_centre.as_deref())
    }

    /// Whether a repository of a registry and a cost centre is among those that the figures are about.
    pub fn includes_repository(&self, registry: &RegistryName, cost_centre: Option<&str>) -> bool {
        self.includes(registry)
            && self
                .cost_centre
                .as_deref()
                .is_none_or(|own| cost_centre == Some(own))
    }

    /// Whether the receiver is told about a budget.
    pub fn includes_budget(&self, subject: &BudgetSubject) -> bool {
        match (subject, &self.cost_centre) {
            (BudgetSubject::CostCentre(centre), Some(own)) => centre == own,
            (_, Some(_)) => false,
            (BudgetSubject::Registry(registry), None) => self.includes(registry),
            (BudgetSubject::Everything | BudgetSubject::CostCentre(_), None) => self.registries.is_empty(),
        }
    }
}
