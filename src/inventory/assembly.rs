//! Builds the graph from facts in any order.

use std::collections::{HashMap, HashSet};

use super::digest_index::DigestIndex;
use super::graph::{BlobId, Inventory, InventoryBuilder, ManifestId, ManifestNode, RepositoryNode, TagNode};
use super::known_manifest::KnownManifest;
use super::size_claims::SizeClaims;
use crate::oci::{Digest, ManifestKind, Platform, PlatformFilter};
use crate::units::ByteCount;

/// The most manifests above one another, by an index's list or a subject. Our choice: more than three levels have not
/// been seen, and a registry that makes up thousands must not cost more memory than it has manifests.
const MAX_HEIGHT: u8 = 16;

/// The graph under construction.
struct Assembly {
    facts: InventoryBuilder,
    ids: DigestIndex,
    /// The nodes by the manifest's place in the facts.
    nodes: Vec<Node>,
    /// How many levels of manifests are below each, by id.
    heights: Vec<u8>,
    /// What indexes list for platforms that were not chosen.
    left_out: HashSet<Digest>,
    claims: SizeClaims,
    inventory: Inventory,
}

/// The node of a known manifest.
#[derive(Clone, Copy)]
enum Node {
    /// It has not been visited, or is not chosen.
    Unvisited,
    /// What is below it is being made.
    InProgress,
    /// It has been made.
    Made(ManifestId),
}

/// A step of the traversal of a manifest: first everything below it, then the manifest itself. Manifests are named by
/// their place in the facts.
enum Step {
    /// With the platform in its index, used if its configuration does not state one.
    Enter(u32, Option<Platform>),
    Make(u32),
}

impl InventoryBuilder {
    /// Builds the graph. Tags whose manifest is not known are left out.
    pub fn finish(self) -> Inventory {
        Assembly::new(self).finish()
    }
}

impl Assembly {
    fn new(mut facts: InventoryBuilder) -> Self {
        // If all manifests are listed, their subjects show what is attached to what.
        let listed = facts
            .repositories
            .values()
            .filter_map(|facts| facts.listed.as_ref());
        for digest in listed.flatten() {
            let place = facts.places.get(digest, &facts.digests);
            let manifest = place.and_then(|place| facts.manifests[place as usize].as_ref());
            if let Some(subject) = manifest.and_then(|manifest| manifest.subject.as_deref()) {
                facts.referrers.entry(*subject).or_default().push(*digest);
            }
        }
        // The result does not depend on the order of the facts.
        for attached in facts.referrers.values_mut() {
            attached.sort_unstable();
            attached.dedup();
        }
        Self {
            ids: DigestIndex::default(),
            nodes: vec![Node::Unvisited; facts.manifests.len()],
            heights: Vec::new(),
            left_out: HashSet::new(),
            claims: SizeClaims::default(),
            inventory: Inventory::empty(facts.registry.clone(), facts.dedup_scope),
            facts,
        }
    }

    fn finish(mut self) -> Inventory {
        let repositories = std::mem::take(&mut self.facts.repositories);
        let mut listed = Vec::with_capacity(repositories.len());
        for (name, facts) in repositories {
            let tags = facts
                .tags
                .into_iter()
                .filter_map(|(tag, digest)| self.manifest(digest).map(|manifest| TagNode { tag, manifest }))
                .collect();
            listed.push((facts.listed, facts.times));
            self.inventory.repositories.push(RepositoryNode {
                name,
                tags,
                untagged: None,
                times: HashMap::new(),
            });
        }
        // After the tags, so that listings do not change what tags reach.
        let left_out = std::mem::take(&mut self.left_out);
        // The last repository whose tags reach each blob, to find what none reaches.
        let mut reached_by = Vec::new();
        for (place, (digests, times)) in listed.into_iter().enumerate() {
            let Some(digests) = digests else { continue };
            let digests = digests.into_iter().filter(|digest| !left_out.contains(digest));
            let nodes: Vec<(Digest, ManifestId)> = digests
                .filter_map(|digest| Some((digest, self.manifest(digest)?)))
                .collect();
            let times = nodes
                .iter()
                .filter_map(|(digest, node)| Some((*node, *times.get(digest)?)))
                .collect();
            let nodes = nodes.into_iter().map(|(_, node)| node).collect();
            let untagged = self.untagged(place, nodes, &mut reached_by);
            let repository = &mut self.inventory.repositories[place];
            repository.untagged = Some(untagged);
            repository.times = times;
        }
        self.claims.settle(&mut self.inventory);
        for lists in [
            &mut self.inventory.layers,
            &mut self.inventory.children,
            &mut self.inventory.reached,
        ] {
            lists.shrink_to_fit();
        }
        self.inventory.digests.shrink_to_fit();
        self.inventory.sizes.shrink_to_fit();
        self.inventory
    }

    /// The manifests of a repository that none of its tags reaches.
    fn untagged(
        &self,
        repository: usize,
        mut nodes: Vec<ManifestId>,
        reached_by: &mut Vec<Option<usize>>,
    ) -> Vec<ManifestId> {
        reached_by.resize(self.inventory.digests.len(), None);
        for tag in &self.inventory.repositories[repository].tags {
            for &blob in self.inventory.reached(tag.manifest) {
                reached_by[blob as usize] = Some(repository);
            }
        }
        nodes.retain(|&node| {
            let blob = self.inventory.manifest(node).blob;
            reached_by[blob as usize] != Some(repository)
        });
        nodes
    }

    /// The blob of content for which a manifest states a size.
    fn stated_blob(&mut self, digest: Digest, size: u64, manifest: BlobId) -> BlobId {
        let (id, is_new) = self.blob(digest);
        if !is_new {
            let present = self.inventory.sizes[id as usize];
            self.claims.add(id, size, present, manifest);
            return id;
        }
        match self.facts.confirmed_sizes.get(&digest).copied() {
            Some(confirmed) => {
                self.inventory.sizes.push(confirmed.get());
                self.claims.confirmed();
                self.claims.by_registry(id);
                self.claims.add(id, size, confirmed.get(), manifest);
            }
            None => {
                self.inventory.sizes.push(size);
                self.claims.stated(manifest);
            }
        }
        id
    }

    /// The blob of content whose size is known.
    fn confirmed_blob(&mut self, digest: Digest, size: ByteCount) -> BlobId {
        let (id, is_new) = self.blob(digest);
        if is_new {
            self.inventory.sizes.push(size.get());
            self.claims.confirmed();
        } else {
            // Something above it stated a size before it was read.
            self.claims.confirm(id, size.get(), &mut self.inventory.sizes);
        }
        id
    }

    /// The blob of content, and whether it is new and needs a size.
    fn blob(&mut self, digest: Digest) -> (BlobId, bool) {
        self.ids.get_or_push(digest, &mut self.inventory.digests)
    }

    /// The place of a manifest among the facts; `None` if nothing is known of it.
    fn place(&self, digest: &Digest) -> Option<u32> {
        let place = self.facts.places.get(digest, &self.facts.digests)?;
        let is_visited = !matches!(self.nodes[place as usize], Node::Unvisited);
        (is_visited || self.facts.manifests[place as usize].is_some()).then_some(place)
    }

    /// The node of a manifest, made on first use with everything below it. `None` if it is unknown or not chosen.
    ///
    /// Not recursive, because a hostile registry may stack manifests to any height. A manifest contains the digests of
    /// what is below it, so cycles are nearly impossible (an index that lists its own subject is one); a node in progress
    /// breaks them.
    fn manifest(&mut self, root: Digest) -> Option<ManifestId> {
        let root = self.place(&root)?;
        let mut steps = vec![Step::Enter(root, None)];
        while let Some(step) = steps.pop() {
            match step {
                Step::Enter(place, listed) => self.enter(place, listed, &mut steps),
                Step::Make(place) => self.make(place),
            }
        }
        match self.nodes[root as usize] {
            Node::Made(id) => Some(id),
            Node::Unvisited | Node::InProgress => None,
        }
    }

    fn enter(&mut self, place: u32, listed: Option<Platform>, steps: &mut Vec<Step>) {
        let Some(manifest) = &self.facts.manifests[place as usize] else {
            return;
        };
        if !matches!(self.nodes[place as usize], Node::Unvisited)
            || !self.is_chosen(manifest, listed.as_ref())
        {
            return;
        }
        steps.push(Step::Make(place));
        let digest = &self.facts.digests[place as usize];
        let attached = self.facts.referrers.get(digest).into_iter().flatten().rev();
        steps.extend(attached.filter_map(|digest| Some(Step::Enter(self.place(digest)?, None))));
        for child in manifest.children.iter().rev() {
            if child.is_chosen_among(&manifest.children, &self.facts.platforms)
                && let Some(place) = self.place(&child.digest)
            {
                steps.push(Step::Enter(place, child.platform.clone()));
            }
        }
        self.nodes[place as usize] = Node::InProgress;
    }

    /// Whether an image is for a chosen platform: that of its configuration, or else the one in its index.
    fn is_chosen(&self, manifest: &KnownManifest, listed: Option<&Platform>) -> bool {
        if manifest.kind != ManifestKind::Image || self.facts.platforms.is_empty() {
            return true;
        }
        let config = manifest.config.as_ref();
        let own = config.and_then(|config| self.facts.config_platforms.get(&config.digest));
        let platform = own.or(listed);
        platform.is_none_or(|platform| PlatformFilter::any_matches(&self.facts.platforms, platform))
    }

    /// Makes the node of a manifest after everything below it has been made.
    fn make(&mut self, place: u32) {
        let digest = self.facts.digests[place as usize];
        let Some(manifest) = self.facts.manifests[place as usize].take() else {
            return;
        };
        let own = self.confirmed_blob(digest, manifest.size);
        let config = manifest
            .config
            .as_ref()
            .map(|config| self.stated_blob(config.digest, config.size.get(), own));
        let mut reached = vec![own];
        reached.extend(config);
        let stored = manifest.layers.iter().filter(|layer| layer.stored);
        let layers: Vec<BlobId> = stored
            .map(|layer| self.stated_blob(layer.digest, layer.bytes, own))
            .collect();
        reached.extend(&layers);
        let mut height = 0;
        let mut unread_children = 0;
        let mut children = Vec::new();
        let mut seen = HashSet::new();
        for child in &manifest.children {
            if !child.is_chosen_among(&manifest.children, &self.facts.platforms) {
                self.left_out.insert(child.digest);
                continue;
            }
            // It may be listed for several platforms.
            if !seen.insert(child.digest) {
                continue;
            }
            match self.place(&child.digest).map(|place| self.nodes[place as usize]) {
                Some(Node::Made(id)) if self.heights[id as usize] < MAX_HEIGHT => {
                    height = height.max(self.heights[id as usize] + 1);
                    children.push(id);
                    self.stated_blob(child.digest, child.size.get(), own);
                    reached.extend(self.inventory.reached(id));
                }
                // It is above this one, or was not chosen.
                Some(Node::InProgress | Node::Unvisited) => {}
                Some(Node::Made(_)) | None => {
                    // Its index states the size of the child itself; what the child reaches is not known.
                    unread_children += u32::from(child.may_be_manifest());
                    reached.push(self.stated_blob(child.digest, child.size.get(), own));
                }
            }
        }
        for attached in self.facts.referrers.get(&digest).into_iter().flatten() {
            if let Some(place) = self.place(attached)
                && let Node::Made(id) = self.nodes[place as usize]
                && self.heights[id as usize] < MAX_HEIGHT
            {
                height = height.max(self.heights[id as usize] + 1);
                reached.extend(self.inventory.reached(id));
            }
        }
        reached.sort_unstable();
        reached.dedup();

        let id = self.inventory.manifests.len() as ManifestId;
        self.inventory.manifests.push(ManifestNode {
            blob: own,
            kind: manifest.kind,
            config,
            unread_children,
            is_converted_copy: manifest.is_converted_copy,
        });
        self.inventory.layers.push(layers);
        self.inventory.children.push(children);
        self.inventory.reached.push(reached);
        self.heights.push(height);
        self.nodes[place as usize] = Node::Made(id);
    }
}
