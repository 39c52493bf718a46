use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::{Descriptor, Digest, Platform};
use crate::units::ByteCount;

/// A layer or child as a manifest lists it. Its size may be nonsense, which must not hide the others.
#[derive(Deserialize)]
pub(super) struct LayerDocument {
    #[serde(rename = "mediaType", default)]
    media_type: String,
    digest: Digest,
    #[serde(default, deserialize_with = "sound_size")]
    size: Option<ByteCount>,
    #[serde(default)]
    platform: Option<Platform>,
    #[serde(rename = "artifactType", default)]
    artifact_type: Option<String>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

impl LayerDocument {
    /// The descriptor; `None` if its size is not a number of bytes.
    pub(super) fn sound(self) -> Option<Descriptor> {
        let size = self.size?;
        Some(self.with_size(size))
    }

    /// The descriptor, with a size of zero if its own is not a number of bytes.
    pub(super) fn or_empty(self) -> Descriptor {
        let size = self.size.unwrap_or_default();
        self.with_size(size)
    }

    fn with_size(self, size: ByteCount) -> Descriptor {
        Descriptor {
            media_type: self.media_type,
            digest: self.digest,
            size,
            platform: self.platform,
            artifact_type: self.artifact_type,
            annotations: self.annotations,
        }
    }
}

/// A size, or `None` for what is none: negative, fractional, too large, or a text.
fn sound_size<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<ByteCount>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(value.as_u64().and_then(|size| ByteCount::try_from(size).ok()))
}
