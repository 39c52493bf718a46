//! Takes an image apart: which Alpine variant would replace its base, and which layers stay above it.

use std::collections::HashMap;
use std::sync::Arc;

use crate::base_image::{
    AlpineSupport, BaseId, BaseName, Candidate, Catalogue, Detection, Evidence, ImageFacts, KeyMap, LayerKey,
    Nature, Role, Scope, StepKind, Twin, TwinRule,
};
use crate::oci::Platform;

use super::class::EvidenceClass;
use super::composition::{Composition, LayerAbove, Twin as AlpineVariant, TwinLayer};
use super::layer_kind::LayerKind;

/// How far a base's size may differ if its step texts are the same, because rebuilds drift. Our choice, 2026.
const REBUILT_TOLERANCE_PERCENT: u128 = 25;
/// The same if only its variables match: they do not tell variants of one release apart, but sizes do. Our choice,
/// 2026.
const VARIABLES_TOLERANCE_PERCENT: u128 = 10;
/// Variables with less confidence (in percent) fit several bases and are no evidence for any of them. Our choice, 2026: it
/// excludes two or fewer variables without a further sign.
const MIN_VARIABLES_CONFIDENCE: u8 = 65;

/// What an image would consist of on Alpine. `None` if it is already on Alpine, or if nothing can replace its base.
///
/// Tried in this order: an Alpine variant of the image itself, one of a runtime in it, bare Alpine instead of its
/// operating system, and Alpine added to an image from scratch. `kinds` holds the kind of each layer's step.
pub fn compose(
    facts: &ImageFacts,
    detection: &Detection,
    kinds: &[LayerKind],
    catalogue: &Catalogue,
    scope: &Scope,
) -> Option<Composition> {
    composed(facts, detection, kinds, &mut Variants::new(catalogue, scope))
}

/// The Alpine variants of bases, each looked up once.
#[derive(Debug)]
pub(super) struct Variants<'a> {
    catalogue: &'a Catalogue,
    scope: &'a Scope,
    of_bases: KeyMap<BaseId, Option<Twin>>,
    bare: HashMap<Platform, Option<BaseId>>,
    /// By the variant, and whether it is an image's own.
    known: KeyMap<(BaseId, bool), Arc<AlpineVariant>>,
}

impl<'a> Variants<'a> {
    pub(super) fn new(catalogue: &'a Catalogue, scope: &'a Scope) -> Self {
        Self {
            catalogue,
            scope,
            of_bases: KeyMap::default(),
            bare: HashMap::new(),
            known: KeyMap::default(),
        }
    }

    /// The best variant of a base.
    fn of_base(&mut self, base: BaseId) -> Option<Twin> {
        let known = self.of_bases.entry(base);
        *known.or_insert_with(|| self.catalogue.twins(base, self.scope).first().copied())
    }

    fn get(&mut self, id: BaseId, is_own: bool) -> Arc<AlpineVariant> {
        let known = self.known.entry((id, is_own));
        Arc::clone(known.or_insert_with(|| twin_of(id, is_own, self.catalogue).into()))
    }

    fn bare_alpine(&mut self, platform: &Platform) -> Option<Arc<AlpineVariant>> {
        let known = match self.bare.get(platform) {
            Some(known) => *known,
            None => {
                let found = self.catalogue.alpine(platform, self.scope).into_iter().next();
                self.bare.insert(platform.clone(), found);
                found
            }
        };
        Some(self.get(known?, false))
    }
}

/// See [`compose`].
pub(super) fn composed(
    facts: &ImageFacts,
    detection: &Detection,
    kinds: &[LayerKind],
    variants: &mut Variants<'_>,
) -> Option<Composition> {
    let (catalogue, scope) = (variants.catalogue, variants.scope);
    match detection.nature {
        // A base can be identified by its layers even if its system is unknown.
        Nature::System | Nature::Unknown => {}
        Nature::Scratch => {
            return Some(Composition {
                class: EvidenceClass::D,
                twin: variants.bare_alpine(&facts.platform)?,
                replaced: None,
                base_layers: 0,
                is_same_build: true,
                above: above(facts, kinds, 0),
            });
        }
        Nature::Alpine | Nature::Small | Nature::Windows | Nature::NotAnImage => return None,
    }
    if let Some(twin) = own_twin(facts, catalogue, scope) {
        let own_name = facts
            .names
            .first()
            .map(|(repository, tag)| format!("{repository}:{tag}"));
        return Some(Composition {
            class: EvidenceClass::A,
            twin: variants.get(twin, true),
            replaced: own_name,
            base_layers: facts.layers.len(),
            is_same_build: true,
            above: Box::default(),
        });
    }
    let mut on_system: Option<(usize, Arc<AlpineVariant>, &Candidate)> = None;
    // A runtime that explains the image better than the current candidate, but has no Alpine variant.
    let mut covered_by_runtime = 0;
    for candidate in &detection.candidates {
        let Some(id) = candidate.base else { continue };
        let layers = base_layer_count(candidate, facts, catalogue);
        if !is_plausible(candidate, layers, covered_by_runtime, facts, catalogue) {
            continue;
        }
        if catalogue.base(id).role != Role::System {
            covered_by_runtime = covered_by_runtime.max(layers);
        }
        let Some(found) = base_twin(candidate, id, &facts.platform, variants) else {
            continue;
        };
        let twin = variants.get(found.base, false);
        if twin.is_runtime {
            let twin = correct_for_included(twin, facts, layers, id, catalogue);
            let above = above(facts, kinds, layers);
            return Some(Composition {
                class: Composition::class_above_runtime(&above),
                twin,
                replaced: Some(candidate.name.to_string()),
                base_layers: layers,
                is_same_build: found.rule != TwinRule::NearRelease && is_exact(id, facts, catalogue),
                above,
            });
        }
        if on_system.as_ref().is_none_or(|(most, ..)| *most < layers) {
            on_system = Some((layers, twin, candidate));
        }
    }
    let (layers, twin, replaced) = match on_system {
        Some((layers, twin, candidate)) => (layers, twin, candidate.name.to_string()),
        None => {
            let finding = detection.system.as_ref()?;
            // A system in the catalogue without an Alpine variant cannot be replaced.
            if let Some(info) = catalogue.system(&finding.system.name) {
                info.twin.as_ref()?;
            }
            let alpine = variants.bare_alpine(&facts.platform)?;
            (finding.layers, alpine, finding.system.to_string())
        }
    };
    Some(Composition {
        class: EvidenceClass::C,
        twin,
        replaced: Some(replaced),
        base_layers: layers,
        // Builds of a bare system change more often than Alpine's, which are too small to matter.
        is_same_build: true,
        above: above(facts, kinds, layers),
    })
}

/// The Alpine variant of the image itself: one in the registry under one of its names, by the same tag.
pub fn own_twin(facts: &ImageFacts, catalogue: &Catalogue, scope: &Scope) -> Option<BaseId> {
    let mut names = facts.names.iter();
    names.find_map(|(repository, tag)| {
        let repository = catalogue.upstream_name(repository.as_str());
        catalogue.own_twin(repository, tag.as_str(), &facts.platform, scope)
    })
}

/// How many of the image's first layers belong to the candidate: all of the candidate's layers if the image has exactly
/// them, whatever the steps say.
fn base_layer_count(candidate: &Candidate, facts: &ImageFacts, catalogue: &Catalogue) -> usize {
    match candidate.base {
        Some(id) if is_exact(id, facts, catalogue) => catalogue.base(id).layers.len(),
        _ => candidate.layers.min(facts.layers.len()),
    }
}

/// Whether the image's layers start with all layers of the base.
fn is_exact(id: BaseId, facts: &ImageFacts, catalogue: &Catalogue) -> bool {
    let layers = &catalogue.base(id).layers;
    let mut pairs = layers.keys().zip(&*facts.layers);
    !layers.is_empty()
        && layers.len() <= facts.layers.len()
        && pairs.all(|(base, own)| base == LayerKey::from_digest(&own.digest))
}

/// Whether a candidate may be taken for the base when sizes are computed.
///
/// Layers and annotations are proof. Step texts are the same in many variants of a base, and variables are copied
/// between images, so the candidate's size must match the actual layers. Variables alone never outweigh a runtime that
/// better evidence has found.
fn is_plausible(
    candidate: &Candidate,
    layers: usize,
    covered_by_runtime: usize,
    facts: &ImageFacts,
    catalogue: &Catalogue,
) -> bool {
    let tolerance = match candidate.evidence {
        Evidence::StepTexts => REBUILT_TOLERANCE_PERCENT,
        Evidence::Variables => {
            if candidate.confidence.get() < MIN_VARIABLES_CONFIDENCE || layers <= covered_by_runtime {
                return false;
            }
            VARIABLES_TOLERANCE_PERCENT
        }
        _ => return true,
    };
    let Some(base) = candidate
        .base
        .map(|id| catalogue.base(id))
        .filter(|base| base.includes.is_none())
    else {
        return true;
    };
    let current: u128 = facts
        .layers
        .iter()
        .take(layers)
        .map(|layer| u128::from(layer.bytes))
        .sum();
    u128::from(base.bytes).abs_diff(current) * 100 <= u128::from(base.bytes) * tolerance
}

/// The Alpine variant of a base, or of the same base under a less precise release.
fn base_twin(
    candidate: &Candidate,
    base: BaseId,
    platform: &Platform,
    variants: &mut Variants<'_>,
) -> Option<Twin> {
    if let Some(twin) = variants.of_base(base) {
        return Some(twin);
    }
    let shorter = without_update(candidate.name.tag.as_deref()?)?;
    let name = BaseName::new(candidate.name.repository.clone(), shorter);
    let twin = variants
        .catalogue
        .twins_of_name(&name, platform, variants.scope)
        .into_iter()
        .next()?;
    Some(Twin {
        rule: TwinRule::NearRelease,
        ..twin
    })
}

/// `8u141-jre` without the update number of Java's releases: `8-jre`.
fn without_update(tag: &str) -> Option<String> {
    let (release, variant) = tag.split_once('-').unwrap_or((tag, ""));
    let (major, update) = release.split_once('u')?;
    let is_number = |word: &str| !word.is_empty() && word.bytes().all(|digit| digit.is_ascii_digit());
    if !is_number(major) || !is_number(update) {
        return None;
    }
    Some(if variant.is_empty() {
        major.to_owned()
    } else {
        format!("{major}-{variant}")
    })
}

fn twin_of(id: BaseId, is_own: bool, catalogue: &Catalogue) -> AlpineVariant {
    let base = catalogue.base(id);
    let layers = if base.layers.is_empty() {
        vec![TwinLayer {
            digest: None,
            bytes: base.bytes,
        }]
    } else {
        let known = base.layers.iter().map(|layer| TwinLayer {
            digest: layer.digest,
            bytes: layer.bytes,
        });
        known.collect()
    };
    AlpineVariant {
        name: base.precise_name().to_string(),
        layers,
        release: base.alpine_release(),
        support_ended: match catalogue.support_of(id) {
            AlpineSupport::EndedOn(day) => Some(day),
            AlpineSupport::Supported | AlpineSupport::Unknown => None,
        },
        is_runtime: base.role != Role::System,
        is_own,
    }
}

/// Some sources give the size of a base including a sample application. The variant's figure then includes it too, so
/// the variant is the base's actual size here plus the difference of the two figures.
fn correct_for_included(
    twin: Arc<AlpineVariant>,
    facts: &ImageFacts,
    layers: usize,
    base: BaseId,
    catalogue: &Catalogue,
) -> Arc<AlpineVariant> {
    let base = catalogue.base(base);
    if base.includes.is_none() {
        return twin;
    }
    let current: u64 = facts.layers[..layers].iter().map(|layer| layer.bytes).sum();
    let figure: u64 = twin.layers.iter().map(|layer| layer.bytes).sum();
    let mut twin = AlpineVariant::clone(&twin);
    twin.layers = vec![TwinLayer {
        digest: None,
        bytes: (current + figure).saturating_sub(base.bytes),
    }];
    twin.into()
}

/// A step that adds almost nothing but has a layer of this size was matched wrongly. Our choice.
const MAX_EMPTY_STEP_BYTES: u64 = 2_000_000;

fn above(facts: &ImageFacts, kinds: &[LayerKind], layers: usize) -> Box<[LayerAbove]> {
    let kind_of = |index: usize, bytes| match kinds.get(index) {
        Some(kind) if bytes <= MAX_EMPTY_STEP_BYTES || !adds_almost_nothing(kind.step) => *kind,
        _ => LayerKind::UNKNOWN,
    };
    let layers = facts.layers.iter().enumerate().skip(layers);
    layers
        .filter(|(_, layer)| layer.stored)
        .map(|(index, layer)| LayerAbove {
            index,
            bytes: layer.bytes,
            kind: kind_of(index, layer.bytes),
        })
        .collect()
}

fn adds_almost_nothing(step: StepKind) -> bool {
    matches!(step, StepKind::NoOp | StepKind::KeyImport)
}
