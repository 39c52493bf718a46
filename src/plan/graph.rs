use super::groups::Groups;
use crate::inventory::BlobId;

/// Bytes or efforts add up to more than 62 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("bytes and efforts must each add up to at most 4611686018427387903")]
pub struct TooLarge;

/// The largest sum of bytes or efforts: 62 bits.
const MOST: u64 = u64::MAX >> 2;

/// What changes if a repository switches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RepositoryChange {
    /// The work of switching it, in a unit that the caller chooses.
    pub effort: u64,
    /// The blobs that it no longer reaches, each once.
    pub released: Vec<BlobId>,
    /// The blobs that it reaches from then on, each once.
    pub added: Vec<BlobId>,
}

/// The repositories that can switch, and the bytes that depend on which of them do.
///
/// Blobs that the same repositories hold are one weight here. So the graph is as large as the sharing is intricate, and not
/// as large as the registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SwitchGraph {
    pub(super) part: Part,
    undecided_bytes: i128,
}

/// Some repositories of a graph, given which of the others have switched.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Part {
    /// The places of its repositories in the whole graph. Everything else refers to the index in this list.
    pub(super) repositories: Vec<u32>,
    /// The effort of each.
    pub(super) efforts: Vec<u64>,
    /// What each frees by itself, less what it adds by itself.
    pub(super) own: Vec<i128>,
    /// What is freed when all repositories of a group have switched.
    pub(super) freed: Groups,
    /// What is added when the first repository of a group switches.
    pub(super) added: Groups,
}

impl SwitchGraph {
    /// Builds the graph.
    ///
    /// `sizes` holds the bytes of every blob. `is_kept` says whether a blob stays whatever happens, because a repository that
    /// does not change holds it. Linear in the number of references.
    ///
    /// # Errors
    /// If bytes or efforts add up to more than 62 bits.
    pub fn new(
        sizes: &[u64],
        is_kept: impl Fn(BlobId) -> bool,
        changes: &[RepositoryChange],
    ) -> Result<Self, TooLarge> {
        check_sum(sizes.iter().copied())?;
        check_sum(changes.iter().map(|change| change.effort))?;
        let released = holders(sizes.len(), changes.iter().map(|change| &change.released));
        let added = holders(sizes.len(), changes.iter().map(|change| &change.added));
        let mut part = Part::new(changes);
        let mut undecided_bytes = 0;
        for (blob, &size) in sizes.iter().enumerate() {
            if is_kept(blob as BlobId) || size == 0 {
                continue;
            }
            let bytes = i128::from(size);
            match (released.members(blob), added.members(blob)) {
                (released, []) => part.freed.push(bytes, released.iter().copied()),
                ([], added) => part.added.push(bytes, added.iter().copied()),
                // Some repositories leave it and others come to it.
                _ => undecided_bytes += bytes,
            }
        }
        Ok(Self {
            part: part.merged(),
            undecided_bytes,
        })
    }

    /// The graph of a registry that stores each repository's blobs apart: each repository gains by itself alone.
    ///
    /// # Errors
    /// If bytes or efforts add up to more than 62 bits.
    pub fn without_sharing(sizes: &[u64], changes: &[RepositoryChange]) -> Result<Self, TooLarge> {
        check_sum(changes.iter().map(|change| change.effort))?;
        let size = |&blob: &BlobId| sizes[blob as usize];
        check_sum(changes.iter().flat_map(|change| &change.released).map(size))?;
        check_sum(changes.iter().flat_map(|change| &change.added).map(size))?;
        let mut part = Part::new(changes);
        for (own, change) in part.own.iter_mut().zip(changes) {
            let sum = |blobs: &[BlobId]| blobs.iter().map(|blob| i128::from(size(blob))).sum::<i128>();
            *own = sum(&change.released) - sum(&change.added);
        }
        Ok(Self {
            part,
            undecided_bytes: 0,
        })
    }

    /// How many repositories there are.
    pub fn repositories(&self) -> usize {
        self.part.repositories.len()
    }

    /// How many references the graph has after merging.
    pub fn references(&self) -> usize {
        self.part.freed.references() + self.part.added.references()
    }

    /// The bytes of blobs that some repositories would release and others would start to use. They count as never freed, so
    /// a saving may be larger than computed by at most these bytes. Zero in nearly every registry.
    pub fn undecided_bytes(&self) -> i128 {
        self.undecided_bytes
    }

    /// The bytes that are freed, less those that are added, if exactly the chosen repositories switch.
    pub fn saving(&self, is_chosen: impl Fn(usize) -> bool) -> i128 {
        self.part.saving(&is_chosen)
    }
}

impl Part {
    fn new(changes: &[RepositoryChange]) -> Self {
        Self {
            repositories: (0..changes.len() as u32).collect(),
            efforts: changes.iter().map(|change| change.effort).collect(),
            own: vec![0; changes.len()],
            ..Self::default()
        }
    }

    /// The effort of all its repositories.
    pub(super) fn effort(&self) -> u64 {
        self.efforts.iter().sum()
    }

    /// The saving if exactly the chosen ones of its repositories switch.
    pub(super) fn saving(&self, is_chosen: &impl Fn(usize) -> bool) -> i128 {
        let own = self.own.iter().enumerate();
        let own: i128 = own
            .filter(|(index, _)| is_chosen(*index))
            .map(|(_, own)| own)
            .sum();
        let chosen = |member: &u32| is_chosen(*member as usize);
        let freed = self
            .freed
            .iter()
            .filter(|(_, members)| members.iter().all(chosen));
        let added = self
            .added
            .iter()
            .filter(|(_, members)| members.iter().any(chosen));
        own + freed.map(|(bytes, _)| bytes).sum::<i128>() - added.map(|(bytes, _)| bytes).sum::<i128>()
    }

    /// The part of each repository in their joint saving. Bytes of a group are divided evenly; those that are left
    /// over go one by one to the first repositories.
    pub(super) fn shares(&self) -> Vec<i128> {
        let mut shares = self.own.clone();
        for (sign, groups) in [(1, &self.freed), (-1, &self.added)] {
            for (bytes, members) in groups.iter() {
                let count = members.len() as i128;
                for (&member, place) in members.iter().zip(0..) {
                    let one_more = i128::from(place < bytes % count);
                    shares[member as usize] += sign * (bytes / count + one_more);
                }
            }
        }
        shares
    }

    /// The same with equal groups as one, and with groups of one repository among what it does by itself.
    fn merged(mut self) -> Self {
        self.freed = self
            .freed
            .merged(|index, bytes| self.own[index as usize] += bytes);
        self.added = self
            .added
            .merged(|index, bytes| self.own[index as usize] -= bytes);
        self
    }

    /// Divides it: the second part has the repositories for which `is_second` holds, given that those of the first have
    /// switched. The first part has the others, given that those of the second have not.
    pub(super) fn split(&self, is_second: &[bool]) -> (Self, Self) {
        let parts = self.divided(2, |index| usize::from(is_second[index]));
        let mut parts = parts.into_iter();
        (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
    }

    /// Divides it into its independent parts: no group has repositories of two of them.
    pub(super) fn components(self) -> Vec<Self> {
        let mut roots: Vec<u32> = (0..self.repositories.len() as u32).collect();
        for (_, members) in self.freed.iter().chain(self.added.iter()) {
            for pair in members.windows(2) {
                let (one, other) = (root(&mut roots, pair[0]), root(&mut roots, pair[1]));
                // The smaller index is the root, so that parts are in the order of their first repositories.
                roots[one.max(other) as usize] = one.min(other);
            }
        }
        let mut numbers = vec![0; roots.len()];
        let mut count = 0;
        for index in 0..roots.len() {
            let root = root(&mut roots, index as u32) as usize;
            if root == index {
                numbers[index] = count;
                count += 1;
            } else {
                numbers[index] = numbers[root];
            }
        }
        if count <= 1 {
            return vec![self];
        }
        self.divided(count, |index| numbers[index])
    }

    /// Divides it into parts of which each is decided when all earlier ones have switched and none of the later ones has.
    ///
    /// So a freed group belongs to the last part among its repositories, and an added one to the first.
    fn divided(&self, count: usize, part_of: impl Fn(usize) -> usize) -> Vec<Self> {
        let mut parts = vec![Self::default(); count];
        let mut places = Vec::with_capacity(self.repositories.len());
        for index in 0..self.repositories.len() {
            let part = &mut parts[part_of(index)];
            places.push(part.repositories.len() as u32);
            part.repositories.push(self.repositories[index]);
            part.efforts.push(self.efforts[index]);
            part.own.push(self.own[index]);
        }
        let of = |member: &u32| part_of(*member as usize);
        let within = |members: &[u32], number: usize| -> Vec<u32> {
            let own = members.iter().filter(|member| of(member) == number);
            own.map(|&member| places[member as usize]).collect()
        };
        for (bytes, members) in self.freed.iter() {
            if let Some(last) = members.iter().map(of).max() {
                parts[last].freed.push(bytes, within(members, last));
            }
        }
        for (bytes, members) in self.added.iter() {
            if let Some(first) = members.iter().map(of).min() {
                parts[first].added.push(bytes, within(members, first));
            }
        }
        parts.into_iter().map(Self::merged).collect()
    }
}

/// The representative of an element in a forest of parents.
fn root(parents: &mut [u32], mut element: u32) -> u32 {
    while parents[element as usize] != element {
        let next = parents[parents[element as usize] as usize];
        parents[element as usize] = next;
        element = next;
    }
    element
}

/// Products of two such sums, and the sum of two such products, fit into 128 bits.
fn check_sum(mut values: impl Iterator<Item = u64>) -> Result<(), TooLarge> {
    let sum = values.try_fold(0_u64, u64::checked_add);
    match sum {
        Some(sum) if sum <= MOST => Ok(()),
        _ => Err(TooLarge),
    }
}

/// Which lists hold each blob.
fn holders<'a>(blobs: usize, lists: impl Iterator<Item = &'a Vec<BlobId>> + Clone) -> Holders {
    let mut starts = vec![0; blobs + 1];
    for &blob in lists.clone().flatten() {
        starts[blob as usize + 1] += 1;
    }
    for blob in 0..blobs {
        starts[blob + 1] += starts[blob];
    }
    let mut next = starts.clone();
    let mut members = vec![0; starts[blobs]];
    for (list, blob_ids) in lists.enumerate() {
        for &blob in blob_ids {
            members[next[blob as usize]] = list as u32;
            next[blob as usize] += 1;
        }
    }
    Holders { starts, members }
}

struct Holders {
    starts: Vec<usize>,
    members: Vec<u32>,
}

impl Holders {
    fn members(&self, blob: usize) -> &[u32] {
        &self.members[self.starts[blob]..self.starts[blob + 1]]
    }
}
