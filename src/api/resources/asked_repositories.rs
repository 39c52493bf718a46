//! The repositories that a simulation is about.

use std::collections::{BTreeMap, HashSet};

use super::repositories::chosen;
use crate::api::access::sees_row;
use crate::api::call::Call;
use crate::api::filter::{matches_nothing, patterns};
use crate::api::problem::Problem;
use crate::api::snapshot::Snapshot;
use crate::oci::{RegistryName, RepositoryName};
use crate::report::RepositoryRow;
use crate::units::ByteCount;

/// The repositories that the query asks for and that the caller may see.
pub(super) struct AskedRepositories {
    /// Their names, by registry. Registries in which the pattern of names matches nothing have none.
    by_registry: BTreeMap<RegistryName, HashSet<RepositoryName>>,
    /// What the caller's repositories store in each registry, for a caller that does not see whole registries.
    pub part: Option<BTreeMap<RegistryName, ByteCount>>,
    /// Says so if the pattern matches nothing.
    pub notes: Vec<String>,
}

impl AskedRepositories {
    /// Reads the parameters `repository`, `registry` and those of owners.
    ///
    /// # Errors
    /// If the pattern of names is invalid, or if the requested registry does not exist.
    pub fn new(call: &Call, snapshot: &Snapshot) -> Result<Self, Problem> {
        let pattern = call.values.text("repository");
        let wanted = pattern
            .map(|pattern| patterns("repository", pattern))
            .transpose()?;
        let rows = chosen(call, snapshot)?;
        let part = (!call.caller.sees_whole_registries()).then(|| stored_by(&rows));
        let mut by_registry: BTreeMap<RegistryName, HashSet<RepositoryName>> = BTreeMap::new();
        for row in rows {
            let name = &row.totals.repository;
            let names = by_registry.entry(row.registry.clone()).or_default();
            if wanted
                .as_ref()
                .is_none_or(|wanted| wanted.matches(&row.registry, name))
            {
                names.insert(name.clone());
            }
        }
        let mut notes = Vec::new();
        if let Some(pattern) = pattern.filter(|_| by_registry.values().all(HashSet::is_empty)) {
            let known = snapshot.report.repositories.iter();
            let known = known.filter(|row| sees_row(&call.caller, row));
            notes.push(matches_nothing(
                "repository",
                pattern,
                known.map(|row| row.totals.repository.as_str()),
            ));
        }
        Ok(Self {
            by_registry,
            part,
            notes,
        })
    }

    /// The names in each registry; those of a registry may be empty.
    pub fn by_registry(&self) -> &BTreeMap<RegistryName, HashSet<RepositoryName>> {
        &self.by_registry
    }

    /// Whether a repository is asked for.
    pub fn contains(&self, registry: &RegistryName, repository: &RepositoryName) -> bool {
        let names = self.by_registry.get(registry);
        names.is_some_and(|names| names.contains(repository))
    }
}

/// What these repositories store together, by registry: their shares, with what no tag reaches.
fn stored_by(rows: &[&RepositoryRow]) -> BTreeMap<RegistryName, ByteCount> {
    let mut stored: BTreeMap<RegistryName, ByteCount> = BTreeMap::new();
    for row in rows {
        let sum = stored.entry(row.registry.clone()).or_default();
        for part in [
            row.totals.attributed_bytes,
            row.totals.untagged_bytes.unwrap_or_default(),
        ] {
            *sum = sum.checked_add(part).unwrap_or(ByteCount::MAX);
        }
    }
    stored
}
