//! Fits the factors of a model to pairs.

use std::collections::{BTreeMap, BTreeSet};

use super::model::AlpineModel;
use super::pair::Pair;
use super::statistics::median;

/// The penalty for moving a factor from its start value, times the logarithm of the ratio. A factor is doubled if that
/// lowers the mean error over repositories by 3.5 percent of the size, but not for less. Our choice, 2026.
const CHANGE_PENALTY: f64 = 0.05;
/// The ratios tried in each round. Our choice.
const TRIAL_RATIOS: [f64; 8] = [0.5, 0.7, 0.85, 0.95, 1.05, 1.18, 1.4, 2.0];
/// The most rounds of a fit. Our choice.
const MAX_ROUNDS: usize = 4;
/// The largest ratio of a factor to its start value. Our choice: the few pairs do not support more.
const MAX_RATIO: f64 = 4.0;
/// The least repositories with a kind before its factor is moved. Our choice: with fewer, it would follow one of them.
const MIN_REPOSITORIES: usize = 3;
/// The share of an image that a kind must have before a repository counts as having it. Our choice.
const MIN_SHARE: f64 = 0.01;

/// A fitted parameter of the model.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Parameter {
    Kind(String),
    AboveRuntime(String),
    RuntimeAddition,
    SystemAddition,
}

impl Parameter {
    fn value(&self, model: &AlpineModel) -> f64 {
        match self {
            Self::Kind(kind) => model.kinds[kind].factor,
            Self::AboveRuntime(kind) => model.above_runtime[kind].factor,
            Self::RuntimeAddition => model.addition.runtime.bytes as f64,
            Self::SystemAddition => model.addition.system.bytes as f64,
        }
    }

    fn set(&self, model: &mut AlpineModel, value: f64, repositories: usize) {
        // Three digits are more than the pairs can tell, and keep the written file readable.
        let rounded = (value * 1000.0).round() / 1000.0;
        let entry = match self {
            Self::Kind(kind) => model.kinds.get_mut(kind),
            Self::AboveRuntime(kind) => model.above_runtime.get_mut(kind),
            Self::RuntimeAddition => {
                model.addition.runtime.bytes = value.round() as u64;
                None
            }
            Self::SystemAddition => {
                model.addition.system.bytes = value.round() as u64;
                None
            }
        };
        if let Some(entry) = entry {
            entry.factor = rounded;
            entry.repositories = repositories;
        }
    }
}

/// A pair as a sum: a fixed part, and the bytes that each parameter multiplies.
struct Equation<'a> {
    repository: &'a str,
    fixed: f64,
    terms: Vec<(usize, f64)>,
    truth: f64,
}

/// A model whose factors fit the pairs without moving far from the start model.
///
/// Minimises the mean over repositories of the median error within each, so that a repository with many tags counts no
/// more than one with few. Moves only factors seen in several repositories. Deterministic: parameters and ratios are
/// tried in a fixed order.
pub(super) fn fit(pairs: &[&Pair], start: &AlpineModel) -> AlpineModel {
    let (parameters, equations) = equations(pairs, start);
    let seen = repositories_by_parameter(parameters.len(), &equations, pairs);
    let start_values: Vec<f64> = parameters
        .iter()
        .map(|parameter| parameter.value(start))
        .collect();
    let mut values = start_values.clone();
    let mut best = loss(&equations, &values);
    let moved = |values: &[f64]| -> f64 {
        let ratios = values
            .iter()
            .zip(&start_values)
            .filter(|(_, start)| **start > 0.0);
        ratios.map(|(value, start)| (value / start).ln().abs()).sum()
    };
    for _ in 0..MAX_ROUNDS {
        let before = best;
        for parameter in (0..parameters.len()).filter(|&parameter| seen[parameter] >= MIN_REPOSITORIES) {
            let current = values[parameter];
            let mut chosen = current;
            for step in TRIAL_RATIOS {
                values[parameter] = current * step;
                if (values[parameter] / start_values[parameter]).ln().abs() > MAX_RATIO.ln() {
                    continue;
                }
                let score = loss(&equations, &values) + CHANGE_PENALTY * moved(&values);
                if score < best - 1e-9 {
                    best = score;
                    chosen = values[parameter];
                }
            }
            values[parameter] = chosen;
        }
        if best >= before - 1e-9 {
            break;
        }
    }
    let mut model = start.clone();
    for ((parameter, value), seen) in parameters.iter().zip(values).zip(seen) {
        parameter.set(&mut model, value, seen);
    }
    model
}

fn equations<'a>(pairs: &[&'a Pair], model: &AlpineModel) -> (Vec<Parameter>, Vec<Equation<'a>>) {
    let mut indices: BTreeMap<Parameter, usize> = BTreeMap::new();
    let mut equations = Vec::with_capacity(pairs.len());
    for pair in pairs {
        let composition = &pair.composition;
        let mut terms: BTreeMap<usize, f64> = BTreeMap::new();
        let mut term = |parameter: Parameter, bytes: f64| {
            let next = indices.len();
            let index = *indices.entry(parameter).or_insert(next);
            *terms.entry(index).or_default() += bytes;
        };
        for layer in &composition.above {
            let entry = model.entry_of(&layer.kind.name()).to_owned();
            let is_special = composition.twin.is_runtime && model.above_runtime.contains_key(&entry);
            let parameter = if is_special {
                Parameter::AboveRuntime(entry)
            } else {
                Parameter::Kind(entry)
            };
            term(parameter, layer.bytes as f64);
        }
        if composition.addition(model).is_some() {
            let parameter = if composition.twin.is_runtime {
                Parameter::RuntimeAddition
            } else {
                Parameter::SystemAddition
            };
            term(parameter, 1.0);
        }
        equations.push(Equation {
            repository: &pair.repository,
            fixed: composition
                .twin
                .layers
                .iter()
                .map(|layer| layer.bytes as f64)
                .sum(),
            terms: terms.into_iter().collect(),
            truth: (pair.on_alpine as f64).max(1.0),
        });
    }
    let mut parameters: Vec<_> = indices.into_iter().collect();
    parameters.sort_by_key(|&(_, index)| index);
    (
        parameters.into_iter().map(|(parameter, _)| parameter).collect(),
        equations,
    )
}

/// The number of repositories in which each parameter affects a noticeable part of an image.
fn repositories_by_parameter(parameters: usize, equations: &[Equation<'_>], pairs: &[&Pair]) -> Vec<usize> {
    let mut seen = vec![BTreeSet::new(); parameters];
    for (equation, pair) in equations.iter().zip(pairs) {
        for &(parameter, bytes) in &equation.terms {
            // The coefficient of an addition is one per image, not bytes.
            if bytes <= 1.0 || bytes >= MIN_SHARE * pair.bytes as f64 {
                seen[parameter].insert(equation.repository);
            }
        }
    }
    seen.iter().map(BTreeSet::len).collect()
}

/// The mean over repositories of the median error, as the logarithm of the ratio.
fn loss(equations: &[Equation<'_>], values: &[f64]) -> f64 {
    let mut errors: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for equation in equations {
        let modelled: f64 = equation
            .terms
            .iter()
            .map(|&(parameter, bytes)| values[parameter] * bytes)
            .sum();
        let error = ((equation.fixed + modelled).max(1.0) / equation.truth).ln().abs();
        errors.entry(equation.repository).or_default().push(error);
    }
    let repositories = errors.len().max(1) as f64;
    errors.values_mut().map(|errors| median(errors)).sum::<f64>() / repositories
}
