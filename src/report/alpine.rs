use std::collections::BTreeMap;

use chrono::NaiveDate;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;

use super::base::BaseNames;
use super::image::{ImageRow, rows};
use crate::base_image::{AlpineRelease, Catalogue, ImageFacts};
use crate::inventory::Inventory;
use crate::units::ByteCount;
use crate::whatif::{
    AnalysisContext, ConfidenceLevel, Estimate, ImageAnalysis, Outcome, RegistryAnalysis, SavingEstimate,
    Twin, Verdict,
};

/// What Alpine would change in one registry.
#[derive(Debug, Clone, PartialEq)]
pub struct AlpineAnswers {
    /// The registry as it would be.
    pub registry: RegistryAlpine,
    /// Its repositories, in the order of the inventory.
    pub repositories: Vec<RepositoryVerdict>,
    /// Its images, repository by repository, where they are asked for.
    pub images: Vec<ImageRow>,
}

/// A registry as it would be if every repository switched that should.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct RegistryAlpine {
    /// What would be stored.
    pub stored_bytes: Estimate,
    /// What would be freed: the sum of the repositories' joint savings.
    pub saving_bytes: SavingEstimate,
    /// What a sum over tags promises instead, each tag counted alone. Absent where the answer covers a part of the
    /// registry.
    #[schemars(skip_serializing_if = "is_partial")]
    pub naive_saving_bytes: i64,
    /// The number of repositories by verdict.
    #[schemars(schema_with = "counts_by_verdict")]
    pub verdicts: BTreeMap<Verdict, usize>,
    /// How sure the sizes of those that should switch are.
    pub confidence: ConfidenceCounts,
    /// How many of those that should switch add more to what is stored than they free, usually because their base stays
    /// for others.
    pub switching_at_a_loss: usize,
    /// How many images can move only to an Alpine variant past its end of life, because no other is known. Absent where
    /// the answer covers a part of the registry.
    #[schemars(skip_serializing_if = "is_partial")]
    pub images_on_unsupported_alpine: usize,
    /// The release of Alpine that was asked for; null where none was, and the newest supported one counts. Absent where the answer covers
    /// a part of the registry.
    #[schemars(skip_serializing_if = "is_partial")]
    pub wanted_release: Option<WantedRelease>,
}

/// The release of Alpine that was asked for. Where the base of an image is not known on it, its size on another release
/// stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct WantedRelease {
    /// The release, such as `3.22`.
    pub release: AlpineRelease,
    /// How many images can move to Alpine.
    pub images: usize,
    /// For how many of them the base is known on this release.
    pub images_on_it: usize,
    /// The first day without security fixes for the release; null while it is supported.
    pub support_ended: Option<NaiveDate>,
}

/// How many repositories have which confidence.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ConfidenceCounts {
    /// The images exist on Alpine, and their sizes there are known.
    pub measured: usize,
    /// An Alpine variant of the base image is known.
    pub high: usize,
    /// Only the operating system is known. Try one build first.
    pub low: usize,
}

impl ConfidenceCounts {
    /// Counts a repository.
    pub(super) fn add(&mut self, confidence: ConfidenceLevel) {
        match confidence {
            ConfidenceLevel::Measured => self.measured += 1,
            ConfidenceLevel::High => self.high += 1,
            ConfidenceLevel::Low => self.low += 1,
        }
    }
}

/// The schema of a number for each verdict.
fn counts_by_verdict(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "propertyNames": generator.subschema_for::<Verdict>(),
        "additionalProperties": generator.subschema_for::<usize>(),
    })
}

impl WantedRelease {
    fn new(release: AlpineRelease, images: &[ImageAnalysis], catalogue: &Catalogue) -> Self {
        let mut wanted = Self {
            release,
            images: 0,
            images_on_it: 0,
            support_ended: catalogue.end_of_support(release),
        };
        for twin in twins(images) {
            wanted.images += 1;
            wanted.images_on_it += usize::from(twin.release == Some(release));
        }
        wanted
    }
}

/// The Alpine variant of each image that can move and that the inventory counts.
fn twins(images: &[ImageAnalysis]) -> impl Iterator<Item = &Twin> {
    let counted = images.iter().filter(|image| image.manifest.is_some());
    counted.filter_map(|image| Some(&*image.composition.as_ref()?.twin))
}

/// What to do with a repository, and what it would be if every repository switched that should.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct RepositoryVerdict {
    /// What to do.
    pub verdict: Verdict,
    /// Why, in one line.
    pub reason: String,
    /// How sure the size on Alpine is, as its representative image shows; null where it cannot move.
    pub confidence: Option<ConfidenceLevel>,
    /// What its images are built from, as its representative image shows; null where nothing is known.
    pub base: Option<BaseNames>,
    /// What would change in its representative image; null where nothing on Alpine can take the place of its base.
    pub base_change: Option<BaseChange>,
    /// How it would be if every repository switched that should.
    pub alpine: RepositoryAlpine,
}

/// What changes in an image that moves to Alpine.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct BaseChange {
    /// The base image that is replaced, such as `node:24`; null where the image is built from scratch.
    pub from: Option<String>,
    /// The Alpine image that takes its place, such as `node:24-alpine`.
    pub to: String,
    /// The bytes of the image's layers now.
    pub now_bytes: ByteCount,
    /// The bytes of its layers then. The bounds are equal where the size was measured: the image exists on Alpine.
    pub then_bytes: Estimate,
}

impl BaseChange {
    fn new(facts: &ImageFacts, image: &ImageAnalysis) -> Option<Self> {
        let composition = image.composition.as_ref()?;
        Some(Self {
            from: composition.replaced.clone(),
            to: composition.twin.name.clone(),
            now_bytes: ByteCount::try_from(facts.layer_bytes()).unwrap_or(ByteCount::MAX),
            then_bytes: image.estimate?,
        })
    }
}

/// A repository as it would be if every repository switched that should.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(into = "RepositoryAlpineAnswer")]
pub struct RepositoryAlpine {
    /// What it would reach, once.
    pub stored_bytes: Estimate,
    /// Its share of the bytes that would be stored.
    pub attributed_bytes: Estimate,
    /// What is freed if only this repository switches.
    pub solo_saving_bytes: SavingEstimate,
    /// The drop of its share if every repository switches that should. These add up to the registry's saving.
    pub joint_saving_bytes: SavingEstimate,
    /// How many of the repositories that share its base must switch before anything is freed, itself included; null where
    /// that never happens.
    pub break_even_repositories: Option<u32>,
}

/// How answers write [`RepositoryAlpine`].
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "RepositoryAlpine")]
struct RepositoryAlpineAnswer {
    /// What it would reach, once.
    stored_bytes: Estimate,
    /// Its share of the bytes that would be stored.
    attributed_bytes: Estimate,
    /// What is freed if only this repository switches.
    solo_saving_bytes: SavingEstimate,
    /// The former name of `saving_bytes`.
    #[schemars(extend("deprecated" = true))]
    joint_saving_bytes: SavingEstimate,
    /// The drop of its share if every repository switches that should. These add up to the registry's saving.
    saving_bytes: SavingEstimate,
    /// How many of the repositories that share its base must switch before anything is freed, itself included; null where
    /// that never happens.
    break_even_repositories: Option<u32>,
}

impl From<RepositoryAlpine> for RepositoryAlpineAnswer {
    fn from(alpine: RepositoryAlpine) -> Self {
        Self {
            stored_bytes: alpine.stored_bytes,
            attributed_bytes: alpine.attributed_bytes,
            solo_saving_bytes: alpine.solo_saving_bytes,
            joint_saving_bytes: alpine.joint_saving_bytes,
            saving_bytes: alpine.joint_saving_bytes,
            break_even_repositories: alpine.break_even_repositories,
        }
    }
}

impl AlpineAnswers {
    /// Puts the answers of an analysis together, with what a choice of repositories that switch comes to:
    /// the analysis' own `outcome`, or another of its graph.
    ///
    /// `images` are those that were analysed, in the same order.
    pub fn new(
        inventory: &Inventory,
        images: &[ImageFacts],
        analysis: &RegistryAnalysis,
        outcome: &Outcome,
        context: &AnalysisContext<'_>,
        with_images: bool,
    ) -> Self {
        let mut verdicts = BTreeMap::new();
        let mut confidence = ConfidenceCounts::default();
        let mut switching_at_a_loss = 0;
        let mut repositories = Vec::with_capacity(analysis.repositories.len());
        let nodes = inventory.repositories.iter();
        let judged = analysis.repositories.iter().zip(&outcome.repositories);
        for ((judged, after), node) in judged.zip(nodes) {
            // As everywhere, what has no tag does not count as a repository.
            if !node.tags.is_empty() {
                *verdicts.entry(judged.verdict.verdict).or_default() += 1;
            }
            if judged.verdict.verdict == Verdict::Switch
                && let Some(level) = judged.confidence
            {
                confidence.add(level);
            }
            let saving = after.joint_saving_bytes.expected;
            switching_at_a_loss += usize::from(after.switches && saving < 0);
            let representative = judged
                .representative
                .map(|place| (&images[place], &analysis.images[place]));
            repositories.push(RepositoryVerdict {
                verdict: judged.verdict.verdict,
                reason: judged.verdict.reason.clone(),
                confidence: judged.confidence,
                base: representative
                    .and_then(|(facts, image)| BaseNames::new(facts, image, context.catalogue)),
                base_change: representative.and_then(|(facts, image)| BaseChange::new(facts, image)),
                alpine: RepositoryAlpine {
                    stored_bytes: after.stored_bytes,
                    attributed_bytes: after.attributed_bytes,
                    solo_saving_bytes: after.solo_saving_bytes,
                    joint_saving_bytes: after.joint_saving_bytes,
                    break_even_repositories: after.break_even_repositories,
                },
            });
        }
        let wanted = context.settings.alpine_release;
        Self {
            registry: RegistryAlpine {
                stored_bytes: outcome.registry.stored_bytes,
                saving_bytes: outcome.registry.saving_bytes,
                naive_saving_bytes: outcome.registry.naive_saving_bytes.expected,
                verdicts,
                confidence,
                switching_at_a_loss,
                images_on_unsupported_alpine: twins(&analysis.images)
                    .filter(|twin| twin.support_ended.is_some() && twin.release != wanted)
                    .count(),
                wanted_release: wanted
                    .map(|release| WantedRelease::new(release, &analysis.images, context.catalogue)),
            },
            repositories,
            images: if with_images {
                rows(inventory, images, analysis, context)
            } else {
                Vec::new()
            },
        }
    }
}
