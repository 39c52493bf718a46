use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

use super::assembly::Assembly;
use crate::oci::{
    Digest, Manifest, ManifestKind, Platform, PlatformFilter, RegistryName, RepositoryName, Tag,
};
use crate::units::ByteCount;

/// Where a registry keeps one copy of a blob.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, IntoStaticStr, EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum DedupScope {
    /// Once in the whole registry: Azure Container Registry, Distribution, Harbor.
    #[default]
    Registry,
    /// Once in each repository: AWS ECR.
    Repository,
}

impl DedupScope {
    /// The scope as it is written in the store.
    pub const fn as_str(self) -> &'static str {
        self.into_str()
    }
}

/// A blob's place in an [`Inventory`].
pub type BlobId = u32;
/// A manifest's place in an [`Inventory`].
pub type ManifestId = u32;

/// A manifest in the graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestNode {
    /// The manifest's own document, which is a stored blob too.
    pub blob: BlobId,
    /// What it is for.
    pub kind: ManifestKind,
    /// What an image runs on, if its configuration or its index says so.
    pub platform: Option<Platform>,
    /// The configuration.
    pub config: Option<BlobId>,
    /// The stored layers in order. A layer may stand in a manifest more than once.
    pub layers: Vec<BlobId>,
    /// How many layers are foreign and therefore not stored.
    pub foreign_layers: usize,
    /// The children of an index that are known, in order, and chosen by the platform filter.
    pub children: Vec<ManifestId>,
    /// How many chosen children have not been read, so that what they reach is not counted.
    pub unread_children: usize,
}

/// A tag and what it points to.
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
    /// Manifests that the registry says it stores there and that no tag of the repository reaches; none where
    /// the registry cannot say.
    pub untagged: Option<Vec<ManifestId>>,
}

/// What one registry holds at one moment, with everything named by small integers.
#[derive(Debug, Clone)]
pub struct Inventory {
    /// The registry.
    pub registry: RegistryName,
    /// Where it shares blobs.
    pub dedup_scope: DedupScope,
    /// The repositories by name, those without tags among them.
    pub repositories: Vec<RepositoryNode>,
    pub(super) manifests: Vec<ManifestNode>,
    pub(super) digests: Vec<Digest>,
    pub(super) sizes: Vec<u64>,
    /// For each manifest, every stored blob it reaches, itself among them: sorted, each once.
    pub(super) reached: Vec<Box<[BlobId]>>,
    /// Content that two manifests give two sizes for; the first is counted.
    pub(super) conflicting_sizes: Vec<Digest>,
}

impl Inventory {
    /// A registry that holds nothing.
    pub(super) fn empty(registry: RegistryName, dedup_scope: DedupScope) -> Self {
        Self {
            registry,
            dedup_scope,
            repositories: Vec::new(),
            manifests: Vec::new(),
            digests: Vec::new(),
            sizes: Vec::new(),
            reached: Vec::new(),
            conflicting_sizes: Vec::new(),
        }
    }

    /// The manifest with this id.
    pub fn manifest(&self, id: ManifestId) -> &ManifestNode {
        &self.manifests[id as usize]
    }

    /// Every manifest, in the order of their ids.
    pub fn manifests(&self) -> &[ManifestNode] {
        &self.manifests
    }

    /// Every stored blob that a manifest reaches, itself among them: sorted, each once.
    pub fn reached(&self, id: ManifestId) -> &[BlobId] {
        &self.reached[id as usize]
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

    /// Content for which manifests disagree about the size. Only a broken or hostile registry has any.
    pub fn conflicting_sizes(&self) -> &[Digest] {
        &self.conflicting_sizes
    }

    /// How many children of reachable indexes have not been read. Where this is not zero, totals are
    /// too small.
    pub fn unread_children(&self) -> usize {
        self.manifests
            .iter()
            .map(|manifest| manifest.unread_children)
            .sum()
    }

    /// The images beneath a manifest: itself, or an index's children at any depth.
    pub fn images_of(&self, id: ManifestId) -> Vec<ManifestId> {
        let mut images = Vec::new();
        let mut seen = HashSet::new();
        let mut pending = vec![id];
        while let Some(id) = pending.pop() {
            if !seen.insert(id) {
                continue;
            }
            let node = self.manifest(id);
            if node.kind == ManifestKind::Image {
                images.push(id);
            }
            pending.extend(node.children.iter().rev());
        }
        images
    }
}

/// Collects facts in any order and makes an [`Inventory`] of them.
#[derive(Debug)]
pub struct InventoryBuilder {
    pub(super) registry: RegistryName,
    pub(super) dedup_scope: DedupScope,
    pub(super) platforms: Vec<PlatformFilter>,
    pub(super) manifests: HashMap<Digest, (ByteCount, Manifest)>,
    pub(super) config_platforms: HashMap<Digest, Platform>,
    pub(super) repositories: BTreeMap<RepositoryName, RepositoryFacts>,
    pub(super) referrers: HashMap<Digest, Vec<Digest>>,
}

#[derive(Debug, Default)]
pub(super) struct RepositoryFacts {
    pub(super) tags: BTreeMap<Tag, Digest>,
    /// What the registry says it stores there, tagged or not; none where it does not say.
    pub(super) listed: Option<BTreeSet<Digest>>,
}

impl InventoryBuilder {
    /// Starts an inventory of everything in one registry.
    pub fn new(registry: RegistryName, dedup_scope: DedupScope) -> Self {
        Self {
            registry,
            dedup_scope,
            platforms: Vec::new(),
            manifests: HashMap::new(),
            config_platforms: HashMap::new(),
            repositories: BTreeMap::new(),
            referrers: HashMap::new(),
        }
    }

    /// Counts only images for these platforms (and what is not for a platform at all, such as a chart).
    /// No filter means every platform.
    pub fn platforms(&mut self, platforms: Vec<PlatformFilter>) {
        self.platforms = platforms;
    }

    /// Adds a manifest with its own length.
    pub fn manifest(&mut self, digest: Digest, size: ByteCount, manifest: Manifest) {
        self.manifests.insert(digest, (size, manifest));
    }

    /// A manifest that has been added.
    pub fn known_manifest(&self, digest: &Digest) -> Option<&Manifest> {
        self.manifests.get(digest).map(|(_, manifest)| manifest)
    }

    /// Adds what an image with this configuration runs on.
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

    /// Adds what a registry says it stores in a repository. What a tag reaches may be among it; the rest is
    /// untagged.
    pub fn listed(&mut self, repository: RepositoryName, digests: impl IntoIterator<Item = Digest>) {
        self.repositories
            .entry(repository)
            .or_default()
            .listed
            .get_or_insert_default()
            .extend(digests);
    }

    /// Adds a manifest that is attached to another one. It is reached whenever its subject is.
    pub fn referrer(&mut self, subject: Digest, digest: Digest) {
        self.referrers.entry(subject).or_default().push(digest);
    }

    /// Makes the graph. Tags whose manifest is not known are left out, since nothing is known of them.
    pub fn finish(self) -> Inventory {
        Assembly::new(self).finish()
    }
}
