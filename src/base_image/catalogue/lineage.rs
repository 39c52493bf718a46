//! Which repositories have images that are built on images of other repositories, by their layers.
//!
//! A well-known base has many copies and many users. Each pair of a copy and a user would be too many, so this keeps the
//! users of each sequence of layers and the sequences of each repository.

use std::collections::{BTreeSet, HashMap};

use super::base::RepositoryId;
use crate::base_image::hash::{KeyMap, KeySet};

/// The index of a set of repositories.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct OwnersId(u32);

impl OwnersId {
    /// The repository alone.
    const ITSELF: Self = Self(u32::MAX);
}

/// A sequence of layers of which a repository has a base, by its place among the chains of the catalogue, and the
/// repositories that have this base.
type Owned = (u32, OwnersId);

/// Which repositories are built on which.
#[derive(Debug, Default)]
pub(super) struct Lineage {
    /// The repositories with images that begin with a chain, each with the number of these images: those of the first
    /// chain, then those of the next. Sorted within a chain.
    users: Vec<(RepositoryId, u32)>,
    /// Where the users of each chain start.
    starts: Vec<u32>,
    /// The repositories of bases that have several, sorted.
    owners: Vec<Box<[RepositoryId]>>,
    /// For each repository the chains of its bases on which other repositories are built.
    owned: Vec<Box<[Owned]>>,
    /// How many repositories are built on each.
    counts: Vec<u32>,
}

/// What [`Lineage`] is made from.
#[derive(Debug, Default)]
pub(super) struct LineageBuilder {
    /// A chain with a repository that has an image that begins with it, once for each image.
    uses: Vec<(u32, RepositoryId)>,
    /// A chain with the repositories of a base.
    bases: Vec<(u32, OwnersId, RepositoryId)>,
    owner_ids: HashMap<Box<[RepositoryId]>, OwnersId>,
    owners: Vec<Box<[RepositoryId]>>,
}

impl LineageBuilder {
    /// Adds that an image of a repository begins with a chain.
    pub fn image(&mut self, chain: u32, repository: RepositoryId) {
        self.uses.push((chain, repository));
    }

    /// Adds that repositories (sorted, each once) have a base with a chain.
    pub fn base(&mut self, chain: u32, repositories: &[RepositoryId]) {
        if let [only] = repositories {
            self.bases.push((chain, OwnersId::ITSELF, *only));
            return;
        }
        let id = match self.owner_ids.get(repositories) {
            Some(id) => *id,
            None => {
                let id = OwnersId(self.owners.len() as u32);
                self.owners.push(repositories.into());
                self.owner_ids.insert(repositories.into(), id);
                id
            }
        };
        let own = repositories.iter().map(|repository| (chain, id, *repository));
        self.bases.extend(own);
    }

    /// Finishes; there are so many chains and repositories.
    pub fn finish(mut self, chains: usize, repositories: usize) -> Lineage {
        self.uses.sort_unstable();
        let mut lineage = Lineage {
            users: Vec::new(),
            starts: Vec::with_capacity(chains + 1),
            owners: self.owners,
            owned: Vec::with_capacity(repositories),
            counts: vec![0; repositories],
        };
        for same in self.uses.chunk_by(|one, other| one == other) {
            let (chain, repository) = same[0];
            while lineage.starts.len() <= chain as usize {
                lineage.starts.push(lineage.users.len() as u32);
            }
            lineage.users.push((repository, same.len() as u32));
        }
        lineage.starts.resize(chains + 1, lineage.users.len() as u32);

        self.bases
            .sort_unstable_by_key(|(chain, owners, repository)| (*repository, *chain, *owners));
        self.bases.dedup();
        let mut rest = self.bases.as_slice();
        for repository in (0..repositories as u32).map(RepositoryId) {
            let own = rest.partition_point(|base| base.2 <= repository);
            let (own, others) = rest.split_at(own);
            rest = others;
            let shared = own
                .iter()
                .map(|(chain, owners, _)| (*chain, *owners))
                .filter(|owned| lineage.has_other_users(*owned, repository));
            let shared: Box<[Owned]> = shared.collect();
            lineage.owned.push(shared);
        }
        lineage.count();
        lineage
    }
}

impl Lineage {
    /// The repositories with images that begin with a chain, each with the number of these images.
    pub fn users(&self, chain: u32) -> &[(RepositoryId, u32)] {
        let start = self.starts[chain as usize] as usize;
        let end = self.starts[chain as usize + 1] as usize;
        &self.users[start..end]
    }

    /// How many images of other repositories begin with the layers of a base of these repositories.
    pub fn images_of_others(&self, chain: u32, repositories: &[RepositoryId]) -> u32 {
        let users = self.users(chain);
        let all: u64 = users.iter().map(|(_, count)| u64::from(*count)).sum();
        let own = repositories.iter().filter_map(|own| {
            let place = users.binary_search_by_key(own, |(user, _)| *user).ok()?;
            Some(u64::from(users[place].1))
        });
        u32::try_from(all - own.sum::<u64>()).unwrap_or(u32::MAX)
    }

    /// How many repositories are built on this one.
    pub fn count_of(&self, repository: RepositoryId) -> usize {
        // Repositories that were added later have no bases.
        self.counts
            .get(repository.0 as usize)
            .map_or(0, |count| *count as usize)
    }

    /// The repositories that are built on this one.
    pub fn built_on(&self, repository: RepositoryId) -> BTreeSet<RepositoryId> {
        let owned = self.owned_by(repository).iter();
        owned
            .flat_map(|owned| {
                let users = self.users(owned.0).iter().map(|(user, _)| *user);
                users.filter(|user| !self.is_owner(owned.1, repository, *user))
            })
            .collect()
    }

    /// Those of these repositories (sorted, each once) that are built on another of them that is not built on them in turn.
    pub fn derived(&self, among: &[RepositoryId]) -> KeySet<RepositoryId> {
        let mut derived = KeySet::default();
        if among.len() < 2 {
            return derived;
        }
        let kin = Kin::new(self, among);
        for (place, members) in kin.members.iter().enumerate() {
            if kin.is_derived(place) {
                derived.extend(members.iter().copied());
            }
        }
        derived
    }

    fn owned_by(&self, repository: RepositoryId) -> &[Owned] {
        self.owned.get(repository.0 as usize).map_or(&[], |owned| owned)
    }

    fn uses(&self, repository: RepositoryId, chain: u32) -> bool {
        let users = self.users(chain);
        users.binary_search_by_key(&repository, |(user, _)| *user).is_ok()
    }

    /// Whether a repository is among the owners of a base of `owner`.
    fn is_owner(&self, owners: OwnersId, owner: RepositoryId, repository: RepositoryId) -> bool {
        match owners {
            OwnersId::ITSELF => owner == repository,
            OwnersId(place) => self.owners[place as usize].binary_search(&repository).is_ok(),
        }
    }

    fn has_other_users(&self, owned: Owned, owner: RepositoryId) -> bool {
        let mut users = self.users(owned.0).iter();
        users.any(|(user, _)| !self.is_owner(owned.1, owner, *user))
    }

    /// Whether an image of `one` is built on a base of `other`.
    fn is_on(&self, one: RepositoryId, other: RepositoryId) -> bool {
        let owned = self.owned_by(other).iter();
        owned
            .filter(|owned| self.uses(one, owned.0))
            .any(|owned| !self.is_owner(owned.1, other, one))
    }

    /// Counts what is built on each repository. Copies of a base have the same chains, which are looked at once.
    fn count(&mut self) {
        let mut unions: HashMap<&[Owned], u32> = HashMap::new();
        let mut seen = vec![u32::MAX; self.owned.len()];
        let mut counts = vec![0; self.owned.len()];
        for (place, owned) in self
            .owned
            .iter()
            .enumerate()
            .filter(|(_, owned)| !owned.is_empty())
        {
            let repository = RepositoryId(place as u32);
            let union = match unions.get(&**owned) {
                Some(union) => *union,
                None => {
                    let mut union = 0;
                    for (chain, owners) in owned {
                        for (user, _) in self.users(*chain) {
                            let is_owner =
                                *owners != OwnersId::ITSELF && self.is_owner(*owners, repository, *user);
                            let last = &mut seen[user.0 as usize];
                            if !is_owner && *last != place as u32 {
                                *last = place as u32;
                                union += 1;
                            }
                        }
                    }
                    unions.insert(owned, union);
                    union
                }
            };
            let is_itself_in = owned
                .iter()
                .any(|(chain, owners)| *owners == OwnersId::ITSELF && self.uses(repository, *chain));
            counts[place] = union - u32::from(is_itself_in);
        }
        self.counts = counts;
    }
}

/// Some repositories, of which those are put together that have the same chains and use the same chains: they are related
/// to all others in the same way.
struct Kin<'a> {
    lineage: &'a Lineage,
    members: Vec<Vec<RepositoryId>>,
    /// The chains that the members of each kind use.
    used: Vec<Vec<u32>>,
    /// The kinds that have bases with a chain.
    owners: KeyMap<u32, Vec<(u32, OwnersId)>>,
}

impl<'a> Kin<'a> {
    fn new(lineage: &'a Lineage, among: &[RepositoryId]) -> Self {
        // Only chains matter of which one of them has a base with users.
        let mut chains: Vec<u32> = among
            .iter()
            .flat_map(|repository| lineage.owned_by(*repository))
            .map(|(chain, _)| *chain)
            .collect();
        chains.sort_unstable();
        chains.dedup();
        let mut used_by: KeyMap<RepositoryId, Vec<u32>> =
            among.iter().map(|own| (*own, Vec::new())).collect();
        for chain in chains {
            for (user, _) in lineage.users(chain) {
                if let Some(used) = used_by.get_mut(user) {
                    used.push(chain);
                }
            }
        }
        let mut kin = Self {
            lineage,
            members: Vec::new(),
            used: Vec::new(),
            owners: KeyMap::default(),
        };
        let mut kinds: HashMap<(Vec<u32>, &[Owned]), usize> = HashMap::new();
        for &repository in among {
            let used = used_by.remove(&repository).unwrap_or_default();
            let owned = lineage.owned_by(repository);
            let next = kin.members.len();
            let place = *kinds.entry((used, owned)).or_insert(next);
            if place == next {
                kin.members.push(Vec::new());
            }
            kin.members[place].push(repository);
        }
        kin.used = vec![Vec::new(); kin.members.len()];
        for ((used, owned), place) in kinds {
            kin.used[place] = used;
            for (chain, owners) in owned {
                kin.owners
                    .entry(*chain)
                    .or_default()
                    .push((place as u32, *owners));
            }
        }
        kin
    }

    fn first(&self, place: usize) -> RepositoryId {
        self.members[place][0]
    }

    /// Whether this kind is built on another one that is not built on it.
    fn is_derived(&self, place: usize) -> bool {
        let one = self.first(place);
        let mut looked_at: KeySet<u32> = KeySet::default();
        for chain in &self.used[place] {
            for (other, owners) in self.owners.get(chain).into_iter().flatten() {
                let other_place = *other as usize;
                if other_place == place || self.lineage.is_owner(*owners, self.first(other_place), one) {
                    continue;
                }
                if looked_at.insert(*other) && !self.lineage.is_on(self.first(other_place), one) {
                    return true;
                }
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const REPOSITORIES: u32 = 7;

    fn repository() -> impl Strategy<Value = RepositoryId> {
        (0..REPOSITORIES).prop_map(RepositoryId)
    }

    proptest! {
        /// The same answers as from each pair of a base and an image.
        #[test]
        fn it_knows_what_a_look_at_every_pair_shows(
            bases in proptest::collection::vec((0_u32..4, proptest::collection::btree_set(repository(), 1..3)), 0..12),
            images in proptest::collection::vec((0_u32..4, repository()), 0..20),
            among in proptest::collection::btree_set(repository(), 0..7),
        ) {
            let mut builder = LineageBuilder::default();
            for (chain, repositories) in &bases {
                let repositories: Vec<RepositoryId> = repositories.iter().copied().collect();
                builder.base(*chain, &repositories);
            }
            for (chain, repository) in &images {
                builder.image(*chain, *repository);
            }
            let lineage = builder.finish(4, REPOSITORIES as usize);
            let built_on = |other: RepositoryId| -> BTreeSet<RepositoryId> {
                let own = bases.iter().filter(|(_, owners)| owners.contains(&other));
                own.flat_map(|(chain, owners)| {
                    let users = images.iter().filter(move |(used, _)| used == chain);
                    users.map(|(_, user)| *user).filter(move |user| !owners.contains(user))
                })
                .collect()
            };
            for own in (0..REPOSITORIES).map(RepositoryId) {
                let expected = built_on(own);
                prop_assert_eq!(lineage.count_of(own), expected.len());
                prop_assert_eq!(lineage.built_on(own), expected);
            }
            for (chain, owners) in &bases {
                let others = images.iter().filter(|(used, user)| used == chain && !owners.contains(user));
                let owners: Vec<RepositoryId> = owners.iter().copied().collect();
                prop_assert_eq!(lineage.images_of_others(*chain, &owners) as usize, others.count());
            }
            let among: Vec<RepositoryId> = among.into_iter().collect();
            let is_derived = |one: &RepositoryId| {
                among.iter().any(|other| built_on(*other).contains(one) && !built_on(*one).contains(other))
            };
            let expected: BTreeSet<RepositoryId> = among.iter().copied().filter(is_derived).collect();
            let derived: BTreeSet<RepositoryId> = lineage.derived(&among).into_iter().collect();
            prop_assert_eq!(derived, expected);
        }
    }
}
