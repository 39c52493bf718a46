use std::collections::BTreeMap;
use std::sync::Arc;

use crate::oci::{Descriptor, Digest, Manifest, ManifestKind};
use crate::units::ByteCount;

/// What the graph and the analysis of images need of a manifest. Of its layers it keeps neither media types nor
/// annotations, which take most of the memory of a [`Manifest`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownManifest {
    /// The size of the document.
    pub size: ByteCount,
    /// Its kind.
    pub kind: ManifestKind,
    /// The configuration.
    pub config: Option<StatedConfig>,
    /// The layers in order, including foreign ones.
    pub layers: Arc<[LayerFact]>,
    /// The manifests of an index, in order.
    pub children: Box<[Descriptor]>,
    /// The manifest this one is attached to.
    pub subject: Option<Box<Digest>>,
    /// The annotations that the analysis uses.
    pub annotations: BTreeMap<String, String>,
    /// Whether it is a copy that the registry made of an image in another format, for streaming.
    pub is_converted_copy: bool,
}

/// What a manifest states about its configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatedConfig {
    /// The digest.
    pub digest: Digest,
    /// The size in bytes.
    pub size: ByteCount,
    /// The media type, as the registry wrote it.
    pub media_type: Arc<str>,
}

/// One layer of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LayerFact {
    /// The digest of the layer as stored.
    pub digest: Digest,
    /// Its bytes as stored, normally compressed.
    pub bytes: u64,
    /// Whether the registry stores it. Foreign layers (Windows) stay with their vendor.
    pub stored: bool,
}

impl From<&Descriptor> for LayerFact {
    fn from(layer: &Descriptor) -> Self {
        Self {
            digest: layer.digest,
            bytes: layer.size.get(),
            stored: layer.is_stored(),
        }
    }
}

impl KnownManifest {
    /// What is kept of a manifest whose document has this size.
    pub fn new(size: ByteCount, manifest: Manifest) -> Self {
        Self {
            size,
            kind: manifest.kind,
            is_converted_copy: manifest.is_converted_copy(),
            config: manifest.config.map(|config| StatedConfig {
                digest: config.digest,
                size: config.size,
                media_type: config.media_type.into(),
            }),
            layers: manifest.layers.iter().map(LayerFact::from).collect(),
            children: manifest.children.into_boxed_slice(),
            subject: manifest.subject.map(Box::new),
            annotations: manifest.annotations,
        }
    }
}
