use super::catalogue::LayerKey;
use super::steps::Instruction;
use super::texts::TextKey;
use super::{ImageFacts, Keyword};
use crate::oci::HistoryStep;

/// Which step of its history made each layer of an image.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LayerSteps {
    /// For each layer the place of its step in the history.
    steps: Vec<Option<usize>>,
    matching: Matching,
}

/// How steps and layers were matched.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Matching {
    /// There is no history, or it does not fit the layers at all.
    #[default]
    NoHistory,
    /// The history says which steps made no layer, and the rest are as many as the layers.
    Exact,
    /// The history does not say, or not rightly; some or all steps were placed by what they do and by
    /// layers whose step is known from other images.
    Inferred,
}

/// What a step does to the number of layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Makes {
    Always,
    Perhaps,
    Never,
}

impl LayerSteps {
    /// Matches the steps of an image's history to its layers.
    ///
    /// `known` says which step other images show to have made a layer. It is asked only where the counts
    /// disagree: builders forget to mark a step that made nothing, a `WORKDIR` sometimes makes a layer,
    /// and one shift would give every later layer the wrong command.
    pub(super) fn of(facts: &ImageFacts, known: impl Fn(LayerKey) -> Option<TextKey>) -> Self {
        let layers = facts.layers.len();
        let history = facts.config.as_ref().map_or(&[][..], |config| &config.history);
        let marked: Vec<usize> = places(history.len(), |at| !history[at].empty_layer);
        if marked.len() == layers {
            return Self {
                steps: marked.into_iter().map(Some).collect(),
                matching: if layers == 0 {
                    Matching::NoHistory
                } else {
                    Matching::Exact
                },
            };
        }
        let makes = effects(history);
        let mut steps = vec![None; layers];
        let mut from = (0, 0);
        // Layers whose step is known cut the rest into stretches that are matched alone.
        let mut known_pairs = Vec::new();
        for (layer, fact) in facts.layers.iter().enumerate() {
            if let Some(key) = known(LayerKey::of(&fact.digest)) {
                let start = known_pairs.last().map_or(0, |(_, step)| step + 1);
                let step = (start..history.len())
                    .find(|&at| makes[at] != Makes::Never && TextKey::of(&history[at].created_by) == key);
                known_pairs.extend(step.map(|step| (layer, step)));
            }
        }
        for (layer, step) in known_pairs.into_iter().chain([(layers, history.len())]) {
            fill(&mut steps, &makes, from, (layer, step));
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
            steps,
        }
    }

    /// The place in the history of the step that made a layer, where it is known.
    pub fn step_of(&self, layer: usize) -> Option<usize> {
        self.steps.get(layer).copied().flatten()
    }

    /// How many of the first layers are made by the first so many steps; none where that cannot be told.
    pub(super) fn layers_within(&self, steps: usize) -> Option<usize> {
        if self.matching == Matching::NoHistory {
            return None;
        }
        Some(
            self.steps
                .iter()
                .take_while(|step| step.is_some_and(|step| step < steps))
                .count(),
        )
    }

    /// How the match was made.
    pub fn matching(&self) -> Matching {
        self.matching
    }
}

fn places(count: usize, is: impl Fn(usize) -> bool) -> Vec<usize> {
    (0..count).filter(|&at| is(at)).collect()
}

/// What each step does, by its mark where the history has any marks, and else by its instruction.
fn effects(history: &[HistoryStep]) -> Vec<Makes> {
    let is_marked = history.iter().any(|step| step.empty_layer);
    history
        .iter()
        .map(|step| {
            let read = Instruction::read(&step.created_by);
            match (step.empty_layer, read.makes_layer()) {
                (true, _) => Makes::Never,
                // A `RUN` that changed nothing makes no layer, and old builders then forgot the mark.
                (false, Some(true)) if is_marked && read.keyword == Keyword::Run => Makes::Always,
                (false, Some(true)) => Makes::Always,
                (false, Some(false)) => Makes::Never,
                (false, None) if is_marked => Makes::Always,
                (false, None) => Makes::Perhaps,
            }
        })
        .collect()
}

/// Matches the steps and layers of one stretch, if only one way is possible.
fn fill(steps: &mut [Option<usize>], makes: &[Makes], from: (usize, usize), to: (usize, usize)) {
    let (first_layer, first_step) = from;
    let (end_layer, end_step) = to;
    if first_layer >= end_layer || first_step >= end_step {
        return;
    }
    let count = end_layer - first_layer;
    for wanted in [&[Makes::Always][..], &[Makes::Always, Makes::Perhaps]] {
        let chosen: Vec<usize> = (first_step..end_step)
            .filter(|&at| wanted.contains(&makes[at]))
            .collect();
        if chosen.len() == count {
            for (layer, step) in (first_layer..end_layer).zip(chosen) {
                steps[layer] = Some(step);
            }
            return;
        }
    }
}
