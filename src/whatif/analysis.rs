//! Everything about one registry: each image, each repository, and the whole.

use std::collections::{HashMap, HashSet};

use crate::base_image::{Catalogue, Detection, ImageFacts, Scope, detect};
use crate::inventory::{Inventory, ManifestId};
use crate::oci::Digest;
use crate::units::ByteOverflow;

use super::bound::BoundRules;
use super::compose::compose;
use super::composition::Composition;
use super::counterfactual::Counterfactual;
use super::estimate::Estimate;
use super::layer_kind::LayerKind;
use super::model::AlpineModel;
use super::outcome::Outcome;
use super::readings::Readings;
use super::replace::{Moving, Replacer};
use super::verdict::{Case, Reasoned, Verdict, VerdictSettings, Vote, moves, repository_verdict};

/// What is known of one image and its move.
#[derive(Debug, Clone, PartialEq)]
pub struct ImageAnalysis {
    /// The image in the inventory; none where the inventory does not count it.
    pub manifest: Option<ManifestId>,
    /// What is beneath it.
    pub detection: Detection,
    /// What the step of each of its layers does.
    pub kinds: Vec<LayerKind>,
    /// What it would consist of on Alpine; none where it cannot move.
    pub composition: Option<Composition>,
    /// Its layers' bytes on Alpine.
    pub estimate: Option<Estimate>,
    /// What to do with it.
    pub verdict: Reasoned,
    /// What its owner should look at before moving it.
    pub cautions: Vec<String>,
}

/// What is known of one repository and its move.
#[derive(Debug, Clone, PartialEq)]
pub struct RepositoryAnalysis {
    /// What to do with it.
    pub verdict: Reasoned,
    /// The image that speaks for it, by its place among the images.
    pub speaker: Option<usize>,
}

/// Everything about one registry.
#[derive(Debug, Clone, PartialEq)]
pub struct RegistryAnalysis {
    /// Each image, in the order in which they were given.
    pub images: Vec<ImageAnalysis>,
    /// Each repository, in the order of the inventory.
    pub repositories: Vec<RepositoryAnalysis>,
    /// What is saved if every repository with the verdict `switch` does.
    pub outcome: Outcome,
}

/// What all images are judged by.
#[derive(Debug, Clone, Copy)]
pub struct Judgement<'a> {
    /// The bases and twins that are known.
    pub catalogue: &'a Catalogue,
    /// The factors.
    pub model: &'a AlpineModel,
    /// What ties images to glibc.
    pub rules: &'a BoundRules,
    /// How verdicts are made.
    pub settings: &'a VerdictSettings,
}

impl Judgement<'_> {
    /// Analyses a registry: every image, every repository, and what all that should switch would save.
    ///
    /// `images` are the images for one platform each; those that the inventory does not count are judged
    /// and change no total. Linear in the number of layer references.
    ///
    /// # Errors
    /// Where sizes add up to more than 63 bits.
    pub fn analyse(
        &self,
        inventory: &Inventory,
        images: &[ImageFacts],
    ) -> Result<RegistryAnalysis, ByteOverflow> {
        let by_digest: HashMap<Digest, ManifestId> = (0..inventory.manifests().len() as ManifestId)
            .map(|id| (inventory.manifest_digest(id), id))
            .collect();
        let readings = Readings::of(images);
        let matches = self.rules.match_steps(&readings);
        let analysed = images
            .iter()
            .map(|facts| {
                let mut image = self.image(facts, &readings, &matches)?;
                image.manifest = by_digest.get(&facts.digest).copied();
                Ok(image)
            })
            .collect::<Result<Vec<_>, ByteOverflow>>()?;

        let places: HashMap<ManifestId, usize> = analysed
            .iter()
            .enumerate()
            .filter_map(|(place, image)| Some((image.manifest?, place)))
            .collect();
        let mut repositories = Vec::with_capacity(inventory.repositories.len());
        let mut moving: HashSet<usize> = HashSet::new();
        for repository in &inventory.repositories {
            let mut own: Vec<usize> = repository
                .tags
                .iter()
                .filter(|tag| !tag.tag.is_referrers_fallback())
                .flat_map(|tag| inventory.images_of(tag.manifest))
                .filter_map(|manifest| places.get(&manifest).copied())
                .collect();
            own.sort_unstable();
            own.dedup();
            let votes: Vec<Vote<'_>> = own
                .iter()
                .map(|&place| Vote {
                    created: created(&images[place]),
                    class: analysed[place]
                        .composition
                        .as_ref()
                        .map(|composition| composition.class),
                    bytes: images[place].layer_bytes(),
                    image: &analysed[place].verdict,
                })
                .collect();
            let (verdict, speaker) = repository_verdict(&repository.name, &votes, self.settings);
            let is_forced = verdict.verdict == Verdict::Switch && self.is_decided(&repository.name);
            moving.extend(own.iter().copied().filter(|&place| {
                let image = &analysed[place];
                moves(image.verdict.verdict, image.composition.as_ref(), is_forced)
            }));
            repositories.push(RepositoryAnalysis {
                verdict,
                speaker: speaker.map(|at| own[at]),
            });
        }

        let mut replacer = Replacer::new(self.model, self.settings.coverage);
        let mut moving: Vec<usize> = moving.into_iter().collect();
        moving.sort_unstable();
        let moving: Vec<Moving<'_>> = moving
            .into_iter()
            .filter_map(|place| {
                Some(Moving {
                    manifest: analysed[place].manifest?,
                    facts: &images[place],
                    steps: &analysed[place].detection.steps,
                    composition: analysed[place].composition.as_ref()?,
                })
            })
            .collect();
        let replacements = replacer.replacements(inventory, &moving);
        let outcome = Counterfactual::new(inventory, &replacements)
            .switching(|index| repositories[index].verdict.verdict == Verdict::Switch)?;
        Ok(RegistryAnalysis {
            images: analysed,
            repositories,
            outcome,
        })
    }

    fn image(
        &self,
        facts: &ImageFacts,
        readings: &Readings,
        matches: &super::bound::StepMatches<'_>,
    ) -> Result<ImageAnalysis, ByteOverflow> {
        let scope = Scope::all();
        let detection = detect(facts, self.catalogue, &scope);
        let kinds = readings.kinds(facts, &detection);
        let composition = compose(facts, &detection, &kinds, self.catalogue, &scope);
        let estimate = composition
            .as_ref()
            .map(|composition| composition.estimate(self.model, self.settings.coverage))
            .transpose()?;
        let base_layers = composition
            .as_ref()
            .map_or(0, |composition| composition.base_layers);
        let bounds = self.rules.of_image(facts, &detection, base_layers, matches);
        let verdict = Case {
            facts,
            detection: &detection,
            kinds: &kinds,
            catalogue: self.catalogue,
            composition: composition.as_ref(),
            estimate,
            bounds: &bounds,
        }
        .verdict(self.settings);
        Ok(ImageAnalysis {
            manifest: None,
            detection,
            kinds,
            composition,
            estimate,
            verdict,
            cautions: bounds.cautions,
        })
    }

    fn is_decided(&self, repository: &crate::oci::RepositoryName) -> bool {
        let mut overrides = self.settings.overrides.iter();
        overrides.any(|decision| decision.is_about(repository))
    }
}

fn created(facts: &ImageFacts) -> Option<i64> {
    facts.config.as_ref()?.created.map(|created| created.timestamp())
}
