use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, NaiveDate, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use super::base::ImageBase;
use crate::base_image::{AlpineRelease, ImageFacts};
use crate::inventory::{Inventory, ManifestId};
use crate::oci::{Digest, RegistryName, RepositoryName, Tag};
use crate::units::ByteCount;
use crate::whatif::{
    AnalysisContext, Composition, ConfidenceLevel, Estimate, EvidenceClass, RegistryAnalysis, Verdict,
};

/// The day of Docker's first release, 0.1 (docs.docker.com, release notes, read 2026-12-01). Build times before it stand for
/// an unknown time: tools for reproducible builds write 1970-01-01 or 1980-01-01.
const FIRST_IMAGES: NaiveDate = match NaiveDate::from_ymd_opt(2013, 3, 23) {
    Some(day) => day,
    None => NaiveDate::MIN,
};

/// One image for one platform in one repository.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "Image")]
pub struct ImageRow {
    /// The registry.
    pub registry: RegistryName,
    /// The repository. An image that several repositories hold has a row in each.
    pub repository: RepositoryName,
    /// The tags of this repository that reach the image, directly or through an index.
    pub tags: Vec<Tag>,
    /// The digest of its manifest.
    pub digest: Digest,
    /// The platform it runs on, such as `linux/amd64`.
    pub platform: String,
    /// When it was built, as it says; null if it does not, or if it names a time before the first release of Docker, as
    /// reproducible builds do.
    pub created: Option<DateTime<Utc>>,
    /// The bytes of its layers as stored. Manifest and configuration are not included.
    pub compressed_bytes: ByteCount,
    /// Its base; null where nothing is known.
    pub base: Option<ImageBase>,
    /// The former name of `evidence_class`.
    #[schemars(extend("deprecated" = true))]
    pub class: Option<EvidenceClass>,
    /// How good the evidence for its size on Alpine is; null where it cannot move.
    pub evidence_class: Option<EvidenceClass>,
    /// How sure its size on Alpine is; null where it cannot move.
    pub confidence: Option<ConfidenceLevel>,
    /// What to do with it.
    pub verdict: Verdict,
    /// Why, in one line.
    pub reason: String,
    /// How it would be on Alpine; null where it cannot move.
    pub alpine: Option<ImageAlpine>,
}

/// An image on Alpine.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ImageAlpine {
    /// The Alpine image that would take the place of its base.
    pub twin: String,
    /// The release of Alpine that the size is for; null where that is not known.
    pub release: Option<AlpineRelease>,
    /// The first day without security fixes for that release, or a later one if only the build date of the Alpine
    /// image is known; null while it is supported, and if that is not known.
    pub support_ended: Option<NaiveDate>,
    /// The bytes of its layers.
    pub bytes: Estimate,
}

/// When an image was built, as it says; `None` before the first release of Docker.
pub(super) fn created(facts: &ImageFacts) -> Option<DateTime<Utc>> {
    let created = facts.config.as_ref()?.created?;
    (created.date_naive() >= FIRST_IMAGES).then_some(created)
}

/// A row for each image of each repository.
pub(super) fn rows(
    inventory: &Inventory,
    images: &[ImageFacts],
    analysis: &RegistryAnalysis,
    context: &AnalysisContext<'_>,
) -> Vec<ImageRow> {
    let context = ImageRows {
        inventory,
        images,
        analysis,
        context,
    };
    let places = analysis.places();
    (0..inventory.repositories.len())
        .flat_map(|repository| context.of_repository(repository, &places))
        .collect()
}

/// What rows of images are made from.
#[derive(Clone, Copy)]
pub(super) struct ImageRows<'a> {
    pub(super) inventory: &'a Inventory,
    pub(super) images: &'a [ImageFacts],
    pub(super) analysis: &'a RegistryAnalysis,
    pub(super) context: &'a AnalysisContext<'a>,
}

impl ImageRows<'_> {
    /// The rows of one repository, by its place; `places` are those of the images that are known.
    pub(super) fn of_repository(
        &self,
        repository: usize,
        places: &HashMap<ManifestId, usize>,
    ) -> Vec<ImageRow> {
        self.with_manifests(repository, places)
            .map(|(_, row)| row)
            .collect()
    }

    /// The same with each image's manifest.
    pub(super) fn with_manifests(
        &self,
        repository: usize,
        places: &HashMap<ManifestId, usize>,
    ) -> impl Iterator<Item = (ManifestId, ImageRow)> {
        let node = &self.inventory.repositories[repository];
        let mut tags: BTreeMap<ManifestId, Vec<Tag>> = BTreeMap::new();
        for tag in &node.tags {
            for image in self.inventory.images_of(tag.manifest) {
                tags.entry(image).or_default().push(tag.tag.clone());
            }
        }
        tags.into_iter().filter_map(move |(manifest, tags)| {
            Some((manifest, self.row(repository, *places.get(&manifest)?, tags)))
        })
    }

    /// The row of one image in one repository, by their indexes; `None` if the inventory does not count it.
    pub(super) fn of_image(&self, repository: usize, place: usize) -> Option<ImageRow> {
        let manifest = self.analysis.images[place].manifest?;
        let tags = self.inventory.repositories[repository].tags.iter();
        let reaching = tags.filter(|tag| self.inventory.images_of(tag.manifest).contains(&manifest));
        let tags = reaching.map(|tag| tag.tag.clone()).collect();
        Some(self.row(repository, place, tags))
    }

    fn row(&self, repository: usize, place: usize, tags: Vec<Tag>) -> ImageRow {
        let node = &self.inventory.repositories[repository];
        let (facts, image) = (&self.images[place], &self.analysis.images[place]);
        let mut decisions = self.context.settings.overrides.iter();
        // The operator's decision applies to every image of the repository.
        let verdict = if decisions.any(|decision| decision.matches(&node.name)) {
            &self.analysis.repositories[repository].verdict
        } else {
            &image.verdict
        };
        let class = image.composition.as_ref().map(|composition| composition.class);
        ImageRow {
            registry: self.inventory.registry.clone(),
            repository: node.name.clone(),
            tags,
            digest: facts.digest,
            platform: facts.platform.to_string(),
            created: created(facts),
            compressed_bytes: ByteCount::try_from(facts.layer_bytes()).unwrap_or(ByteCount::MAX),
            base: ImageBase::new(facts, image, self.context.catalogue),
            class,
            evidence_class: class,
            confidence: image.composition.as_ref().and_then(Composition::confidence),
            verdict: verdict.verdict,
            reason: verdict.reason.clone(),
            alpine: image
                .composition
                .as_ref()
                .zip(image.estimate)
                .map(|(composition, bytes)| ImageAlpine {
                    twin: composition.twin.name.clone(),
                    release: composition.twin.release,
                    support_ended: composition.twin.support_ended,
                    bytes,
                }),
        }
    }
}
