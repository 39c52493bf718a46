use std::collections::HashMap;
use std::hash::{BuildHasher as _, BuildHasherDefault, Hasher, RandomState};

use crate::oci::Digest;

/// Finds a digest's place in a list of digests. It keeps a hash of each digest instead of the digest, which takes a
/// quarter of the memory.
#[derive(Debug, Default)]
pub(super) struct DigestIndex {
    /// Keyed at random, so that a registry cannot choose digests that collide.
    state: RandomState,
    places: HashMap<u64, u32, BuildHasherDefault<AlreadyHashed>>,
}

impl DigestIndex {
    /// The place of a digest; `None` if it is not in the list.
    pub(super) fn get(&self, digest: &Digest, list: &[Digest]) -> Option<u32> {
        self.find(digest, list).ok()
    }

    /// The place of a digest, which is added to the end of the list if it is not there, and whether it was added.
    pub(super) fn get_or_push(&mut self, digest: Digest, list: &mut Vec<Digest>) -> (u32, bool) {
        match self.find(&digest, list) {
            Ok(place) => (place, false),
            Err(key) => {
                let place = list.len() as u32;
                list.push(digest);
                self.places.insert(key, place);
                (place, true)
            }
        }
    }

    /// The place of a digest, or else the free key under which it belongs.
    fn find(&self, digest: &Digest, list: &[Digest]) -> Result<u32, u64> {
        let mut key = self.state.hash_one(digest);
        // Two digests with one hash are rare; the second is found under the next free key.
        while let Some(&place) = self.places.get(&key) {
            if list[place as usize] == *digest {
                return Ok(place);
            }
            key = key.wrapping_add(1);
        }
        Err(key)
    }
}

/// Uses a number that is a hash as it is.
#[derive(Debug, Default)]
struct AlreadyHashed(u64);

impl Hasher for AlreadyHashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        // Only whole numbers are hashed here.
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
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
