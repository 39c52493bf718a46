use serde_json::{Map, Value, json};
use tare::oci::Digest;

pub(super) const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(super) const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub(super) const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
const DOCKER_CONFIG: &str = "application/vnd.docker.container.image.v1+json";

/// A manifest of any kind with everything it needs beneath it.
#[derive(Debug, Clone)]
pub struct Document {
    pub media_type: String,
    pub bytes: Vec<u8>,
    /// What an index says of it besides type, digest and size.
    pub listed: Map<String, Value>,
    /// The configurations it refers to; layers have no bytes here, since nobody should ask for them.
    pub blobs: Vec<Vec<u8>>,
    pub beneath: Vec<Self>,
}

impl Document {
    pub fn new(media_type: &str, document: &Value) -> Self {
        Self {
            media_type: media_type.to_owned(),
            bytes: document.to_string().into_bytes(),
            listed: Map::new(),
            blobs: Vec::new(),
            beneath: Vec::new(),
        }
    }

    pub fn digest(&self) -> Digest {
        Digest::sha256_of(&self.bytes)
    }

    pub fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// How an index or a `subject` refers to it.
    pub fn descriptor(&self) -> Value {
        let mut descriptor = json!({
            "mediaType": self.media_type, "digest": self.digest(), "size": self.size(),
        });
        for (key, value) in &self.listed {
            descriptor[key] = value.clone();
        }
        descriptor
    }

    /// The same with something changed in its JSON, for what no honest client would push.
    pub fn edited(mut self, change: impl FnOnce(&mut Value)) -> Self {
        let mut document = serde_json::from_slice(&self.bytes).expect("made from JSON");
        change(&mut document);
        self.bytes = document.to_string().into_bytes();
        self
    }
}

/// The digest of a made-up layer.
pub fn layer_digest(name: &str, size: u64) -> Digest {
    Digest::sha256_of(format!("layer {name} of {size} bytes").as_bytes())
}

pub(super) fn layer(media_type: &str, name: &str, size: u64) -> Value {
    json!({"mediaType": media_type, "digest": layer_digest(name, size), "size": size})
}

/// An image in the making: OCI and for linux/amd64 unless told otherwise. Layers of the same name and
/// size are the same layer.
#[derive(Debug, Clone)]
pub struct Image {
    docker: bool,
    platform: Value,
    layers: Vec<Value>,
    config: Option<Vec<u8>>,
    subject: Option<Value>,
}

/// Starts an image.
pub fn image() -> Image {
    Image {
        docker: false,
        platform: json!({"os": "linux", "architecture": "amd64"}),
        layers: Vec::new(),
        config: None,
        subject: None,
    }
}

impl Image {
    /// In Docker's schema 2; call it before adding layers.
    pub fn docker(self) -> Self {
        Self { docker: true, ..self }
    }

    /// For `os/architecture` or `os/architecture/variant`.
    pub fn platform(mut self, platform: &str) -> Self {
        let mut words = platform.split('/');
        self.platform = json!({"os": words.next(), "architecture": words.next()});
        if let Some(variant) = words.next() {
            self.platform["variant"] = json!(variant);
        }
        self
    }

    pub fn layer(self, name: &str, size: u64) -> Self {
        let media_type = match self.docker {
            true => "application/vnd.docker.image.rootfs.diff.tar.gzip",
            false => "application/vnd.oci.image.layer.v1.tar+gzip",
        };
        self.add(media_type, name, size)
    }

    pub fn zstd_layer(self, name: &str, size: u64) -> Self {
        self.add("application/vnd.oci.image.layer.v1.tar+zstd", name, size)
    }

    /// A layer that stays with its vendor; its `urls` lead to `url`.
    pub fn foreign_layer(mut self, name: &str, size: u64, url: &str) -> Self {
        let media_type = match self.docker {
            true => "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
            false => "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
        };
        let mut layer = layer(media_type, name, size);
        layer["urls"] = json!([url]);
        self.layers.push(layer);
        self
    }

    /// These bytes as its configuration, whatever they are.
    pub fn config(self, bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            config: Some(bytes.into()),
            ..self
        }
    }

    /// Attached to another manifest.
    pub fn subject(self, subject: &Document) -> Self {
        Self {
            subject: Some(subject.descriptor()),
            ..self
        }
    }

    pub fn build(self) -> Document {
        let config = self.config.clone().unwrap_or_else(|| self.own_config());
        let (manifest_type, config_type) = match self.docker {
            true => (DOCKER_MANIFEST, DOCKER_CONFIG),
            false => (OCI_MANIFEST, OCI_CONFIG),
        };
        let mut document = json!({
            "schemaVersion": 2,
            "mediaType": manifest_type,
            "config": {"mediaType": config_type, "digest": Digest::sha256_of(&config), "size": config.len()},
            "layers": self.layers,
        });
        if let Some(subject) = self.subject {
            document["subject"] = subject;
        }
        let mut built = Document::new(manifest_type, &document);
        built.listed.insert("platform".into(), self.platform);
        built.blobs.push(config);
        built
    }

    fn add(mut self, media_type: &str, name: &str, size: u64) -> Self {
        self.layers.push(layer(media_type, name, size));
        self
    }

    fn own_config(&self) -> Vec<u8> {
        let mut config = self.platform.clone();
        let layers: Vec<_> = self.layers.iter().map(|layer| &layer["digest"]).collect();
        config["rootfs"] = json!({"type": "layers", "diff_ids": layers});
        config["history"] = json!([{"created_by": "ADD rootfs.tar.gz / # buildkit"}]);
        config["config"] = json!({"Env": ["NODE_VERSION=22.1.0", "API_TOKEN=hunter2"]});
        config.to_string().into_bytes()
    }
}

impl From<Image> for Document {
    fn from(image: Image) -> Self {
        image.build()
    }
}

/// An index in the making: OCI unless told otherwise.
#[derive(Debug, Clone, Default)]
pub struct Index {
    docker: bool,
    children: Vec<Document>,
}

/// Starts an index of no children.
pub fn index() -> Index {
    Index::default()
}

impl Index {
    /// A manifest list in Docker's form.
    pub fn docker(self) -> Self {
        Self { docker: true, ..self }
    }

    pub fn child(mut self, child: impl Into<Document>) -> Self {
        self.children.push(child.into());
        self
    }

    pub fn build(self) -> Document {
        let media_type = if self.docker { DOCKER_LIST } else { OCI_INDEX };
        let manifests: Vec<_> = self.children.iter().map(Document::descriptor).collect();
        let document = json!({"schemaVersion": 2, "mediaType": media_type, "manifests": manifests});
        Document {
            beneath: self.children,
            ..Document::new(media_type, &document)
        }
    }
}

impl From<Index> for Document {
    fn from(index: Index) -> Self {
        index.build()
    }
}
