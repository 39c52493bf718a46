//! The provenance of figures, which every answer states.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use super::snapshot::{Snapshot, Versions};
use crate::identity::Caller;
use crate::oci::RegistryName;
use crate::report::RegistryRow;

/// The time of figures, and their inputs. Nothing here depends on the time of the request, so an answer and its
/// tag stay the same until the figures change.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Provenance<'a> {
    /// When the last of the registries was crawled; null if none has been.
    pub as_of: Option<DateTime<Utc>>,
    /// The age of the figures.
    pub freshness: Freshness,
    /// The inputs of the figures besides the crawls.
    #[schemars(with = "Versions")]
    pub versions: Cow<'a, Versions>,
}

/// The age of figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct Freshness {
    /// When the registry was crawled whose last crawl is the oldest; null if none has been crawled.
    oldest_as_of: Option<DateTime<Utc>>,
    /// Whether the last crawl of each registry ended and read everything.
    complete: bool,
}

impl<'a> Provenance<'a> {
    /// For everything that this caller may see.
    pub(super) fn for_caller(caller: &Caller, snapshot: &'a Snapshot) -> Self {
        let registries = snapshot.report.registries.iter();
        let seen = registries.filter(|row| snapshot.shows(caller, &row.registry));
        Self::new(caller, snapshot, seen, None)
    }

    /// For one registry.
    pub(super) fn for_registry(caller: &Caller, row: &RegistryRow, snapshot: &'a Snapshot) -> Self {
        Self::new(caller, snapshot, [row], Some(&row.registry))
    }

    fn new<'r>(
        caller: &Caller,
        snapshot: &'a Snapshot,
        registries: impl IntoIterator<Item = &'r RegistryRow>,
        only: Option<&RegistryName>,
    ) -> Self {
        let rows: Vec<&RegistryRow> = registries.into_iter().collect();
        let moments = || rows.iter().map(|row| row.as_of);
        let notes = snapshot.notes_for(caller, only);
        let mut lacking = notes.iter().filter(|note| note.kind.is_loss());
        Self {
            as_of: moments().max(),
            freshness: Freshness {
                oldest_as_of: moments().min(),
                complete: lacking.next().is_none(),
            },
            versions: snapshot.versions_for(caller),
        }
    }
}
