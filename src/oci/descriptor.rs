use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Digest, MediaType, Platform};
use crate::units::ByteCount;

/// A pointer to content: what it is, its digest and its size in bytes as stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Descriptor {
    /// The content's media type, as the registry wrote it.
    #[serde(rename = "mediaType", default)]
    pub media_type: String,
    /// The digest of the content.
    pub digest: Digest,
    /// The bytes the content takes in the registry and on the wire: layers compressed.
    pub size: ByteCount,
    /// In an index: the platform the child is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
    /// In an index: what kind of artifact the child is, if it is one.
    #[serde(rename = "artifactType", default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// Free annotations; [`super::Manifest`] keeps only those that are allow-listed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

impl Descriptor {
    /// The media type as far as it matters to us.
    pub fn kind(&self) -> MediaType {
        MediaType::from_text(&self.media_type)
    }

    /// Whether the registry keeps the content. Foreign layers stay with their vendor.
    pub fn is_stored(&self) -> bool {
        self.kind() != MediaType::ForeignLayer
    }

    /// Whether an index says that this child is an attestation and not an image.
    pub fn is_attestation(&self) -> bool {
        self.annotations
            .get("vnd.docker.reference.type")
            .is_some_and(|kind| kind == "attestation-manifest")
            || self.platform.as_ref().is_some_and(Platform::is_unknown)
    }
}
