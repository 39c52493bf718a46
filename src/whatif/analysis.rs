//! The analysis of one registry: each image, each repository, and the whole.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};

use crate::base_image::{Catalogue, Detection, ImageFacts, Scope, detect};
use crate::inventory::{Inventory, ManifestId};
use crate::oci::Digest;
use crate::units::ByteOverflow;

use super::compose::compose;
use super::composition::Composition;
use super::confidence::ConfidenceLevel;
use super::counterfactual::Counterfactual;
use super::estimate::Estimate;
use super::glibc::{GlibcBlockers, GlibcRules, StepMatches};
use super::layer_kind::LayerKind;
use super::model::AlpineModel;
use super::outcome::Outcome;
use super::parsed_steps::ParsedSteps;
use super::replace::{ImageMove, ReplacementBuilder};
use super::verdict::{
    ImageSample, ReasonedVerdict, Verdict, VerdictInput, VerdictSettings, moves, repository_verdict,
};

/// The analysis of one image.
#[derive(Debug, Clone, PartialEq)]
pub struct ImageAnalysis {
    /// The image in the inventory; `None` if the inventory does not count it.
    pub manifest: Option<ManifestId>,
    /// Its properties, independent of settings.
    pub traits: Arc<ImageTraits>,
    /// Its composition on Alpine; `None` if it cannot move.
    pub composition: Option<Composition>,
    /// The bytes of its layers on Alpine.
    pub estimate: Option<Estimate>,
    /// What to do with it.
    pub verdict: ReasonedVerdict,
}

/// The properties of an image, independent of the settings it is judged by.
#[derive(Debug, Clone, PartialEq)]
pub struct ImageTraits {
    /// Its detected base.
    pub detection: Detection,
    /// The kind of each of its layers.
    pub kinds: Vec<LayerKind>,
    /// What ties it to glibc, and what its owner should check before moving it.
    pub glibc: GlibcBlockers,
}

/// The analysis of one repository.
#[derive(Debug, Clone, PartialEq)]
pub struct RepositoryAnalysis {
    /// What to do with it.
    pub verdict: ReasonedVerdict,
    /// How sure the size of its representative image on Alpine is; `None` if that cannot move.
    pub confidence: Option<ConfidenceLevel>,
    /// The index of the image that represents it.
    pub representative: Option<usize>,
}

/// The analysis of one registry.
#[derive(Debug, Clone, PartialEq)]
pub struct RegistryAnalysis {
    /// Each image, in the given order.
    pub images: Vec<ImageAnalysis>,
    /// Each repository, in the order of the inventory.
    pub repositories: Vec<RepositoryAnalysis>,
    /// The savings if every repository with the verdict `switch` switches.
    pub outcome: Outcome,
    /// The graph that answers what any other choice of repositories would save.
    pub counterfactual: Counterfactual,
}

impl RegistryAnalysis {
    /// The indexes of the images that the inventory counts.
    pub fn places(&self) -> HashMap<ManifestId, usize> {
        self.images
            .iter()
            .enumerate()
            .filter_map(|(place, image)| Some((image.manifest?, place)))
            .collect()
    }
}

/// The inputs by which all images are judged.
#[derive(Debug, Clone, Copy)]
pub struct AnalysisContext<'a> {
    /// The known bases and their Alpine variants.
    pub catalogue: &'a Catalogue,
    /// The model's factors.
    pub model: &'a AlpineModel,
    /// The rules that find images tied to glibc.
    pub rules: &'a GlibcRules,
    /// The settings of verdicts.
    pub settings: &'a VerdictSettings,
}

impl AnalysisContext<'_> {
    /// Analyses a registry: every image, every repository, and the savings if all recommended repositories switched.
    ///
    /// `images` holds the images for one platform each. Those that the inventory does not count get a verdict but change no
    /// total. Linear in the number of layer references.
    ///
    /// # Errors
    /// If sizes add up to more than 63 bits.
    pub fn analyse(
        &self,
        inventory: &Inventory,
        images: &[ImageFacts],
    ) -> Result<RegistryAnalysis, ByteOverflow> {
        let by_digest: HashMap<Digest, ManifestId> = (0..inventory.manifests().len() as ManifestId)
            .map(|id| (inventory.manifest_digest(id), id))
            .collect();
        let parsed = ParsedSteps::from_images(images);
        let matches = self.rules.match_steps(&parsed);
        let analysed = images
            .par_iter()
            .map(|facts| {
                let manifest = by_digest.get(&facts.digest).copied();
                let (traits, composition) = self.traits(facts, &parsed, &matches);
                self.judged(facts, manifest, traits.into(), composition)
            })
            .collect::<Result<_, ByteOverflow>>()?;
        self.concluded(inventory, images, analysed)
    }

    /// Repeats the analysis of a registry with other settings. The images' properties do not depend on settings and are not
    /// computed again.
    ///
    /// # Errors
    /// If sizes add up to more than 63 bits.
    pub fn reevaluate(
        &self,
        inventory: &Inventory,
        images: &[ImageFacts],
        analysis: &RegistryAnalysis,
    ) -> Result<RegistryAnalysis, ByteOverflow> {
        let known: Vec<_> = images.iter().zip(&analysis.images).collect();
        let judged = known
            .par_iter()
            .map(|(facts, image)| {
                let traits = Arc::clone(&image.traits);
                let composition = self.composition(facts, &traits.detection, &traits.kinds);
                self.judged(facts, image.manifest, traits, composition)
            })
            .collect::<Result<_, ByteOverflow>>()?;
        self.concluded(inventory, images, judged)
    }

    /// The analysis of the repositories and the whole, given that of the images.
    fn concluded(
        &self,
        inventory: &Inventory,
        images: &[ImageFacts],
        analysed: Vec<ImageAnalysis>,
    ) -> Result<RegistryAnalysis, ByteOverflow> {
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
            let samples: Vec<ImageSample<'_>> = own
                .iter()
                .map(|&place| ImageSample {
                    created: created(&images[place]),
                    class: analysed[place]
                        .composition
                        .as_ref()
                        .map(|composition| composition.class),
                    bytes: images[place].layer_bytes(),
                    image: &analysed[place].verdict,
                })
                .collect();
            let (verdict, representative) = repository_verdict(&repository.name, &samples, self.settings);
            let is_forced = verdict.verdict == Verdict::Switch && self.is_decided(&repository.name);
            moving.extend(own.iter().copied().filter(|&place| {
                let image = &analysed[place];
                moves(image.verdict.verdict, image.composition.as_ref(), is_forced)
            }));
            let composition = representative.and_then(|at| analysed[own[at]].composition.as_ref());
            repositories.push(RepositoryAnalysis {
                verdict,
                confidence: composition.and_then(Composition::confidence),
                representative: representative.map(|at| own[at]),
            });
        }

        let counterfactual =
            self.counterfactual(inventory, images, &analysed, |place| moving.contains(&place));
        let outcome =
            counterfactual.switching(|index| repositories[index].verdict.verdict == Verdict::Switch)?;
        Ok(RegistryAnalysis {
            images: analysed,
            repositories,
            outcome,
            counterfactual,
        })
    }

    /// The graph in which every image with an Alpine variant can move, whatever its verdict: to ask what would happen if other
    /// repositories switched.
    pub fn every_move(
        &self,
        inventory: &Inventory,
        images: &[ImageFacts],
        analysis: &RegistryAnalysis,
    ) -> Counterfactual {
        self.counterfactual(inventory, images, &analysis.images, |place| {
            let image = &analysis.images[place];
            moves(image.verdict.verdict, image.composition.as_ref(), true)
        })
    }

    fn counterfactual(
        &self,
        inventory: &Inventory,
        images: &[ImageFacts],
        analysed: &[ImageAnalysis],
        is_moving: impl Fn(usize) -> bool,
    ) -> Counterfactual {
        let moving: Vec<ImageMove<'_>> = (0..analysed.len())
            .filter(|&place| is_moving(place))
            .filter_map(|place| {
                Some(ImageMove {
                    manifest: analysed[place].manifest?,
                    facts: &images[place],
                    steps: &analysed[place].traits.detection.steps,
                    composition: analysed[place].composition.as_ref()?,
                })
            })
            .collect();
        let replacements =
            ReplacementBuilder::new(self.model, self.settings.coverage).replacements(inventory, &moving);
        Counterfactual::new(inventory, &replacements)
    }

    fn traits(
        &self,
        facts: &ImageFacts,
        parsed: &ParsedSteps,
        matches: &StepMatches<'_>,
    ) -> (ImageTraits, Option<Composition>) {
        let detection = detect(facts, self.catalogue, &Scope::all());
        let kinds = parsed.kinds(facts, &detection);
        let composition = self.composition(facts, &detection, &kinds);
        // Which layers belong to the base does not depend on what replaces it.
        let base_layers = composition
            .as_ref()
            .map_or(0, |composition| composition.base_layers);
        let traits = ImageTraits {
            glibc: self.rules.of_image(facts, &detection, base_layers, matches),
            detection,
            kinds,
        };
        (traits, composition)
    }

    /// The composition of an image on the chosen release of Alpine.
    fn composition(
        &self,
        facts: &ImageFacts,
        detection: &Detection,
        kinds: &[LayerKind],
    ) -> Option<Composition> {
        let scope = Scope::all().preferring(self.settings.alpine_release);
        compose(facts, detection, kinds, self.catalogue, &scope)
    }

    fn judged(
        &self,
        facts: &ImageFacts,
        manifest: Option<ManifestId>,
        traits: Arc<ImageTraits>,
        composition: Option<Composition>,
    ) -> Result<ImageAnalysis, ByteOverflow> {
        let ImageTraits {
            detection,
            kinds,
            glibc,
        } = &*traits;
        let estimate = composition
            .as_ref()
            .map(|composition| composition.estimate(self.model, self.settings.coverage))
            .transpose()?;
        let verdict = VerdictInput {
            facts,
            detection,
            kinds,
            catalogue: self.catalogue,
            composition: composition.as_ref(),
            estimate,
            glibc,
        }
        .verdict(self.settings);
        Ok(ImageAnalysis {
            manifest,
            traits,
            composition,
            estimate,
            verdict,
        })
    }

    fn is_decided(&self, repository: &crate::oci::RepositoryName) -> bool {
        let mut overrides = self.settings.overrides.iter();
        overrides.any(|decision| decision.matches(repository))
    }
}

fn created(facts: &ImageFacts) -> Option<i64> {
    facts.config.as_ref()?.created.map(|created| created.timestamp())
}
