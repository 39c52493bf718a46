//! Which step made which layer, as most images say.

use super::base::LayerKey;
use super::build::CatalogueBuilder;
use super::growth::Growth;
use crate::base_image::ImageFacts;
use crate::base_image::hash::{KeyMap, KeySet};
use crate::base_image::texts::TextKey;

/// The steps that images name for a layer, each with the number of images, in the order in which they were met.
#[derive(Debug)]
struct Votes {
    first: (TextKey, u32),
    others: Vec<(TextKey, u32)>,
}

impl Votes {
    fn add(&mut self, text: TextKey) {
        let known = std::iter::once(&mut self.first).chain(&mut self.others);
        match known.into_iter().find(|(known, _)| *known == text) {
            Some((_, count)) => *count += 1,
            None => self.others.push((text, 1)),
        }
    }

    /// The step that most images name; the last met of several.
    fn most(&self) -> (TextKey, u32) {
        let all = std::iter::once(&self.first).chain(&self.others);
        all.copied().max_by_key(|(_, count)| *count).unwrap_or(self.first)
    }
}

impl CatalogueBuilder<'_> {
    /// Remembers which step made which layer. Needed for images whose history cannot be trusted: its number
    /// of steps does not fit the layers, or it names another command for a shared layer than most images.
    pub(super) fn learn_layers(&mut self, grown: &[Growth<'_>]) {
        let mut votes: KeyMap<LayerKey, Votes> = KeyMap::default();
        let mut unclear: Vec<&ImageFacts> = Vec::new();
        for Growth { base, facts, .. } in grown {
            let Some(config) = facts.config.as_ref().filter(|config| !config.history.is_empty()) else {
                continue;
            };
            let made = config.history.iter().filter(|step| !step.empty_layer).count();
            if made != facts.layers.len() {
                unclear.push(facts);
                continue;
            }
            let steps = config.history.iter().zip(self.catalogue.steps_of(*base));
            let texts = steps.filter(|(step, _)| !step.empty_layer).map(|(_, text)| *text);
            for (layer, text) in facts.layers.iter().zip(texts) {
                votes
                    .entry(LayerKey::from_digest(&layer.digest))
                    .and_modify(|votes| votes.add(text))
                    .or_insert_with(|| Votes {
                        first: (text, 1),
                        others: Vec::new(),
                    });
            }
        }
        let contested: KeySet<LayerKey> = votes
            .iter()
            .filter(|(_, votes)| !votes.others.is_empty())
            .map(|(layer, _)| *layer)
            .collect();
        if !contested.is_empty() {
            unclear.extend(grown.iter().map(|growth| growth.facts).filter(|facts| {
                facts
                    .layers
                    .iter()
                    .any(|layer| contested.contains(&LayerKey::from_digest(&layer.digest)))
            }));
        }
        for layer in unclear.iter().flat_map(|facts| facts.layers.iter()) {
            let key = LayerKey::from_digest(&layer.digest);
            // A pair counts if at least two images agree on it.
            if let Some((text, count)) = votes.get(&key).map(Votes::most)
                && count > 1
            {
                self.catalogue.layer_texts.insert(key, text);
            }
        }
    }
}
