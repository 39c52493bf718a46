use std::collections::{BTreeMap, HashSet};

use serde::Deserialize;
use strum::{EnumString, IntoStaticStr};

use super::document::json_object;
use super::kept::{LONGEST_NAME, LONGEST_VALUE, bounded};
use super::layer_document::LayerDocument;
use super::{Descriptor, Digest, MediaType, PlatformFilter, is_kept_label};
use crate::units::{ByteCount, ByteOverflow};

/// The kind of a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, IntoStaticStr, EnumString)]
#[strum(serialize_all = "snake_case")]
pub enum ManifestKind {
    /// A runnable image.
    Image,
    /// A list of manifests, usually one per platform.
    Index,
    /// Provenance or an SBOM attached by BuildKit, in either of its two forms.
    Attestation,
    /// Any other OCI artifact: a Helm chart, a signature, an SBOM, a WASM module.
    Artifact,
    /// Docker schema 1: recognised, but it does not state what it stores.
    Schema1,
}

impl ManifestKind {
    /// The kind as stored in the database.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// A checked manifest of any kind.
///
/// An index has only `children`; every other kind has only `config` and `layers`. A document with both is refused,
/// because clients could disagree about its meaning (CVE-2021-41190).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// Its kind.
    pub kind: ManifestKind,
    /// Its media type according to the document, or else to the registry.
    pub media_type: String,
    /// The type of an artifact, if stated.
    pub artifact_type: Option<String>,
    /// The configuration. `None` in an index, in schema 1 and in the withdrawn artifact manifest.
    pub config: Option<Descriptor>,
    /// The layers or blobs, in order, including foreign ones.
    pub layers: Vec<Descriptor>,
    /// The manifests of an index, in order.
    pub children: Vec<Descriptor>,
    /// The manifest this one is attached to.
    pub subject: Option<Digest>,
    /// The annotations that the analysis uses, and no others.
    pub annotations: BTreeMap<String, String>,
    /// How many layers are left out because their size is not a number of bytes.
    pub left_out_layers: usize,
}

/// Why a document is not a manifest that can be counted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// Not JSON, or a field of the wrong type.
    #[error("not a manifest: {0}")]
    Syntax(String),
    /// The document's media type differs from the one it was served with.
    #[error("served as {served}, but the document says {claimed}")]
    MediaTypeMismatch {
        /// The `Content-Type` header.
        served: String,
        /// The document's `mediaType`.
        claimed: String,
    },
    /// The document does not state its media type, and its fields are those of another one than it was served with.
    #[error("served as {served}, but the document has the fields of another kind of manifest")]
    WrongShape {
        /// The `Content-Type` header.
        served: String,
    },
    /// The document has fields of an index and of an image manifest.
    #[error("has both layers and manifests, which clients would interpret differently")]
    Ambiguous,
    /// Neither header nor document has a known media type.
    #[error("unknown media type {0:?}")]
    UnknownType(String),
    /// More children or layers than the limit.
    #[error("lists {found} {what}, more than the limit of {limit}")]
    TooMany {
        /// How many there are.
        found: usize,
        /// `children` or `layers`.
        what: &'static str,
        /// How many are allowed.
        limit: usize,
    },
    /// The same content is listed with two different sizes.
    #[error("lists {0} with two different sizes")]
    ConflictingSizes(Digest),
    /// A size that no registry can store.
    #[error("says that {digest} has {size} ({} bytes), more than the limit of {}", .size.get(), Manifest::LARGEST_SIZE)]
    TooLarge {
        /// The content.
        digest: Digest,
        /// Its size according to the document.
        size: ByteCount,
    },
    /// The sizes add up to more than 63 bits.
    #[error("the sizes are too large: {0}")]
    Overflow(#[from] ByteOverflow),
}

/// The artifact types of converted copies: Azure's artifact streaming (Azure documentation, "Troubleshoot artifact
/// streaming", 2026; azure-cli's `acr artifact-streaming`), and the format that it is made of, written by containerd's
/// accelerated-container-image (its documentation, 2026).
const CONVERTED_COPIES: [&str; 2] = [
    "application/vnd.azure.artifact.streaming.v1",
    "application/vnd.containerd.overlaybd.native.v1+json",
];
impl ManifestError {
    /// Whether the fault is in the header that the document was served with, and not in its bytes alone.
    pub fn is_of_the_answer(&self) -> bool {
        matches!(
            self,
            Self::MediaTypeMismatch { .. } | Self::WrongShape { .. } | Self::UnknownType(_)
        )
    }
}

/// The JSON document. Unknown fields are accepted, fields of the wrong type are not.
#[derive(Deserialize)]
struct ManifestDocument {
    #[serde(rename = "schemaVersion")]
    schema_version: Option<u64>,
    #[serde(rename = "mediaType", default)]
    media_type: Option<String>,
    #[serde(rename = "artifactType", default)]
    artifact_type: Option<String>,
    #[serde(default)]
    config: Option<Descriptor>,
    #[serde(default)]
    layers: Option<Vec<LayerDocument>>,
    #[serde(default)]
    blobs: Option<Vec<LayerDocument>>,
    #[serde(default)]
    manifests: Option<Vec<LayerDocument>>,
    #[serde(default)]
    subject: Option<Descriptor>,
    #[serde(default)]
    annotations: Option<BTreeMap<String, String>>,
    #[serde(rename = "fsLayers", default)]
    fs_layers: Option<serde::de::IgnoredAny>,
}

impl Manifest {
    /// The most children of one index. Our choice: the largest official indexes have about 20.
    pub const MAX_CHILDREN: usize = 1_000;
    /// The most layers of one manifest. Our choice: Docker stops at 127, artifacts may have more.
    pub const MAX_LAYERS: usize = 10_000;
    /// The largest size of a manifest, configuration or layer. Our choice of December 2026: 1 PiB, above the 5 TiB that
    /// object stores accept and the 100 TiB of the largest registries (Azure Container Registry, Premium).
    pub const LARGEST_SIZE: ByteCount = ByteCount::from_pebibytes(1);

    /// Parses a manifest from bytes whose digest the caller has checked.
    ///
    /// `content_type` is the `Content-Type` header, if any; its parameters are ignored.
    ///
    /// # Errors
    /// What is wrong with the document. This is a fault in the registry's content, not a reason to stop a crawl.
    pub fn parse(content: &[u8], content_type: Option<&str>) -> Result<Self, ManifestError> {
        let document: ManifestDocument = json_object(content).map_err(ManifestError::Syntax)?;
        let served = content_type
            .map(MediaType::from_text)
            .filter(|served| served.is_manifest());
        let claimed = document.media_type.as_deref().map(MediaType::from_text);
        if let (Some(served_type), Some(claimed_type)) = (served, claimed)
            && served_type != claimed_type
        {
            return Err(ManifestError::MediaTypeMismatch {
                served: content_type.unwrap_or_default().to_owned(),
                claimed: document.media_type.unwrap_or_default(),
            });
        }
        if document.manifests.is_some()
            && (document.layers.is_some() || document.config.is_some() || document.blobs.is_some())
        {
            return Err(ManifestError::Ambiguous);
        }
        let claimed_kind = claimed.filter(|claimed| claimed.is_manifest());
        let shape = document.shape();
        if let (None, Some(served_kind), Some(shape)) = (claimed_kind, served, shape)
            && served_kind != shape
        {
            return Err(ManifestError::WrongShape {
                served: content_type.unwrap_or_default().to_owned(),
            });
        }
        let kind = claimed_kind.or(served).or(shape);
        let media_type = document
            .media_type
            .clone()
            .or_else(|| content_type.map(ToOwned::to_owned))
            .unwrap_or_default();
        let media_type = bounded(media_type, LONGEST_NAME);
        let manifest = match kind {
            Some(MediaType::Index) => document.into_index(media_type),
            Some(MediaType::Manifest) => document.into_image(media_type),
            Some(MediaType::ArtifactManifest) => Ok(document.into_artifact(media_type)),
            Some(MediaType::Schema1) => Ok(Self::empty(ManifestKind::Schema1, media_type)),
            _ => Err(ManifestError::UnknownType(media_type)),
        }?;
        manifest.check()?;
        Ok(manifest)
    }

    /// Whether a choice of platforms includes a child of this index. A child without a platform is always included, and
    /// an attestation follows its image.
    pub fn is_chosen_child(&self, child: &Descriptor, platforms: &[PlatformFilter]) -> bool {
        child.is_chosen_among(&self.children, platforms)
    }

    /// Whether a registry made it from an image, in a format that nodes can start before all of it has arrived. Deleting
    /// it makes pulls slower, so it is no waste.
    pub fn is_converted_copy(&self) -> bool {
        self.artifact_type
            .as_deref()
            .is_some_and(Self::is_type_of_converted_copies)
    }

    /// Whether an artifact type is that of such converted copies.
    pub fn is_type_of_converted_copies(artifact_type: &str) -> bool {
        CONVERTED_COPIES.contains(&artifact_type)
    }

    fn empty(kind: ManifestKind, media_type: String) -> Self {
        Self {
            kind,
            media_type,
            artifact_type: None,
            config: None,
            layers: Vec::new(),
            children: Vec::new(),
            subject: None,
            annotations: BTreeMap::new(),
            left_out_layers: 0,
        }
    }

    fn check(&self) -> Result<(), ManifestError> {
        if self.layers.len() > Self::MAX_LAYERS {
            return Err(ManifestError::TooMany {
                found: self.layers.len(),
                what: "layers",
                limit: Self::MAX_LAYERS,
            });
        }
        let mut sizes = BTreeMap::new();
        let mut total = ByteCount::ZERO;
        for descriptor in self.config.iter().chain(&self.layers).chain(&self.children) {
            if descriptor.size > Self::LARGEST_SIZE {
                return Err(ManifestError::TooLarge {
                    digest: descriptor.digest,
                    size: descriptor.size,
                });
            }
            if *sizes.entry(descriptor.digest).or_insert(descriptor.size) != descriptor.size {
                return Err(ManifestError::ConflictingSizes(descriptor.digest));
            }
            total = total.checked_add(descriptor.size)?;
        }
        Ok(())
    }
}

impl ManifestDocument {
    /// The kind of manifest that has these fields, if only one has them. Early OCI documents have no media type.
    fn shape(&self) -> Option<MediaType> {
        if self.manifests.is_some() {
            Some(MediaType::Index)
        } else if self.fs_layers.is_some() {
            Some(MediaType::Schema1)
        } else if self.config.is_some() {
            Some(MediaType::Manifest)
        } else if self.schema_version == Some(1) {
            Some(MediaType::Schema1)
        } else {
            None
        }
    }

    fn into_index(self, media_type: String) -> Result<Manifest, ManifestError> {
        let children = self
            .manifests
            .ok_or_else(|| ManifestError::Syntax("an index without manifests".into()))?;
        if children.len() > Manifest::MAX_CHILDREN {
            return Err(ManifestError::TooMany {
                found: children.len(),
                what: "children",
                limit: Manifest::MAX_CHILDREN,
            });
        }
        Ok(Manifest {
            artifact_type: self.artifact_type,
            children: unique(
                children
                    .into_iter()
                    .map(|child| kept_annotations_only(child.or_empty())),
            ),
            subject: self.subject.map(|subject| subject.digest),
            annotations: kept(self.annotations.unwrap_or_default()),
            ..Manifest::empty(ManifestKind::Index, media_type)
        })
    }

    fn into_image(self, media_type: String) -> Result<Manifest, ManifestError> {
        let config = self
            .config
            .ok_or_else(|| ManifestError::Syntax("an image manifest without config".into()))?;
        let (layers, left_out_layers) = sound_layers(self.layers);
        let attestation_type = "application/vnd.docker.attestation.manifest.v1+json";
        let is_statement = |layer: &Descriptor| layer.kind() == MediaType::InTotoStatement;
        let kind = if self.artifact_type.as_deref() == Some(attestation_type) {
            ManifestKind::Attestation
        } else if config.kind() != MediaType::ImageConfig || self.artifact_type.is_some() {
            ManifestKind::Artifact
        } else if !layers.is_empty() && layers.iter().all(is_statement) {
            ManifestKind::Attestation
        } else if is_disguised(&config, &layers) {
            ManifestKind::Artifact
        } else {
            ManifestKind::Image
        };
        // The specification: without artifactType, the config's media type says what an artifact is. An artifact in
        // the guise of an image is told by its layers.
        let artifact_type = self.artifact_type.or_else(|| {
            (kind == ManifestKind::Artifact).then(|| match (config.kind(), layers.first()) {
                (MediaType::ImageConfig, Some(layer)) => layer.media_type.clone(),
                _ => config.media_type.clone(),
            })
        });
        Ok(Manifest {
            artifact_type,
            config: Some(kept_annotations_only(config)),
            layers,
            left_out_layers,
            subject: self.subject.map(|subject| subject.digest),
            annotations: kept(self.annotations.unwrap_or_default()),
            ..Manifest::empty(kind, media_type)
        })
    }

    fn into_artifact(self, media_type: String) -> Manifest {
        let (layers, left_out_layers) = sound_layers(self.blobs);
        Manifest {
            artifact_type: self.artifact_type,
            layers,
            left_out_layers,
            subject: self.subject.map(|subject| subject.digest),
            annotations: kept(self.annotations.unwrap_or_default()),
            ..Manifest::empty(ManifestKind::Artifact, media_type)
        }
    }
}

/// Whether something has the configuration type of an image, for registries that accept nothing else, and is none: a
/// signature or SBOM of cosign, a file, a model. Its layers are no file systems, or its configuration is one of them
/// (python-dxf).
fn is_disguised(config: &Descriptor, layers: &[Descriptor]) -> bool {
    let is_file_system = |layer: &Descriptor| {
        let name = layer.media_type.to_ascii_lowercase();
        name.is_empty()
            || ["tar", "layer", "rootfs", "octet-stream"]
                .iter()
                .any(|word| name.contains(word))
    };
    let is_layer = layers.iter().any(|layer| layer.digest == config.digest);
    is_layer || !layers.is_empty() && !layers.iter().any(is_file_system)
}

/// The layers with a sound size, and how many others there are.
fn sound_layers(layers: Option<Vec<LayerDocument>>) -> (Vec<Descriptor>, usize) {
    let layers = layers.unwrap_or_default();
    let listed = layers.len();
    let sound: Vec<_> = layers
        .into_iter()
        .filter_map(LayerDocument::sound)
        .map(kept_annotations_only)
        .collect();
    let left_out = listed - sound.len();
    (sound, left_out)
}

/// The children of an index, each once for each of its platforms.
fn unique(children: impl Iterator<Item = Descriptor>) -> Vec<Descriptor> {
    let mut seen = HashSet::new();
    children
        .filter(|child| seen.insert((child.digest, child.size, child.platform.clone())))
        .collect()
}

fn kept(annotations: BTreeMap<String, String>) -> BTreeMap<String, String> {
    annotations
        .into_iter()
        .filter(|(key, _)| is_kept_label(key))
        .map(|(key, value)| (key, bounded(value, LONGEST_VALUE)))
        .collect()
}

fn kept_annotations_only(mut descriptor: Descriptor) -> Descriptor {
    descriptor.annotations = kept(std::mem::take(&mut descriptor.annotations));
    descriptor.media_type = bounded(descriptor.media_type, LONGEST_NAME);
    descriptor
}

#[cfg(test)]
#[path = "manifest_tests.rs"]
mod tests;
