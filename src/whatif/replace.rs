use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::base_image::{ImageFacts, Instruction, Keyword, LayerSteps, tag_without_system};
use crate::inventory::{BlobId, Inventory, ManifestId};
use crate::oci::HistoryStep;

use super::composition::{Composition, Part};
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
    sources: HashMap<String, u32>,
    /// A sequence of steps on an Alpine variant, by the sequence before its last step and that step.
    sequences: HashMap<(u32, String), u32>,
    /// The first layer seen at the end of a sequence.
    ends: HashMap<u32, BlobId>,
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
            sources: HashMap::new(),
            sequences: HashMap::new(),
            ends: HashMap::new(),
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
        let mut best: HashMap<(String, String), usize> = HashMap::new();
        let keys: Vec<_> = images.iter().map(|image| variant_key(image.facts)).collect();
        let rank = |index: usize| {
            let composition = images[index].composition;
            let expected: f64 = composition
                .parts(self.model)
                .iter()
                .map(|part| part.expected)
                .sum();
            (
                composition.class,
                std::cmp::Reverse(expected.round() as u64),
                images[index].manifest,
            )
        };
        for (index, key) in keys.iter().enumerate() {
            let Some(key) = key else { continue };
            let chosen = best.entry(key.clone()).or_insert(index);
            if rank(index) < rank(*chosen) {
                *chosen = index;
            }
        }
        let representative_of = |index: usize| keys[index].as_ref().map_or(index, |key| best[key]);
        let mut replacements: HashMap<ManifestId, Replacement> = HashMap::with_capacity(images.len());
        for (index, image) in images.iter().enumerate() {
            let chosen = &images[representative_of(index)];
            if let Entry::Vacant(vacant) = replacements.entry(chosen.manifest) {
                let stored = inventory.layers(chosen.manifest);
                vacant.insert(self.replacement(chosen.facts, stored, chosen.steps, chosen.composition));
            }
            if image.manifest != chosen.manifest {
                let replacement = replacements[&chosen.manifest].clone();
                replacements.insert(image.manifest, replacement);
            }
        }
        replacements
    }

    /// The replacement of an image with this composition.
    fn replacement(
        &mut self,
        facts: &ImageFacts,
        stored: &[BlobId],
        steps: &LayerSteps,
        composition: &Composition,
    ) -> Replacement {
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
        let above = self.layers_above(&name, facts, &blobs, steps, composition);
        for (layer, blob) in composition.above.iter().zip(&above) {
            let Some(blob) = *blob else { continue };
            let kind = layer.kind.name();
            let source = self.source(&format!("kind {}", self.model.entry_of(&kind)));
            layers.push(NewLayer {
                identity: LayerIdentity::Rebuilt(blob),
                size: spread(composition.part_above(layer, self.model), scale, source),
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
        facts: &ImageFacts,
        blobs: &[Option<BlobId>],
        steps: &LayerSteps,
        composition: &Composition,
    ) -> Vec<Option<BlobId>> {
        let history = facts.config.as_ref().map_or(&[][..], |config| &config.history);
        let mut next = match composition.base_layers.checked_sub(1) {
            None => Some(0),
            Some(last) => steps.step_of(last).map(|step| step + 1),
        };
        let mut sequence = self.sequence(u32::MAX, twin.to_owned());
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
            for entry in history.iter().take(step + 1).skip(first) {
                sequence = self.sequence(sequence, step_key(entry, blob));
            }
            next = Some(step + 1);
            above.push(Some(*self.ends.entry(sequence).or_insert(blob)));
        }
        above
    }

    fn sequence(&mut self, before: u32, step: String) -> u32 {
        let new = self.sequences.len() as u32;
        *self.sequences.entry((before, step)).or_insert(new)
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
/// system. `None` if no tag has more than a system's name.
fn variant_key(facts: &ImageFacts) -> Option<(String, String)> {
    let tags = facts
        .names
        .iter()
        .map(|(repository, tag)| (repository, tag_without_system(tag.as_str())));
    let specific = tags.filter(|(_, words)| !words.is_empty());
    let most = specific.max_by_key(|(_, words)| (words.matches('.').count(), words.len(), words.clone()))?;
    Some((format!("{} {}", most.0, facts.platform), most.1))
}

/// What makes two steps equal: command and day, and for copied files their content. Docker's classic builder writes a
/// hash of the content into the command; other builders do not, so the layer itself stands for the content.
fn step_key(step: &HistoryStep, blob: BlobId) -> String {
    let command = &step.created_by;
    if step.empty_layer {
        return command.clone();
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
        return format!("{command} {blob}");
    }
    format!("{command} {day}")
}

/// The blob of each of an image's layers, given those that are stored; `None` for layers that the registry does not store.
fn layer_blobs(facts: &ImageFacts, stored: &[BlobId]) -> Vec<Option<BlobId>> {
    let mut stored = stored.iter().copied();
    let layers = facts.layers.iter();
    layers
        .map(|layer| if layer.stored { stored.next() } else { None })
        .collect()
}
