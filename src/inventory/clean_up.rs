//! What deleting tags frees: the registry is accounted for with and without them.

use std::collections::BTreeSet;

use super::accounting::{Accounting, account};
use super::graph::{BlobId, DedupScope, Inventory};
use super::sharing::Sharing;
use crate::oci::{RepositoryName, Tag};
use crate::units::{ByteCount, ByteOverflow};

/// What deleting tags frees in a registry. Untagged content counts as deleted too: registries delete what no tag
/// reaches only with the next garbage collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CleanUpResult {
    /// The stored bytes that are freed, each blob once.
    pub freed: ByteCount,
    /// The stored bytes before, without untagged content.
    pub stored_before: ByteCount,
    /// Each repository, in the order of the inventory.
    pub repositories: Vec<RepositoryCleanUp>,
}

/// What deleting tags frees in a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryCleanUp {
    /// The repository.
    pub repository: RepositoryName,
    /// The deleted tags.
    pub deleted: Vec<Tag>,
    /// How many tags are kept.
    pub kept: usize,
    /// The drop of its attributed bytes, which adds up to what the registry frees. Negative where fewer repositories share
    /// what it keeps.
    pub freed: i64,
    /// The bytes that are freed if only the tags of this repository are deleted.
    pub freed_alone: ByteCount,
}

impl Inventory {
    /// The registry without some of its tags. Content that no tag reaches any more does not count.
    pub fn without_tags(&self, is_deleted: impl Fn(&RepositoryName, &Tag) -> bool) -> Self {
        let mut kept = self.clone();
        for repository in &mut kept.repositories {
            let name = &repository.name;
            repository.tags.retain(|tag| !is_deleted(name, &tag.tag));
        }
        kept
    }
}

/// What deleting these tags frees. `before` is the accounting of the registry as it is.
///
/// # Errors
/// If sizes add up to more than 63 bits.
pub fn clean_up(
    inventory: &Inventory,
    before: &Accounting,
    is_deleted: impl Fn(&RepositoryName, &Tag) -> bool,
) -> Result<CleanUpResult, ByteOverflow> {
    let after = account(&inventory.without_tags(&is_deleted))?;
    let between = Sharing::new(
        inventory.sizes(),
        inventory.repositories.iter().map(|repository| {
            let tags = repository.tags.iter();
            tags.flat_map(|tag| inventory.reached(tag.manifest).iter().copied())
        }),
    );
    let mut repositories = Vec::with_capacity(inventory.repositories.len());
    for (place, repository) in inventory.repositories.iter().enumerate() {
        let (deleted, kept): (Vec<_>, Vec<_>) = repository
            .tags
            .iter()
            .partition(|tag| is_deleted(&repository.name, &tag.tag));
        let still: BTreeSet<BlobId> = kept
            .iter()
            .flat_map(|tag| inventory.reached(tag.manifest).iter().copied())
            .collect();
        let is_own = |blob: BlobId| match inventory.dedup_scope {
            DedupScope::Registry => between.users(blob) == 1,
            DedupScope::Repository | DedupScope::Mounted => true,
        };
        let gone = between
            .set(place)
            .iter()
            .filter(|blob| !still.contains(blob) && is_own(**blob));
        let alone: u128 = gone
            .map(|&blob| u128::from(inventory.sizes()[blob as usize]))
            .sum();
        let share = |accounting: &Accounting| accounting.repositories[place].attributed_bytes.as_i64();
        repositories.push(RepositoryCleanUp {
            repository: repository.name.clone(),
            kept: kept.len(),
            deleted: deleted.into_iter().map(|tag| tag.tag.clone()).collect(),
            freed: share(before).checked_sub(share(&after)).ok_or(ByteOverflow)?,
            freed_alone: alone.try_into()?,
        });
    }
    let stored = |accounting: &Accounting| accounting.registry.stored_bytes.get();
    // Deleting tags never adds anything.
    let freed = stored(before).saturating_sub(stored(&after));
    Ok(CleanUpResult {
        freed: freed.try_into()?,
        stored_before: before.registry.stored_bytes,
        repositories,
    })
}
