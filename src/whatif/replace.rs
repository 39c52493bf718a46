use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use crate::base_image::{ImageFacts, Instruction, KeyMap, Keyword, LayerSteps, tag_without_system};
use crate::inventory::{BlobId, Inventory, ManifestId};
use crate::oci::{HistoryStep, ImageConfig, Platform};

use super::class::EvidenceClass;
use super::composition::{Composition, KindFactors, Part};
use super::layer_kind::LayerKind;
use super::model::{AlpineModel, Coverage};
use super::replacement::{ErrorSource, LayerIdentity, NewLayer, Replacement, UncertainSize};

/// Builds the replacements for the counterfactual graph, and numbers the sources of errors.
///
/// All layers of one kind of step have one source of error, whatever their image, and so have all variants and additions
/// of one base.
///
/// Layers stay as distinct as they are now, with one exception. Two variants of an image (for example on Debian and on
/// slim Debian) move to the same Alpine variant, and then run the same commands: the same commands on the same day are
/// one layer on Alpine, as in a build cache.
#[derive(Debug)]
pub struct ReplacementBuilder<'m> {
    model: &'m AlpineModel,
    coverage: Coverage,
    factors: KindFactors<'m>,
    sources: HashMap<String, u32>,
    kind_sources: HashMap<LayerKind, ErrorSource>,
    /// The texts of steps and the names of variants, by number.
    texts: HashMap<String, u32>,
    /// A sequence of steps on an Alpine variant, by the sequence before its last step and that step.
    sequences: KeyMap<(u32, StepKey), u32>,
    /// The first layer seen at the end of a sequence.
    ends: KeyMap<u32, BlobId>,
}

/// What makes two steps equal: their text, and for copied files their content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct StepKey {
    text: u32,
    /// The layer that stands for the content.
    content: Option<BlobId>,
}

/// The steps of a configuration: the text of each, and whether the layer stands for its content.
type StepTexts = Arc<[(u32, bool)]>;

/// What is known while the images of one registry are replaced.
#[derive(Debug, Default)]
struct Read {
    /// The steps of configurations by their address; they are borrowed all the while.
    steps: KeyMap<usize, StepTexts>,
}

/// An image that moves.
#[derive(Debug, Clone, Copy)]
pub struct ImageMove<'a> {
    /// The image in the inventory.
    pub manifest: ManifestId,
    /// Its facts.
    pub facts: &'a ImageFacts,
    /// The step of each of its layers.
    pub steps: &'a LayerSteps,
    /// What it would consist of.
    pub composition: &'a Composition,
}

impl<'m> ReplacementBuilder<'m> {
    /// Creates a builder without known sequences.
    pub fn new(model: &'m AlpineModel, coverage: Coverage) -> Self {
        Self {
            model,
            coverage,
            factors: KindFactors::new(model),
            sources: HashMap::new(),
            kind_sources: HashMap::new(),
            texts: HashMap::new(),
            sequences: KeyMap::default(),
            ends: KeyMap::default(),
        }
    }

    /// The replacements of these images.
    ///
    /// Variants of one image for several systems are one image on Alpine. The variant with the best evidence, and among
    /// equals the largest, is used for all.
    pub fn replacements(
        &mut self,
        inventory: &Inventory,
        images: &[ImageMove<'_>],
    ) -> HashMap<ManifestId, Replacement> {
        let mut names = VariantNames::default();
        let keys: Vec<_> = images.iter().map(|image| names.key(image.facts)).collect();
        let ranks: Vec<_> = images.iter().map(|image| self.rank(image)).collect();
        let mut best: HashMap<VariantKey<'_>, usize> = HashMap::new();
        for (index, key) in keys.iter().enumerate() {
            let Some(key) = key else { continue };
            let chosen = best.entry(key.clone()).or_insert(index);
            if ranks[index] < ranks[*chosen] {
                *chosen = index;
            }
        }
        let mut read = Read::default();
        let representative_of = |index: usize| keys[index].as_ref().map_or(index, |key| best[key]);
        let mut replacements: HashMap<ManifestId, Replacement> = HashMap::with_capacity(images.len());
        for (index, image) in images.iter().enumerate() {
            let chosen = &images[representative_of(index)];
            if let Entry::Vacant(vacant) = replacements.entry(chosen.manifest) {
                let stored = inventory.layers(chosen.manifest);
                vacant.insert(self.replacement(chosen, stored, &mut read));
            }
            if image.manifest != chosen.manifest {
                let replacement = replacements[&chosen.manifest].clone();
                replacements.insert(image.manifest, replacement);
            }
        }
        replacements
    }

    /// The order of variants of one image, the best first.
    fn rank(&mut self, image: &ImageMove<'_>) -> (EvidenceClass, Reverse<u64>, ManifestId) {
        let parts = image.composition.parts_with(&mut self.factors);
        let expected: f64 = parts.iter().map(|part| part.expected).sum();
        (
            image.composition.class,
            Reverse(expected.round() as u64),
            image.manifest,
        )
    }

    /// The replacement of an image with its composition.
    fn replacement(&mut self, image: &ImageMove<'_>, stored: &[BlobId], read: &mut Read) -> Replacement {
        let ImageMove {
            facts,
            steps,
            composition,
            ..
        } = *image;
        let blobs = layer_blobs(facts, stored);
        let twin = &composition.twin;
        let scale = self.model.scale_of(composition.class).for_coverage(self.coverage);
        let base_source = self.source(&format!("base {}", twin.name));
        let mut name = format!("{} {}", twin.name, facts.platform);
        // Builds of a base stay as distinct as they are now: the last layer tells them apart.
        let build = composition
            .base_layers
            .checked_sub(1)
            .and_then(|last| blobs[last]);
        if let Some(build) = build.filter(|_| !composition.is_same_build) {
            name.push_str(&format!(" as of {build}"));
        }
        let mut layers = Vec::with_capacity(twin.layers.len() + composition.above.len() + 1);
        for (position, layer) in twin.layers.iter().enumerate() {
            layers.push(NewLayer {
                identity: match layer.digest.filter(|_| composition.is_same_build) {
                    Some(digest) => LayerIdentity::Published(digest),
                    None => LayerIdentity::Position(position as u32),
                },
                size: spread(composition.twin_part(layer.bytes, self.model), scale, base_source),
            });
        }
        let texts = self.step_texts(facts, read);
        let above = self.layers_above(&name, &texts, &blobs, steps, composition);
        for (layer, blob) in composition.above.iter().zip(&above) {
            let Some(blob) = *blob else { continue };
            let source = self.source_of_kind(layer.kind);
            layers.push(NewLayer {
                identity: LayerIdentity::Rebuilt(blob),
                size: spread(composition.part_above(layer, &mut self.factors), scale, source),
            });
        }
        if let Some(addition) = composition.addition(self.model) {
            layers.push(NewLayer {
                identity: LayerIdentity::Addition(above.first().copied().flatten()),
                size: spread(addition, scale, base_source),
            });
        }
        Replacement { twin: name, layers }
    }

    /// The current layer that represents each layer above the base.
    fn layers_above(
        &mut self,
        twin: &str,
        texts: &[(u32, bool)],
        blobs: &[Option<BlobId>],
        steps: &LayerSteps,
        composition: &Composition,
    ) -> Vec<Option<BlobId>> {
        let mut next = match composition.base_layers.checked_sub(1) {
            None => Some(0),
            Some(last) => steps.step_of(last).map(|step| step + 1),
        };
        let on_twin = StepKey {
            text: self.text(twin),
            content: None,
        };
        let mut sequence = self.sequence(u32::MAX, on_twin);
        let mut above = Vec::with_capacity(composition.above.len());
        for layer in &composition.above {
            let own = blobs[layer.index];
            let step = steps.step_of(layer.index);
            let (Some(first), Some(step), Some(blob)) = (next, step, own) else {
                // From here on the commands are unknown, so no layers are equal.
                next = None;
                above.push(own);
                continue;
            };
            for &(text, is_copy) in texts.iter().take(step + 1).skip(first) {
                let content = is_copy.then_some(blob);
                sequence = self.sequence(sequence, StepKey { text, content });
            }
            next = Some(step + 1);
            above.push(Some(*self.ends.entry(sequence).or_insert(blob)));
        }
        above
    }

    /// The steps of an image.
    fn step_texts(&mut self, facts: &ImageFacts, read: &mut Read) -> StepTexts {
        let Some(config) = &facts.config else {
            return StepTexts::default();
        };
        let address = std::ptr::from_ref::<ImageConfig>(config) as usize;
        if let Some(known) = read.steps.get(&address) {
            return Arc::clone(known);
        }
        let texts = config.history.iter().map(|step| {
            let (text, is_copy) = step_text(step);
            (self.text(&text), is_copy)
        });
        let texts: StepTexts = texts.collect();
        read.steps.insert(address, Arc::clone(&texts));
        texts
    }

    fn text(&mut self, text: &str) -> u32 {
        if let Some(known) = self.texts.get(text) {
            return *known;
        }
        let new = self.texts.len() as u32;
        self.texts.insert(text.to_owned(), new);
        new
    }

    fn sequence(&mut self, before: u32, step: StepKey) -> u32 {
        let new = self.sequences.len() as u32;
        *self.sequences.entry((before, step)).or_insert(new)
    }

    fn source_of_kind(&mut self, kind: LayerKind) -> ErrorSource {
        if let Some(known) = self.kind_sources.get(&kind) {
            return *known;
        }
        let source = self.source(&format!("kind {}", self.model.entry_of(&kind.name())));
        self.kind_sources.insert(kind, source);
        source
    }

    fn source(&mut self, cause: &str) -> ErrorSource {
        let next = self.sources.len() as u32;
        ErrorSource(*self.sources.entry(cause.to_owned()).or_insert(next))
    }
}

fn spread(part: Part, scale: f64, source: ErrorSource) -> UncertainSize {
    UncertainSize {
        expected: part.expected.round() as u64,
        below: part.below(scale).round() as u64,
        above: part.above(scale).round() as u64,
        source,
    }
}

/// What variants of one image have in common: repository, platform, and the most specific tag without the name of a
/// system.
type VariantKey<'a> = (&'a str, u32, Arc<str>);

/// The keys of images, with each tag and platform read once.
#[derive(Debug, Default)]
struct VariantNames<'a> {
    /// A tag without the name of a system, and how many dots that has.
    words: HashMap<&'a str, (usize, Arc<str>)>,
    platforms: HashMap<&'a Platform, u32>,
    /// Platforms that are written alike count as one.
    written: HashMap<String, u32>,
}

impl<'a> VariantNames<'a> {
    /// The key of an image; `None` if no tag has more than a system's name.
    fn key(&mut self, facts: &'a ImageFacts) -> Option<VariantKey<'a>> {
        let mut most: Option<(&str, usize, Arc<str>)> = None;
        for (repository, tag) in &facts.names {
            let (dots, words) = self.words.entry(tag.as_str()).or_insert_with(|| {
                let words = tag_without_system(tag.as_str());
                (words.matches('.').count(), words.into())
            });
            let rank = |dots: usize, words: &str| (dots, words.len());
            let is_more = most.as_ref().is_none_or(|(_, most_dots, most)| {
                let (one, other) = (rank(*dots, words), rank(*most_dots, most));
                // The last of equal ones.
                (one, &**words) >= (other, &**most)
            });
            if !words.is_empty() && is_more {
                most = Some((repository.as_str(), *dots, Arc::clone(words)));
            }
        }
        let (repository, _, words) = most?;
        let platform = match self.platforms.get(&facts.platform) {
            Some(platform) => *platform,
            None => {
                let next = self.written.len() as u32;
                let platform = *self.written.entry(facts.platform.to_string()).or_insert(next);
                self.platforms.insert(&facts.platform, platform);
                platform
            }
        };
        Some((repository, platform, words))
    }
}

/// What makes two steps equal: command and day, and for copied files their content. Docker's classic builder writes a
/// hash of the content into the command; other builders do not, so the layer itself stands for the content, if the second
/// result says so.
fn step_text(step: &HistoryStep) -> (Cow<'_, str>, bool) {
    let command = &step.created_by;
    if step.empty_layer {
        return (Cow::Borrowed(command), false);
    }
    let day = step
        .created
        .as_deref()
        .and_then(|created| created.get(..10))
        .unwrap_or("");
    let copies = matches!(
        Instruction::read(command).keyword,
        Keyword::Copy | Keyword::Add | Keyword::Missing
    );
    let has_hash = ["file:", "dir:", "multi:"]
        .iter()
        .any(|prefix| command.contains(prefix));
    if day.is_empty() || (copies && !has_hash) {
        return (Cow::Borrowed(command), true);
    }
    (Cow::Owned(format!("{command} {day}")), false)
}

/// The blob of each of an image's layers, given those that are stored; `None` for layers that the registry does not store.
fn layer_blobs(facts: &ImageFacts, stored: &[BlobId]) -> Vec<Option<BlobId>> {
    let mut stored = stored.iter().copied();
    let layers = facts.layers.iter();
    layers
        .map(|layer| if layer.stored { stored.next() } else { None })
        .collect()
}
