use super::Digest;

/// The first 16 bytes of a digest, to recognise it by.
///
/// To find content with the key of given content takes 2^128 attempts for one digest, and 2^106 for any of four million. To make
/// two contents with one key takes 2^64 attempts, and affects only these two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DigestKey([u8; 16]);

impl From<&Digest> for DigestKey {
    fn from(digest: &Digest) -> Self {
        let bytes = match digest {
            Digest::Sha256(bytes) => bytes.first_chunk(),
            Digest::Sha512(bytes) => bytes.first_chunk(),
        };
        // Both kinds of digests are longer.
        Self(bytes.copied().unwrap_or_default())
    }
}

/// Many digests of which only one question is asked: whether one is among them. Each takes 16 bytes ([`DigestKey`]).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DigestSet {
    /// In order, each once.
    keys: Vec<DigestKey>,
}

impl DigestSet {
    /// Whether a digest is in the set.
    pub fn contains(&self, digest: &Digest) -> bool {
        self.keys.binary_search(&DigestKey::from(digest)).is_ok()
    }

    /// How many digests are in the set.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether the set is empty.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

impl From<Vec<DigestKey>> for DigestSet {
    fn from(mut keys: Vec<DigestKey>) -> Self {
        keys.sort_unstable();
        keys.dedup();
        keys.shrink_to_fit();
        Self { keys }
    }
}

impl FromIterator<Digest> for DigestSet {
    fn from_iter<I: IntoIterator<Item = Digest>>(digests: I) -> Self {
        let keys: Vec<DigestKey> = digests
            .into_iter()
            .map(|digest| DigestKey::from(&digest))
            .collect();
        Self::from(keys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_contains_what_was_put_in_and_nothing_else() {
        let digests: Vec<Digest> = (0..500_u32)
            .map(|n| Digest::sha256_of(&n.to_le_bytes()))
            .collect();
        let (inside, outside) = digests.split_at(250);
        let set: DigestSet = inside.iter().chain(inside).copied().collect();
        assert_eq!(set.len(), 250);
        assert!(inside.iter().all(|digest| set.contains(digest)));
        assert!(!outside.iter().any(|digest| set.contains(digest)));
        assert!(DigestSet::default().is_empty());
    }

    #[test]
    fn digests_of_both_algorithms_are_told_apart() {
        let long: Digest = format!("sha512:{}", "a1".repeat(64)).parse().unwrap();
        let set: DigestSet = [long].into_iter().collect();
        assert!(set.contains(&long));
        assert!(!set.contains(&Digest::sha256_of(b"")));
    }
}
