use super::graph::{DedupScope, Inventory};
use crate::oci::RepositoryName;

/// How much some repositories of a registry contain, whatever its size in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ContentCounts {
    /// Repositories with at least one tag.
    pub repositories: usize,
    /// Their tags.
    pub tags: usize,
    /// Distinct manifests and indexes that the tags reach.
    pub manifests: usize,
    /// Distinct stored blobs that the tags reach, within the scope in which the registry shares blobs.
    pub blobs: usize,
}

impl ContentCounts {
    /// Counts what the chosen repositories of an inventory contain.
    pub fn new(inventory: &Inventory, is_chosen: impl Fn(&RepositoryName) -> bool) -> Self {
        let mut counts = Self::default();
        // For each blob, the number of the last repository that reaches it; 0 if none does.
        let mut reached_by = vec![0_usize; inventory.sizes().len()];
        let chosen = inventory.repositories.iter().filter(|node| is_chosen(&node.name));
        for (number, repository) in (1..).zip(chosen) {
            counts.repositories += usize::from(!repository.tags.is_empty());
            counts.tags += repository.tags.len();
            for tag in &repository.tags {
                for &blob in inventory.reached(tag.manifest) {
                    let known = &mut reached_by[blob as usize];
                    counts.blobs += usize::from(match inventory.dedup_scope {
                        DedupScope::Registry => *known == 0,
                        DedupScope::Repository | DedupScope::Mounted => *known != number,
                    });
                    *known = number;
                }
            }
        }
        let is_reached = |blob: u32| reached_by[blob as usize] > 0;
        let manifests = inventory.manifests().iter();
        counts.manifests = manifests.filter(|manifest| is_reached(manifest.blob)).count();
        counts
    }
}
