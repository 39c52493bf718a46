//! Images one after another, remembering what they have in common.

use std::hash::{BuildHasher as _, Hash as _, Hasher as _};
use std::sync::Arc;

use crate::base_image::{Catalogue, Detection, Detector, ImageFacts, KeyHash, KeyMap, Scope};
use crate::inventory::ManifestId;
use crate::units::ByteOverflow;

use super::compose::{Variants, composed};
use super::composition::{Composition, KindFactors};
use super::glibc::{GlibcRules, MatchedBases, StepMatches};
use super::image::{ImageAnalysis, ImageTraits};
use super::layer_kind::LayerKind;
use super::model::AlpineModel;
use super::parsed_steps::ParsedSteps;
use super::verdict::{VerdictInput, VerdictSettings};

/// Examines images: what they show, whatever the settings.
pub(super) struct Examiner<'a> {
    rules: &'a GlibcRules,
    parsed: &'a ParsedSteps<'a>,
    matches: &'a StepMatches,
    detector: Detector<'a>,
    bases: MatchedBases,
    /// The traits that images had so far, by a hash. Builds of one repository often have the same.
    kept: KeyMap<u64, Vec<Arc<ImageTraits>>>,
    hash: KeyHash,
}

/// What an image shows, before it is known what can replace its base.
pub(super) struct Seen {
    pub detection: Detection,
    pub kinds: Box<[LayerKind]>,
}

impl<'a> Examiner<'a> {
    pub(super) fn new(
        catalogue: &'a Catalogue,
        rules: &'a GlibcRules,
        parsed: &'a ParsedSteps<'a>,
        matches: &'a StepMatches,
        scope: &'a Scope,
    ) -> Self {
        Self {
            rules,
            parsed,
            matches,
            detector: Detector::new(catalogue, scope),
            bases: MatchedBases::default(),
            kept: KeyMap::default(),
            hash: KeyHash::default(),
        }
    }

    /// Finds the base of an image and the kinds of its layers.
    pub(super) fn look_at(&mut self, facts: &ImageFacts) -> Seen {
        let detection = self.detector.detect(facts);
        Seen {
            kinds: self.parsed.kinds(facts, &detection),
            detection,
        }
    }

    /// The properties of an image. Equal ones are kept once.
    pub(super) fn traits(
        &mut self,
        facts: &ImageFacts,
        seen: Seen,
        composition: Option<&Composition>,
    ) -> Arc<ImageTraits> {
        // Which layers belong to the base does not depend on what replaces it.
        let base_layers = composition.map_or(0, |composition| composition.base_layers);
        let Seen { detection, kinds } = seen;
        let places = self.parsed.places(facts);
        let traits = ImageTraits {
            glibc: self
                .rules
                .of_image(&places, &detection, base_layers, self.matches, &mut self.bases),
            detection,
            kinds,
        };
        let kept = self.kept.entry(quick_hash(&traits, &self.hash)).or_default();
        match kept.iter().find(|known| ***known == traits) {
            Some(known) => Arc::clone(known),
            None => {
                let traits = Arc::new(traits);
                kept.push(Arc::clone(&traits));
                traits
            }
        }
    }
}

/// A hash of the parts that differ between most images.
fn quick_hash(traits: &ImageTraits, hash: &KeyHash) -> u64 {
    let mut hasher = hash.build_hasher();
    for candidate in &traits.detection.candidates {
        candidate.base.hash(&mut hasher);
        candidate.layers.hash(&mut hasher);
    }
    traits.detection.steps.hash(&mut hasher);
    traits.kinds.hash(&mut hasher);
    hasher.finish()
}

/// Judges images by a model and settings.
pub(super) struct Judge<'a> {
    catalogue: &'a Catalogue,
    settings: &'a VerdictSettings,
    variants: Variants<'a>,
    factors: KindFactors<'a>,
}

impl<'a> Judge<'a> {
    pub(super) fn new(
        catalogue: &'a Catalogue,
        model: &'a AlpineModel,
        settings: &'a VerdictSettings,
        scope: &'a Scope,
    ) -> Self {
        Self {
            catalogue,
            settings,
            variants: Variants::new(catalogue, scope),
            factors: KindFactors::new(model),
        }
    }

    /// The composition of an image on the chosen release of Alpine.
    pub(super) fn composition(
        &mut self,
        facts: &ImageFacts,
        detection: &Detection,
        kinds: &[LayerKind],
    ) -> Option<Composition> {
        composed(facts, detection, kinds, &mut self.variants)
    }

    /// The analysis of an image with these properties and this composition.
    pub(super) fn analysis(
        &mut self,
        facts: &ImageFacts,
        manifest: Option<ManifestId>,
        traits: Arc<ImageTraits>,
        composition: Option<Composition>,
    ) -> Result<ImageAnalysis, ByteOverflow> {
        let estimate = composition
            .as_ref()
            .map(|composition| composition.estimate_with(&mut self.factors, self.settings.coverage))
            .transpose()?;
        let verdict = VerdictInput {
            facts,
            detection: &traits.detection,
            kinds: &traits.kinds,
            catalogue: self.catalogue,
            composition: composition.as_ref(),
            estimate,
            glibc: &traits.glibc,
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
}
