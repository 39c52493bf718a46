use std::collections::HashMap;

use crate::base_image::{Detection, ImageFacts, Step, read_step};

use super::layer_kind::LayerKind;

/// Parsed build steps, each distinct text once: images with a common base share most of their history.
#[derive(Debug, Default)]
pub struct ParsedSteps {
    steps: HashMap<String, Step>,
}

impl ParsedSteps {
    /// Parses every step of these images.
    pub fn from_images<'a>(images: impl IntoIterator<Item = &'a ImageFacts>) -> Self {
        let mut steps = HashMap::new();
        for config in images.into_iter().filter_map(|facts| facts.config.as_ref()) {
            for step in &config.history {
                if !steps.contains_key(&step.created_by) {
                    steps.insert(step.created_by.clone(), read_step(&step.created_by));
                }
            }
        }
        Self { steps }
    }

    /// The parsed step of a text; `None` if no image had it.
    pub fn get(&self, text: &str) -> Option<&Step> {
        self.steps.get(text)
    }

    /// Every distinct step.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Step)> {
        self.steps.iter().map(|(text, step)| (text.as_str(), step))
    }

    /// The kind of each layer of an image. A layer without a known step has the unknown kind. Packages count as a vendor's
    /// depending on the package sources that earlier steps added.
    pub fn kinds(&self, facts: &ImageFacts, detection: &Detection) -> Vec<LayerKind> {
        let history = facts.config.as_ref().map_or(&[][..], |config| &config.history);
        let mut source_added = false;
        let steps: Vec<_> = history
            .iter()
            .map(|entry| {
                let step = self.get(&entry.created_by);
                let kind = step.map_or(LayerKind::UNKNOWN, |step| {
                    LayerKind::from_step(step, source_added)
                });
                source_added |= step.is_some_and(|step| step.adds_source);
                kind
            })
            .collect();
        (0..facts.layers.len())
            .map(|layer| {
                let step = detection.steps.step_of(layer);
                step.and_then(|step| steps.get(step).copied())
                    .unwrap_or(LayerKind::UNKNOWN)
            })
            .collect()
    }
}
