//! Builds the graph from facts in any order.

use std::collections::{HashMap, HashSet};

use super::graph::{BlobId, Inventory, InventoryBuilder, ManifestId, ManifestNode, RepositoryNode, TagNode};
use super::size_claims::SizeClaims;
use crate::oci::{Digest, Manifest, ManifestKind, Platform, PlatformFilter};
use crate::units::ByteCount;

/// The most manifests above one another, by an index's list or a subject. Our choice: more than three levels have not
/// been seen, and a registry that makes up thousands must not cost more memory than it has manifests.
const MAX_HEIGHT: u8 = 16;

/// The graph under construction.
struct Assembly {
    facts: InventoryBuilder,
    ids: HashMap<Digest, BlobId>,
    /// The nodes by digest; `None` while a node is being made.
    manifest_ids: HashMap<Digest, Option<ManifestId>>,
    /// How many levels of manifests are below each, by id.
    heights: Vec<u8>,
    /// What indexes list for platforms that were not chosen.
    left_out: HashSet<Digest>,
    claims: SizeClaims,
    inventory: Inventory,
}

/// A step of the traversal of a manifest: first everything below it, then the manifest itself.
enum Step {
    /// With the platform in its index, used if its configuration does not state one.
    Enter(Digest, Option<Platform>),
    /// With its platform.
    Make(Digest, Option<Platform>),
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
            let manifest = facts.manifests.get(digest);
            if let Some(subject) = manifest.and_then(|(_, manifest)| manifest.subject) {
                facts.referrers.entry(subject).or_default().push(*digest);
            }
        }
        // The result does not depend on the order of the facts.
        for attached in facts.referrers.values_mut() {
            attached.sort_unstable();
            attached.dedup();
        }
        Self {
            ids: HashMap::new(),
            manifest_ids: HashMap::new(),
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
            let untagged = self.untagged(place, nodes.into_iter().map(|(_, node)| node).collect());
            let repository = &mut self.inventory.repositories[place];
            repository.untagged = Some(untagged);
            repository.times = times;
        }
        self.claims.settle(&mut self.inventory);
        self.inventory
    }

    /// The manifests of a repository that none of its tags reaches.
    fn untagged(&self, repository: usize, mut nodes: Vec<ManifestId>) -> Vec<ManifestId> {
        let mut is_reached = vec![false; self.inventory.digests.len()];
        for tag in &self.inventory.repositories[repository].tags {
            for &blob in self.inventory.reached(tag.manifest) {
                is_reached[blob as usize] = true;
            }
        }
        nodes.retain(|&node| !is_reached[self.inventory.manifest(node).blob as usize]);
        nodes
    }

    /// The blob of content for which a manifest states a size.
    fn stated_blob(&mut self, digest: Digest, size: ByteCount, manifest: BlobId) -> BlobId {
        if let Some(&id) = self.ids.get(&digest) {
            let present = self.inventory.sizes[id as usize];
            self.claims.add(id, size.get(), present, manifest);
            return id;
        }
        match self.facts.confirmed_sizes.get(&digest).copied() {
            Some(confirmed) => {
                let id = self.confirmed_blob(digest, confirmed);
                self.claims.by_registry(id);
                self.claims.add(id, size.get(), confirmed.get(), manifest);
                id
            }
            None => {
                self.claims.stated(manifest);
                self.new_blob(digest, size)
            }
        }
    }

    /// The blob of content whose size is known.
    fn confirmed_blob(&mut self, digest: Digest, size: ByteCount) -> BlobId {
        if let Some(&id) = self.ids.get(&digest) {
            // Something above it stated a size before it was read.
            self.claims.confirm(id, size.get(), &mut self.inventory.sizes);
            return id;
        }
        self.claims.confirmed();
        self.new_blob(digest, size)
    }

    fn new_blob(&mut self, digest: Digest, size: ByteCount) -> BlobId {
        let id = self.inventory.digests.len() as BlobId;
        self.inventory.digests.push(digest);
        self.inventory.sizes.push(size.get());
        self.ids.insert(digest, id);
        id
    }

    /// The node of a manifest, made on first use with everything below it. `None` if it is unknown or not chosen.
    ///
    /// Not recursive, because a hostile registry may stack manifests to any height. A manifest contains the digests of
    /// what is below it, so cycles are nearly impossible (an index that lists its own subject is one); an entry of `None`
    /// while a node is being made breaks them.
    fn manifest(&mut self, root: Digest) -> Option<ManifestId> {
        let mut steps = vec![Step::Enter(root, None)];
        while let Some(step) = steps.pop() {
            match step {
                Step::Enter(digest, _) if self.manifest_ids.contains_key(&digest) => {}
                Step::Enter(digest, listed) => {
                    let Some((_, manifest)) = self.facts.manifests.get(&digest) else {
                        continue;
                    };
                    let platform = self.platform(manifest, listed);
                    if !self.is_chosen(manifest, platform.as_ref()) {
                        continue;
                    }
                    self.manifest_ids.insert(digest, None);
                    steps.push(Step::Make(digest, platform));
                    let attached = self.facts.referrers.get(&digest).into_iter().flatten();
                    steps.extend(attached.rev().map(|&digest| Step::Enter(digest, None)));
                    let children = manifest.children.iter().rev();
                    let children =
                        children.filter(|child| manifest.is_chosen_child(child, &self.facts.platforms));
                    steps.extend(children.map(|child| Step::Enter(child.digest, child.platform.clone())));
                }
                Step::Make(digest, platform) => self.make(digest, platform),
            }
        }
        self.manifest_ids.get(&root).copied().flatten()
    }

    fn platform(&self, manifest: &Manifest, listed: Option<Platform>) -> Option<Platform> {
        let config = manifest.config.as_ref();
        let own = config.and_then(|config| self.facts.config_platforms.get(&config.digest));
        own.cloned().or(listed)
    }

    fn is_chosen(&self, manifest: &Manifest, platform: Option<&Platform>) -> bool {
        manifest.kind != ManifestKind::Image
            || platform.is_none_or(|platform| PlatformFilter::any_matches(&self.facts.platforms, platform))
    }

    /// Makes the node of a manifest after everything below it has been made.
    fn make(&mut self, digest: Digest, platform: Option<Platform>) {
        let Some((size, manifest)) = self.facts.manifests.remove(&digest) else {
            return;
        };
        let own = self.confirmed_blob(digest, size);
        let mut node = ManifestNode {
            blob: own,
            kind: manifest.kind,
            platform,
            config: None,
            layers: Vec::with_capacity(manifest.layers.len()),
            foreign_layers: 0,
            children: Vec::new(),
            unread_children: 0,
            is_converted_copy: manifest.is_converted_copy(),
        };
        node.config = manifest
            .config
            .as_ref()
            .map(|config| self.stated_blob(config.digest, config.size, own));
        for layer in &manifest.layers {
            if layer.is_stored() {
                let id = self.stated_blob(layer.digest, layer.size, own);
                node.layers.push(id);
            } else {
                node.foreign_layers += 1;
            }
        }
        let mut reached = vec![node.blob];
        reached.extend(node.config);
        reached.extend(&node.layers);
        let mut height = 0;
        let mut seen = HashSet::new();
        for child in &manifest.children {
            if !manifest.is_chosen_child(child, &self.facts.platforms) {
                self.left_out.insert(child.digest);
                continue;
            }
            // It may be listed for several platforms.
            if !seen.insert(child.digest) {
                continue;
            }
            match self.manifest_ids.get(&child.digest).copied() {
                Some(Some(id)) if self.heights[id as usize] < MAX_HEIGHT => {
                    height = height.max(self.heights[id as usize] + 1);
                    node.children.push(id);
                    self.stated_blob(child.digest, child.size, own);
                    reached.extend(self.inventory.reached(id));
                }
                // It is above this one, or was not chosen.
                Some(None) => {}
                None if self.facts.manifests.contains_key(&child.digest) => {}
                Some(Some(_)) | None => {
                    // Its index states the size of the child itself; what the child reaches is not known.
                    node.unread_children += usize::from(child.may_be_manifest());
                    reached.push(self.stated_blob(child.digest, child.size, own));
                }
            }
        }
        for attached in self.facts.referrers.get(&digest).into_iter().flatten() {
            if let Some(&Some(id)) = self.manifest_ids.get(attached)
                && self.heights[id as usize] < MAX_HEIGHT
            {
                height = height.max(self.heights[id as usize] + 1);
                reached.extend(self.inventory.reached(id));
            }
        }
        reached.sort_unstable();
        reached.dedup();

        let id = self.inventory.manifests.len() as ManifestId;
        self.inventory.manifests.push(node);
        self.inventory.reached.push(reached.into_boxed_slice());
        self.heights.push(height);
        self.manifest_ids.insert(digest, Some(id));
    }
}
