use std::hash::BuildHasher as _;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use crate::oci::Digest;

/// Finds a digest's place in a list of digests. It keeps the places only, not the digests once more.
#[derive(Debug, Default)]
pub(super) struct DigestIndex {
    /// Keyed at random, so that a registry cannot choose digests that collide.
    state: RandomState,
    places: HashTable<u32>,
}

impl DigestIndex {
    /// The place of a digest; `None` if it is not in the list.
    pub(super) fn get(&self, digest: &Digest, list: &[Digest]) -> Option<u32> {
        let hash = self.state.hash_one(digest);
        let found = self.places.find(hash, |&place| list[place as usize] == *digest);
        found.copied()
    }

    /// The place of a digest, which is added to the end of the list if it is not there, and whether it was added.
    pub(super) fn get_or_push(&mut self, digest: Digest, list: &mut Vec<Digest>) -> (u32, bool) {
        let is_it = |&place: &u32| list[place as usize] == digest;
        let hash_of = |&place: &u32| self.state.hash_one(list[place as usize]);
        match self.places.entry(self.state.hash_one(digest), is_it, hash_of) {
            Entry::Occupied(entry) => (*entry.get(), false),
            Entry::Vacant(entry) => {
                let place = list.len() as u32;
                entry.insert(place);
                list.push(digest);
                (place, true)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_digest_has_one_place() {
        let (mut index, mut list) = (DigestIndex::default(), Vec::new());
        let digests: Vec<Digest> = (0..1000_u32)
            .map(|number| Digest::sha256_of(&number.to_le_bytes()))
            .collect();
        for _ in 0..2 {
            for (place, &digest) in digests.iter().enumerate() {
                assert_eq!(index.get_or_push(digest, &mut list).0 as usize, place);
                assert_eq!(index.get(&digest, &list), Some(place as u32));
            }
        }
        assert_eq!(list, digests);
        assert_eq!(index.get(&Digest::sha256_of(b"another"), &list), None);
    }
}
