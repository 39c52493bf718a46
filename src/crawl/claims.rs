use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::oci::{Digest, Manifest};

/// What this crawl has found out about the content of one digest.
#[derive(Default)]
pub(super) enum Claim {
    /// Nothing: nobody has asked, or whoever did has failed and the next may try.
    #[default]
    Open,
    /// The manifest has been reported, but something beneath it is missing.
    Partial(Arc<Manifest>),
    /// It and everything beneath has been reported.
    Complete,
    /// It has been fetched and is of no use; asking again would bring the same bytes.
    Broken(Arc<str>),
}

/// One claim to each digest, so that content is fetched by one task while the others wait for it.
///
/// A task that holds a claim may wait for the claims of what is *beneath*, never the other way round.
/// Since a manifest contains the digests of what is beneath it, no two tasks can wait for each other.
#[derive(Default)]
pub(super) struct Claims {
    by_digest: Mutex<HashMap<Digest, Option<Arc<tokio::sync::Mutex<Claim>>>>>,
}

impl Claims {
    /// The claim to a digest, to be locked; none where it is complete.
    pub(super) fn of(&self, digest: Digest) -> Option<Arc<tokio::sync::Mutex<Claim>>> {
        self.lock()
            .entry(digest)
            .or_insert_with(|| Some(Arc::default()))
            .clone()
    }

    /// Forgets everything about a complete digest but that it is complete, which is almost always all
    /// that remains to be known of it.
    pub(super) fn complete(&self, digest: Digest) {
        self.lock().insert(digest, None);
    }

    fn lock(&self) -> parking_lot::MutexGuard<'_, HashMap<Digest, Option<Arc<tokio::sync::Mutex<Claim>>>>> {
        // Nothing can panic while the map is being changed, so it is whole even after a panic elsewhere.
        self.by_digest.lock()
    }
}
