//! What manifests state about the size of shared content, and which statement counts where they differ.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::graph::{BlobId, Inventory};
use super::size_conflict::{SizeBasis, SizeConflict};
use crate::oci::RepositoryName;
use crate::units::ByteCount;

/// The manifests that state one size for a blob.
#[derive(Debug, Clone, Copy)]
struct Statement {
    manifests: u32,
    first: BlobId,
    last: BlobId,
}

impl Statement {
    fn new(manifest: BlobId) -> Self {
        Self {
            manifests: 1,
            first: manifest,
            last: manifest,
        }
    }

    /// Counts another manifest. One that states the size several times counts once.
    fn add(&mut self, manifest: BlobId) {
        if self.last != manifest {
            self.last = manifest;
            self.manifests = self.manifests.saturating_add(1);
        }
    }
}

/// The statements about each blob of an inventory that is being built.
#[derive(Debug, Default)]
pub(super) struct SizeClaims {
    /// Of the size in the inventory, by blob; `None` if that size is confirmed.
    agreeing: Vec<Option<Statement>>,
    /// The blobs whose size the registry confirmed.
    by_registry: HashSet<BlobId>,
    /// Of other sizes.
    differing: HashMap<BlobId, BTreeMap<u64, Statement>>,
}

impl SizeClaims {
    /// Notes a new blob whose size is the one that a manifest states.
    pub(super) fn stated(&mut self, manifest: BlobId) {
        self.agreeing.push(Some(Statement::new(manifest)));
    }

    /// Notes a new blob whose size is known to be true.
    pub(super) fn confirmed(&mut self) {
        self.agreeing.push(None);
    }

    /// Notes that the size of a blob is known to be true.
    pub(super) fn confirm(&mut self, blob: BlobId, size: u64, sizes: &mut [u64]) {
        let place = blob as usize;
        if let Some(stated) = self.agreeing[place].take()
            && sizes[place] != size
        {
            let others = self.differing.entry(blob).or_default();
            others.insert(sizes[place], stated);
            others.remove(&size);
            sizes[place] = size;
        }
    }

    /// Notes that the registry confirmed the size of a blob.
    pub(super) fn by_registry(&mut self, blob: BlobId) {
        self.by_registry.insert(blob);
    }

    /// Notes what a manifest states about a blob, given the size in the inventory.
    pub(super) fn add(&mut self, blob: BlobId, size: u64, present: u64, manifest: BlobId) {
        if size != present {
            let others = self.differing.entry(blob).or_default();
            others
                .entry(size)
                .and_modify(|statement| statement.add(manifest))
                .or_insert_with(|| Statement::new(manifest));
        } else if let Some(statement) = &mut self.agreeing[blob as usize] {
            statement.add(manifest);
        }
    }

    /// Decides between the statements, and writes sizes and conflicts into the finished inventory.
    pub(super) fn settle(self, inventory: &mut Inventory) {
        let mut conflicts = Vec::with_capacity(self.differing.len());
        for (blob, mut statements) in self.differing {
            let present = inventory.sizes[blob as usize];
            let agreeing = self.agreeing[blob as usize];
            let (mut counted, mut counted_by) = (present, None);
            if let Some(agreeing) = agreeing {
                statements.insert(present, agreeing);
                counted = most_stated(&statements).unwrap_or(present);
                counted_by = statements.remove(&counted).map(|statement| statement.first);
            }
            let Some(other) = most_stated(&statements) else {
                continue;
            };
            inventory.sizes[blob as usize] = counted;
            let stated_by = statements[&other].first;
            let others = statements.values();
            let conflict = SizeConflict {
                digest: inventory.digest(blob),
                counted: bytes(counted),
                basis: match agreeing {
                    Some(_) => SizeBasis::Manifests,
                    None if self.by_registry.contains(&blob) => SizeBasis::Registry,
                    None => SizeBasis::Content,
                },
                other: bytes(other),
                stated_by: inventory.digest(stated_by),
                stated_in: None,
                counted_in: None,
                manifests: others.map(|statement| statement.manifests as usize).sum(),
            };
            conflicts.push((conflict, stated_by, counted_by));
        }
        if conflicts.is_empty() {
            return;
        }
        conflicts.sort_unstable_by_key(|(conflict, ..)| conflict.digest);
        let manifests = conflicts
            .iter()
            .flat_map(|(_, stated_by, counted_by)| [Some(*stated_by), *counted_by]);
        let holders = holders(inventory, manifests.flatten());
        let holder = |manifest: BlobId| holders.get(&manifest).cloned().flatten();
        inventory.size_conflicts = conflicts
            .into_iter()
            .map(|(conflict, stated_by, counted_by)| SizeConflict {
                stated_in: holder(stated_by),
                counted_in: counted_by.and_then(holder),
                ..conflict
            })
            .collect();
    }
}

/// The size that most manifests state; the largest of several.
fn most_stated(statements: &BTreeMap<u64, Statement>) -> Option<u64> {
    let most = statements
        .iter()
        .max_by_key(|(size, statement)| (statement.manifests, **size));
    most.map(|(size, _)| *size)
}

/// The first repository, by name, of which a tag reaches each blob.
fn holders(
    inventory: &Inventory,
    blobs: impl Iterator<Item = BlobId>,
) -> HashMap<BlobId, Option<RepositoryName>> {
    let mut holders: HashMap<BlobId, Option<RepositoryName>> = blobs.map(|blob| (blob, None)).collect();
    for repository in &inventory.repositories {
        for tag in &repository.tags {
            for blob in inventory.reached(tag.manifest) {
                if let Some(holder @ None) = holders.get_mut(blob) {
                    *holder = Some(repository.name.clone());
                }
            }
        }
    }
    holders
}

/// Every size in an inventory came from a count of bytes.
fn bytes(size: u64) -> ByteCount {
    ByteCount::try_from(size).unwrap_or(ByteCount::MAX)
}

#[cfg(test)]
mod tests {
    use crate::inventory::examples::{digest, image, name};
    use crate::inventory::{DedupScope, Inventory, InventoryBuilder, SizeBasis, account};
    use crate::units::ByteCount;

    /// A registry whose repositories have one tag each and share the layer `base`, for which each states a size.
    fn registry(sizes: &[(&str, u32)], confirmed: Option<u32>) -> Inventory {
        let mut builder = InventoryBuilder::new("reg.example.com".parse().unwrap(), DedupScope::Registry);
        for &(repository, size) in sizes {
            let (manifest, bytes, document) = image(
                repository,
                &[("base", size), (&format!("own layer of {repository}"), 1)],
            );
            builder.manifest(manifest, bytes, document);
            builder.tag(name(repository), "1".parse().unwrap(), manifest);
        }
        if let Some(size) = confirmed {
            builder.confirmed_size(digest("base"), ByteCount::from(size));
        }
        builder.finish()
    }

    fn counted(inventory: &Inventory) -> u64 {
        let own = inventory.repositories.len() as u64 * (10 + 20 + 1);
        account(inventory).unwrap().registry.stored_bytes.get() - own
    }

    #[test]
    fn what_most_manifests_state_counts_whatever_the_liars_name() {
        for liar in ["aaa", "zzz"] {
            let inventory = registry(&[("bb", 1000), (liar, 5), ("cc", 1000)], None);
            assert_eq!(counted(&inventory), 1000, "{liar}");
            let [conflict] = inventory.size_conflicts() else {
                panic!("one conflict: {:?}", inventory.size_conflicts());
            };
            assert_eq!(conflict.digest, digest("base"));
            assert_eq!((conflict.counted.get(), conflict.other.get()), (1000, 5));
            assert_eq!(conflict.stated_by, digest(liar));
            assert_eq!(conflict.stated_in, Some(name(liar)));
            assert_eq!((conflict.manifests, conflict.basis), (1, SizeBasis::Manifests));
        }
    }

    #[test]
    fn of_two_statements_the_larger_counts() {
        for sizes in [[("a", 5), ("b", 1000)], [("a", 1000), ("b", 5)]] {
            assert_eq!(counted(&registry(&sizes, None)), 1000);
        }
    }

    #[test]
    fn what_the_registry_confirms_counts_against_any_number_of_manifests() {
        let lies = [("a", 5), ("b", 5), ("c", 1000), ("d", 6)];
        let inventory = registry(&lies, Some(1000));
        assert_eq!(counted(&inventory), 1000);
        let conflict = &inventory.size_conflicts()[0];
        assert_eq!(conflict.basis, SizeBasis::Registry);
        assert_eq!((conflict.other.get(), conflict.manifests), (5, 3));
        // An undisputed size needs no confirmation, and a size that every manifest disputes is still counted.
        assert!(registry(&[("a", 7)], Some(7)).size_conflicts().is_empty());
        assert_eq!(counted(&registry(&[("a", 5), ("b", 5)], Some(7))), 7);
    }

    #[test]
    fn a_manifest_that_states_a_size_many_times_counts_once() {
        let mut builder = InventoryBuilder::new("reg.example.com".parse().unwrap(), DedupScope::Registry);
        for (repository, layers) in [
            ("a", vec![("base", 5_u32); 50]),
            ("b", vec![("base", 1000)]),
            ("c", vec![("base", 1000)]),
        ] {
            let (manifest, bytes, document) = image(repository, &layers);
            builder.manifest(manifest, bytes, document);
            builder.tag(name(repository), "1".parse().unwrap(), manifest);
        }
        let inventory = builder.finish();
        assert_eq!(inventory.size_conflicts()[0].counted.get(), 1000);
    }
}
