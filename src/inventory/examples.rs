//! A small registry with one of everything, for tests of code that works on an [`Inventory`].

use crate::inventory::{DedupScope, Inventory, InventoryBuilder};
use crate::oci::{Descriptor, Digest, Manifest, ManifestKind, Platform};
use crate::units::ByteCount;

const IMAGE_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";

/// A digest made from a word.
pub fn digest(word: &str) -> Digest {
    Digest::sha256_of(word.as_bytes())
}

/// A descriptor whose digest is made from a word.
pub fn descriptor(word: &str, size: u32) -> Descriptor {
    Descriptor {
        media_type: "application/vnd.oci.image.layer.v1.tar+gzip".into(),
        digest: digest(word),
        size: ByteCount::from(size),
        platform: None,
        artifact_type: None,
        annotations: Default::default(),
    }
}

/// An image of 10 bytes of manifest, 20 bytes of configuration and the given layers.
pub fn image(word: &str, layers: &[(&str, u32)]) -> (Digest, ByteCount, Manifest) {
    let manifest = Manifest {
        kind: ManifestKind::Image,
        media_type: IMAGE_TYPE.into(),
        artifact_type: None,
        config: Some(descriptor(&format!("config of {word}"), 20)),
        layers: layers
            .iter()
            .map(|&(layer, size)| descriptor(layer, size))
            .collect(),
        children: Vec::new(),
        subject: None,
        annotations: Default::default(),
        left_out_layers: 0,
    };
    (digest(word), ByteCount::from(10_u32), manifest)
}

/// An index of 5 bytes over images for the given platforms.
pub fn index(word: &str, children: &[(&str, &str)]) -> (Digest, ByteCount, Manifest) {
    let children = children
        .iter()
        .map(|&(child, architecture)| Descriptor {
            media_type: IMAGE_TYPE.into(),
            platform: Some(Platform {
                os: "linux".into(),
                architecture: architecture.into(),
                variant: None,
                os_version: None,
            }),
            ..descriptor(child, 10)
        })
        .collect();
    let manifest = Manifest {
        kind: ManifestKind::Index,
        media_type: "application/vnd.oci.image.index.v1+json".into(),
        config: None,
        layers: Vec::new(),
        children,
        ..image("", &[]).2
    };
    (digest(word), ByteCount::from(5_u32), manifest)
}

/// The registry `reg.example.com`:
///
/// - `api`: tags `1` and `latest` (one image on the base), `2` (an index: amd64 on the base, arm64 on
///   another one, and a third child that was never read);
/// - `web`: tag `1` on the same base;
/// - `chart`: an artifact without a configuration, and a foreign layer that is not stored;
/// - `empty`: no tags.
pub fn representative(dedup_scope: DedupScope) -> InventoryBuilder {
    let mut builder = InventoryBuilder::new("reg.example.com".parse().expect("a registry name"), dedup_scope);
    let base = ("base", 1000);
    for (digest, size, manifest) in [
        image("api 1", &[base, ("api layer 1", 100)]),
        image("api 2 amd64", &[base, ("api layer 2", 110)]),
        image("api 2 arm64", &[("base arm64", 900), ("api layer 2 arm64", 105)]),
        index(
            "api 2",
            &[
                ("api 2 amd64", "amd64"),
                ("api 2 arm64", "arm64"),
                ("api 2 unread", "s390x"),
            ],
        ),
        image("web 1", &[base, ("web layer", 333)]),
    ] {
        builder.manifest(digest, size, manifest);
    }
    let (chart, size, mut manifest) = image("chart", &[("chart content", 7)]);
    manifest.kind = ManifestKind::Artifact;
    manifest.config = None;
    manifest.layers.push(Descriptor {
        media_type: "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip".into(),
        ..descriptor("windows", 1_000_000)
    });
    builder.manifest(chart, size, manifest);
    for (repository, tag, manifest) in [
        ("api", "1", "api 1"),
        ("api", "latest", "api 1"),
        ("api", "2", "api 2"),
        ("web", "1", "web 1"),
        ("chart", "0.1.0", "chart"),
    ] {
        builder.tag(name(repository), tag.parse().expect("a tag"), digest(manifest));
    }
    builder.repository(name("empty"));
    builder
}

/// A repository name from a literal.
pub fn name(text: &str) -> crate::oci::RepositoryName {
    text.parse().expect("a repository name")
}

/// The representative registry with one copy of each blob.
pub fn representative_inventory() -> Inventory {
    representative(DedupScope::Registry).finish()
}
