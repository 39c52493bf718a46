//! The registry as it would be: for each repository the set of blobs it would reach if its images moved to Alpine, with
//! the same blob ids as the current blobs.

use std::collections::{BTreeMap, HashMap};

use super::replacement::{ErrorSource, LayerIdentity, Replacement, UncertainSize};
use crate::inventory::{BlobId, DedupScope, Inventory, ManifestId, RepositoryNode};
use crate::oci::{Digest, RepositoryName};

/// Both states of every repository: now, and after its images have moved.
///
/// What a repository would reach depends only on its own images. So a choice of repositories that switch is a choice
/// between two sets for each: the graph is built once and evaluated many times. It owns its data and may outlive the
/// inventory.
#[derive(Debug, Clone, PartialEq)]
pub struct Counterfactual {
    pub(super) dedup_scope: DedupScope,
    /// The number of current blobs; higher ids are new blobs.
    pub(super) blobs_today: usize,
    /// Expected bytes by blob: current blobs, then new ones.
    pub(super) sizes: Vec<u64>,
    /// The uncertainty of the sizes of new blobs, from the first new blob on.
    spreads: Vec<UncertainSize>,
    pub(super) repositories: Vec<BothStates>,
}

/// A repository's blobs, each once, before and after its images have moved.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct BothStates {
    pub(super) name: RepositoryName,
    pub(super) before: Vec<BlobId>,
    pub(super) after: Vec<BlobId>,
    /// The sum of its tags' bytes, each tag counted on its own.
    pub(super) logical_before: u128,
    /// The blobs after the move, each with the number of tags that reach it.
    pub(super) logical_after: Vec<(u32, BlobId)>,
}

/// The identity of a new blob.
#[derive(Debug, PartialEq, Eq, Hash)]
enum NewBlob {
    /// A layer on an Alpine variant, which is given by its number.
    Layer(u32, LayerIdentity),
    /// A rewritten manifest, index or configuration, identified by the one it replaces.
    Document(BlobId),
}

impl Counterfactual {
    /// Builds both states of every repository.
    ///
    /// `replacements` holds the new content of images that can move; the others stay as they are. New manifests, indexes
    /// and configurations are assumed to be as long as the ones they replace. Attachments of an image (signatures,
    /// attestations) stay as they are. Linear in the number of layer references.
    pub fn new(inventory: &Inventory, replacements: &HashMap<ManifestId, Replacement>) -> Self {
        let mut assembly = Assembly {
            inventory,
            replacements,
            existing: (0..inventory.sizes().len() as BlobId)
                .map(|blob| (inventory.digest(blob), blob))
                .collect(),
            twins: HashMap::new(),
            new_blobs: HashMap::new(),
            sizes: inventory.sizes().to_vec(),
            spreads: Vec::new(),
            reached: HashMap::new(),
        };
        let repositories = inventory
            .repositories
            .iter()
            .map(|repository| assembly.both_states(repository))
            .collect();
        Self {
            dedup_scope: inventory.dedup_scope,
            blobs_today: inventory.sizes().len(),
            sizes: assembly.sizes,
            spreads: assembly.spreads,
            repositories,
        }
    }

    /// The uncertainty of a blob's size; `None` for a current blob, whose size is known.
    pub(super) fn spread(&self, blob: BlobId) -> Option<&UncertainSize> {
        (blob as usize)
            .checked_sub(self.blobs_today)
            .map(|index| &self.spreads[index])
    }

    /// Whether any image of the repository can move.
    pub fn can_switch(&self, repository: usize) -> bool {
        self.repositories[repository].before != self.repositories[repository].after
    }
}

struct Assembly<'a> {
    inventory: &'a Inventory,
    replacements: &'a HashMap<ManifestId, Replacement>,
    existing: HashMap<Digest, BlobId>,
    twins: HashMap<&'a str, u32>,
    new_blobs: HashMap<NewBlob, BlobId>,
    sizes: Vec<u64>,
    spreads: Vec<UncertainSize>,
    /// What a manifest would reach, sorted; `None` if nothing below it moves.
    reached: HashMap<ManifestId, Option<Vec<BlobId>>>,
}

impl<'a> Assembly<'a> {
    fn both_states(&mut self, repository: &RepositoryNode) -> BothStates {
        let mut before = Vec::new();
        let mut after = Vec::new();
        let mut logical_before = 0_u128;
        let mut logical_after: HashMap<BlobId, u32> = HashMap::new();
        for tag in &repository.tags {
            let reached = self.inventory.reached(tag.manifest);
            before.extend_from_slice(reached);
            logical_before += reached
                .iter()
                .map(|&blob| u128::from(self.inventory.sizes()[blob as usize]))
                .sum::<u128>();
            self.after(tag.manifest);
            let would_reach = self.reached[&tag.manifest].as_deref().unwrap_or(reached);
            after.extend_from_slice(would_reach);
            for &blob in would_reach {
                *logical_after.entry(blob).or_default() += 1;
            }
        }
        for blobs in [&mut before, &mut after] {
            blobs.sort_unstable();
            blobs.dedup();
        }
        let mut logical_after: Vec<_> = logical_after
            .into_iter()
            .map(|(blob, tags)| (tags, blob))
            .collect();
        logical_after.sort_unstable_by_key(|&(_, blob)| blob);
        BothStates {
            name: repository.name.clone(),
            before,
            after,
            logical_before,
            logical_after,
        }
    }

    /// Computes what a manifest would reach and caches it.
    fn after(&mut self, id: ManifestId) {
        if self.reached.contains_key(&id) {
            return;
        }
        let node = self.inventory.manifest(id);
        let (layers, children) = (self.inventory.layers(id), self.inventory.children(id));
        for &child in children {
            self.after(child);
        }
        let moves = |child: &&ManifestId| self.reached[*child].is_some();
        let replacement = self.replacements.get(&id);
        if replacement.is_none() && !children.iter().any(|child| moves(&child)) {
            self.reached.insert(id, None);
            return;
        }

        // What the manifest reaches beyond its own parts and its children is attached to it, and stays.
        let mut own = vec![node.blob];
        own.extend(node.config);
        own.extend(layers);
        for &child in children {
            own.extend_from_slice(self.inventory.reached(child));
        }
        own.sort_unstable();
        let attached = self.inventory.reached(id).iter().copied();
        let mut blobs: Vec<_> = attached.filter(|blob| own.binary_search(blob).is_err()).collect();

        blobs.push(self.document(node.blob));
        match replacement {
            Some(replacement) => {
                blobs.extend(node.config.map(|config| self.document(config)));
                for layer in &replacement.layers {
                    blobs.push(self.layer(&replacement.twin, &layer.identity, layer.size));
                }
            }
            None => {
                blobs.extend(node.config);
                blobs.extend(layers);
            }
        }
        for &child in children {
            match &self.reached[&child] {
                Some(reached) => blobs.extend_from_slice(reached),
                None => blobs.extend_from_slice(self.inventory.reached(child)),
            }
        }
        blobs.sort_unstable();
        blobs.dedup();
        self.reached.insert(id, Some(blobs));
    }

    fn document(&mut self, replaced: BlobId) -> BlobId {
        let bytes = self.inventory.sizes()[replaced as usize];
        self.new_blob(NewBlob::Document(replaced), UncertainSize::exact(bytes))
    }

    fn layer(&mut self, twin: &'a str, identity: &LayerIdentity, size: UncertainSize) -> BlobId {
        if let LayerIdentity::Published(digest) = identity {
            if let Some(&blob) = self.existing.get(digest) {
                return blob;
            }
            // A published layer is the same on every variant.
            return self.new_blob(NewBlob::Layer(u32::MAX, identity.clone()), size);
        }
        let next = self.twins.len() as u32;
        let twin = *self.twins.entry(twin).or_insert(next);
        self.new_blob(NewBlob::Layer(twin, identity.clone()), size)
    }

    fn new_blob(&mut self, key: NewBlob, size: UncertainSize) -> BlobId {
        let next = self.sizes.len() as BlobId;
        let id = *self.new_blobs.entry(key).or_insert(next);
        if id == next {
            self.sizes.push(size.expected);
            self.spreads.push(size);
        }
        id
    }
}

/// Sums errors: linearly within a source, in quadrature between sources.
#[derive(Debug, Default)]
pub(super) struct Deviation {
    by_source: BTreeMap<ErrorSource, (f64, f64)>,
}

impl Deviation {
    /// Adds a blob of which `1 / divisor` counts, `times` times.
    pub(super) fn add(&mut self, spread: &UncertainSize, times: u32, divisor: u32) {
        let weight = f64::from(times) / f64::from(divisor.max(1));
        let (below, above) = self.by_source.entry(spread.source).or_default();
        *below += spread.below as f64 * weight;
        *above += spread.above as f64 * weight;
    }

    /// Adds all errors of another sum.
    pub(super) fn merge(&mut self, other: &Self) {
        for (source, (below, above)) in &other.by_source {
            let own = self.by_source.entry(*source).or_default();
            own.0 += below;
            own.1 += above;
        }
    }

    /// How far the actual sum may lie below and above the expected one, in bytes.
    pub(super) fn total(&self) -> (u128, u128) {
        let squares = self
            .by_source
            .values()
            .fold((0.0, 0.0), |(below, above), (b, a)| {
                (below + b * b, above + a * a)
            });
        (squares.0.sqrt().round() as u128, squares.1.sqrt().round() as u128)
    }
}
