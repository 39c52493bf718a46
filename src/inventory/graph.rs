use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use crate::oci::{
    Digest, Manifest, ManifestKind, Platform, PlatformFilter, RegistryName, RepositoryName, Tag,
};
use crate::units::ByteCount;

/// Where a registry keeps one copy of a blob.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DedupScope {
    /// Once in the whole registry: Azure Container Registry, Distribution, Harbor.
    #[default]
    Registry,
    /// Once in each repository: AWS ECR.
    Repository,
}

impl DedupScope {
    /// The scope as it is written in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Registry => "registry",
            Self::Repository => "repository",
        }
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
    /// Manifests the registry is known to store there that no tag reaches; none where the registry
    /// cannot say.
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
    manifests: Vec<ManifestNode>,
    digests: Vec<Digest>,
    sizes: Vec<u64>,
    /// For each manifest, every stored blob it reaches, itself among them: sorted, each once.
    reached: Vec<Box<[BlobId]>>,
    /// Content that two manifests give two sizes for; the first is counted.
    conflicting_sizes: Vec<Digest>,
}

impl Inventory {
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
        let mut pending = vec![id];
        while let Some(id) = pending.pop() {
            let node = self.manifest(id);
            if node.kind == ManifestKind::Image && !images.contains(&id) {
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
    registry: RegistryName,
    dedup_scope: DedupScope,
    platforms: Vec<PlatformFilter>,
    manifests: HashMap<Digest, (ByteCount, Manifest)>,
    config_platforms: HashMap<Digest, Platform>,
    repositories: BTreeMap<RepositoryName, RepositoryFacts>,
    referrers: HashMap<Digest, Vec<Digest>>,
}

#[derive(Debug, Default)]
struct RepositoryFacts {
    tags: BTreeMap<Tag, Digest>,
    untagged: Option<Vec<Digest>>,
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

    /// Adds what a registry says it stores in a repository without a tag.
    pub fn untagged(&mut self, repository: RepositoryName, digests: Vec<Digest>) {
        self.repositories
            .entry(repository)
            .or_default()
            .untagged
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

/// The graph while it is put together.
struct Assembly {
    facts: InventoryBuilder,
    ids: HashMap<Digest, BlobId>,
    manifest_ids: HashMap<Digest, Option<ManifestId>>,
    inventory: Inventory,
}

impl Assembly {
    fn new(mut facts: InventoryBuilder) -> Self {
        // The same whatever the order in which facts arrived.
        for attached in facts.referrers.values_mut() {
            attached.sort_unstable();
            attached.dedup();
        }
        let inventory = Inventory {
            registry: facts.registry.clone(),
            dedup_scope: facts.dedup_scope,
            repositories: Vec::new(),
            manifests: Vec::new(),
            digests: Vec::new(),
            sizes: Vec::new(),
            reached: Vec::new(),
            conflicting_sizes: Vec::new(),
        };
        Self {
            facts,
            ids: HashMap::new(),
            manifest_ids: HashMap::new(),
            inventory,
        }
    }

    fn finish(mut self) -> Inventory {
        let repositories = std::mem::take(&mut self.facts.repositories);
        for (name, facts) in repositories {
            let tags = facts
                .tags
                .into_iter()
                .filter_map(|(tag, digest)| {
                    self.manifest(digest, None)
                        .map(|manifest| TagNode { tag, manifest })
                })
                .collect();
            let untagged = facts.untagged.map(|digests| {
                digests
                    .into_iter()
                    .filter_map(|digest| self.manifest(digest, None))
                    .collect()
            });
            self.inventory
                .repositories
                .push(RepositoryNode { name, tags, untagged });
        }
        self.inventory.conflicting_sizes.sort_unstable();
        self.inventory.conflicting_sizes.dedup();
        self.inventory
    }

    fn blob(&mut self, digest: Digest, size: ByteCount) -> BlobId {
        if let Some(&id) = self.ids.get(&digest) {
            if self.inventory.sizes[id as usize] != size.get() {
                self.inventory.conflicting_sizes.push(digest);
            }
            return id;
        }
        let id = self.inventory.digests.len() as BlobId;
        self.inventory.digests.push(digest);
        self.inventory.sizes.push(size.get());
        self.ids.insert(digest, id);
        id
    }

    /// The node of a manifest, made on first sight; none where it is unknown or not chosen.
    ///
    /// `listed` is what the index says of it, which matters where its configuration says nothing. A
    /// manifest contains the digests of what is beneath it, so there can be no cycle to fall into; an
    /// entry of `None` while it is being made breaks one all the same.
    fn manifest(&mut self, digest: Digest, listed: Option<&Platform>) -> Option<ManifestId> {
        if let Some(&known) = self.manifest_ids.get(&digest) {
            return known;
        }
        let (size, manifest) = self.facts.manifests.get(&digest)?.clone();
        let platform = manifest
            .config
            .as_ref()
            .and_then(|config| self.facts.config_platforms.get(&config.digest))
            .or(listed)
            .cloned();
        let is_chosen = manifest.kind != ManifestKind::Image
            || platform
                .as_ref()
                .is_none_or(|platform| PlatformFilter::any_matches(&self.facts.platforms, platform));
        if !is_chosen {
            return None;
        }
        self.manifest_ids.insert(digest, None);

        let mut node = ManifestNode {
            blob: self.blob(digest, size),
            kind: manifest.kind,
            platform,
            config: None,
            layers: Vec::with_capacity(manifest.layers.len()),
            foreign_layers: 0,
            children: Vec::new(),
            unread_children: 0,
        };
        node.config = manifest
            .config
            .as_ref()
            .map(|config| self.blob(config.digest, config.size));
        for layer in &manifest.layers {
            if layer.is_stored() {
                let id = self.blob(layer.digest, layer.size);
                node.layers.push(id);
            } else {
                node.foreign_layers += 1;
            }
        }
        let mut reached = vec![node.blob];
        reached.extend(node.config);
        reached.extend(&node.layers);
        for child in &manifest.children {
            if !manifest.is_chosen_child(child, &self.facts.platforms) {
                continue;
            }
            match self.manifest(child.digest, child.platform.as_ref()) {
                Some(id) => {
                    node.children.push(id);
                    reached.extend(self.inventory.reached(id));
                }
                None if !self.facts.manifests.contains_key(&child.digest) => {
                    // Its index says how large the child itself is; what it reaches is not known.
                    node.unread_children += 1;
                    reached.push(self.blob(child.digest, child.size));
                }
                None => {}
            }
        }
        for attached in self.facts.referrers.get(&digest).cloned().unwrap_or_default() {
            if let Some(id) = self.manifest(attached, None) {
                reached.extend(self.inventory.reached(id));
            }
        }
        reached.sort_unstable();
        reached.dedup();

        let id = self.inventory.manifests.len() as ManifestId;
        self.inventory.manifests.push(node);
        self.inventory.reached.push(reached.into_boxed_slice());
        self.manifest_ids.insert(digest, Some(id));
        Some(id)
    }
}
