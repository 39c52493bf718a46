//! The corpus of real official images, read from the folder beside the project where it is present.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::base_image::ImageFacts;
use crate::inventory::{DedupScope, Inventory, InventoryBuilder};
use crate::oci::{Descriptor, Digest, ImageConfig, Manifest, ManifestKind, Platform, RepositoryName, Tag};
use crate::units::ByteCount;

/// A registry as a crawl would have saved it.
pub(super) struct Corpus {
    pub(super) inventory: Inventory,
    pub(super) images: Vec<ImageFacts>,
}

/// The folder of shared material, somewhere above the project; none where there is none.
pub(super) fn shared(folder: &str) -> Option<PathBuf> {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .map(|above| above.join("shared").join(folder))
        .find(|path| path.is_dir())
}

fn lines(path: &Path) -> Option<Vec<Value>> {
    let output = Command::new("zstd").arg("-dcq").arg(path).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let rows: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    (!rows.is_empty()).then_some(rows)
}

fn descriptor(media_type: &str, digest: Digest, size: u64, platform: Option<Platform>) -> Descriptor {
    Descriptor {
        media_type: media_type.to_owned(),
        digest,
        size: ByteCount::try_from(size).unwrap(),
        platform,
        artifact_type: None,
        annotations: BTreeMap::new(),
    }
}

fn manifest(kind: ManifestKind, config: Option<Descriptor>, layers: Vec<Descriptor>) -> Manifest {
    Manifest {
        kind,
        media_type: "application/vnd.docker.distribution.manifest.v2+json".to_owned(),
        artifact_type: None,
        config,
        layers,
        children: Vec::new(),
        subject: None,
        annotations: BTreeMap::new(),
    }
}

/// The configuration that a builder would have written for a recorded image.
fn config_of(record: &Value) -> String {
    let history: Vec<Value> = match record["aligned"].as_bool() {
        Some(true) => record["history"].as_array().unwrap().iter().map(step).collect(),
        _ => Vec::new(),
    };
    let env = record["env"].as_object().unwrap();
    let env: Vec<String> = env
        .iter()
        .map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or("")))
        .collect();
    json!({
        "os": record["platform"]["os"],
        "architecture": record["platform"]["architecture"],
        "variant": record["platform"].get("variant"),
        "created": record["created"],
        "config": {"Env": env},
        "history": history,
    })
    .to_string()
}

fn step(entry: &Value) -> Value {
    json!({
        "created": entry[0],
        "created_by": entry[1].as_str().unwrap_or(""),
        "empty_layer": entry.get(2).is_some(),
    })
}

/// Every image of the training half for the platforms that begin so; none where the corpus is not there.
pub(super) fn load(platform: &str) -> Option<Corpus> {
    load_without(platform, &|_| false)
}

/// The same without the images that `is_left_out`, as if nobody had pushed them.
pub(super) fn load_without(platform: &str, is_left_out: &dyn Fn(&Digest) -> bool) -> Option<Corpus> {
    let folder = shared("corpus")?;
    let records = lines(&folder.join("train-head-manifests.jsonl.zst"))?;
    let tags = lines(&folder.join("train-head-tags.jsonl.zst"))?;

    let mut builder = InventoryBuilder::new("corpus.test".parse().unwrap(), DedupScope::Registry);
    let mut images: HashMap<Digest, (Manifest, ImageConfig)> = HashMap::new();
    for record in &records {
        let digest: Digest = record["id"].as_str().unwrap().parse().unwrap();
        let text = config_of(record);
        let config = ImageConfig::parse(text.as_bytes()).unwrap();
        if !config.platform.to_string().starts_with(platform) || is_left_out(&digest) {
            continue;
        }
        let foreign: Vec<u64> = record["foreign"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_u64)
            .collect();
        let layers = record["layers"]
            .as_array()
            .unwrap()
            .iter()
            .enumerate()
            .map(|(index, layer)| {
                let media_type = if foreign.contains(&(index as u64)) {
                    "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
                } else {
                    "application/vnd.docker.image.rootfs.diff.tar.gzip"
                };
                descriptor(
                    media_type,
                    layer[0].as_str().unwrap().parse().unwrap(),
                    layer[1].as_u64().unwrap(),
                    None,
                )
            });
        let config_digest = Digest::sha256_of(text.as_bytes());
        let config_descriptor = descriptor(
            "application/vnd.docker.container.image.v1+json",
            config_digest,
            text.len() as u64,
            None,
        );
        let layers: Vec<_> = layers.collect();
        let size = 500 + 120 * layers.len() as u32;
        let document = manifest(ManifestKind::Image, Some(config_descriptor), layers);
        builder.config_platform(config_digest, config.platform.clone());
        builder.manifest(digest, ByteCount::from(size), document.clone());
        images.insert(digest, (document, config));
    }

    let mut names: HashMap<Digest, Vec<(RepositoryName, Tag)>> = HashMap::new();
    for row in &tags {
        let (repository, tag): (RepositoryName, Tag) = (
            row[0].as_str().unwrap().parse().unwrap(),
            row[1].as_str().unwrap().parse().unwrap(),
        );
        let children: Vec<Digest> = row[3]
            .as_array()
            .unwrap()
            .iter()
            .map(|id| id.as_str().unwrap().parse().unwrap())
            .filter(|id| images.contains_key(id))
            .collect();
        if children.is_empty() {
            continue;
        }
        for &child in &children {
            names
                .entry(child)
                .or_default()
                .push((repository.clone(), tag.clone()));
        }
        let index: Digest = row[2]
            .as_str()
            .and_then(|text| text.parse().ok())
            .unwrap_or(children[0]);
        if index != children[0] {
            let mut document = manifest(ManifestKind::Index, None, Vec::new());
            document.children = children
                .iter()
                .map(|&child| {
                    let media_type = "application/vnd.docker.distribution.manifest.v2+json";
                    descriptor(media_type, child, 1000, Some(images[&child].1.platform.clone()))
                })
                .collect();
            builder.manifest(index, ByteCount::from(400 * children.len() as u32), document);
        }
        builder.tag(repository, tag, index);
    }

    let mut facts: Vec<ImageFacts> = images
        .into_iter()
        .filter_map(|(digest, (document, config))| {
            let mut names = names.remove(&digest)?;
            names.sort();
            Some(ImageFacts::new(digest, &document, None, Some(config), names))
        })
        .collect();
    facts.sort_by_key(|facts| facts.digest);
    Some(Corpus {
        inventory: builder.finish(),
        images: facts,
    })
}
