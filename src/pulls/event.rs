use chrono::NaiveDate;

use crate::oci::{Digest, RepositoryName, Tag};

/// A pull, or the pulls of one kind in one hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullEvent {
    /// By what it is known again when it stands in another file too.
    pub key: EventKey,
    /// What was pulled from.
    pub repository: RepositoryName,
    /// By which tag, where that is said.
    pub tag: Option<Tag>,
    /// What was pulled, where that is said.
    pub digest: Option<Digest>,
    /// The day, in UTC.
    pub day: NaiveDate,
    /// How often; never zero.
    pub count: u64,
}

/// What tells an event from all others: half a SHA-256 digest of what identifies it.
pub type EventKey = [u8; 16];

/// The key of an event that is identified by these texts.
pub(super) fn key(parts: &[&str]) -> EventKey {
    // No text of a row holds this character and a length besides, so different parts never read alike.
    let joined: String = parts
        .iter()
        .map(|part| format!("{}\u{1f}{part}", part.len()))
        .collect();
    let mut key = EventKey::default();
    if let Digest::Sha256(bytes) = Digest::sha256_of(joined.as_bytes()) {
        key.copy_from_slice(&bytes[..16]);
    }
    key
}
