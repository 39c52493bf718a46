//! The analysis of one registry: each image, each repository, and the whole.

use std::collections::HashMap;
use std::sync::Arc;

use rayon::iter::ParallelIterator as _;
use rayon::slice::ParallelSlice as _;

use crate::base_image::{Catalogue, ImageFacts, KeyMap, Scope};
use crate::inventory::{Inventory, ManifestId};
use crate::oci::Digest;
use crate::units::ByteOverflow;

use super::composition::Composition;
use super::confidence::ConfidenceLevel;
use super::counterfactual::Counterfactual;
use super::examine::{Examiner, Judge};
use super::glibc::GlibcRules;
use super::image::ImageAnalysis;
use super::model::AlpineModel;
use super::outcome::Outcome;
use super::parsed_steps::ParsedSteps;
use super::replace::{ImageMove, ReplacementBuilder};
use super::verdict::{ImageSample, ReasonedVerdict, Verdict, VerdictSettings, moves, repository_verdict};

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
        let by_digest: KeyMap<Digest, ManifestId> = (0..inventory.manifests().len() as ManifestId)
            .map(|id| (inventory.manifest_digest(id), id))
            .collect();
        let parsed = ParsedSteps::from_images(images);
        let matches = self.rules.match_steps(&parsed);
        let (all, wanted) = self.scopes();
        let analysed: Vec<Vec<ImageAnalysis>> = images
            .par_chunks(part_of(images.len()))
            .map(|part| {
                let mut examiner = Examiner::new(self.catalogue, self.rules, &parsed, &matches, &all);
                let mut judge = self.judge(&wanted);
                let examined = part.iter().map(|facts| {
                    let seen = examiner.look_at(facts);
                    let composition = judge.composition(facts, &seen.detection, &seen.kinds);
                    let traits = examiner.traits(facts, seen, composition.as_ref());
                    let manifest = by_digest.get(&facts.digest).copied();
                    judge.analysis(facts, manifest, traits, composition)
                });
                examined.collect()
            })
            .collect::<Result<_, ByteOverflow>>()?;
        self.concluded(inventory, images, analysed.into_iter().flatten().collect())
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
        let (_, wanted) = self.scopes();
        let judged: Vec<Vec<ImageAnalysis>> = known
            .par_chunks(part_of(known.len()))
            .map(|part| {
                let mut judge = self.judge(&wanted);
                let judged = part.iter().map(|(facts, image)| {
                    let traits = Arc::clone(&image.traits);
                    let composition = judge.composition(facts, &traits.detection, &traits.kinds);
                    judge.analysis(facts, image.manifest, traits, composition)
                });
                judged.collect()
            })
            .collect::<Result<_, ByteOverflow>>()?;
        self.concluded(inventory, images, judged.into_iter().flatten().collect())
    }

    /// The analysis of the repositories and the whole, given that of the images.
    fn concluded(
        &self,
        inventory: &Inventory,
        images: &[ImageFacts],
        analysed: Vec<ImageAnalysis>,
    ) -> Result<RegistryAnalysis, ByteOverflow> {
        let mut places: Vec<Option<usize>> = vec![None; inventory.manifests().len()];
        for (place, image) in analysed.iter().enumerate() {
            if let Some(manifest) = image.manifest {
                places[manifest as usize] = Some(place);
            }
        }
        let mut repositories = Vec::with_capacity(inventory.repositories.len());
        let mut moving = vec![false; analysed.len()];
        for repository in &inventory.repositories {
            let mut own: Vec<usize> = repository
                .tags
                .iter()
                .filter(|tag| !tag.tag.is_referrers_fallback())
                .flat_map(|tag| inventory.images_of(tag.manifest))
                .filter_map(|manifest| places[manifest as usize])
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
            for &place in &own {
                let image = &analysed[place];
                moving[place] |= moves(image.verdict.verdict, image.composition.as_ref(), is_forced);
            }
            let composition = representative.and_then(|at| analysed[own[at]].composition.as_ref());
            repositories.push(RepositoryAnalysis {
                verdict,
                confidence: composition.and_then(Composition::confidence),
                representative: representative.map(|at| own[at]),
            });
        }

        let counterfactual = self.counterfactual(inventory, images, &analysed, |place| moving[place]);
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

    /// What images are examined with, and what Alpine variants are chosen with: the chosen release comes first.
    fn scopes(&self) -> (Scope, Scope) {
        let wanted = Scope::all().preferring(self.settings.alpine_release);
        (Scope::all(), wanted)
    }

    fn judge<'s>(&'s self, scope: &'s Scope) -> Judge<'s> {
        Judge::new(self.catalogue, self.model, self.settings, scope)
    }

    fn is_decided(&self, repository: &crate::oci::RepositoryName) -> bool {
        let mut overrides = self.settings.overrides.iter();
        overrides.any(|decision| decision.matches(repository))
    }
}

/// The number of images that one thread takes at a time: few parts, because each learns anew what images have in common.
fn part_of(images: usize) -> usize {
    images.div_ceil(rayon::current_num_threads()).max(1)
}

fn created(facts: &ImageFacts) -> Option<i64> {
    facts.config.as_ref()?.created.map(|created| created.timestamp())
}
