use std::borrow::Cow;
use std::collections::HashMap;

use crate::base_image::{Detection, ImageFacts, KeyMap, Step, read_step};
use crate::oci::{HistoryStep, ImageConfig};

use super::layer_kind::LayerKind;

/// Parsed build steps, each distinct text once: images with a common base share most of their history. The histories of
/// shared configurations are read once, too.
#[derive(Debug, Default)]
pub struct ParsedSteps<'a> {
    steps: Vec<(&'a str, Step)>,
    places: HashMap<&'a str, u32>,
    /// By the address of the configuration, which is borrowed.
    histories: KeyMap<usize, History>,
}

/// The steps of one image.
#[derive(Debug, Clone)]
struct History {
    /// Their places among the distinct steps; [`UNKNOWN`] where a step has none.
    places: Box<[u32]>,
    kinds: Box<[LayerKind]>,
}

/// The place of a step that no image had.
pub(super) const UNKNOWN: u32 = u32::MAX;

impl<'a> ParsedSteps<'a> {
    /// Parses every step of these images.
    pub fn from_images(images: impl IntoIterator<Item = &'a ImageFacts>) -> Self {
        let mut parsed = Self::default();
        for config in images.into_iter().filter_map(|facts| facts.config.as_ref()) {
            let address = address(config);
            if parsed.histories.contains_key(&address) {
                continue;
            }
            for step in &config.history {
                let text = step.created_by.as_str();
                if !parsed.places.contains_key(text) {
                    parsed.places.insert(text, parsed.steps.len() as u32);
                    parsed.steps.push((text, read_step(text)));
                }
            }
            let history = parsed.read(&config.history);
            parsed.histories.insert(address, history);
        }
        parsed
    }

    /// The parsed step of a text; `None` if no image had it.
    pub fn get(&self, text: &str) -> Option<&Step> {
        let place = *self.places.get(text)?;
        Some(&self.steps[place as usize].1)
    }

    /// Every distinct step, by its place.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Step)> {
        self.steps.iter().map(|(text, step)| (*text, step))
    }

    /// The places of an image's steps among the distinct steps.
    pub(super) fn places(&self, facts: &ImageFacts) -> Cow<'_, [u32]> {
        match self.history(facts) {
            Cow::Borrowed(history) => Cow::Borrowed(&history.places),
            Cow::Owned(history) => Cow::Owned(history.places.into()),
        }
    }

    /// The kind of each layer of an image. A layer without a known step has the unknown kind. Packages count as a vendor's
    /// depending on the package sources that earlier steps added.
    pub fn kinds(&self, facts: &ImageFacts, detection: &Detection) -> Box<[LayerKind]> {
        let history = self.history(facts);
        let layers = 0..facts.layers.len();
        let kinds = layers.map(|layer| {
            let step = detection.steps.step_of(layer);
            step.and_then(|step| history.kinds.get(step).copied())
                .unwrap_or(LayerKind::UNKNOWN)
        });
        kinds.collect()
    }

    fn history(&self, facts: &ImageFacts) -> Cow<'_, History> {
        let config = facts.config.as_ref();
        match config.and_then(|config| self.histories.get(&address(config))) {
            Some(history) => Cow::Borrowed(history),
            None => Cow::Owned(self.read(config.map_or(&[], |config| &config.history))),
        }
    }

    fn read(&self, history: &[HistoryStep]) -> History {
        let mut source_added = false;
        let place = |entry: &HistoryStep| self.places.get(entry.created_by.as_str()).copied();
        let places: Box<[u32]> = history
            .iter()
            .map(|entry| place(entry).unwrap_or(UNKNOWN))
            .collect();
        let kinds = places.iter().map(|place| {
            let step = self.steps.get(*place as usize).map(|(_, step)| step);
            let kind = step.map_or(LayerKind::UNKNOWN, |step| {
                LayerKind::from_step(step, source_added)
            });
            source_added |= step.is_some_and(|step| step.adds_source);
            kind
        });
        History {
            kinds: kinds.collect(),
            places,
        }
    }
}

fn address(config: &ImageConfig) -> usize {
    std::ptr::from_ref(config) as usize
}
