use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

use super::digest_index::DigestIndex;
use super::finding::ManifestTimes;
use super::known_manifest::KnownManifest;
use super::lists::Lists;
use super::size_conflict::SizeConflict;
use crate::oci::{
    Digest, Manifest, ManifestKind, Platform, PlatformFilter, RegistryName, RepositoryName, Tag,
};
use crate::units::ByteCount;

/// The scope in which a registry stores one copy of a blob.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    IntoStaticStr,
    EnumString,
    JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum DedupScope {
    /// The whole registry: Azure Container Registry, Distribution, Harbor.
    #[default]
    Registry,
    /// Each repository: AWS ECR.
    Repository,
    /// Each repository, but repositories may mount layers of each other, which no client can see: AWS ECR with blob
    /// mounting (AWS user guide, January 2026). Counted as for each repository, which is the most that can be stored.
    Mounted,
}

impl DedupScope {
    /// Whether the registry keeps one copy for all repositories.
    pub fn is_registry(self) -> bool {
        self == Self::Registry
    }

    /// The scope as stored in the database.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// The index of a blob in an [`Inventory`].
pub type BlobId = u32;
/// The index of a manifest in an [`Inventory`].
pub type ManifestId = u32;

/// A manifest in the graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ManifestNode {
    /// The manifest's own document, which is also a stored blob.
    pub blob: BlobId,
    /// Its kind.
    pub kind: ManifestKind,
    /// The configuration.
    pub config: Option<BlobId>,
    /// How many chosen children have not been read, so that what they reach is not counted.
    pub unread_children: u32,
    /// Whether it is a copy that the registry made of an image in another format, for streaming.
    pub is_converted_copy: bool,
}

/// A tag and its manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagNode {
    /// The tag.
    pub tag: Tag,
    /// The manifest it points to.
    pub manifest: ManifestId,
}

/// A repository and its tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryNode {
    /// The repository's name.
    pub name: RepositoryName,
    /// Its tags by name.
    pub tags: Vec<TagNode>,
    /// Manifests that the registry lists for this repository and that none of its tags reaches. `None` if the registry
    /// has no such listing.
    pub untagged: Option<Vec<ManifestId>>,
    /// When its manifests came and changed, as far as the registry lists them and says.
    pub times: HashMap<ManifestId, ManifestTimes>,
}

/// The content of one registry at one moment, with small integers as ids.
#[derive(Debug, Clone)]
pub struct Inventory {
    /// The registry.
    pub registry: RegistryName,
    /// The scope in which it shares blobs.
    pub dedup_scope: DedupScope,
    /// The repositories sorted by name, including those without tags.
    pub repositories: Vec<RepositoryNode>,
    pub(super) manifests: Vec<ManifestNode>,
    pub(super) digests: Vec<Digest>,
    pub(super) sizes: Vec<u64>,
    /// For each manifest, its stored layers in order. A layer may occur more than once.
    pub(super) layers: Lists,
    /// For each manifest, the children that are known and chosen by the platform filter, in order.
    pub(super) children: Lists,
    /// For each manifest, every stored blob it reaches, including itself: sorted, each once.
    pub(super) reached: Lists,
    pub(super) size_conflicts: Vec<SizeConflict>,
}

impl Inventory {
    /// An empty registry.
    pub(super) fn empty(registry: RegistryName, dedup_scope: DedupScope) -> Self {
        Self {
            registry,
            dedup_scope,
            repositories: Vec::new(),
            manifests: Vec::new(),
            digests: Vec::new(),
            sizes: Vec::new(),
            layers: Lists::default(),
            children: Lists::default(),
            reached: Lists::default(),
            size_conflicts: Vec::new(),
        }
    }

    /// The manifest with this id.
    pub fn manifest(&self, id: ManifestId) -> &ManifestNode {
        &self.manifests[id as usize]
    }

    /// Every manifest, in order of id.
    pub fn manifests(&self) -> &[ManifestNode] {
        &self.manifests
    }

    /// The stored layers of a manifest, in order. A layer may occur more than once.
    pub fn layers(&self, id: ManifestId) -> &[BlobId] {
        self.layers.get(id)
    }

    /// The children of an index that are known and chosen by the platform filter, in order.
    pub fn children(&self, id: ManifestId) -> &[ManifestId] {
        self.children.get(id)
    }

    /// Every stored blob that a manifest reaches, including itself: sorted, each once.
    pub fn reached(&self, id: ManifestId) -> &[BlobId] {
        self.reached.get(id)
    }

    /// The digest of a blob.
    pub fn digest(&self, blob: BlobId) -> Digest {
        self.digests[blob as usize]
    }

    /// The digest of a manifest.
    pub fn manifest_digest(&self, id: ManifestId) -> Digest {
        self.digest(self.manifest(id).blob)
    }

    /// The stored size of each blob, by id.
    pub fn sizes(&self) -> &[u64] {
        &self.sizes
    }

    /// Content for which manifests state different sizes, by digest.
    pub fn size_conflicts(&self) -> &[SizeConflict] {
        &self.size_conflicts
    }

    /// How many children of reachable indexes have not been read. If this is not zero, totals are too small.
    pub fn unread_children(&self) -> usize {
        self.manifests
            .iter()
            .map(|manifest| manifest.unread_children as usize)
            .sum()
    }

    /// The images of a manifest: itself, or an index's children at any depth.
    pub fn images_of(&self, id: ManifestId) -> Vec<ManifestId> {
        let mut images = Vec::new();
        let mut seen = HashSet::new();
        let mut pending = vec![id];
        while let Some(id) = pending.pop() {
            if !seen.insert(id) {
                continue;
            }
            if self.manifest(id).kind == ManifestKind::Image {
                images.push(id);
            }
            pending.extend(self.children(id).iter().rev());
        }
        images
    }
}

/// Collects facts in any order and builds an [`Inventory`].
#[derive(Debug)]
pub struct InventoryBuilder {
    pub(super) registry: RegistryName,
    pub(super) dedup_scope: DedupScope,
    pub(super) platforms: Vec<PlatformFilter>,
    /// The digests of the manifests, in the order in which they were added.
    pub(super) digests: Vec<Digest>,
    pub(super) places: DigestIndex,
    /// The manifests in the same order; `None` for one that is left out.
    pub(super) manifests: Vec<Option<Arc<KnownManifest>>>,
    pub(super) config_platforms: HashMap<Digest, Platform>,
    pub(super) repositories: BTreeMap<RepositoryName, RepositoryFacts>,
    pub(super) referrers: HashMap<Digest, Vec<Digest>>,
    pub(super) confirmed_sizes: HashMap<Digest, ByteCount>,
}

#[derive(Debug, Default)]
pub(super) struct RepositoryFacts {
    pub(super) tags: BTreeMap<Tag, Digest>,
    /// The manifests the registry lists for the repository, tagged or not; `None` if it has no such listing.
    pub(super) listed: Option<BTreeSet<Digest>>,
    pub(super) times: HashMap<Digest, ManifestTimes>,
}

impl InventoryBuilder {
    /// Creates a builder for one registry.
    pub fn new(registry: RegistryName, dedup_scope: DedupScope) -> Self {
        Self {
            registry,
            dedup_scope,
            platforms: Vec::new(),
            digests: Vec::new(),
            places: DigestIndex::default(),
            manifests: Vec::new(),
            config_platforms: HashMap::new(),
            repositories: BTreeMap::new(),
            referrers: HashMap::new(),
            confirmed_sizes: HashMap::new(),
        }
    }

    /// Counts only images for these platforms, and content without a platform, such as charts. No filter means every
    /// platform.
    pub fn platforms(&mut self, platforms: Vec<PlatformFilter>) {
        self.platforms = platforms;
    }

    /// Adds a manifest and its size.
    pub fn manifest(&mut self, digest: Digest, size: ByteCount, manifest: Manifest) {
        self.known(digest, KnownManifest::new(size, manifest).into());
    }

    /// Adds what is known of a manifest.
    pub fn known(&mut self, digest: Digest, manifest: Arc<KnownManifest>) {
        let (place, is_new) = self.places.get_or_push(digest, &mut self.digests);
        match is_new {
            true => self.manifests.push(Some(manifest)),
            false => self.manifests[place as usize] = Some(manifest),
        }
    }

    /// Leaves out manifests that the registry no longer has, although their content is known. One that a tag points to
    /// stays: the tag decides.
    pub fn missing(&mut self, digests: impl IntoIterator<Item = Digest>) {
        let mut digests: HashSet<Digest> = digests.into_iter().collect();
        if digests.is_empty() {
            return;
        }
        for tagged in self.repositories.values().flat_map(|facts| facts.tags.values()) {
            digests.remove(tagged);
        }
        for digest in digests {
            if let Some(place) = self.places.get(&digest, &self.digests) {
                self.manifests[place as usize] = None;
            }
        }
    }

    /// A manifest that has been added.
    pub fn known_manifest(&self, digest: &Digest) -> Option<&KnownManifest> {
        let place = self.places.get(digest, &self.digests)?;
        self.manifests[place as usize].as_deref()
    }

    /// Adds the size of content that the registry confirmed. It counts, whatever manifests state.
    pub fn confirmed_size(&mut self, digest: Digest, size: ByteCount) {
        self.confirmed_sizes.insert(digest, size);
    }

    /// Whether the platforms of configurations decide which images count.
    pub fn needs_platforms(&self) -> bool {
        !self.platforms.is_empty()
    }

    /// Adds the platform of images with this configuration.
    pub fn config_platform(&mut self, config: Digest, platform: Platform) {
        self.config_platforms.insert(config, platform);
    }

    /// Adds a repository, whether or not it has tags.
    pub fn repository(&mut self, repository: RepositoryName) {
        self.repositories.entry(repository).or_default();
    }

    /// Adds a tag.
    pub fn tag(&mut self, repository: RepositoryName, tag: Tag, digest: Digest) {
        self.repositories
            .entry(repository)
            .or_default()
            .tags
            .insert(tag, digest);
    }

    /// Adds the manifests that the registry lists for a repository, tagged or not.
    pub fn listed(&mut self, repository: RepositoryName, digests: impl IntoIterator<Item = Digest>) {
        self.repositories
            .entry(repository)
            .or_default()
            .listed
            .get_or_insert_default()
            .extend(digests);
    }

    /// Adds when a listed manifest came and changed.
    pub fn times(&mut self, repository: RepositoryName, digest: Digest, times: ManifestTimes) {
        let facts = self.repositories.entry(repository).or_default();
        facts.times.insert(digest, times);
    }

    /// Adds a manifest that is attached to another one. It is reached whenever its subject is.
    pub fn referrer(&mut self, subject: Digest, digest: Digest) {
        self.referrers.entry(subject).or_default().push(digest);
    }
}
