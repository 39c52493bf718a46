//! What the configurations of a catalogue's images show, worked out once for each distinct configuration.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::base_image::hash::KeyMap;
use crate::base_image::systems::Systems;
use crate::base_image::texts::TextKey;
use crate::base_image::traces::{self, Traces};
use crate::oci::ImageConfig;

/// The index of a configuration in [`Contents`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::base_image) struct ContentId(u32);

/// The index of a set of variables in [`VariableMaps`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::base_image) struct VariablesId(u32);

#[cfg(test)]
impl VariablesId {
    pub(super) fn for_tests(id: u32) -> Self {
        Self(id)
    }
}

/// What a configuration shows, whatever other images there are.
#[derive(Debug)]
pub(in crate::base_image) struct Shown {
    /// The keys of its steps.
    pub steps: Box<[TextKey]>,
    /// The day on which it was built, if it says.
    pub created: Option<Arc<str>>,
    /// The traces of systems and builders in it.
    pub traces: Traces,
}

/// What a catalogue knows of a configuration.
#[derive(Debug)]
pub(in crate::base_image) struct Content {
    /// The configuration. It stays in memory, so that no other one gets its address.
    config: Arc<ImageConfig>,
    /// What it shows. The next catalogue takes it from this one.
    pub shown: Arc<Shown>,
    /// Its variables.
    pub variables: VariablesId,
    /// The beginnings of its steps that are those of bases: the number of steps and the place in the index.
    pub beginnings: Box<[(u32, u32)]>,
}

/// What the configurations of the images show. Images that share a configuration share this.
#[derive(Debug, Default)]
pub(in crate::base_image) struct Contents {
    contents: Vec<Content>,
    /// The configurations that have been read, by their address.
    read: KeyMap<usize, ContentId>,
}

impl Contents {
    /// Reads a configuration, unless that is done already, here or by an earlier catalogue that knows the same systems.
    pub fn read(
        &mut self,
        config: &Arc<ImageConfig>,
        known: &Systems,
        variables: &mut VariableMaps,
        earlier: Option<&Self>,
    ) -> ContentId {
        if let Some(id) = self.find(config) {
            return id;
        }
        let earlier = earlier.and_then(|earlier| Some(earlier.get(earlier.find(config)?)));
        let id = ContentId(self.contents.len() as u32);
        self.contents.push(Content {
            config: Arc::clone(config),
            shown: match earlier {
                Some(earlier) => Arc::clone(&earlier.shown),
                None => Shown::new(config, known).into(),
            },
            variables: variables.intern(&config.variables),
            beginnings: Box::default(),
        });
        self.read.insert(address(config), id);
        id
    }

    fn find(&self, config: &Arc<ImageConfig>) -> Option<ContentId> {
        let known = self.read.get(&address(config)).copied();
        known.filter(|id| Arc::ptr_eq(&self.get(*id).config, config))
    }

    /// A configuration.
    pub fn get(&self, id: ContentId) -> &Content {
        &self.contents[id.0 as usize]
    }

    /// All configurations.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Content> {
        self.contents.iter_mut()
    }
}

impl Shown {
    fn new(config: &ImageConfig, known: &Systems) -> Self {
        Self {
            steps: config
                .history
                .iter()
                .map(|step| TextKey::new(&step.created_by))
                .collect(),
            created: config
                .created
                .map(|created| created.format("%Y-%m-%d").to_string().into()),
            traces: traces::read(config, known),
        }
    }
}

fn address(config: &Arc<ImageConfig>) -> usize {
    Arc::as_ptr(config) as usize
}

/// A set of variables, and the numbers of its pairs, sorted.
type NumberedVariables = (Arc<BTreeMap<String, String>>, Box<[u32]>);

/// The distinct sets of variables of all bases.
#[derive(Debug, Default)]
pub(in crate::base_image) struct VariableMaps {
    ids: HashMap<Arc<BTreeMap<String, String>>, VariablesId>,
    maps: Vec<NumberedVariables>,
    /// A number for each name with a value.
    pairs: HashMap<String, HashMap<String, u32>>,
    pair_count: u32,
}

impl VariableMaps {
    /// The index of a set of variables.
    pub fn intern(&mut self, variables: &BTreeMap<String, String>) -> VariablesId {
        if let Some(&id) = self.ids.get(variables) {
            return id;
        }
        let mut pairs = Vec::with_capacity(variables.len());
        for (name, value) in variables {
            if !self.pairs.contains_key(name) {
                self.pairs.insert(name.clone(), HashMap::new());
            }
            if let Some(values) = self.pairs.get_mut(name) {
                let next = self.pair_count;
                let pair = *values.entry(value.clone()).or_insert(next);
                self.pair_count += u32::from(pair == next);
                pairs.push(pair);
            }
        }
        pairs.sort_unstable();
        let id = VariablesId(self.maps.len() as u32);
        let variables = Arc::new(variables.clone());
        self.maps.push((Arc::clone(&variables), pairs.into()));
        self.ids.insert(variables, id);
        id
    }

    /// The variables with an index.
    pub fn get(&self, id: VariablesId) -> &Arc<BTreeMap<String, String>> {
        &self.maps[id.0 as usize].0
    }

    /// The numbers of the variables, each a name with a value, sorted.
    pub fn pairs(&self, id: VariablesId) -> &[u32] {
        &self.maps[id.0 as usize].1
    }

    /// The numbers of any variables, sorted. Those that no base has are left out.
    pub fn pairs_of(&self, variables: &BTreeMap<String, String>) -> Vec<u32> {
        let pair = |(name, value): (&String, &String)| self.pairs.get(name)?.get(value).copied();
        let mut pairs: Vec<u32> = variables.iter().filter_map(pair).collect();
        pairs.sort_unstable();
        pairs
    }
}

/// How many of the first of two sorted lists the second lacks.
pub(in crate::base_image) fn lacking(first: &[u32], second: &[u32]) -> usize {
    let mut rest = second.iter().peekable();
    let has = |wanted: &&u32| {
        while rest.next_if(|other| other < wanted).is_some() {}
        rest.peek() == Some(wanted)
    };
    first.len() - first.iter().filter(has).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        let owned = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        owned.collect()
    }

    #[test]
    fn variables_that_an_image_lacks_are_counted() {
        let mut maps = VariableMaps::default();
        let base = maps.intern(&variables(&[("A_VERSION", "1"), ("B_VERSION", "2")]));
        assert_eq!(
            maps.intern(&variables(&[("A_VERSION", "1"), ("B_VERSION", "2")])),
            base
        );
        for (image, count) in [
            (
                &[("A_VERSION", "1"), ("B_VERSION", "2"), ("C_VERSION", "3")][..],
                0,
            ),
            (&[("A_VERSION", "1"), ("B_VERSION", "3")], 1),
            (&[("B_VERSION", "1"), ("A_VERSION", "2")], 2),
            (&[], 2),
        ] {
            let own = maps.pairs_of(&variables(image));
            assert_eq!(lacking(maps.pairs(base), &own), count, "{image:?}");
        }
    }
}
