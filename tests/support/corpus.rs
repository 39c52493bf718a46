//! Reads the corpus of published image facts, where it is at hand.
//!
//! The corpus lies outside the repository. A check that needs it asks [`corpus`], and is skipped where
//! the answer is none.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use serde::Deserialize;
use serde_json::{Value, json};
use tare::base_image::{ImageFacts, LayerFact};
use tare::oci::{Digest, ImageConfig, RepositoryName, Tag};

#[derive(Deserialize)]
struct Record {
    id: String,
    platform: Value,
    created: Option<String>,
    layers: Vec<(String, u64)>,
    #[serde(default)]
    history: Vec<Vec<Value>>,
    #[serde(default)]
    aligned: bool,
    #[serde(default)]
    env: BTreeMap<String, String>,
    #[serde(default)]
    foreign: Vec<usize>,
}

/// A folder of the material that lies beside the repository, where it is at hand.
pub fn shared(name: &str) -> Option<PathBuf> {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .map(|folder| folder.join("shared").join(name))
        .find(|folder| folder.is_dir())
}

/// Every image of one state of the corpus (`train-head`, `train-history`), with the tags that reach it.
pub fn corpus(set: &str) -> Option<Vec<ImageFacts>> {
    let folder = shared("corpus")?;
    let lines = |name: &str| {
        let output = Command::new("zstd")
            .args(["-dcq"])
            .arg(folder.join(format!("{set}-{name}.jsonl.zst")))
            .output()
            .ok()?;
        String::from_utf8(output.stdout)
            .ok()
            .filter(|text| !text.is_empty())
    };
    let mut names: BTreeMap<String, Vec<(RepositoryName, Tag)>> = BTreeMap::new();
    for line in lines("tags")?.lines() {
        // Repository, tag, index, images, time; in the history the time comes first.
        let row: Vec<Value> = serde_json::from_str(line).expect("a row of tags");
        let row = &row[usize::from(row[0].is_number())..];
        let word = |at: usize| row[at].as_str().unwrap_or_default();
        let (repository, tag) = (word(0), word(1));
        let images = row[3].as_array().into_iter().flatten().filter_map(Value::as_str);
        let name: (RepositoryName, Tag) = (
            repository.parse().expect("a repository"),
            tag.parse().expect("a tag"),
        );
        for image in images {
            names.entry(image.to_owned()).or_default().push(name.clone());
        }
    }
    let images = lines("manifests")?
        .lines()
        .map(|line| {
            let record: Record = serde_json::from_str(line).expect("an image");
            let mut names = names.remove(&record.id).unwrap_or_default();
            names.sort();
            names.dedup();
            image(record, names)
        })
        .collect();
    Some(images)
}

/// An image as a crawl of the corpus' registry would have saved it.
fn image(record: Record, names: Vec<(RepositoryName, Tag)>) -> ImageFacts {
    let history: Vec<Value> = record
        .history
        .iter()
        .filter(|_| record.aligned)
        .map(|step| {
            let mut entry = json!({ "created": step[0], "created_by": step[1] });
            if step.len() > 2 {
                entry["empty_layer"] = json!(true);
            }
            entry
        })
        .collect();
    let environment: Vec<String> = record
        .env
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let mut config = json!({
        "created": record.created,
        "config": { "Env": environment },
        "history": history,
        "rootfs": { "type": "layers", "diff_ids": [] },
    });
    for key in ["os", "architecture", "variant", "os.version"] {
        if let Some(value) = record.platform.get(key) {
            config[key] = value.clone();
        }
    }
    let config = ImageConfig::parse(config.to_string().as_bytes()).expect("a configuration");
    ImageFacts {
        digest: record.id.parse().expect("a digest"),
        platform: config.platform.clone(),
        config_media_type: "application/vnd.docker.container.image.v1+json".into(),
        layers: record
            .layers
            .iter()
            .enumerate()
            .map(|(place, (digest, bytes))| LayerFact {
                digest: digest.parse::<Digest>().expect("a digest"),
                bytes: *bytes,
                stored: !record.foreign.contains(&place),
            })
            .collect(),
        annotations: BTreeMap::new(),
        config: Some(config),
        names,
    }
}
