//! Registries as far as a caller may see them: whole, or the part that some cost centres' repositories make up.

use serde::Serialize;

use super::access::sees_row;
use super::problem::Problem;
use crate::identity::Caller;
use crate::report::{RegistryPart, RegistryRow, RepositoryRow};

/// Of what figures are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Of {
    /// Of all of a registry.
    All,
    /// Of the repositories in it that the caller may see.
    Visible,
}

/// A registry's row as it is answered.
#[derive(Serialize)]
pub(super) struct SeenRegistry<'a> {
    of: Of,
    #[serde(flatten)]
    row: SeenRow<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum SeenRow<'a> {
    All(&'a RegistryRow),
    Visible(Box<RegistryPart>),
}

impl<'a> SeenRegistry<'a> {
    /// What a caller may see of a registry whose repositories are among these; none where that is nothing.
    ///
    /// # Errors
    /// Where sums leave the range of exact numbers.
    pub(super) fn of(
        caller: &Caller,
        row: &'a RegistryRow,
        repositories: &[RepositoryRow],
    ) -> Result<Option<Self>, Problem> {
        if !caller.sees(&row.registry) {
            return Ok(None);
        }
        if caller.sees_whole_registries() {
            let row = SeenRow::All(row);
            return Ok(Some(Self { of: Of::All, row }));
        }
        let own: Vec<&RepositoryRow> = repositories
            .iter()
            .filter(|own| own.registry == row.registry && sees_row(caller, own))
            .collect();
        if own.is_empty() {
            return Ok(None);
        }
        let part = RegistryPart::of(row, &own).map_err(Problem::internal)?;
        let row = SeenRow::Visible(Box::new(part));
        Ok(Some(Self { of: Of::Visible, row }))
    }
}
