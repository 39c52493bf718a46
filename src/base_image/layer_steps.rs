use super::catalogue::LayerKey;
use super::steps::Instruction;
use super::texts::TextKey;
use super::{ImageFacts, Keyword};
use crate::oci::HistoryStep;

/// The step of the history that made each layer of an image.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct LayerSteps {
    /// For each layer the index of its step in the history.
    steps: Box<[Option<u32>]>,
    matching: Matching,
}

/// The method by which steps and layers were matched.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Matching {
    /// No history, or it does not fit the layers.
    #[default]
    NoHistory,
    /// The history marks the steps without a layer, and the number of the others equals the number of layers.
    Exact,
    /// The marks are missing or wrong. Steps were matched by what they do and by layers whose step is known
    /// from other images.
    Inferred,
}

/// How likely a step makes a layer, by its instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Makes {
    /// It only changes the configuration.
    Never,
    /// A `WORKDIR`: makes a layer if the folder is missing.
    Perhaps,
    /// A command: makes a layer unless it changes nothing.
    Likely,
    /// Files are copied or added.
    Surely,
}

impl LayerSteps {
    /// Matches the steps of an image's history to its layers.
    ///
    /// `texts` are the keys of the steps. `known` returns the step that made a layer according to other images. If the marks in the history
    /// contradict it, or their number does not fit, the known pairs are kept and the rest is matched between
    /// them. Builders forget to mark steps without a layer, and a `WORKDIR` sometimes makes a layer; without
    /// the known pairs, one shift would give every later layer the wrong command.
    pub(super) fn new(
        facts: &ImageFacts,
        texts: &[TextKey],
        known: impl Fn(LayerKey) -> Option<TextKey>,
    ) -> Self {
        let layers = facts.layers.len();
        let history = facts.config.as_ref().map_or(&[][..], |config| &config.history);
        if history.is_empty() || layers == 0 {
            return Self {
                steps: vec![None; layers].into(),
                matching: Matching::NoHistory,
            };
        }
        let text = |step: usize| texts[step];
        let known: Vec<Option<TextKey>> = facts
            .layers
            .iter()
            .map(|layer| known(LayerKey::from_digest(&layer.digest)))
            .collect();
        let marked: Vec<usize> = (0..history.len())
            .filter(|&at| !history[at].empty_layer)
            .collect();
        let agrees = marked.len() == layers
            && known
                .iter()
                .zip(&marked)
                .all(|(known, &step)| known.is_none_or(|known| known == text(step)));
        if agrees {
            return Self {
                steps: marked.into_iter().map(|step| Some(step as u32)).collect(),
                matching: Matching::Exact,
            };
        }
        let effects = effects(history);
        let mut steps = vec![None; layers];
        let mut from = (0, 0);
        // Layers whose step is known split the rest into sections that are matched separately.
        let mut pairs: Vec<(usize, usize)> = Vec::new();
        for (layer, known) in known.iter().enumerate() {
            if let Some(key) = known {
                let start = pairs.last().map_or(0, |(_, step)| step + 1);
                let step =
                    (start..history.len()).find(|&at| effects[at].likely != Makes::Never && text(at) == *key);
                pairs.extend(step.map(|step| (layer, step)));
            }
        }
        for (layer, step) in pairs.into_iter().chain([(layers, history.len())]) {
            fill(&mut steps, &effects, from, (layer, step));
            if layer < layers {
                steps[layer] = Some(step);
            }
            from = (layer + 1, step + 1);
        }
        let any = steps.iter().any(Option::is_some);
        Self {
            matching: if any {
                Matching::Inferred
            } else {
                Matching::NoHistory
            },
            steps: steps.into_iter().map(|step| Some(step? as u32)).collect(),
        }
    }

    /// The index in the history of the step that made a layer, if known.
    pub fn step_of(&self, layer: usize) -> Option<usize> {
        let step = self.steps.get(layer).copied().flatten()?;
        Some(step as usize)
    }

    /// How many of the first layers are made by the first so many steps; `None` if that is not known.
    pub(super) fn layers_within(&self, steps: usize) -> Option<usize> {
        if self.matching == Matching::NoHistory {
            return None;
        }
        // Layers without a known step lie between two that have one.
        let within = self
            .steps
            .iter()
            .rposition(|step| step.is_some_and(|step| (step as usize) < steps));
        Some(within.map_or(0, |layer| layer + 1))
    }

    /// The method of the match.
    pub fn matching(&self) -> Matching {
        self.matching
    }
}

/// Whether a step makes a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Effect {
    /// According to the mark in the history.
    marked: bool,
    /// According to its instruction.
    likely: Makes,
}

fn effects(history: &[HistoryStep]) -> Vec<Effect> {
    history
        .iter()
        .map(|step| {
            let instruction = Instruction::read(&step.created_by);
            Effect {
                marked: !step.empty_layer,
                likely: match (instruction.keyword, instruction.makes_layer()) {
                    (Keyword::Copy | Keyword::Add, _) => Makes::Surely,
                    (_, Some(true)) => Makes::Likely,
                    (_, Some(false)) => Makes::Never,
                    (_, None) => Makes::Perhaps,
                },
            }
        })
        .collect()
}

/// Matches the steps and layers of one section if their numbers agree; the marks take precedence.
fn fill(steps: &mut [Option<usize>], effects: &[Effect], from: (usize, usize), to: (usize, usize)) {
    let (first_layer, first_step) = from;
    let (end_layer, end_step) = to;
    if first_layer >= end_layer || first_step >= end_step {
        return;
    }
    let makes_layer: [fn(&Effect) -> bool; 4] = [
        |effect| effect.marked,
        |effect| effect.likely >= Makes::Likely,
        |effect| effect.likely >= Makes::Perhaps,
        |effect| effect.likely == Makes::Surely,
    ];
    for makes_layer in makes_layer {
        let chosen: Vec<usize> = (first_step..end_step)
            .filter(|&at| makes_layer(&effects[at]))
            .collect();
        if chosen.len() == end_layer - first_layer {
            for (layer, step) in (first_layer..end_layer).zip(chosen) {
                steps[layer] = Some(step);
            }
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base_image::LayerFact;
    use crate::oci::{Digest, ImageConfig, Platform};

    fn image(layers: usize, steps: &[(&str, bool)]) -> ImageFacts {
        let history: Vec<_> = steps
            .iter()
            .map(|(text, empty)| serde_json::json!({"created_by": text, "empty_layer": empty}))
            .collect();
        let config = serde_json::json!({"os": "linux", "architecture": "amd64", "history": history});
        ImageFacts {
            digest: Digest::sha256_of(b"image"),
            platform: Platform {
                os: "linux".into(),
                architecture: "amd64".into(),
                variant: None,
                os_version: None,
            },
            config_media_type: Default::default(),
            layers: (0..layers)
                .map(|place| LayerFact {
                    digest: Digest::sha256_of(&[place as u8]),
                    bytes: 1,
                    stored: true,
                })
                .collect(),
            annotations: Default::default(),
            config: ImageConfig::parse(config.to_string().as_bytes())
                .ok()
                .map(Into::into),
            names: Vec::new(),
        }
    }

    fn steps_of(facts: &ImageFacts, known: &[(usize, &str)]) -> Vec<Option<usize>> {
        let known: Vec<(LayerKey, TextKey)> = known
            .iter()
            .map(|(layer, text)| {
                (
                    LayerKey::from_digest(&facts.layers[*layer].digest),
                    TextKey::new(text),
                )
            })
            .collect();
        let steps = LayerSteps::new(facts, &TextKey::from_history(facts), |layer| {
            known.iter().find(|(key, _)| *key == layer).map(|(_, text)| *text)
        });
        (0..facts.layers.len())
            .map(|layer| steps.step_of(layer))
            .collect()
    }

    #[test]
    fn marks_decide_where_they_are_as_many_as_the_layers() {
        let facts = image(2, &[("ADD a /", false), ("CMD x", true), ("RUN y", false)]);
        assert_eq!(steps_of(&facts, &[]), [Some(0), Some(2)]);
    }

    #[test]
    fn without_marks_the_instructions_decide() {
        let steps = [
            ("ADD a /", false),
            ("ENV A=b", false),
            ("WORKDIR /x", false),
            ("RUN y", false),
        ];
        assert_eq!(steps_of(&image(2, &steps), &[]), [Some(0), Some(3)]);
        assert_eq!(steps_of(&image(3, &steps), &[]), [Some(0), Some(2), Some(3)]);
        assert_eq!(steps_of(&image(5, &steps), &[]), [None; 5]);
    }

    #[test]
    fn known_pairs_stay_together_and_correct_a_shift() {
        // The second step made nothing, but the mark is on the fourth.
        let steps = [
            ("ADD a /", false),
            ("RUN true", false),
            ("RUN install", false),
            ("RUN make", true),
            ("COPY b /", false),
        ];
        let facts = image(4, &steps);
        assert_eq!(
            steps_of(&facts, &[(1, "RUN install"), (2, "RUN make")]),
            [Some(0), Some(2), Some(3), Some(4)]
        );
    }

    #[test]
    fn a_squashed_image_has_no_history() {
        let facts = image(1, &[]);
        assert_eq!(steps_of(&facts, &[]), [None]);
        let steps = LayerSteps::new(&facts, &TextKey::from_history(&facts), |_| None);
        assert_eq!(steps.matching(), Matching::NoHistory);
    }
}
