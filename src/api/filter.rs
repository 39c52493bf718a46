//! Filters of costs, and what to say about a value that matches nothing.

use super::call::Call;
use super::parameter::{Form, Parameter};
use super::problem::Problem;
use super::snapshot::Snapshot;
use crate::cost::Labels;
use crate::oci::{RegistryName, RepositoryName, RepositoryPatterns};
use crate::report::costs::{MonthlyCosts, UNASSIGNED};

/// The maximum number of similar names that a note suggests. Our choice: they fit on a line.
const MOST_SUGGESTIONS: usize = 5;
/// The maximum distance of a similar name, as a share of its length in percent. Our choice: a typing error or two.
const FARTHEST_PERCENT: usize = 40;

/// A label that costs are filtered by: its name, and its value in the labels of a repository.
type LabelFilter = (&'static str, fn(&Labels) -> Option<&str>);

/// The labels that costs can be filtered by.
const LABELS: [LabelFilter; 3] = [
    ("team", |labels| labels.team.as_deref()),
    ("cost_centre", |labels| labels.cost_centre.as_deref()),
    ("environment", |labels| labels.environment.as_deref()),
];

/// Which costs count.
pub(super) struct StatementFilter {
    /// The registries that the caller may see, or the one that was asked for.
    registries: Vec<RegistryName>,
    repositories: Option<(String, RepositoryPatterns)>,
    /// Names of labels and their values; an empty value stands for repositories without the label.
    labels: Vec<(LabelFilter, String)>,
}

impl StatementFilter {
    /// The parameters that choose among costs.
    pub(super) fn parameters() -> [Parameter; 5] {
        [
            Parameter::new("registry", Form::Text, "Only this registry."),
            Parameter::new(
                "repository",
                Form::Text,
                "Only repositories with this name or glob, such as `shop/**`.",
            ),
            Parameter::new(
                "team",
                Form::Text,
                "Only this team; empty or `__unassigned__` for repositories without one.",
            ),
            Parameter::new(
                "cost_centre",
                Form::Text,
                "Only this cost centre; empty or `__unassigned__` for repositories without one.",
            ),
            Parameter::new(
                "environment",
                Form::Text,
                "Only this environment; empty or `__unassigned__` for repositories without one.",
            ),
        ]
    }

    /// The filter of a request.
    ///
    /// # Errors
    /// If the requested registry is unknown, or the glob is invalid.
    pub(super) fn new(call: &Call, snapshot: &Snapshot) -> Result<Self, Problem> {
        let registries = snapshot.registry_names(&call.caller, call.values.text("registry"))?;
        let repositories = match call.values.text("repository") {
            Some(pattern) => Some((pattern.to_owned(), patterns("repository", pattern)?)),
            None => None,
        };
        let labels = LABELS.into_iter().filter_map(|label| {
            let value = call.values.text(label.0)?;
            let value = if value == UNASSIGNED { "" } else { value };
            Some((label, value.to_owned()))
        });
        Ok(Self {
            registries,
            repositories,
            labels: labels.collect(),
        })
    }

    /// Whether costs of a registry count.
    pub(super) fn covers(&self, registry: &RegistryName) -> bool {
        self.registries.contains(registry)
    }

    /// Whether the costs of a repository count, or with `None` the part of a registry's bill that is not allocated to
    /// one.
    pub(super) fn matches(
        &self,
        registry: &RegistryName,
        repository: Option<(&RepositoryName, &Labels)>,
    ) -> bool {
        if !self.covers(registry) {
            return false;
        }
        let Some((name, labels)) = repository else {
            return self.repositories.is_none() && self.labels.iter().all(|(_, value)| value.is_empty());
        };
        let is_named = |(_, patterns): &(String, RepositoryPatterns)| patterns.matches(registry, name);
        self.repositories.as_ref().is_none_or(is_named)
            && self
                .labels
                .iter()
                .all(|((_, label), value)| label(labels).unwrap_or_default() == value)
    }

    /// Whether it chooses among the repositories of registries.
    pub(super) fn is_restricted(&self) -> bool {
        self.repositories.is_some() || !self.labels.is_empty()
    }

    /// Says which values match nothing in these months.
    pub(super) fn notes(&self, months: &[MonthlyCosts<'_>]) -> Vec<String> {
        let rows = || {
            let statements = months
                .iter()
                .filter_map(|month| Some((month.registry, month.statement?)));
            statements.flat_map(|(registry, statement)| {
                statement.repositories.iter().map(move |row| (registry, row))
            })
        };
        let mut notes = Vec::new();
        if rows().next().is_none() {
            let note = "there are no costs in the window: a registry needs a price book (prices.book) and a crawl in it or \
                        before";
            return vec![note.to_owned()];
        }
        if let Some((pattern, patterns)) = &self.repositories
            && !rows().any(|(registry, row)| patterns.matches(registry, &row.repository))
        {
            let known = rows().map(|(_, row)| row.repository.as_str());
            notes.push(matches_nothing("repository", pattern, known));
        }
        for ((name, label), value) in self.labels.iter().filter(|(_, value)| !value.is_empty()) {
            let known = || rows().filter_map(|(_, row)| label(&row.labels));
            if !known().any(|known| known == value) {
                notes.push(matches_nothing(name, value, known()));
            }
        }
        notes
    }
}

/// The pattern of a query parameter.
///
/// # Errors
/// If it is neither a name nor a glob.
pub(super) fn patterns(name: &str, pattern: &str) -> Result<RepositoryPatterns, Problem> {
    RepositoryPatterns::new([pattern]).map_err(|error| Problem::invalid_query(name, error))
}

/// The note for a filter whose value occurs nowhere, with similar values.
pub(super) fn matches_nothing<'a>(filter: &str, value: &str, known: impl Iterator<Item = &'a str>) -> String {
    let mut near: Vec<(usize, &str)> = known
        .map(|name| (distance(value, name), name))
        .filter(|(distance, name)| *distance <= (name.len() * FARTHEST_PERCENT / 100).max(1))
        .collect();
    near.sort_unstable();
    near.dedup();
    near.truncate(MOST_SUGGESTIONS);
    let near: Vec<&str> = near.into_iter().map(|(_, name)| name).collect();
    if near.is_empty() {
        format!("{filter}={value} matches nothing")
    } else {
        format!("{filter}={value} matches nothing; similar: {}", near.join(", "))
    }
}

/// How far a name is from a value: 0 if it contains it.
fn distance(value: &str, name: &str) -> usize {
    if !value.is_empty() && name.contains(value) {
        return 0;
    }
    let whole = strsim::damerau_levenshtein(value, name);
    // `nodee` is near `node:22`: a base can be named without its tag.
    let short = name.split(':').next().unwrap_or(name);
    whole.min(strsim::damerau_levenshtein(value, short))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_matches_nothing_is_named_with_similar_ones() {
        let known = || ["node:22", "node:24", "python:3.12", "payments"].into_iter();
        assert_eq!(
            matches_nothing("base", "nodee", known()),
            "base=nodee matches nothing; similar: node:22, node:24"
        );
        assert_eq!(
            matches_nothing("team", "payment", known()),
            "team=payment matches nothing; similar: payments"
        );
        assert_eq!(matches_nothing("team", "x", known()), "team=x matches nothing");
    }
}
