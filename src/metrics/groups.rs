//! Series for one repository, or for several together.

use prometheus::proto::MetricFamily;

use super::family::{Family, Label, MoneyFamily};
use super::figures::{Amount, Component, Count, float};
use crate::report::RepositoryRow;
use crate::units::Money;

/// Repositories of one registry with a common series.
pub(super) struct Group<'a> {
    /// The labels of the series.
    pub(super) labels: [Label<'a>; 2],
    /// The repositories that are summed.
    pub(super) rows: &'a [&'a RepositoryRow],
}

impl Group<'_> {
    /// The sum of the known values of a count; `None` if none is known.
    fn count(&self, of: fn(&RepositoryRow) -> Option<i64>) -> Option<i128> {
        let values = self.rows.iter().filter_map(|row| of(row));
        values.map(i128::from).reduce(|a, b| a + b)
    }

    /// The sum of the known values of an amount; `None` if none is known. A registry is billed in one currency, and a sum
    /// too large to be exact does not occur.
    fn amount(&self, of: fn(&RepositoryRow) -> Option<Money>) -> Option<Money> {
        let values = self.rows.iter().filter_map(|row| of(row));
        values.map(Ok).reduce(|a, b| a?.checked_add(b?))?.ok()
    }
}

/// A family per count, with a series per group.
pub(super) fn counts(
    prefix: &str,
    counts: &[Count<RepositoryRow>],
    groups: &[Group<'_>],
) -> Vec<MetricFamily> {
    let families = counts.iter().filter_map(|count| {
        let mut family = Family::new(format!("{prefix}_{}", count.name), count.help);
        for group in groups {
            if let Some(sum) = group.count(count.of) {
                family.set(&group.labels, float(sum));
            }
        }
        family.finish()
    });
    families.collect()
}

/// A family per amount and currency, with a series per group.
pub(super) fn amounts(
    prefix: &str,
    amounts: &[Amount<RepositoryRow>],
    groups: &[Group<'_>],
) -> Vec<MetricFamily> {
    let families = amounts.iter().flat_map(|amount| {
        let mut family = MoneyFamily::new(format!("{prefix}_{}", amount.name), amount.help);
        for group in groups {
            if let Some(sum) = group.amount(amount.of) {
                family.set(&group.labels, sum);
            }
        }
        family.finish()
    });
    families.collect()
}

/// A family per currency, with a series per group and component.
pub(super) fn components(
    stem: String,
    help: &'static str,
    components: &[Component<RepositoryRow>],
    groups: &[Group<'_>],
) -> impl Iterator<Item = MetricFamily> {
    let mut family = MoneyFamily::new(stem, help);
    for group in groups {
        for component in components {
            if let Some(sum) = group.amount(component.of) {
                let [registry, repository] = group.labels;
                family.set(&[registry, repository, ("component", component.name)], sum);
            }
        }
    }
    family.finish()
}
