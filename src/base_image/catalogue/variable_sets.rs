//! The version variables of bases: which sets of them there are, and which bases have which values.

use std::collections::{BTreeMap, HashMap};

use std::sync::Arc;

use super::base::BaseId;
use super::peers::{Bases, PeersId};

/// The sets of version variables, larger sets first.
#[derive(Debug, Default)]
pub(in crate::base_image) struct VariableSets {
    sets: Vec<VariableSet>,
    /// The sets by the variable that the fewest of them contain.
    by_rarest: HashMap<String, Vec<u32>>,
}

/// Bases that set the same version variables.
#[derive(Debug)]
pub(in crate::base_image) struct VariableSet {
    /// The variables.
    pub names: Arc<[String]>,
    /// The bases by what a search compares.
    pub releases: Box<[VariableRelease]>,
}

/// Bases of one set with the same values on the same platform.
#[derive(Debug)]
pub(in crate::base_image) struct VariableRelease {
    /// The index of the platform.
    pub platform: u32,
    /// See [`Foreign`].
    pub foreign: Foreign,
    /// The values, in the order of the names.
    pub values: Box<[Arc<str>]>,
    /// The bases.
    pub bases: Bases,
}

/// Whether other images are built on the repositories of a base, or the base only inherits the variables of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::base_image) enum Foreign {
    /// Other images are built on it.
    Used,
    /// The catalogue says that it is a runtime.
    Runtime,
    /// Neither.
    Neither,
}

/// What the index needs to know of a base.
pub(super) struct VariableBase<'a> {
    pub platform: u32,
    pub foreign: Foreign,
    pub variables: &'a BTreeMap<String, String>,
}

impl VariableSets {
    /// Makes the index from the names of each set and its bases, in ascending order.
    pub(super) fn new<'a>(
        sets: BTreeMap<Vec<String>, Vec<BaseId>>,
        describe: impl Fn(BaseId) -> VariableBase<'a>,
        peers_of: impl Fn(BaseId) -> PeersId,
        is_unnamed: impl Fn(PeersId) -> bool,
    ) -> Self {
        let mut sets: Vec<VariableSet> = sets
            .into_iter()
            .map(|(names, bases)| VariableSet {
                releases: releases(&names, &bases, &describe, &peers_of, &is_unnamed),
                names: names.into(),
            })
            .collect();
        sets.sort_by_key(|set| std::cmp::Reverse(set.names.len()));
        let mut uses: HashMap<&str, usize> = HashMap::new();
        for name in sets.iter().flat_map(|set| &*set.names) {
            *uses.entry(name).or_default() += 1;
        }
        let mut by_rarest: HashMap<String, Vec<u32>> = HashMap::new();
        for (place, set) in sets.iter().enumerate() {
            let rarest = set.names.iter().min_by_key(|name| uses[name.as_str()]);
            if let Some(rarest) = rarest {
                by_rarest.entry(rarest.clone()).or_default().push(place as u32);
            }
        }
        Self { sets, by_rarest }
    }

    /// The sets of which these variables have all names, larger sets first.
    pub fn within(&self, variables: &BTreeMap<String, String>) -> Vec<u32> {
        let possible = variables.keys().filter_map(|name| self.by_rarest.get(name));
        let mut places: Vec<u32> = possible
            .flatten()
            .copied()
            .filter(|&place| {
                let mut names = self.at(place).names.iter();
                names.all(|name| variables.contains_key(name))
            })
            .collect();
        places.sort_unstable();
        places
    }

    /// The set at a place.
    pub fn at(&self, place: u32) -> &VariableSet {
        &self.sets[place as usize]
    }
}

fn releases<'a>(
    names: &[String],
    bases: &[BaseId],
    describe: impl Fn(BaseId) -> VariableBase<'a>,
    peers_of: impl Fn(BaseId) -> PeersId,
    is_unnamed: impl Fn(PeersId) -> bool,
) -> Box<[VariableRelease]> {
    let mut groups: BTreeMap<(u32, Foreign, Vec<&str>), Vec<BaseId>> = BTreeMap::new();
    for &base in bases {
        let VariableBase {
            platform,
            foreign,
            variables,
        } = describe(base);
        let values = names
            .iter()
            .map(|name| variables.get(name).map_or("", String::as_str));
        let key = (platform, foreign, values.collect());
        groups.entry(key).or_default().push(base);
    }
    let releases = groups
        .into_iter()
        .map(|((platform, foreign, values), bases)| VariableRelease {
            platform,
            foreign,
            values: values.into_iter().map(Arc::from).collect(),
            bases: Bases::new(&bases, &peers_of, &is_unnamed),
        });
    releases.collect()
}
