//! Finds bases by their version variables.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::catalogue::{BaseId, Catalogue, Foreign, PeersId, VariableSet, VariablesId, Wanted};
use super::hash::{KeyMap, KeySet};
use super::texts::TextKey;

/// A base whose version variables are all present in an image.
pub(super) struct VariablesFound<'a> {
    pub base: BaseId,
    /// The variables.
    pub set: &'a VariableSet,
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

/// How near a release is: the same, the same first number or neither; what kind of base; the distance of the versions.
type Nearness = (u8, Foreign, u64);

/// The bases of one set with the same values, and how near they are to an image's.
#[derive(Debug, Clone, Copy)]
pub(super) struct NearRelease {
    nearness: Nearness,
    equal: usize,
    /// The place among the releases of the set.
    release: u32,
}

/// The sets of version variables that an image has completely, each with its releases, the nearest first.
pub(super) type NearSets = Rc<[(u32, Box<[NearRelease]>)]>;

/// Which releases are near to which variables. Images have the same variables as many others, so this is kept.
#[derive(Debug, Default)]
pub(super) struct NearReleases {
    /// By the variables and the platform of the image.
    known: KeyMap<(VariablesId, u32), NearSets>,
}

impl NearReleases {
    /// The releases near to an image's variables; `id` is what the catalogue knows them by.
    pub fn of(
        &mut self,
        variables: &BTreeMap<String, String>,
        id: Option<(VariablesId, u32)>,
        runs: impl Fn(u32) -> bool,
        catalogue: &Catalogue,
    ) -> NearSets {
        if let Some(known) = id.and_then(|id| self.known.get(&id)) {
            return Rc::clone(known);
        }
        let sets = catalogue.variable_sets();
        let near: NearSets = sets
            .within(variables)
            .into_iter()
            .map(|place| (place, near_releases(sets.at(place), variables, &runs)))
            .filter(|(_, releases)| !releases.is_empty())
            .collect();
        if let Some(id) = id {
            self.known.insert(id, Rc::clone(&near));
        }
        near
    }
}

fn near_releases(
    set: &VariableSet,
    variables: &BTreeMap<String, String>,
    runs: impl Fn(u32) -> bool,
) -> Box<[NearRelease]> {
    let own: Vec<&str> = set
        .names
        .iter()
        .map(|name| variables.get(name).map_or("", String::as_str))
        .collect();
    let releases = (0..)
        .zip(&set.releases)
        .filter(|(_, release)| runs(release.platform));
    let mut near: Vec<NearRelease> = releases
        .map(|(place, release)| {
            let mut equal = 0;
            let mut distance = 0_u64;
            for (one, two) in release.values.iter().zip(&own) {
                equal += usize::from(&**one == *two);
                distance = distance.saturating_add(version_distance(one, two));
            }
            // The same release, the same first number, or neither.
            let class = match distance {
                0 => 0_u8,
                _ if distance < FIRST_NUMBER => 1,
                _ => 2,
            };
            NearRelease {
                nearness: (class, release.foreign, distance),
                equal,
                release: place,
            }
        })
        .collect();
    near.sort_by_key(|near| near.nearness);
    near.into()
}

/// What a search for an image's variables needs to know of the image.
pub(super) struct VariableSearch<'a, Group, MayBe, Misfit> {
    pub catalogue: &'a Catalogue,
    /// The keys of its steps.
    pub steps: &'a [TextKey],
    /// Whether bases with these peers may be candidates.
    pub may_be_group: Group,
    /// Whether a base of such a group may be a candidate.
    pub may_be: MayBe,
    /// The difference between a base's size and the image's first layers, in percent.
    pub misfit: Misfit,
}

impl<'a, Group, MayBe, Misfit> VariableSearch<'a, Group, MayBe, Misfit>
where
    Group: Fn(PeersId) -> bool,
    MayBe: Fn(BaseId) -> bool,
    Misfit: Fn(BaseId) -> u64,
{
    /// The best base for each set of variables that the image has completely, larger sets first.
    pub fn matching(&self, near: &NearSets) -> Vec<VariablesFound<'a>> {
        let mut found = Vec::new();
        let mut own_steps: Option<KeySet<TextKey>> = None;
        for (place, releases) in near.iter() {
            if found.len() == MOST_SETS {
                break;
            }
            let set = self.catalogue.variable_sets().at(*place);
            let closest = self.closest(set, releases);
            let own_steps = own_steps.get_or_insert_with(|| self.steps.iter().copied().collect());
            // Variables identify a release but not its variant; steps and size do.
            let best = closest
                .into_iter()
                .map(|(NearRelease { nearness, equal, .. }, id)| {
                    let shared = shared_steps(self.catalogue.steps_of(id), own_steps);
                    let unlike = 100 - shared.unwrap_or(0);
                    let (class, foreign, distance) = nearness;
                    let score = (class, foreign, unlike / 5, distance, (self.misfit)(id));
                    (score, id, equal, shared)
                })
                .min_by_key(|(score, id, ..)| (*score, *id));
            if let Some(((class, foreign, ..), base, equal, shared_steps)) = best {
                found.push(VariablesFound {
                    base,
                    set,
                    equal,
                    shared_steps,
                    is_near: class < 2,
                    is_runtime: foreign < Foreign::Neither,
                });
            }
        }
        found
    }

    /// The bases that are compared in detail.
    fn closest(&self, set: &VariableSet, releases: &[NearRelease]) -> Vec<(NearRelease, BaseId)> {
        let mut closest: Vec<(NearRelease, BaseId)> = Vec::new();
        let mut bases = Vec::new();
        for same in releases.chunk_by(|one, other| one.nearness == other.nearness) {
            let start = closest.len();
            for near in same {
                let release = &set.releases[near.release as usize];
                release.bases.first(
                    MOST_CLOSELY,
                    Wanted::All,
                    &self.may_be_group,
                    &self.may_be,
                    &mut bases,
                );
                closest.extend(bases.iter().map(|&id| (*near, id)));
            }
            closest[start..].sort_unstable_by_key(|(_, id)| *id);
            closest.truncate(MOST_CLOSELY);
            if closest.len() == MOST_CLOSELY {
                break;
            }
        }
        closest
    }
}

/// The percentage of a base's steps that an image has.
fn shared_steps(base: &[TextKey], own: &KeySet<TextKey>) -> Option<u8> {
    if base.is_empty() || own.is_empty() {
        return None;
    }
    let shared = base.iter().filter(|step| own.contains(step)).count();
    Some((shared * 100 / base.len()) as u8)
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
