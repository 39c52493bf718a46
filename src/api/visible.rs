//! What a caller may see of a registry: all of it, or the part that belongs to its cost centres.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::Serialize;

use super::access::{sees_registry, sees_row};
use super::problem::Problem;
use crate::identity::Caller;
use crate::oci::RegistryName;
use crate::report::{Note, RegistryPart, RegistryRow, RepositoryRow};

/// What figures of a registry cover.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Extent {
    /// The whole registry.
    All,
    /// The repositories in it that the caller may see.
    Visible,
}

/// A registry's totals, or those of the repositories in it that the key may see.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "RegistryRow")]
pub(super) struct VisibleRegistry<'a> {
    /// The former name of `extent`.
    #[schemars(extend("deprecated" = true))]
    of: Extent,
    /// What the figures cover: the whole registry, or a part of it.
    extent: Extent,
    /// The members of a part are some of those of a whole registry.
    #[serde(flatten)]
    #[schemars(with = "RegistryRow")]
    row: VisibleRow<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum VisibleRow<'a> {
    All(&'a RegistryRow),
    Visible(Box<RegistryPart>),
}

/// The notes of a report that a caller may see. `rows` are all repositories of the report.
///
/// Of a registry of which the caller sees a part, those stay that must be said with its figures, without numbers: these
/// count what belongs to others. A registry that is left out has no repositories by which its owners could be told.
pub(super) fn visible_notes<'a>(
    caller: &Caller,
    notes: impl Iterator<Item = &'a Note>,
    rows: &[RepositoryRow],
) -> impl Iterator<Item = Cow<'a, Note>> {
    notes
        .filter(move |note| sees_registry(caller, &note.registry, rows))
        .filter_map(move |note| match caller.sees_whole_registries() {
            true => Some(Cow::Borrowed(note)),
            false => note.of_a_part().map(Cow::Owned),
        })
}

impl<'a> VisibleRegistry<'a> {
    /// The part of a registry that a caller may see; `None` if it is empty. The registry's repositories are among
    /// `repositories`.
    ///
    /// # Errors
    /// If sums exceed the range of exact numbers.
    pub(super) fn new(
        caller: &Caller,
        row: &'a RegistryRow,
        repositories: &[RepositoryRow],
    ) -> Result<Option<Self>, Problem> {
        if !caller.sees(&row.registry) {
            return Ok(None);
        }
        if caller.sees_whole_registries() {
            let row = VisibleRow::All(row);
            return Ok(Some(Self::with_extent(Extent::All, row)));
        }
        let own: Vec<&RepositoryRow> = repositories
            .iter()
            .filter(|own| own.registry == row.registry && sees_row(caller, own))
            .collect();
        if own.is_empty() {
            return Ok(None);
        }
        let part = RegistryPart::new(row, &own).map_err(Problem::internal)?;
        let row = VisibleRow::Visible(Box::new(part));
        Ok(Some(Self::with_extent(Extent::Visible, row)))
    }

    /// The registry.
    pub(super) fn name(&self) -> &RegistryName {
        match &self.row {
            VisibleRow::All(row) => &row.registry,
            VisibleRow::Visible(part) => &part.registry,
        }
    }

    fn with_extent(extent: Extent, row: VisibleRow<'a>) -> Self {
        Self {
            of: extent,
            extent,
            row,
        }
    }
}
