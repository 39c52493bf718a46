//! What a switch changes, blob by blob: for those who choose the repositories that switch.

use super::counterfactual::Counterfactual;
use super::outcome::difference;
use crate::inventory::{BlobId, DedupScope};

impl Counterfactual {
    /// How blobs are shared.
    pub fn dedup_scope(&self) -> DedupScope {
        self.dedup_scope
    }

    /// The bytes of every blob: the current ones, then the new ones with their expected sizes.
    pub fn expected_sizes(&self) -> &[u64] {
        &self.sizes
    }

    /// How many repositories there are.
    pub fn repository_count(&self) -> usize {
        self.repositories.len()
    }

    /// The blobs that a repository reaches now, each once, sorted.
    pub fn current_blobs(&self, repository: usize) -> &[BlobId] {
        &self.repositories[repository].before
    }

    /// The blobs that a repository no longer reaches when it has switched, each once, sorted.
    pub fn released_blobs(&self, repository: usize) -> impl Iterator<Item = BlobId> {
        let states = &self.repositories[repository];
        difference(&states.before, &states.after)
    }

    /// The blobs that a repository reaches only when it has switched, each once, sorted.
    pub fn added_blobs(&self, repository: usize) -> impl Iterator<Item = BlobId> {
        let states = &self.repositories[repository];
        difference(&states.after, &states.before)
    }
}
