use crate::report::RepositoryRow;

use super::family::Label;

/// Repositories of one registry that share a series.
pub(super) struct Group<'a> {
    /// What tells this series from others.
    pub(super) labels: [Label<'a>; 2],
    /// Those that are added up in it.
    pub(super) rows: &'a [&'a RepositoryRow],
}
