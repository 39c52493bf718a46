use std::collections::BTreeMap;
use std::sync::Arc;

use crate::inventory::KnownManifest;
pub use crate::inventory::LayerFact;
use crate::oci::{Descriptor, Digest, ImageConfig, Platform, RepositoryName, Tag};

/// The facts about one image for one platform, as saved by a crawl.
#[derive(Debug, Clone, PartialEq)]
pub struct ImageFacts {
    /// The digest of the image's manifest.
    pub digest: Digest,
    /// Its platform.
    pub platform: Platform,
    /// The media type of its configuration, which distinguishes artifacts from images.
    pub config_media_type: Arc<str>,
    /// Its layers in order, including foreign layers.
    pub layers: Arc<[LayerFact]>,
    /// The annotations of its manifest and of the index that lists it; the manifest's take precedence.
    pub annotations: BTreeMap<String, String>,
    /// Its configuration; `None` if it could not be read. Images with equal configurations share one.
    pub config: Option<Arc<ImageConfig>>,
    /// Every tag that reaches it, directly or through an index, in name order.
    pub names: Vec<(RepositoryName, Tag)>,
}

impl ImageFacts {
    /// Combines a manifest, the index entry that names it, and its configuration.
    pub fn new(
        digest: Digest,
        manifest: &KnownManifest,
        listed: Option<&Descriptor>,
        config: Option<Arc<ImageConfig>>,
        names: Vec<(RepositoryName, Tag)>,
    ) -> Self {
        let platform = config
            .as_ref()
            .map(|config| &config.platform)
            .filter(|platform| !platform.os.is_empty())
            .or_else(|| listed.and_then(|listed| listed.platform.as_ref()));
        let mut annotations = listed
            .map(|listed| listed.annotations.clone())
            .unwrap_or_default();
        annotations.extend(manifest.annotations.clone());
        Self {
            digest,
            platform: platform.cloned().unwrap_or(Platform {
                os: String::new(),
                architecture: String::new(),
                variant: None,
                os_version: None,
            }),
            config_media_type: manifest
                .config
                .as_ref()
                .map(|config| Arc::clone(&config.media_type))
                .unwrap_or_default(),
            layers: Arc::clone(&manifest.layers),
            annotations,
            config,
            names,
        }
    }

    /// The bytes of all its stored layers.
    pub fn layer_bytes(&self) -> u64 {
        self.layers
            .iter()
            .filter(|layer| layer.stored)
            .fold(0, |sum, layer| sum.saturating_add(layer.bytes))
    }
    /// Whether it is an artifact and not a container image: a chart, a signature, an attestation.
    pub fn is_artifact(&self) -> bool {
        let media_type = &*self.config_media_type;
        let is_image_config = media_type.is_empty()
            || media_type.starts_with("application/vnd.oci.image.config.")
            || media_type.starts_with("application/vnd.docker.container.image.");
        !is_image_config
            || self.platform.is_unknown()
            || self
                .annotations
                .get("vnd.docker.reference.type")
                .is_some_and(|kind| kind == "attestation-manifest")
    }

    /// Whether it is for Windows.
    pub fn is_windows(&self) -> bool {
        let has_windows_version = |version: &str| version.starts_with("10.0.");
        self.platform.os == "windows"
            || self
                .platform
                .os_version
                .as_deref()
                .is_some_and(has_windows_version)
            || self.config.as_ref().is_some_and(|config| {
                let mut steps = config.history.iter().take(2);
                steps.any(|step| step.created_by.contains("Apply image 10.0."))
            })
    }
}
