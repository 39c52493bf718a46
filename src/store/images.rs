use std::collections::HashMap;
use std::sync::Arc;

use crate::base_image::ImageFacts;
use crate::inventory::InventoryBuilder;
use crate::oci::{Digest, ImageConfig, ManifestKind, PlatformFilter, RepositoryName, Tag};

/// The content of a registry, and the facts about its images.
#[derive(Debug)]
pub struct StoredContent {
    /// The registry's inventory, not finished yet.
    pub inventory: InventoryBuilder,
    /// Every image that a tag reaches, per platform, sorted by digest.
    pub images: Vec<ImageFacts>,
}

/// The images that tags reach.
#[derive(Default)]
pub(super) struct TaggedImages {
    places: HashMap<Digest, usize>,
    images: Vec<TaggedImage>,
}

struct TaggedImage {
    digest: Digest,
    /// The index that lists it, and its place in that index.
    listed: Option<(Digest, usize)>,
    names: Vec<(RepositoryName, Tag)>,
    config: Option<Arc<ImageConfig>>,
}

impl TaggedImages {
    /// Follows a tag through indexes to images.
    pub(super) fn add(
        &mut self,
        repository: RepositoryName,
        tag: Tag,
        root: Digest,
        content: &InventoryBuilder,
    ) {
        let mut visited = vec![(root, None)];
        let mut next = 0;
        while let Some(&(digest, listed)) = visited.get(next) {
            next += 1;
            let Some(manifest) = content.known_manifest(&digest) else {
                continue;
            };
            for (nth, child) in manifest.children.iter().enumerate() {
                // An index may list a manifest twice, and hostile indexes may list each other.
                if !visited.iter().any(|(known, _)| *known == child.digest) {
                    visited.push((child.digest, Some((digest, nth))));
                }
            }
            if manifest.kind != ManifestKind::Image {
                continue;
            }
            let name = (repository.clone(), tag.clone());
            let place = *self.places.entry(digest).or_insert_with(|| {
                self.images.push(TaggedImage {
                    digest,
                    listed: None,
                    names: Vec::new(),
                    config: None,
                });
                self.images.len() - 1
            });
            let image = &mut self.images[place];
            image.listed = image.listed.or(listed);
            image.names.push(name);
        }
    }

    /// The ids of the configurations of these images, with the places of the images that need each.
    pub(super) fn needed_configs(
        &self,
        ids: &HashMap<Digest, i64>,
        content: &InventoryBuilder,
    ) -> HashMap<i64, Vec<u32>> {
        let mut needed: HashMap<i64, Vec<u32>> = HashMap::with_capacity(self.images.len());
        for (place, image) in (0..).zip(&self.images) {
            let manifest = content.known_manifest(&image.digest);
            let config = manifest.and_then(|manifest| manifest.config.as_ref());
            if let Some(&id) = config.and_then(|config| ids.get(&config.digest)) {
                needed.entry(id).or_default().push(place);
            }
        }
        needed
    }

    /// Sets the configuration of the images at these places.
    pub(super) fn set_config(&mut self, places: &[u32], config: &Arc<ImageConfig>) {
        for &place in places {
            self.images[place as usize].config = Some(Arc::clone(config));
        }
    }

    /// The images for the given platforms; all images if there are none.
    pub(super) fn facts(self, platforms: &[PlatformFilter], content: &InventoryBuilder) -> Vec<ImageFacts> {
        drop(self.places);
        let images = self.images.into_iter().filter_map(|mut image| {
            let manifest = content.known_manifest(&image.digest)?;
            let listed = image.listed.and_then(|(index, nth)| {
                let index = content.known_manifest(&index)?;
                index.children.get(nth)
            });
            image.names.sort();
            image.names.shrink_to_fit();
            Some(ImageFacts::new(
                image.digest,
                manifest,
                listed,
                image.config,
                image.names,
            ))
        });
        let mut facts: Vec<ImageFacts> = images
            .filter(|facts| PlatformFilter::any_matches(platforms, &facts.platform))
            .collect();
        facts.sort_unstable_by_key(|facts| facts.digest);
        facts
    }
}
