//! The order in which repositories are best switched.

use std::cmp::Ordering;

use super::closure::Price;
use super::graph::{Part, SwitchGraph};

/// Repositories that switch together, given that those of all earlier steps have switched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Their places in the graph, ascending.
    pub repositories: Vec<u32>,
    /// The part of the saving of each: bytes that several of them free or add are divided evenly among those. The parts add
    /// up to the saving.
    pub shares: Vec<i128>,
    /// The bytes that the step saves.
    pub saving: i128,
    /// The effort of the step.
    pub effort: u64,
}

/// The best order of switching.
///
/// After each step, no set of repositories saves more for the same or less effort: the steps are the corners of the curve of
/// the largest saving over the effort, as seen from above.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SwitchOrder {
    /// The steps, those that save most for their effort first.
    pub steps: Vec<Step>,
    /// The repositories that are in no step, ascending: each set of them would add at least as much as it frees.
    pub left_out: Vec<u32>,
}

impl SwitchGraph {
    /// Works out the best order.
    ///
    /// Each price of effort has a set of repositories that is best at that price. These sets are nested: a lower price only
    /// adds to them. The corners are found by divide and conquer: between two known corners, the best set at the slope of the
    /// line that connects them is either a corner in between, or proves that there is none. What is decided is contracted, so
    /// that all parts together never become larger than the graph.
    pub fn order(&self) -> SwitchOrder {
        let mut is_left_out = self.part.useful();
        is_left_out.iter_mut().for_each(|useful| *useful = !*useful);
        let (useful, left_out) = self.part.split(&is_left_out);
        let mut waiting = useful.components();
        let mut steps = Vec::new();
        while let Some(part) = waiting.pop() {
            match part.first_half() {
                None if part.repositories.is_empty() => {}
                None => steps.push(Step::new(&part)),
                Some(first) => {
                    let is_second: Vec<bool> = first.into_iter().map(|is_first| !is_first).collect();
                    let (first, second) = part.split(&is_second);
                    drop(part);
                    waiting.extend(first.components());
                    waiting.extend(second.components());
                }
            }
        }
        steps.sort_by(|one, other| {
            one.compare(other)
                .then_with(|| one.repositories.cmp(&other.repositories))
        });
        SwitchOrder {
            steps,
            left_out: left_out.repositories,
        }
    }
}

impl Part {
    /// The smallest of the sets that save most whatever the effort.
    fn useful(&self) -> Vec<bool> {
        // At so low a price, any byte is worth more than all effort together.
        self.best_set(Price {
            bytes: 1,
            per_effort: i128::from(self.effort()) + 1,
        })
    }

    /// A set that is better than the line from nothing to the whole part, if there is one.
    fn first_half(&self) -> Option<Vec<bool>> {
        if self.repositories.len() < 2 || self.effort() == 0 {
            return None;
        }
        let price = Price {
            bytes: self.saving(&|_| true),
            per_effort: i128::from(self.effort()),
        };
        let set = self.best_set(price);
        let efforts = self.efforts.iter().zip(&set);
        let effort: u64 = efforts
            .filter(|(_, is_in)| **is_in)
            .map(|(effort, _)| effort)
            .sum();
        let value = self.saving(&|index| set[index]) * price.per_effort - i128::from(effort) * price.bytes;
        (value > 0).then_some(set)
    }
}

impl Step {
    fn new(part: &Part) -> Self {
        Self {
            repositories: part.repositories.clone(),
            shares: part.shares(),
            saving: part.saving(&|_| true),
            effort: part.effort(),
        }
    }

    /// Whether it comes before another: the larger saving for the effort does. Steps of several registries can be sorted by
    /// this, because nothing in one registry depends on another.
    pub fn compare(&self, other: &Self) -> Ordering {
        let own = self.saving * i128::from(other.effort);
        let others = other.saving * i128::from(self.effort);
        others.cmp(&own)
    }

    /// How much more than without the step another choice could save at most, if its effort is less than what the step ends
    /// with. `unit` is the smallest difference of two efforts. In bytes, rounded down.
    pub fn missed_at_most(&self, unit: u64) -> i128 {
        match self.effort {
            0 => 0,
            effort => self.saving * i128::from(effort.saturating_sub(unit)) / i128::from(effort),
        }
    }
}
