use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::oci::{Digest, DigestKey, Manifest};

/// What this crawl knows about the content of one digest.
#[derive(Default)]
pub(super) enum DigestState {
    /// Nothing yet: it has not been requested, or the request failed and may be repeated.
    #[default]
    Open,
    /// The manifest has been reported, but something below it is missing.
    Partial(Arc<Manifest>),
    /// It and everything below it have been reported.
    Complete,
    /// It has been fetched and is not valid; another request would return the same bytes.
    Broken(Arc<str>),
}

/// The state of each digest behind a lock, so that one task fetches content while the others wait for it.
///
/// A task that holds a lock may wait for the locks of manifests *below* it, never the other way round. A manifest
/// contains the digests of what is below it, so tasks cannot wait for each other in a circle.
#[derive(Default)]
pub(super) struct DigestStates {
    by_digest: Mutex<HashMap<DigestKey, Option<Arc<tokio::sync::Mutex<DigestState>>>>>,
}

impl DigestStates {
    /// The state of a digest, to be locked. `None` if the digest is complete.
    pub(super) fn get(&self, digest: Digest) -> Option<Arc<tokio::sync::Mutex<DigestState>>> {
        self.by_digest
            .lock()
            .entry(DigestKey::from(&digest))
            .or_insert_with(|| Some(Arc::default()))
            .clone()
    }

    /// Marks a digest as complete and drops its state, which is no longer needed.
    pub(super) fn complete(&self, digest: Digest) {
        self.by_digest.lock().insert(DigestKey::from(&digest), None);
    }
}
