//! Small made-up images, as a crawl would find them.

use serde_json::{Value, json};
use tare::inventory::{ConfigFact, Finding, ManifestFact, ManifestListing, RepositoryListing};
use tare::oci::{Digest, ImageConfig, Manifest};
use tare::units::ByteCount;

/// A document and its digest.
pub fn document(value: &Value) -> (Digest, Vec<u8>) {
    let content = value.to_string().into_bytes();
    (Digest::sha256_of(&content), content)
}

fn length(content: &[u8]) -> ByteCount {
    ByteCount::try_from(content.len() as u64).expect("a length")
}

/// A manifest as found.
pub fn manifest(value: &Value) -> (Digest, Finding) {
    let (digest, content) = document(value);
    let fact = ManifestFact {
        digest,
        size: length(&content),
        manifest: Manifest::parse(&content, None).expect("a manifest"),
    };
    (digest, Finding::Manifest(Box::new(fact)))
}

/// An image of one layer of its own and a shared one, with its configuration.
pub fn image(name: &str) -> (Digest, Vec<Finding>) {
    let (config_digest, config) = document(&json!({
        "os": "linux", "architecture": "amd64", "created": "0001-01-01T00:00:00Z",
        "config": {"Env": ["NODE_VERSION=22.1.0", "SECRET=x"], "Labels": {"version": name}},
        "rootfs": {"type": "layers", "diff_ids": [Digest::sha256_of(name.as_bytes())]},
        "history": [{"created_by": format!("RUN make {name}"), "empty_layer": false}],
    }));
    let (digest, manifest) = manifest(&json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json",
                   "digest": config_digest, "size": config.len()},
        "layers": [layer("base", 1000), layer(name, 10)],
    }));
    let fact = ConfigFact {
        digest: config_digest,
        size: length(&config),
        config: ImageConfig::parse(&config).expect("a configuration"),
    };
    (digest, vec![manifest, Finding::Config(Box::new(fact))])
}

/// A layer's descriptor.
pub fn layer(name: &str, size: u64) -> Value {
    json!({"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
           "digest": Digest::sha256_of(name.as_bytes()), "size": size})
}

/// An index of these manifests, all for linux/amd64.
pub fn index(children: &[Digest]) -> (Digest, Finding) {
    let children: Vec<Value> = children
        .iter()
        .map(|digest| {
            json!({"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest, "size": 500,
                   "platform": {"os": "linux", "architecture": "amd64"}})
        })
        .collect();
    manifest(
        &json!({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
                     "manifests": children}),
    )
}

/// A tag as found.
pub fn tag(repository: &str, tag: &str, digest: Digest) -> Finding {
    Finding::Tag {
        repository: repository.parse().expect("a name"),
        tag: tag.parse().expect("a tag"),
        digest,
    }
}

/// A repository whose listing came to its end with these tags.
pub fn listing(repository: &str, tags: &[&str]) -> Finding {
    Finding::Repository(RepositoryListing {
        repository: repository.parse().expect("a name"),
        tags: tags.iter().map(|tag| tag.parse().expect("a tag")).collect(),
        listed_to_the_end: true,
        complete: true,
        manifests: ManifestListing::Unavailable,
    })
}

/// The same of a registry that lists all its manifests, these of them in the repository.
pub fn listing_all(repository: &str, tags: &[&str], manifests: &[Digest]) -> Finding {
    match listing(repository, tags) {
        Finding::Repository(listing) => Finding::Repository(RepositoryListing {
            manifests: ManifestListing::Listed(manifests.iter().copied().map(Into::into).collect()),
            ..listing
        }),
        other => other,
    }
}
