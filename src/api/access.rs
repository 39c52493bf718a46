//! What an operation requires of its caller.

use crate::identity::{Caller, Scope};
use crate::oci::RegistryName;
use crate::report::RepositoryRow;

/// What an operation requires of its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Nothing: the answer tells nothing about any registry.
    Open,
    /// A key, token or login, with whatever scopes, unless the service is open to all.
    AnyCaller,
    /// A key, token or login with this scope, unless the service is open to all.
    Needs(Scope),
    /// The same with the scope for sending events; or the secret of the registry in the path.
    Events,
}

/// Whether the caller may see anything of a registry: all of it, or a repository in it that belongs to one of its cost
/// centres. A key that owns nothing in a registry does not learn that the registry exists.
pub(super) fn sees_registry(caller: &Caller, registry: &RegistryName, rows: &[RepositoryRow]) -> bool {
    caller.sees(registry)
        && (caller.sees_whole_registries()
            || rows
                .iter()
                .any(|row| row.registry == *registry && sees_row(caller, row)))
}

/// Whether the caller may see the repository of a row.
pub(super) fn sees_row(caller: &Caller, row: &RepositoryRow) -> bool {
    caller.sees_repository(&row.registry, row.labels.cost_centre.as_deref())
}
