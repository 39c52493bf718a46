//! Reads the corpus of published image facts.
//!
//! The corpus lies outside the repository, in `$TARE_SHARED` or `../shared`. `build.rs` sets the cfg `corpus` if it is
//! there; without it, tests that need the corpus are ignored:
//!
//! ```ignore
//! #[cfg_attr(not(corpus), ignore = "skipped: the corpus is absent")]
//! ```

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

/// A folder of the corpus.
///
/// # Panics
/// If the corpus is absent. Tests that call this are ignored then.
pub fn shared(name: &str) -> PathBuf {
    let Some(folder) = option_env!("CORPUS_FOLDER") else {
        panic!("the test needs `cfg_attr(not(corpus), ignore)`");
    };
    PathBuf::from(folder).join(name)
}

/// Every image of one state of the corpus (`train-head`, `train-history`), with the tags that reach it.
pub fn corpus(set: &str) -> Vec<ImageFacts> {
    let folder = shared("corpus");
    let lines = |name: &str| {
        let output = Command::new("zstd")
            .args(["-dcq"])
            .arg(folder.join(format!("{set}-{name}.jsonl.zst")))
            .output()
            .expect("zstd is installed, as tests/run does");
        assert!(output.status.success(), "zstd: {:?}", output.status);
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let mut names: BTreeMap<String, Vec<(RepositoryName, Tag)>> = BTreeMap::new();
    for line in lines("tags").lines() {
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
    lines("manifests")
        .lines()
        .map(|line| {
            let record: Record = serde_json::from_str(line).expect("an image");
            let mut names = names.remove(&record.id).unwrap_or_default();
            names.sort();
            names.dedup();
            image(record, names)
        })
        .collect()
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
        config: Some(config.into()),
        names,
    }
}
