//! Bases by the version variables they set.

use super::catalogue::{BaseId, Catalogue};
use crate::oci::ImageConfig;

/// A base all of whose version variables an image has.
pub(super) struct VariablesFound<'a> {
    pub base: BaseId,
    /// The variables.
    pub names: &'a [String],
    /// How many of them have the same value.
    pub equal: usize,
}

/// How many sets of variables may answer: an image on Tomcat has Java's too.
const MOST_SETS: usize = 3;

/// The best base of each set of variables that the image has wholly, larger sets first.
pub(super) fn matching<'a>(
    config: &ImageConfig,
    catalogue: &'a Catalogue,
    may_be: impl Fn(BaseId) -> bool,
    misfit: impl Fn(BaseId) -> u64,
) -> Vec<VariablesFound<'a>> {
    let mut found = Vec::new();
    if config.variables.is_empty() {
        return found;
    }
    for (names, bases) in catalogue.variable_sets() {
        if found.len() == MOST_SETS || !names.iter().all(|name| config.variables.contains_key(name)) {
            continue;
        }
        let best = bases
            .iter()
            .copied()
            .filter(|&id| may_be(id))
            .map(|id| {
                let base = catalogue.base(id);
                let mut equal = 0;
                let mut distance = 0;
                for name in names {
                    let (one, two) = (&base.variables[name], &config.variables[name]);
                    equal += usize::from(one == two);
                    distance += version_distance(one, two);
                }
                (distance, id, equal)
            })
            .map(|(distance, id, equal)| ((distance, misfit(id)), id, equal))
            .min_by_key(|(score, id, _)| (*score, *id));
        if let Some((_, base, equal)) = best {
            found.push(VariablesFound { base, names, equal });
        }
    }
    found
}

/// How far two versions are apart: 0 for the same, small where only the last parts differ.
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
    let mut weight: u64 = 1 << 32;
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
