//! What can be asked of the service, a file for each resource.

mod documentation;
mod health;
mod registries;
mod repositories;
mod repository;

use super::operation::Operation;

/// Every operation.
pub(super) fn operations() -> Vec<Operation> {
    [
        registries::operations(),
        repositories::operations(),
        repository::operations(),
        health::operations(),
        documentation::operations(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
