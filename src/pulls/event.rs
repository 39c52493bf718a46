use chrono::NaiveDate;

use crate::oci::{Digest, RepositoryName, Tag};

/// The beginning of the user agent with which Tare asks registries. Its own pulls are not counted.
pub(super) const OWN_AGENT: &str = "registry-tare/";

/// A pull, or the pulls of one kind in one hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullEvent {
    /// Identifies the event if it is also in another file.
    pub key: EventKey,
    /// The repository.
    pub repository: RepositoryName,
    /// The tag, if known.
    pub tag: Option<Tag>,
    /// The digest of the pulled manifest, if known.
    pub digest: Option<Digest>,
    /// The day, in UTC.
    pub day: NaiveDate,
    /// The number of pulls; never zero.
    pub count: u64,
}

/// Identifies an event: half a SHA-256 digest of its identifying texts.
pub type EventKey = [u8; 16];

/// The key of an event that is identified by these texts.
pub fn key(parts: &[&str]) -> EventKey {
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
