//! The inventory of a registry, made of images.

use std::collections::BTreeMap;

use tare::base_image::ImageFacts;
use tare::inventory::{DedupScope, Inventory, InventoryBuilder};
use tare::oci::{Descriptor, Digest, Manifest, ManifestKind, RepositoryName, Tag};
use tare::units::ByteCount;

fn descriptor(media_type: &str, digest: Digest, bytes: u64) -> Descriptor {
    Descriptor {
        media_type: media_type.to_owned(),
        digest,
        size: ByteCount::try_from(bytes).unwrap(),
        platform: None,
        artifact_type: None,
        annotations: BTreeMap::new(),
    }
}

fn manifest(kind: ManifestKind) -> Manifest {
    Manifest {
        kind,
        media_type: "application/vnd.docker.distribution.manifest.v2+json".to_owned(),
        artifact_type: None,
        config: None,
        layers: Vec::new(),
        children: Vec::new(),
        subject: None,
        annotations: BTreeMap::new(),
        left_out_layers: 0,
    }
}

/// The registry that holds these images, an index for each of their tags.
pub fn inventory<'a>(images: impl IntoIterator<Item = &'a ImageFacts>) -> Inventory {
    let mut builder = InventoryBuilder::new("registry.example.com".parse().unwrap(), DedupScope::Registry);
    let mut tags: BTreeMap<(RepositoryName, Tag), Vec<Digest>> = BTreeMap::new();
    for facts in images {
        let mut image = manifest(ManifestKind::Image);
        let config = format!("configuration of {}", facts.digest);
        let config = Digest::sha256_of(config.as_bytes());
        image.config = Some(descriptor(
            "application/vnd.docker.container.image.v1+json",
            config,
            6_000,
        ));
        image.layers = facts
            .layers
            .iter()
            .map(|layer| {
                let kind = if layer.stored {
                    "diff.tar.gzip"
                } else {
                    "foreign.diff.tar.gzip"
                };
                let kind = format!("application/vnd.docker.image.rootfs.{kind}");
                descriptor(&kind, layer.digest, layer.bytes)
            })
            .collect();
        builder.config_platform(config, facts.platform.clone());
        builder.manifest(facts.digest, ByteCount::from(2_000_u32), image);
        for name in &facts.names {
            tags.entry(name.clone()).or_default().push(facts.digest);
        }
    }
    for ((repository, tag), children) in tags {
        let mut index = manifest(ManifestKind::Index);
        index.children = children
            .iter()
            .map(|&child| {
                descriptor(
                    "application/vnd.docker.distribution.manifest.v2+json",
                    child,
                    2_000,
                )
            })
            .collect();
        let digest = Digest::sha256_of(format!("{children:?}").as_bytes());
        builder.manifest(digest, ByteCount::from(1_000_u32), index);
        builder.tag(repository, tag, digest);
    }
    builder.finish()
}
