//! Bases that have a key in common, so grouped that a search finds the first few that may be candidates without
//! looking at all of them.

use super::base::{BaseId, RepositoryId, Role};
use super::scope::Scope;
use crate::base_image::hash::KeyMap;
use crate::base_image::texts::Chain;

/// The index of [`Peers`] in a catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::base_image) struct PeersId(pub(super) u32);

/// What a search takes or leaves bases by: a platform, a set of repositories, where they come from and their purpose. There are many
/// images of the same repository, and a search treats all of them alike.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::base_image) struct Peers {
    /// The index of the platform.
    pub platform: u32,
    /// The repositories, sorted, each once.
    pub repositories: Box<[RepositoryId]>,
    /// Whether a crawled registry contains them.
    pub is_in_registry: bool,
    /// The purpose of the images.
    pub role: Role,
}

impl Peers {
    /// Whether the scope allows them.
    pub fn is_visible(&self, scope: &Scope) -> bool {
        !scope.excludes_any()
            || !self
                .repositories
                .iter()
                .any(|&repository| scope.excludes(repository))
    }

    /// Whether their purpose is unknown and a registry contains them: an image with the same layers or steps, and no
    /// others, is a copy of them.
    pub fn are_unnamed(&self) -> bool {
        self.is_in_registry && self.role == Role::Unknown
    }

    /// Whether they are of one of these repositories.
    pub fn is_of(&self, repositories: &[RepositoryId]) -> bool {
        self.repositories.iter().any(|own| repositories.contains(own))
    }
}

/// The bases with one key.
#[derive(Debug)]
pub(in crate::base_image) enum Bases {
    /// There is only one.
    One(PeersId, BaseId),
    /// There are several.
    Several(Box<Groups>),
}

/// Groups of bases, sorted by their first base.
#[derive(Debug, Default)]
pub(in crate::base_image) struct Groups {
    /// Those that are not [unnamed](Peers::are_unnamed).
    named: Vec<Group>,
    /// Those that are. The copies of an application are such groups, and there may be many of them.
    unnamed: Vec<Group>,
}

/// Which bases a search wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::base_image) enum Wanted {
    /// All.
    All,
    /// Only those that are not [unnamed](Peers::are_unnamed).
    Named,
}

/// Bases with one key and the same peers, in ascending order.
#[derive(Debug)]
pub(in crate::base_image) struct Group {
    peers: PeersId,
    bases: Box<[BaseId]>,
}

impl Groups {
    fn all(&self) -> impl Iterator<Item = &Group> {
        self.named.iter().chain(&self.unnamed)
    }
}

impl Bases {
    /// Groups bases, which are given in ascending order.
    pub fn new(
        bases: &[BaseId],
        peers_of: impl Fn(BaseId) -> PeersId,
        is_unnamed: impl Fn(PeersId) -> bool,
    ) -> Self {
        if let [only] = bases {
            return Self::One(peers_of(*only), *only);
        }
        let mut places: KeyMap<PeersId, usize> = KeyMap::default();
        let mut groups: Vec<(PeersId, Vec<BaseId>)> = Vec::new();
        for &base in bases {
            let peers = peers_of(base);
            let place = *places.entry(peers).or_insert(groups.len());
            if place == groups.len() {
                groups.push((peers, Vec::new()));
            }
            groups[place].1.push(base);
        }
        let mut divided = Groups::default();
        for (peers, bases) in groups {
            let bases = bases.into();
            match is_unnamed(peers) {
                true => divided.unnamed.push(Group { peers, bases }),
                false => divided.named.push(Group { peers, bases }),
            }
        }
        divided.named.shrink_to_fit();
        divided.unnamed.shrink_to_fit();
        Self::Several(divided.into())
    }

    /// Whether there is a base that is not unnamed.
    pub fn has_named(&self, is_unnamed: impl Fn(PeersId) -> bool) -> bool {
        match self {
            Self::One(peers, _) => !is_unnamed(*peers),
            Self::Several(groups) => !groups.named.is_empty(),
        }
    }

    /// The first `most` bases of the groups and of those the bases that may be candidates, in ascending order. It takes time for the
    /// groups that are left out, and for few others. `may_be_group` decides; that unnamed groups are not wanted only saves
    /// asking it.
    pub fn first(
        &self,
        most: usize,
        wanted: Wanted,
        may_be_group: impl Fn(PeersId) -> bool,
        may_be: impl Fn(BaseId) -> bool,
        found: &mut Vec<BaseId>,
    ) {
        found.clear();
        let groups = match self {
            Self::One(peers, base) => {
                if may_be_group(*peers) && may_be(*base) {
                    found.push(*base);
                }
                return;
            }
            Self::Several(groups) => groups,
        };
        let is_beyond = |found: &[BaseId], base: BaseId| {
            found.len() >= most && found.last().is_none_or(|last| base > *last)
        };
        let unnamed = match wanted {
            Wanted::All => groups.unnamed.as_slice(),
            Wanted::Named => &[],
        };
        for groups in [&groups.named, unnamed] {
            for group in groups {
                // The groups are sorted by their first base.
                if is_beyond(found, group.bases[0]) {
                    break;
                }
                if !may_be_group(group.peers) {
                    continue;
                }
                let mut taken = 0;
                for &base in &group.bases {
                    if taken == most || is_beyond(found, base) {
                        break;
                    }
                    if may_be(base) {
                        let place = found.partition_point(|known| *known < base);
                        found.insert(place, base);
                        found.truncate(most);
                        taken += 1;
                    }
                }
            }
        }
    }

    /// All bases, in ascending order within their groups.
    pub fn iter(&self) -> impl Iterator<Item = BaseId> {
        let (one, several) = match self {
            Self::One(_, base) => (Some(*base), None),
            Self::Several(groups) => (
                None,
                Some(groups.all().flat_map(|group| group.bases.iter().copied())),
            ),
        };
        one.into_iter().chain(several.into_iter().flatten())
    }

    /// The peers of each group.
    pub fn peers(&self) -> impl Iterator<Item = PeersId> {
        let (one, several) = match self {
            Self::One(peers, _) => (Some(*peers), None),
            Self::Several(groups) => (None, Some(groups.all().map(|group| group.peers))),
        };
        one.into_iter().chain(several.into_iter().flatten())
    }
}

/// Bases by the chain of their layers, uncompressed layers or steps.
#[derive(Debug)]
pub(in crate::base_image) struct ByChain<T> {
    places: KeyMap<Chain, u32>,
    entries: Vec<T>,
}

impl<T> Default for ByChain<T> {
    fn default() -> Self {
        Self {
            places: KeyMap::default(),
            entries: Vec::new(),
        }
    }
}

impl<T> ByChain<T> {
    /// Makes an entry of all bases with one chain, which it gets in ascending order.
    pub fn new(mut pairs: Vec<(Chain, BaseId)>, entry: impl Fn(&[BaseId]) -> T) -> Self {
        pairs.sort_unstable();
        let mut index = Self::default();
        let mut bases = Vec::new();
        for group in pairs.chunk_by(|one, other| one.0 == other.0) {
            bases.clear();
            bases.extend(group.iter().map(|(_, base)| *base));
            index.places.insert(group[0].0, index.entries.len() as u32);
            index.entries.push(entry(&bases));
        }
        index
    }

    /// The place of a chain's entry.
    pub fn place(&self, chain: Chain) -> Option<u32> {
        self.places.get(&chain).copied()
    }

    /// The entry at a place.
    pub fn at(&self, place: u32) -> &T {
        &self.entries[place as usize]
    }

    /// All entries.
    pub fn entries(&self) -> &[T] {
        &self.entries
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// The groups give what a look at every base gives.
        #[test]
        fn the_first_bases_are_those_of_a_plain_search(
            peers in proptest::collection::vec(0_u32..5, 1..40),
            left_out in 0_u32..32,
            unnamed in 0_u32..32,
            missing in proptest::collection::vec(any::<bool>(), 40),
            most in 1_usize..6,
        ) {
            let bases: Vec<BaseId> = (0..peers.len() as u32).map(BaseId).collect();
            let peers_of = |base: BaseId| PeersId(peers[base.0 as usize]);
            let may_be_group = |peers: PeersId| left_out >> peers.0 & 1 == 0;
            let may_be = |base: BaseId| !missing[base.0 as usize];
            let is_unnamed = |peers: PeersId| unnamed >> peers.0 & 1 == 1;
            let index = Bases::new(&bases, peers_of, is_unnamed);
            for wanted in [Wanted::All, Wanted::Named] {
                let may_be_group =
                    |peers: PeersId| may_be_group(peers) && (wanted == Wanted::All || !is_unnamed(peers));
                let mut found = Vec::new();
                index.first(most, wanted, may_be_group, may_be, &mut found);
                let plain: Vec<BaseId> = bases
                    .iter()
                    .copied()
                    .filter(|&base| may_be_group(peers_of(base)) && may_be(base))
                    .take(most)
                    .collect();
                prop_assert_eq!(found, plain);
            }
            let has_named = bases.iter().any(|&base| !is_unnamed(peers_of(base)));
            prop_assert_eq!(index.has_named(is_unnamed), has_named);
        }
    }
}
