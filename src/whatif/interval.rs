//! Widths of intervals, calibrated by repository with order statistics.

use std::collections::BTreeMap;

use super::class::EvidenceClass;
use super::model::{AlpineModel, Scale};
use super::pair::Pair;
use super::statistics::{quantile, upper_bound};

/// The share of a repository's images that must lie within their intervals before the repository counts as covered. Our
/// choice, 2026.
const WITHIN_REPOSITORY: f64 = 0.9;
/// The factor above the largest observed scale, if there are too few repositories for a bound. Our choice.
const LARGEST_SCALE_MARGIN: f64 = 1.5;
/// The smallest scale. Our choice: intervals never vanish, however well a few repositories were predicted.
const MIN_SCALE: f64 = 0.1;

/// The classes that share a scale. There are too few repositories to calibrate each class on its own, and the modelled
/// part above a runtime or above scratch is much the same.
pub(super) fn pool_of(class: EvidenceClass) -> &'static [EvidenceClass] {
    match class {
        EvidenceClass::C => &[EvidenceClass::C],
        EvidenceClass::A | EvidenceClass::B | EvidenceClass::D => {
            &[EvidenceClass::A, EvidenceClass::B, EvidenceClass::D]
        }
    }
}

/// The smallest scale at which a pair's interval contains the actual size.
pub(super) fn needed_scale(pair: &Pair, model: &AlpineModel) -> f64 {
    let parts = pair.composition.parts(model);
    let expected: f64 = parts.iter().map(|part| part.expected).sum();
    let truth = pair.on_alpine as f64;
    let spread: f64 = parts.iter().map(|part| part.spread).sum();
    // A difference of one byte is rounding, because parts are rounded one by one.
    if (truth - expected).abs() <= parts.len() as f64 {
        return 0.0;
    }
    if truth > expected {
        return if spread > 0.0 {
            (truth - expected) / spread
        } else {
            f64::INFINITY
        };
    }
    // The interval's lower side is cut off at zero for each part; find the scale by bisection.
    let low = |scale: f64| expected - parts.iter().map(|part| part.below(scale)).sum::<f64>();
    let (mut near, mut far) = (0.0, 1e6);
    if low(far) > truth {
        return f64::INFINITY;
    }
    for _ in 0..80 {
        let middle = (near + far) / 2.0;
        if low(middle) > truth {
            near = middle;
        } else {
            far = middle;
        }
    }
    far
}

/// For each repository with pairs in these classes, the scale that covers it.
pub(super) fn scales_by_repository<'a>(
    needed: impl IntoIterator<Item = (&'a Pair, f64)>,
    classes: &[EvidenceClass],
) -> BTreeMap<&'a str, f64> {
    let mut by_repository: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for (pair, scale) in needed {
        if classes.contains(&pair.composition.class) {
            by_repository.entry(&pair.repository).or_default().push(scale);
        }
    }
    by_repository
        .into_iter()
        .map(|(repository, mut scales)| (repository, quantile(&mut scales, WITHIN_REPOSITORY)))
        .collect()
}

/// The scale of a class from the scales that repositories needed; `None` if there are none.
pub(super) fn scale_from(needed: impl IntoIterator<Item = f64>) -> Option<Scale> {
    let mut needed: Vec<f64> = needed.into_iter().filter(|scale| scale.is_finite()).collect();
    let largest = needed
        .iter()
        .copied()
        .fold(None, |a: Option<f64>, b| Some(a.map_or(b, |a| a.max(b))))?;
    let mut bound = |probability| {
        let bound = upper_bound(&mut needed, probability).unwrap_or(largest * LARGEST_SCALE_MARGIN);
        // Rounded up to hundredths, so that the written file has the same value.
        (bound.max(MIN_SCALE) * 100.0).ceil() / 100.0
    };
    let eighty = bound(0.8);
    Some(Scale {
        eighty,
        ninety: bound(0.9).max(eighty),
    })
}
