use std::collections::{BTreeMap, BTreeSet};

use super::graph::{DedupScope, Inventory, ManifestId};
use super::sharing::Sharing;
use crate::units::{ByteCount, ByteOverflow};

/// Bytes that nothing else reaches, for each image of each repository.
///
/// An image holds its manifest, its configuration, its layers and what is attached to it. The images of an index are
/// separate; the index itself belongs to none of them.
#[derive(Debug, Clone, Default)]
pub struct ImageExclusiveBytes(BTreeMap<(usize, ManifestId), ByteCount>);

impl ImageExclusiveBytes {
    /// Computes them, within the scope in which the registry shares blobs.
    ///
    /// # Errors
    /// If sizes add up to more than 63 bits.
    pub fn new(inventory: &Inventory) -> Result<Self, ByteOverflow> {
        let places: Vec<usize> = (0..inventory.repositories.len()).collect();
        let scopes: Vec<&[usize]> = match inventory.dedup_scope {
            DedupScope::Registry => vec![&places],
            DedupScope::Repository | DedupScope::Mounted => places.chunks(1).collect(),
        };
        let mut exclusive = BTreeMap::new();
        for scope in scopes {
            let roots: Vec<(usize, ManifestId)> = scope
                .iter()
                .flat_map(|&place| roots(inventory, place).into_iter().map(move |root| (place, root)))
                .collect();
            let sets = roots
                .iter()
                .map(|&(_, root)| inventory.reached(root).iter().copied());
            let sharing = Sharing::new(inventory.sizes(), sets);
            for (index, &root) in roots.iter().enumerate() {
                exclusive.insert(root, sharing.exclusive_to(index).try_into()?);
            }
        }
        Ok(Self(exclusive))
    }

    /// The bytes of an image in a repository, by the place of the repository.
    pub fn get(&self, repository: usize, image: ManifestId) -> Option<ByteCount> {
        self.0.get(&(repository, image)).copied()
    }
}

/// The images of a repository, and those of its tagged manifests that contain no image, such as charts.
fn roots(inventory: &Inventory, place: usize) -> BTreeSet<ManifestId> {
    let tags = inventory.repositories[place].tags.iter();
    tags.flat_map(|tag| {
        let images = inventory.images_of(tag.manifest);
        if images.is_empty() {
            vec![tag.manifest]
        } else {
            images
        }
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::super::examples::{digest, name, representative};
    use super::*;

    #[test]
    fn bytes_that_another_image_or_repository_reaches_are_not_exclusive() {
        for (scope, shared) in [(DedupScope::Registry, 0), (DedupScope::Repository, 1000)] {
            let inventory = representative(scope).finish();
            let exclusive = ImageExclusiveBytes::new(&inventory).unwrap();
            let of = |repository: &str, word: &str| {
                let place = inventory
                    .repositories
                    .iter()
                    .position(|own| own.name == name(repository))
                    .unwrap();
                let tag = inventory.repositories[place].tags.iter();
                let images = tag.flat_map(|tag| inventory.images_of(tag.manifest));
                let image = images
                    .into_iter()
                    .find(|&image| inventory.manifest_digest(image) == digest(word))
                    .unwrap();
                exclusive.get(place, image).unwrap().get()
            };
            // The base of 1000 bytes is shared with another image of `api`, and with `web` in the whole registry.
            assert_eq!(of("api", "api 1"), 10 + 20 + 100, "{scope:?}");
            assert_eq!(of("web", "web 1"), 363 + shared, "{scope:?}");
        }
    }
}
