//! Reads what is known before a crawl: digests once, and what is about repositories as they are assigned, so that memory does
//! not grow with the registry.

use std::sync::Arc;

use super::writing::retry_transient;
use crate::crawl::Known;
use crate::oci::{RegistryName, RepositoryName};
use crate::store::{Store, StoreError};

/// Reads what is known of a registry as a whole, and of content, without what is known of its repositories.
pub(super) async fn known_registry(store: &Store, registry: &RegistryName) -> Result<Known, StoreError> {
    let digests = retry_transient!(store.known_digests())?;
    let known = retry_transient!(store.known_registry(registry))?;
    Ok(Known {
        complete: Arc::new(digests.complete),
        incomplete: Arc::new(digests.incomplete),
        keeps_deleted: known.keeps_deleted,
        crawls: known.crawls,
        ..Known::default()
    })
}

/// Reads what is known of some repositories, and adds it to what is known of the registry as a whole.
pub(super) async fn known_repositories(
    store: &Store,
    registry: &RegistryName,
    whole: &Known,
    repositories: &[RepositoryName],
) -> Result<Arc<Known>, StoreError> {
    let own = retry_transient!(store.known_repositories(registry, repositories))?;
    Ok(Arc::new(Known {
        complete: Arc::clone(&whole.complete),
        incomplete: Arc::clone(&whole.incomplete),
        partial: own.partial,
        tags: own.tags,
        children: own.children,
        missing: own.missing,
        listed: own.listed,
        keeps_deleted: whole.keeps_deleted,
        crawls: whole.crawls,
    }))
}
