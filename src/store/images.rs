use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::base_image::ImageFacts;
use crate::inventory::InventoryBuilder;
use crate::oci::{
    Descriptor, Digest, ImageConfig, Manifest, ManifestKind, PlatformFilter, RepositoryName, Tag,
};

/// The content of a registry, and the facts about its images.
#[derive(Debug)]
pub struct StoredContent {
    /// The registry's inventory, not finished yet.
    pub inventory: InventoryBuilder,
    /// Every image that a tag reaches, per platform, sorted by digest.
    pub images: Vec<ImageFacts>,
}

/// The images that tags reach, before their configurations are loaded.
pub(super) struct TaggedImages<'a> {
    images: HashMap<Digest, TaggedImage<'a>>,
}

struct TaggedImage<'a> {
    manifest: &'a Manifest,
    listed: Option<&'a Descriptor>,
    names: Vec<(RepositoryName, Tag)>,
}

impl<'a> TaggedImages<'a> {
    /// Follows tags through indexes to images.
    pub(super) fn new(tags: Vec<(RepositoryName, Tag, Digest)>, content: &'a InventoryBuilder) -> Self {
        let mut images: HashMap<Digest, TaggedImage<'a>> = HashMap::new();
        for (repository, tag, root) in tags {
            let mut visited = vec![(root, None)];
            let mut next = 0;
            while let Some(&(digest, listed)) = visited.get(next) {
                next += 1;
                let Some(manifest) = content.known_manifest(&digest) else {
                    continue;
                };
                for child in &manifest.children {
                    // An index may list a manifest twice, and hostile indexes may list each other.
                    if !visited.iter().any(|(known, _)| *known == child.digest) {
                        visited.push((child.digest, Some(child)));
                    }
                }
                if manifest.kind != ManifestKind::Image {
                    continue;
                }
                let name = (repository.clone(), tag.clone());
                match images.entry(digest) {
                    Entry::Vacant(entry) => {
                        entry.insert(TaggedImage {
                            manifest,
                            listed,
                            names: vec![name],
                        });
                    }
                    Entry::Occupied(mut entry) => {
                        let image = entry.get_mut();
                        image.listed = image.listed.or(listed);
                        image.names.push(name);
                    }
                }
            }
        }
        Self { images }
    }

    /// The configurations of these images, with the number of images that need each.
    pub(super) fn configs(&self) -> HashMap<Digest, usize> {
        let mut needed = HashMap::new();
        for config in self
            .images
            .values()
            .filter_map(|image| image.manifest.config.as_ref())
        {
            *needed.entry(config.digest).or_default() += 1;
        }
        needed
    }

    /// The images for the given platforms; all images if there are none.
    pub(super) fn facts(
        self,
        mut configs: HashMap<Digest, ImageConfig>,
        platforms: &[PlatformFilter],
    ) -> Vec<ImageFacts> {
        // Images may share a configuration; the last one that needs it takes it.
        let mut needed = self.configs();
        let mut facts: Vec<ImageFacts> = self
            .images
            .into_iter()
            .map(|(digest, mut image)| {
                let config = image.manifest.config.as_ref().and_then(|config| {
                    let needed = needed.entry(config.digest).or_default();
                    *needed = needed.saturating_sub(1);
                    if *needed == 0 {
                        configs.remove(&config.digest)
                    } else {
                        configs.get(&config.digest).cloned()
                    }
                });
                image.names.sort();
                ImageFacts::new(digest, image.manifest, image.listed, config, image.names)
            })
            .filter(|facts| PlatformFilter::any_matches(platforms, &facts.platform))
            .collect();
        facts.sort_unstable_by_key(|facts| facts.digest);
        facts
    }
}
