//! What every answer says of its figures.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::snapshot::{Snapshot, Versions};
use crate::identity::Caller;
use crate::report::RegistryRow;

/// Of which moment figures are, and what they rest on. Nothing in it depends on when they are asked for, so that an
/// answer and its tag stay the same until the figures change.
#[derive(Debug, Serialize)]
pub(super) struct Grounds<'a> {
    /// When the last of the registries was crawled; none where nothing has been.
    pub as_of: Option<DateTime<Utc>>,
    pub freshness: Freshness,
    pub versions: &'a Versions,
}

/// How far the figures may be behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Freshness {
    /// When the registry was crawled whose last crawl is longest ago; none where nothing has been crawled.
    oldest_as_of: Option<DateTime<Utc>>,
    /// Whether the last crawl of each registry came to its end and read everything.
    complete: bool,
}

impl<'a> Grounds<'a> {
    /// Of what this caller may see.
    pub(super) fn seen_by(caller: &Caller, snapshot: &'a Snapshot) -> Self {
        let registries = snapshot.report.registries.iter();
        Self::of(snapshot, registries.filter(|row| caller.sees(&row.registry)))
    }

    /// Of one registry.
    pub(super) fn of_registry(row: &RegistryRow, snapshot: &'a Snapshot) -> Self {
        Self::of(snapshot, [row])
    }

    fn of<'r>(snapshot: &'a Snapshot, registries: impl IntoIterator<Item = &'r RegistryRow>) -> Self {
        let rows: Vec<&RegistryRow> = registries.into_iter().collect();
        let moments = || rows.iter().map(|row| row.as_of);
        let losses = snapshot.report.notes.iter().filter(|note| note.kind.is_loss());
        let mut lacking = losses.filter(|note| rows.iter().any(|row| row.registry == note.registry));
        Self {
            as_of: moments().max(),
            freshness: Freshness {
                oldest_as_of: moments().min(),
                complete: lacking.next().is_none(),
            },
            versions: &snapshot.versions,
        }
    }
}
