//! Deterministic variation: every value that varies is derived from a digest of its purpose, so that the registry is the
//! same every time and on every machine, whatever the order in which it is built.

use sha2::{Digest as _, Sha256};

use crate::oci::Digest;

/// A digest of content that does not exist.
pub(super) fn digest(key: &str) -> Digest {
    Digest::Sha256(Sha256::digest(key.as_bytes()).into())
}

/// A digest with the given first digits. The catalogue shortens digests; the rest is generated.
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

/// `bytes`, varied by up to two percent.
pub(super) fn jitter(bytes: u64, key: &str) -> u64 {
    bytes * (980 + number(key, 41)) / 1000
}
