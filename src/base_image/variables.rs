//! Finds bases by their version variables.

use std::collections::HashSet;

use super::ImageFacts;
use super::catalogue::{BaseId, Catalogue, Role};
use super::texts::TextKey;

/// A base whose version variables are all present in an image.
pub(super) struct VariablesFound<'a> {
    pub base: BaseId,
    /// The variables.
    pub names: &'a [String],
    /// The number of variables with the same value.
    pub equal: usize,
    /// How many percent of the base's steps the image has too; `None` if the base's are not known.
    pub shared_steps: Option<u8>,
    /// Whether the versions agree in their first number.
    pub is_near: bool,
    /// Whether other images are known to be built on the base, or the catalogue says so.
    pub is_runtime: bool,
}

/// The maximum number of variable sets that give candidates: an image on Tomcat has Java's variables too. Our
/// choice.
const MOST_SETS: usize = 3;
/// The maximum number of bases of nearly the same release that are compared in detail. Our choice.
const MOST_CLOSELY: usize = 8;

/// The best base for each set of variables that the image has completely, larger sets first.
pub(super) fn matching<'a>(
    facts: &ImageFacts,
    catalogue: &'a Catalogue,
    may_be: impl Fn(BaseId) -> bool,
    misfit: impl Fn(BaseId) -> u64,
) -> Vec<VariablesFound<'a>> {
    let mut found = Vec::new();
    let Some(config) = facts
        .config
        .as_ref()
        .filter(|config| !config.variables.is_empty())
    else {
        return found;
    };
    let mut own_steps: Option<HashSet<TextKey>> = None;
    for (names, bases) in catalogue.variable_sets() {
        if found.len() == MOST_SETS || !names.iter().all(|name| config.variables.contains_key(name)) {
            continue;
        }
        let mut near: Vec<_> = bases
            .iter()
            .copied()
            .filter(|&id| may_be(id))
            .map(|id| {
                let base = catalogue.base(id);
                let mut equal = 0;
                let mut distance = 0_u64;
                for name in names {
                    let (one, two) = (&base.variables[name], &config.variables[name]);
                    equal += usize::from(one == two);
                    distance = distance.saturating_add(version_distance(one, two));
                }
                // The same release, the same first number, or neither.
                let class = match distance {
                    0 => 0_u8,
                    _ if distance < FIRST_NUMBER => 1,
                    _ => 2,
                };
                ((class, foreign(catalogue, id), distance), id, equal)
            })
            .collect();
        near.sort_unstable();
        near.truncate(MOST_CLOSELY);
        let own_steps =
            own_steps.get_or_insert_with(|| catalogue.steps_of_image(facts).iter().copied().collect());
        // Variables identify a release but not its variant; steps and size do.
        let best = near
            .into_iter()
            .map(|((class, foreign, distance), id, equal)| {
                let shared = shared_steps(catalogue.steps_of(id), own_steps);
                let unlike = 100 - shared.unwrap_or(0);
                (
                    (class, foreign, unlike / 5, distance, misfit(id)),
                    id,
                    equal,
                    shared,
                )
            })
            .min_by_key(|(score, id, ..)| (*score, *id));
        if let Some(((class, foreign, ..), base, equal, shared_steps)) = best {
            found.push(VariablesFound {
                base,
                names,
                equal,
                shared_steps,
                is_near: class < 2,
                is_runtime: foreign < 2,
            });
        }
    }
    found
}

/// The percentage of a base's steps that an image has.
fn shared_steps(base: &[TextKey], own: &HashSet<TextKey>) -> Option<u8> {
    if base.is_empty() || own.is_empty() {
        return None;
    }
    let shared = base.iter().filter(|step| own.contains(step)).count();
    Some((shared * 100 / base.len()) as u8)
}

/// 0 for bases of repositories that other images are built on, higher for those that only inherit their
/// base's variables.
fn foreign(catalogue: &Catalogue, id: BaseId) -> u8 {
    let base = catalogue.base(id);
    let is_runtime = matches!(base.role, Role::Runtime | Role::Builder | Role::Server);
    let is_used = base
        .repositories()
        .any(|repository| !catalogue.built_on(repository).is_empty());
    match (is_runtime, is_used) {
        (_, true) => 0,
        (true, false) => 1,
        (false, false) => 2,
    }
}

/// Two versions with at least this distance differ in their first number.
const FIRST_NUMBER: u64 = 1 << 32;

/// The distance of two versions: 0 for equal ones, small if only the last parts differ.
fn version_distance(one: &str, two: &str) -> u64 {
    if one == two {
        return 0;
    }
    fn numbers(version: &str) -> impl Iterator<Item = u64> {
        version
            .split(|c: char| !c.is_ascii_digit())
            .filter(|part| !part.is_empty())
            .map(|part| part.parse().unwrap_or(u64::MAX >> 32))
    }
    let mut weight = FIRST_NUMBER;
    let (mut one, mut two) = (numbers(one), numbers(two));
    for _ in 0..4 {
        let (first, second) = (one.next(), two.next());
        if first != second {
            let apart = first.unwrap_or(0).abs_diff(second.unwrap_or(0)).clamp(1, 255);
            return weight.saturating_mul(apart);
        }
        weight >>= 8;
    }
    1
}

#[cfg(test)]
mod tests {
    use super::version_distance;

    #[test]
    fn nearer_releases_are_nearer() {
        let from = |version| version_distance("8.9.4", version);
        assert_eq!(from("8.9.4"), 0);
        assert!(from("8.9.3") < from("8.8.4"));
        assert!(from("8.8.4") < from("9.9.4"));
        assert!(from("9.0.0") < from("22.1.0"));
        assert!(
            version_distance("jdk8u502-b07", "jdk8u504-b01")
                < version_distance("jdk8u502-b07", "jdk-11.0.32")
        );
    }
}
