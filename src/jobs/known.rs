use std::sync::Arc;

use super::writing::retry_transient;
use crate::crawl::Known;
use crate::oci::RegistryName;
use crate::store::{Store, StoreError};

/// Reads the known content that a crawl of a registry may find again.
pub(super) async fn load_known(store: &Store, registry: &RegistryName) -> Result<Arc<Known>, StoreError> {
    let known = retry_transient!(store.known(registry))?;
    Ok(Arc::new(Known {
        complete: known.complete,
        partial: known.partial,
        tags: known.tags,
        children: known.children,
        missing: known.missing,
        listed: known.listed,
        keeps_deleted: known.keeps_deleted,
        crawls: known.crawls,
    }))
}
