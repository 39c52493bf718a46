use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Digest, MediaType, Platform, PlatformFilter};
use crate::units::ByteCount;

/// A reference to content: its media type, its digest and its stored size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Descriptor {
    /// The media type, as the registry wrote it.
    #[serde(rename = "mediaType", default)]
    pub media_type: String,
    /// The digest of the content.
    pub digest: Digest,
    /// The size in bytes, as stored and transferred (layers are compressed).
    pub size: ByteCount,
    /// In an index: the platform of the child.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
    /// In an index: the artifact type of the child, if it is an artifact.
    #[serde(rename = "artifactType", default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// The annotations. [`super::Manifest`] keeps only those on an allow-list.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

impl Descriptor {
    /// The classified media type.
    pub fn kind(&self) -> MediaType {
        MediaType::from_text(&self.media_type)
    }

    /// Whether the registry stores the content. Foreign layers are stored by their vendor.
    pub fn is_stored(&self) -> bool {
        self.kind() != MediaType::ForeignLayer
    }

    /// Whether an index's child can be a manifest. Old indexes omit the type. A type that is not known is one if it is for a
    /// platform; a build cache lists layers (BuildKit issue 2251).
    pub fn may_be_manifest(&self) -> bool {
        let is_other = self.kind() == MediaType::Other && self.platform.is_some();
        self.media_type.is_empty() || self.kind().is_manifest() || is_other
    }

    /// Whether an index's child may be a manifest of a kind that is not known, and is not asked for. Layers and
    /// configurations are no manifests, wherever they are listed.
    pub fn is_of_unknown_kind(&self) -> bool {
        let name = self.media_type.to_ascii_lowercase();
        let is_blob = ["layer", "rootfs", "config", "tar", "octet-stream"]
            .iter()
            .any(|word| name.contains(word));
        !self.may_be_manifest() && self.kind() == MediaType::Other && !is_blob
    }

    /// Whether a choice of platforms includes this child of an index, among all children of it. A child without a platform is
    /// always included, and an attestation follows its image.
    pub fn is_chosen_among(&self, siblings: &[Self], platforms: &[PlatformFilter]) -> bool {
        let chosen = |platform: &Platform| PlatformFilter::any_matches(platforms, platform);
        if !self.is_attestation() {
            return self.platform.as_ref().is_none_or(chosen);
        }
        let subject = self.annotations.get("vnd.docker.reference.digest");
        let Some(subject) = subject.and_then(|digest| digest.parse::<Digest>().ok()) else {
            return true;
        };
        siblings
            .iter()
            .find(|sibling| sibling.digest == subject)
            .and_then(|sibling| sibling.platform.as_ref())
            .is_none_or(chosen)
    }

    /// Whether an index marks this child as an attestation.
    pub fn is_attestation(&self) -> bool {
        self.annotations
            .get("vnd.docker.reference.type")
            .is_some_and(|kind| kind == "attestation-manifest")
            || self.platform.as_ref().is_some_and(Platform::is_unknown)
    }
}
