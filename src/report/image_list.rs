use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use super::analysed_registry::AnalysedRegistry;
use super::image::{ImageRow, created};
use super::inputs::AnalysisInputs;
use crate::inventory::{ImageExclusiveBytes, ManifestId};
use crate::oci::{Digest, RepositoryName, Tag};
use crate::pulls::{LastPull, LastPulls};
use crate::units::{ByteCount, ByteOverflow};
use crate::whatif::AnalysisContext;

/// An image in a list over registries.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ListedImage {
    /// The image.
    #[serde(flatten)]
    pub row: ImageRow,
    /// The bytes that no other image reaches, with manifest, configuration and what is attached to it: what deleting the image
    /// frees.
    pub exclusive_bytes: ByteCount,
    /// When it was last pulled.
    pub last_pull: LastPull,
}

/// The platform whose image stands for a tag, if it has one: that of most servers. Our choice.
const USUAL_PLATFORM: &str = "linux/amd64";

/// What a tag stands for.
#[derive(Debug, Clone, PartialEq)]
pub struct TaggedImage {
    /// The digest of the manifest or index that the tag points to.
    pub digest: Digest,
    /// When its newest image was built; `None` if no image says so.
    pub created: Option<DateTime<Utc>>,
    /// How many images it has, one for each platform.
    pub images: usize,
    /// The image for linux/amd64, or else its first; `None` if it has no image that was read.
    pub image: Option<ImageRow>,
}

impl AnalysedRegistry {
    /// The images of these repositories, in the order of the repositories. `last_pulls` and the pulls among the inputs say when
    /// they were pulled.
    ///
    /// # Errors
    /// If sizes overflow.
    pub fn listed_images(
        &self,
        repositories: &[RepositoryName],
        context: &AnalysisContext<'_>,
        inputs: &AnalysisInputs,
        last_pulls: &LastPulls,
    ) -> Result<Vec<ListedImage>, ByteOverflow> {
        let inventory = &self.content.inventory;
        let exclusive = ImageExclusiveBytes::new(inventory)?;
        let rows = self.image_rows(context);
        let mut listed = Vec::new();
        for repository in repositories {
            let Some(place) = self.place_of(repository) else {
                continue;
            };
            for (manifest, row) in rows.with_manifests(place, &self.places) {
                let digests = self.digests_with(place, manifest);
                let name = (&row.registry, &row.repository);
                let last_pull = last_pulls.of_image(&inputs.costs.pulls, name, &digests, &row.tags);
                listed.push(ListedImage {
                    exclusive_bytes: exclusive.get(place, manifest).unwrap_or_default(),
                    last_pull,
                    row,
                });
            }
        }
        Ok(listed)
    }

    /// What each tag of a repository stands for, in the order of the inventory; empty if it has no such repository.
    pub fn tagged_images(
        &self,
        repository: &RepositoryName,
        context: &AnalysisContext<'_>,
    ) -> Vec<TaggedImage> {
        let Some(place) = self.place_of(repository) else {
            return Vec::new();
        };
        let inventory = &self.content.inventory;
        let rows: HashMap<ManifestId, ImageRow> = self
            .image_rows(context)
            .with_manifests(place, &self.places)
            .collect();
        let tags = inventory.repositories[place].tags.iter();
        tags.map(|tag| {
            let images = inventory.images_of(tag.manifest);
            let known = || images.iter().filter_map(|image| rows.get(image));
            let usual = known().find(|row| row.platform == USUAL_PLATFORM);
            TaggedImage {
                digest: inventory.manifest_digest(tag.manifest),
                created: self.created(tag.manifest),
                images: images.len(),
                image: usual.or_else(|| known().next()).cloned(),
            }
        })
        .collect()
    }

    /// The tags of each chosen repository beyond so many of the newest. The age of a tag is that of its newest image; tags
    /// without an age are kept and not counted.
    pub fn tags_beyond_newest(
        &self,
        keep: usize,
        is_chosen: impl Fn(&RepositoryName) -> bool,
    ) -> HashMap<RepositoryName, HashSet<Tag>> {
        let inventory = &self.content.inventory;
        let chosen = inventory.repositories.iter().filter(|node| is_chosen(&node.name));
        chosen
            .map(|node| {
                let dated = node.tags.iter().filter(|tag| !tag.tag.is_referrers_fallback());
                let mut dated: Vec<(DateTime<Utc>, &Tag)> = dated
                    .filter_map(|tag| Some((self.created(tag.manifest)?, &tag.tag)))
                    .collect();
                dated.sort_by(|one, other| other.0.cmp(&one.0).then_with(|| other.1.cmp(one.1)));
                let old = dated.into_iter().skip(keep).map(|(_, tag)| tag.clone());
                (node.name.clone(), old.collect())
            })
            .collect()
    }

    /// When the newest image of a manifest was built.
    pub(super) fn created(&self, manifest: ManifestId) -> Option<DateTime<Utc>> {
        let images = self.content.inventory.images_of(manifest).into_iter();
        let places = images.filter_map(|image| self.places.get(&image));
        places
            .filter_map(|&place| created(&self.content.images[place]))
            .max()
    }

    /// The digest of an image, and those of the tagged manifests that list it.
    fn digests_with(&self, repository: usize, image: ManifestId) -> Vec<Digest> {
        let inventory = &self.content.inventory;
        let tags = inventory.repositories[repository].tags.iter();
        let listing = tags.filter(|tag| inventory.images_of(tag.manifest).contains(&image));
        let mut manifests: Vec<ManifestId> = listing.map(|tag| tag.manifest).collect();
        manifests.push(image);
        manifests.sort_unstable();
        manifests.dedup();
        manifests
            .into_iter()
            .map(|id| inventory.manifest_digest(id))
            .collect()
    }
}
