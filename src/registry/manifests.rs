use bytes::Bytes;

use crate::oci::Digest;
use crate::units::ByteCount;

/// What a registry says of a manifest without sending it. Older registries leave parts out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestHead {
    /// Its digest.
    pub digest: Option<Digest>,
    /// Its length.
    pub size: Option<ByteCount>,
    /// Its media type.
    pub media_type: Option<String>,
}

/// A manifest as fetched, not parsed yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchedManifest {
    /// The digest of its bytes, checked against what was asked for and against what the registry said.
    pub digest: Digest,
    /// Its length.
    pub size: ByteCount,
    /// The bytes.
    pub content: Bytes,
    /// The media type it was served with.
    pub content_type: Option<String>,
}
