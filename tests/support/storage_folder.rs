//! Lays out the storage folder of a CNCF Distribution registry.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tare::oci::Digest;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// A folder to put images into, and then to serve.
pub struct StorageFolder {
    folder: tempfile::TempDir,
}

impl StorageFolder {
    /// An empty one.
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a folder"),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Puts an image with these layers under a tag, and gives the bytes of its manifest and configuration.
    pub fn image(&self, repository: &str, tag: &str, layers: &[&[u8]]) -> usize {
        let config = json!({
            "architecture": "amd64",
            "os": "linux",
            "config": {},
            "rootfs": {"type": "layers", "diff_ids": layers.iter().map(|layer| Digest::sha256_of(layer)).collect::<Vec<_>>()},
        })
        .to_string();
        let described: Vec<Value> = layers
            .iter()
            .map(|layer| {
                let digest = self.blob(repository, layer);
                json!({"mediaType": LAYER, "size": layer.len(), "digest": digest})
            })
            .collect();
        let digest = self.blob(repository, config.as_bytes());
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {"mediaType": CONFIG, "size": config.len(), "digest": digest},
            "layers": described,
        })
        .to_string();
        self.put(repository, tag, manifest.as_bytes());
        config.len() + manifest.len()
    }

    /// Puts an index of the images of these tags under a tag.
    pub fn index(&self, repository: &str, tag: &str, images: &[&str]) {
        let tags = self.repository(repository).join("_manifests/tags");
        let listed: Vec<Value> = images
            .iter()
            .map(|image| {
                let link = fs::read_to_string(tags.join(image).join("current/link")).expect("a tag");
                let digest: Digest = link.parse().expect("a digest");
                let size = fs::metadata(self.content_file(digest)).expect("a manifest").len();
                let platform = json!({"os": "linux", "architecture": image});
                json!({"mediaType": MANIFEST, "size": size, "digest": digest, "platform": platform})
            })
            .collect();
        let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": listed}).to_string();
        self.put(repository, tag, index.as_bytes());
    }

    /// Takes a tag away; its manifest stays.
    pub fn untag(&self, repository: &str, tag: &str) {
        let tags = self.repository(repository).join("_manifests/tags");
        fs::remove_dir_all(tags.join(tag)).expect("a tag");
    }

    /// The bytes of all blobs.
    pub fn stored_bytes(&self) -> u64 {
        let mut pending = vec![self.root().join("blobs")];
        let mut bytes = 0;
        while let Some(folder) = pending.pop() {
            for entry in fs::read_dir(folder).expect("a folder") {
                let entry = entry.expect("an entry");
                let metadata = entry.metadata().expect("metadata");
                if metadata.is_dir() {
                    pending.push(entry.path());
                } else {
                    bytes += metadata.len();
                }
            }
        }
        bytes
    }

    /// Puts a manifest under a tag.
    fn put(&self, repository: &str, tag: &str, manifest: &[u8]) {
        let digest = self.content(manifest);
        let manifests = self.repository(repository).join("_manifests");
        self.link(&manifests.join("revisions/sha256").join(digest.hex()), digest);
        let tag = manifests.join("tags").join(tag);
        self.link(&tag.join("index/sha256").join(digest.hex()), digest);
        self.link(&tag.join("current"), digest);
    }

    fn blob(&self, repository: &str, content: &[u8]) -> Digest {
        let digest = self.content(content);
        self.link(
            &self
                .repository(repository)
                .join("_layers/sha256")
                .join(digest.hex()),
            digest,
        );
        digest
    }

    fn content(&self, content: &[u8]) -> Digest {
        let digest = Digest::sha256_of(content);
        let file = self.content_file(digest);
        fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        fs::write(file, content).expect("a blob");
        digest
    }

    fn content_file(&self, digest: Digest) -> PathBuf {
        let hex = digest.hex();
        self.root()
            .join("blobs/sha256")
            .join(&hex[..2])
            .join(&hex)
            .join("data")
    }

    fn link(&self, folder: &Path, digest: Digest) {
        fs::create_dir_all(folder).expect("a folder");
        fs::write(folder.join("link"), digest.to_string()).expect("a link");
    }

    fn repository(&self, repository: &str) -> PathBuf {
        self.root().join("repositories").join(repository)
    }

    fn root(&self) -> PathBuf {
        self.path().join("docker/registry/v2")
    }
}
