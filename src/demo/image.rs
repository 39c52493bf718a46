//! Images as builders write them: layers, build history, configuration, manifest.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::blueprint::{BuildStep, Builder, Compression};
use super::content::Document;
use super::generated;
use crate::oci::{Digest, HistoryStep};

// Media types of images (OCI image specification 1.1 and Docker image manifest version 2, schema 2).
pub(super) const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(super) const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub(super) const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const OCI_LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
const DOCKER_CONFIG: &str = "application/vnd.docker.container.image.v1+json";
const DOCKER_LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";
const DOCKER_FOREIGN_LAYER: &str = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";

/// The family of media types in which an image is pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Oci,
    Docker,
}

impl Format {
    fn index(self) -> &'static str {
        match self {
            Self::Oci => OCI_INDEX,
            Self::Docker => DOCKER_LIST,
        }
    }
}

/// An index of manifests, given by their descriptors.
pub(super) fn index(format: Format, manifests: Vec<Value>, annotations: &BTreeMap<&str, &str>) -> Document {
    let mut index = json!({"schemaVersion": 2, "mediaType": format.index(), "manifests": manifests});
    if !annotations.is_empty() {
        index["annotations"] = json!(annotations);
    }
    Document::new(format.index(), &index)
}

/// A compressed layer, given by digest and size alone: its content is never requested.
#[derive(Debug, Clone)]
pub(super) struct Layer {
    pub digest: Digest,
    pub bytes: u64,
    pub is_foreign: bool,
    pub compression: Compression,
}

/// An image for one platform, finished or under construction.
#[derive(Debug, Clone)]
pub(super) struct Image {
    pub os: String,
    pub architecture: String,
    pub os_version: Option<String>,
    pub created: DateTime<Utc>,
    pub author: Option<String>,
    pub layers: Vec<Layer>,
    pub history: Vec<HistoryStep>,
    pub environment: BTreeMap<String, String>,
    pub labels: BTreeMap<String, String>,
}

impl Image {
    /// `scratch` for a platform `os/architecture`.
    pub fn scratch(platform: &str, created: DateTime<Utc>) -> Self {
        let (os, architecture) = platform.split_once('/').unwrap_or((platform, ""));
        Self {
            os: os.to_owned(),
            architecture: architecture.to_owned(),
            os_version: None,
            created,
            author: None,
            layers: Vec::new(),
            history: Vec::new(),
            environment: BTreeMap::new(),
            labels: BTreeMap::new(),
        }
    }

    /// Adds a build step. `layer` is its layer, if it creates one.
    pub fn add_step(&mut self, step: &BuildStep, builder: Builder, layer: Option<Layer>) {
        if let Some((name, value)) = step
            .step
            .strip_prefix("ENV ")
            .and_then(|text| text.split_once('='))
        {
            self.environment.insert(name.to_owned(), value.to_owned());
        }
        let created = self.created.to_rfc3339_opts(chrono::SecondsFormat::Nanos, true);
        let (created_by, comment, author) = match builder {
            Builder::BuildKit => (buildkit_text(&step.step), "buildkit.dockerfile.v0", String::new()),
            Builder::Classic => (classic_text(&step.step, &self.os), "", String::new()),
            Builder::Kaniko => (step.step.clone(), "", "kaniko".to_owned()),
        };
        self.history.push(HistoryStep {
            created: Some(if builder == Builder::Kaniko {
                // kaniko --reproducible writes Go's zero time.
                "0001-01-01T00:00:00Z".to_owned()
            } else {
                created
            }),
            created_by,
            comment: comment.to_owned(),
            author,
            empty_layer: layer.is_none(),
        });
        self.layers.extend(layer);
    }

    /// The entry of the image's manifest in an index.
    pub fn descriptor(&self, manifest: &Document) -> Value {
        let mut platform = json!({"architecture": self.architecture, "os": self.os});
        if let Some(version) = &self.os_version {
            platform["os.version"] = json!(version);
        }
        let mut descriptor = manifest.descriptor();
        descriptor["platform"] = platform;
        descriptor
    }

    /// The image's configuration, and its manifest, which contains the configuration's digest.
    pub fn documents(&self, format: Format, annotations: &BTreeMap<&str, &str>) -> (Document, Document) {
        let variables: Vec<String> = self
            .environment
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let mut settings = json!({"Env": variables});
        if !self.labels.is_empty() {
            settings["Labels"] = json!(self.labels);
        }
        let diff_ids: Vec<Digest> = self
            .layers
            .iter()
            .map(|layer| generated::digest(&format!("content of {}", layer.digest)))
            .collect();
        let mut config = json!({
            "architecture": self.architecture,
            "os": self.os,
            "created": self.created,
            "config": settings,
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
            "history": self.history,
        });
        if let Some(author) = &self.author {
            config["author"] = json!(author);
        }
        if let Some(version) = &self.os_version {
            config["os.version"] = json!(version);
        }
        let (manifest_type, config_type) = match format {
            Format::Oci => (OCI_MANIFEST, OCI_CONFIG),
            Format::Docker => (DOCKER_MANIFEST, DOCKER_CONFIG),
        };
        let config = Document::new(config_type, &config);
        let layers: Vec<Value> = self.layers.iter().map(|layer| layer.descriptor(format)).collect();
        let mut manifest = json!({
            "schemaVersion": 2,
            "mediaType": manifest_type,
            "config": config.descriptor(),
            "layers": layers,
        });
        if !annotations.is_empty() {
            manifest["annotations"] = json!(annotations);
        }
        (config, Document::new(manifest_type, &manifest))
    }
}

impl Layer {
    fn descriptor(&self, format: Format) -> Value {
        let media_type = match (format, self.compression) {
            _ if self.is_foreign => DOCKER_FOREIGN_LAYER.to_owned(),
            (Format::Docker, Compression::Gzip) => DOCKER_LAYER.to_owned(),
            // Docker's own media types have no zstd, so builders use the OCI one.
            (_, Compression::Zstd) => format!("{OCI_LAYER}+zstd"),
            (Format::Oci, Compression::Gzip) => format!("{OCI_LAYER}+gzip"),
        };
        let mut descriptor = json!({"mediaType": media_type, "size": self.bytes, "digest": self.digest});
        if self.is_foreign {
            descriptor["urls"] = json!([format!("https://vendor.example/layers/{}", self.digest)]);
        }
        descriptor
    }
}

/// An instruction as BuildKit writes it in a history.
pub(super) fn buildkit_text(step: &str) -> String {
    match step.split_once(' ') {
        Some(("RUN", command)) => format!("RUN /bin/sh -c {command} # buildkit"),
        Some(("COPY" | "ADD", _)) => format!("{step} # buildkit"),
        _ => step.to_owned(),
    }
}

/// An instruction as Docker's classic builder writes it in a history.
fn classic_text(step: &str, os: &str) -> String {
    let shell = if os == "windows" {
        "cmd /S /C"
    } else {
        "/bin/sh -c"
    };
    match step.split_once(' ') {
        Some(("RUN", command)) => format!("{shell} {command}"),
        Some((word @ ("COPY" | "ADD"), paths)) => {
            let target = paths.rsplit(' ').next().unwrap_or(paths);
            let content = generated::digest(step).hex();
            format!("{shell} #(nop) {word} dir:{content} in {target} ")
        }
        _ => format!("{shell} #(nop)  {step}"),
    }
}

/// Whether an instruction of a base creates a layer.
pub(super) fn leaves_layer(step: &str) -> bool {
    const METADATA: [&str; 12] = [
        "ARG",
        "CMD",
        "ENTRYPOINT",
        "ENV",
        "EXPOSE",
        "HEALTHCHECK",
        "LABEL",
        "ONBUILD",
        "SHELL",
        "STOPSIGNAL",
        "USER",
        "VOLUME",
    ];
    let instruction = step
        .strip_prefix("/bin/sh -c #(nop)")
        .unwrap_or(step)
        .trim_start();
    let word = instruction.split(' ').next().unwrap_or_default();
    !METADATA.contains(&word)
}
