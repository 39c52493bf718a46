//! The registry as it would be: for each repository the set of blobs it would reach if its images moved to Alpine, with
//! the same blob ids as the current blobs.

use std::collections::HashMap;

use super::replacement::{ErrorSource, LayerIdentity, Replacement, UncertainSize};
use crate::base_image::{KeyMap, KeySet};
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

/// The identity of a new blob that has no digest. Layers are on an Alpine variant, which is given by its number.
#[derive(Debug, PartialEq, Eq, Hash)]
enum NewBlob {
    /// A layer of the variant itself.
    Position(u32, u32),
    /// A layer that is rebuilt.
    Rebuilt(u32, BlobId),
    /// What images need in addition.
    Addition(u32, Option<BlobId>),
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
            existing: existing(inventory, replacements),
            twins: HashMap::new(),
            published: KeyMap::default(),
            new_blobs: KeyMap::default(),
            sizes: inventory.sizes().to_vec(),
            spreads: Vec::new(),
            reached: KeyMap::default(),
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
    /// The current blobs that are layers of Alpine variants.
    existing: KeyMap<Digest, BlobId>,
    twins: HashMap<&'a str, u32>,
    /// The layers of Alpine variants with a digest that are no current blobs. They are the same on every variant.
    published: KeyMap<Digest, BlobId>,
    new_blobs: KeyMap<NewBlob, BlobId>,
    sizes: Vec<u64>,
    spreads: Vec<UncertainSize>,
    /// What a manifest would reach, sorted; `None` if nothing below it moves.
    reached: KeyMap<ManifestId, Option<Box<[BlobId]>>>,
}

impl<'a> Assembly<'a> {
    fn both_states(&mut self, repository: &RepositoryNode) -> BothStates {
        let mut before = Vec::new();
        let mut after = Vec::new();
        let mut logical_before = 0_u128;
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
        }
        before.sort_unstable();
        before.dedup();
        before.shrink_to_fit();
        after.sort_unstable();
        let logical_after: Vec<(u32, BlobId)> = after
            .chunk_by(|one, other| one == other)
            .map(|same| (same.len() as u32, same[0]))
            .collect();
        let after = logical_after.iter().map(|(_, blob)| *blob).collect();
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
                let twin = self.twin(&replacement.twin);
                for layer in &replacement.layers {
                    blobs.push(self.layer(twin, &layer.identity, layer.size));
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
        self.reached.insert(id, Some(blobs.into()));
    }

    fn document(&mut self, replaced: BlobId) -> BlobId {
        let bytes = self.inventory.sizes()[replaced as usize];
        self.new_blob(NewBlob::Document(replaced), UncertainSize::exact(bytes))
    }

    fn twin(&mut self, twin: &'a str) -> u32 {
        let next = self.twins.len() as u32;
        *self.twins.entry(twin).or_insert(next)
    }

    fn layer(&mut self, twin: u32, identity: &LayerIdentity, size: UncertainSize) -> BlobId {
        match identity {
            LayerIdentity::Published(digest) => {
                if let Some(&blob) = self.existing.get(digest).or_else(|| self.published.get(digest)) {
                    return blob;
                }
                let new = self.push(size);
                self.published.insert(*digest, new);
                new
            }
            LayerIdentity::Position(place) => self.new_blob(NewBlob::Position(twin, *place), size),
            LayerIdentity::Rebuilt(blob) => self.new_blob(NewBlob::Rebuilt(twin, *blob), size),
            LayerIdentity::Addition(first) => self.new_blob(NewBlob::Addition(twin, *first), size),
        }
    }

    fn push(&mut self, size: UncertainSize) -> BlobId {
        let new = self.sizes.len() as BlobId;
        self.sizes.push(size.expected);
        self.spreads.push(size);
        new
    }

    fn new_blob(&mut self, key: NewBlob, size: UncertainSize) -> BlobId {
        if let Some(&known) = self.new_blobs.get(&key) {
            return known;
        }
        let new = self.push(size);
        self.new_blobs.insert(key, new);
        new
    }
}

/// The current blobs that are layers of Alpine variants.
fn existing(
    inventory: &Inventory,
    replacements: &HashMap<ManifestId, Replacement>,
) -> KeyMap<Digest, BlobId> {
    let layers = replacements.values().flat_map(|replacement| &replacement.layers);
    let published: KeySet<Digest> = layers
        .filter_map(|layer| match layer.identity {
            LayerIdentity::Published(digest) => Some(digest),
            _ => None,
        })
        .collect();
    (0..inventory.sizes().len() as BlobId)
        .map(|blob| (inventory.digest(blob), blob))
        .filter(|(digest, _)| published.contains(digest))
        .collect()
}

/// Sums errors: linearly within a source, in quadrature between sources. One that is cleared can be used again, which is
/// cheaper than a new one where there are many sources.
#[derive(Debug, Default)]
pub(super) struct Deviation {
    /// By the number of the source.
    by_source: Vec<Option<(f64, f64)>>,
    sources: Vec<u32>,
}

impl Deviation {
    /// Adds a blob of which `1 / divisor` counts, `times` times.
    pub(super) fn add(&mut self, spread: &UncertainSize, times: u32, divisor: u32) {
        let weight = f64::from(times) / f64::from(divisor.max(1));
        let (below, above) = self.of(spread.source);
        *below += spread.below as f64 * weight;
        *above += spread.above as f64 * weight;
    }

    /// Adds all errors of another sum.
    pub(super) fn merge(&mut self, other: &Self) {
        for &source in &other.sources {
            if let Some((below, above)) = other.by_source[source as usize] {
                let own = self.of(ErrorSource(source));
                *own.0 += below;
                *own.1 += above;
            }
        }
    }

    /// Forgets all errors.
    pub(super) fn clear(&mut self) {
        for source in self.sources.drain(..) {
            self.by_source[source as usize] = None;
        }
    }

    /// How far the actual sum may lie below and above the expected one, in bytes.
    pub(super) fn total(&mut self) -> (u128, u128) {
        // The same order always gives the same sum.
        self.sources.sort_unstable();
        let errors = self
            .sources
            .iter()
            .filter_map(|source| self.by_source[*source as usize]);
        let squares = errors.fold((0.0, 0.0), |(below, above), (b, a)| {
            (below + b * b, above + a * a)
        });
        (squares.0.sqrt().round() as u128, squares.1.sqrt().round() as u128)
    }

    fn of(&mut self, source: ErrorSource) -> (&mut f64, &mut f64) {
        let place = source.0 as usize;
        if place >= self.by_source.len() {
            self.by_source.resize(place + 1, None);
        }
        let errors = &mut self.by_source[place];
        if errors.is_none() {
            self.sources.push(source.0);
        }
        let (below, above) = errors.get_or_insert((0.0, 0.0));
        (below, above)
    }
}
