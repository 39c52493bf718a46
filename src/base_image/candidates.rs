//! The ranking of candidates, and the confidence of each kind of evidence.

use std::cmp::Reverse;

use super::catalogue::{Catalogue, RepositoryId, Role};
use super::variables::VariablesFound;
use super::{Candidate, Evidence, ImageFacts};

/// The maximum number of names in one finding: an image and its copies have many names. Our choice.
pub(super) const MOST_PER_FINDING: usize = 4;
/// The confidence in percent at which weaker evidence is not looked at any more. Our choice.
pub(super) const SETTLED: u8 = 80;
/// The maximum number of candidates. Our choice.
const MOST: usize = 12;

/// The bytes of the first `layers` layers of an image.
pub(super) fn first_bytes(facts: &ImageFacts, layers: usize) -> u64 {
    facts
        .layers
        .iter()
        .take(layers)
        .fold(0, |sum, layer| sum.saturating_add(layer.bytes))
}

/// The difference of two sizes, in percent of the larger one.
pub(super) fn difference(one: u64, two: u64) -> u64 {
    let larger = one.max(two).max(1);
    match one.abs_diff(two).checked_mul(100) {
        Some(hundredfold) => hundredfold / larger,
        None => (u128::from(one.abs_diff(two)) * 100 / u128::from(larger)) as u64,
    }
}

/// The number of first layers that most likely belong to a base that is known by name or variables only:
/// as many as have about its size. If two numbers fit equally, the one nearest to the base's own number wins.
pub(super) fn layers_by_size(facts: &ImageFacts, base_bytes: u64, base_layers: usize) -> usize {
    let mut best = (u64::MAX, usize::MAX, 0);
    let mut bytes = 0_u64;
    for (place, layer) in facts.layers.iter().enumerate() {
        bytes = bytes.saturating_add(layer.bytes);
        let layers = place + 1;
        // One percent per layer of difference, so that tiny layers at the end do not decide alone.
        let apart = layers.abs_diff(base_layers);
        let fit = (difference(bytes, base_bytes) + apart as u64, apart, layers);
        best = best.min(fit);
    }
    best.2
}

/// The upstream repositories of the image's own names.
pub(super) fn own_repositories(facts: &ImageFacts, catalogue: &Catalogue) -> Vec<RepositoryId> {
    let mut own: Vec<RepositoryId> = Vec::new();
    // Names are sorted, so the tags of a repository are adjacent.
    let mut last = None;
    for (repository, _) in &facts.names {
        if last != Some(repository) {
            own.extend(catalogue.repository(repository.as_str()));
            last = Some(repository);
        }
    }
    own.sort_unstable();
    own.dedup();
    own
}

/// The confidence that equal step texts give: higher with more steps, lower if releases or sizes differ.
///
/// Measured: on images whose base is known from their layers, better evidence was hidden and the result compared.
pub(super) fn text_confidence(steps: usize, differing: usize, misfit: u64, rivals: usize) -> u8 {
    let mut percent: u8 = match steps {
        0..=2 => 60,
        3..=4 => 75,
        5..=7 => 85,
        _ => 92,
    };
    percent = percent.saturating_sub(5 * differing.min(4) as u8);
    percent = percent.saturating_sub((misfit / 3).min(40) as u8);
    if rivals > MOST_PER_FINDING {
        percent = percent.saturating_sub(3);
    }
    percent.max(5)
}

/// The confidence that equal version variables give: higher if their values are equal, if the base's other
/// steps are present, or if its repository is a runtime; lower if the base's size does not fit. Measured like
/// [`text_confidence`].
pub(super) fn variables_confidence(misfit: u64, found: &VariablesFound<'_>) -> u8 {
    let names = found.set.names.len();
    let mut percent: u8 = if found.equal == names {
        55
    } else if found.equal > 0 {
        50
    } else {
        45
    };
    percent += 5 * (names - 1).min(2) as u8;
    match found.shared_steps {
        Some(80..) => percent += 30,
        Some(30..) => {}
        Some(_) => percent -= 20,
        None if found.is_runtime => percent += 20,
        None => {}
    }
    if !found.is_near {
        percent = percent.saturating_sub(25);
    }
    percent.saturating_sub((misfit / 2).min(45) as u8).max(5)
}

/// Sorts candidates and removes duplicates.
pub(super) fn ranked(found: Vec<Candidate>, own: &[RepositoryId], catalogue: &Catalogue) -> Box<[Candidate]> {
    let mut candidates = found;
    candidates.sort_by_cached_key(|candidate| {
        let base = candidate.base.map(|id| catalogue.base(id));
        let is_own = candidate.base.is_some_and(|id| catalogue.peers_of(id).is_of(own));
        let is_system = base.is_some_and(|base| base.role == Role::System);
        // Two classes: likely candidates, sorted by how much of the image they explain, then the rest by confidence.
        let is_likely = candidate.confidence.get() >= 60;
        let by_name_only = candidate.evidence == Evidence::Variables;
        (
            !is_likely,
            is_own,
            is_system,
            by_name_only,
            // If variables name a base, its number of layers is only a guess.
            Reverse(if is_likely && !by_name_only {
                candidate.layers
            } else {
                0
            }),
            candidate.evidence,
            Reverse(candidate.confidence),
            // Ties: well-known bases first, then the most used, then the one with most names.
            base.is_none_or(|base| base.role == Role::Unknown),
            Reverse(base.map_or(0, |base| base.built_on_it)),
            candidate.name.clone(),
        )
    });
    let mut kept: Vec<Candidate> = Vec::new();
    for candidate in candidates {
        let is_known = kept.iter().any(|known| {
            known.name == candidate.name || (known.base.is_some() && known.base == candidate.base)
        });
        if !is_known && kept.len() < MOST {
            kept.push(candidate);
        }
    }
    kept.into()
}
