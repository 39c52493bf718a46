//! Repositories as policies see them.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};

use crate::cleanup::{PushTime, RepositoryContent, TagFacts, TagTimes, UntaggedFacts};
use crate::inventory::{BlobId, Inventory, ManifestId, RepositoryNode};
use crate::oci::{Digest, RepositoryName};
use crate::pulls::{LastPulls, PullCounts};
use crate::report::RegistryContent;
use crate::report::image::created;

/// What is known about when things came and were pulled.
pub(super) struct Times<'a> {
    pub(super) tags: Option<&'a TagTimes>,
    pub(super) last_pulls: &'a LastPulls,
    pub(super) pulls: &'a PullCounts,
}

/// These repositories of a registry as policies see them.
pub(super) fn contents(
    content: &RegistryContent,
    times: &Times<'_>,
    is_chosen: impl Fn(&RepositoryName) -> bool,
) -> Vec<RepositoryContent> {
    let built: HashMap<Digest, DateTime<Utc>> = content
        .images
        .iter()
        .filter_map(|image| Some((image.digest, created(image)?)))
        .collect();
    let nodes = content.inventory.repositories.iter().enumerate();
    nodes
        .filter(|(_, node)| is_chosen(&node.name))
        .map(|(place, node)| RepositoryContent {
            place,
            registry: content.source.registry.clone(),
            repository: node.name.clone(),
            tags: tags(content, node, times, &built),
            untagged: untagged(&content.inventory, node),
        })
        .collect()
}

fn tags(
    content: &RegistryContent,
    node: &RepositoryNode,
    times: &Times<'_>,
    built: &HashMap<Digest, DateTime<Utc>>,
) -> Vec<TagFacts> {
    let inventory = &content.inventory;
    let name = (&content.source.registry, &node.name);
    let roots = node.tags.iter().map(|tag| tag.manifest);
    let roots = roots.chain(node.untagged.iter().flatten().copied());
    let listed: HashSet<ManifestId> = roots
        .flat_map(|manifest| inventory.children(manifest).iter().copied())
        .collect();
    node.tags
        .iter()
        .map(|tag| {
            let mut digests = vec![inventory.manifest_digest(tag.manifest)];
            let images = inventory.images_of(tag.manifest).into_iter();
            digests.extend(images.map(|image| inventory.manifest_digest(image)));
            let built = digests
                .iter()
                .filter_map(|digest| built.get(digest))
                .max()
                .copied();
            let first_seen = times
                .tags
                .and_then(|times| times.first_seen(&node.name, &tag.tag));
            let appeared = first_seen
                .zip(times.tags)
                .is_some_and(|(seen, times)| times.appeared(seen));
            let registry = node.times.get(&tag.manifest).and_then(|times| times.created);
            let tags = std::slice::from_ref(&tag.tag);
            TagFacts {
                tag: tag.tag.clone(),
                manifest: tag.manifest,
                digest: digests[0],
                pushed: PushTime::best(registry, first_seen, appeared, built),
                last_pull: times.last_pulls.of_image(times.pulls, name, &digests, tags),
                is_listed: listed.contains(&tag.manifest),
            }
        })
        .collect()
}

fn untagged(inventory: &Inventory, node: &RepositoryNode) -> Option<Vec<UntaggedFacts>> {
    let manifests = node.untagged.as_ref()?;
    let blob = |manifest: ManifestId| inventory.manifest(manifest).blob;
    // What another one lists, or is attached to it.
    let parts: HashSet<BlobId> = manifests
        .iter()
        .flat_map(|&manifest| {
            let reached = inventory.reached(manifest).iter().copied();
            reached.filter(move |&reached| reached != blob(manifest))
        })
        .collect();
    let facts = manifests.iter().map(|&manifest| {
        let times = node.times.get(&manifest);
        UntaggedFacts {
            manifest,
            digest: inventory.manifest_digest(manifest),
            pushed: times.and_then(|times| times.created),
            idle_since: times.and_then(crate::inventory::ManifestTimes::idle_since),
            is_part: parts.contains(&blob(manifest)),
        }
    });
    Some(facts.collect())
}
