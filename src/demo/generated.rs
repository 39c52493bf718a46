//! Chance without chance: everything that varies is read off a digest of what it is for, so that the
//! registry is the same every time and on every machine, whatever the order in which it is built.

use sha2::{Digest as _, Sha256};

use crate::oci::Digest;

/// A digest for content that nobody has.
pub(super) fn digest(key: &str) -> Digest {
    Digest::Sha256(Sha256::digest(key.as_bytes()).into())
}

/// A digest that begins as given; what the catalogue has cut off is made up from what it has.
pub(super) fn digest_beginning(beginning: &str) -> Option<Digest> {
    let rest = digest(beginning).to_string();
    format!("{beginning}{}", rest.get(beginning.len()..)?)
        .parse()
        .ok()
}

/// A number from 0 up to but not including `bound`, the same for the same key.
pub(super) fn number(key: &str, bound: u64) -> u64 {
    let hash: [u8; 32] = Sha256::digest(key.as_bytes()).into();
    let mut first = [0; 8];
    first.copy_from_slice(&hash[..8]);
    u64::from_be_bytes(first) % bound.max(1)
}

/// `bytes`, up to two in a hundred more or less.
pub(super) fn jitter(bytes: u64, key: &str) -> u64 {
    bytes * (980 + number(key, 41)) / 1000
}
