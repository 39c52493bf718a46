//! The pairs of today's official images, whose layers and sizes are published, and some of their steps.

use serde_json::Value;
use tare::base_image::{ImageFacts, LayerFact};
use tare::oci::{Digest, HistoryStep, ImageConfig};

use crate::support::corpus::shared;

/// Rows that are not what their tag says, by the notes of the collection.
const DOUBTFUL: [(&str, &str); 6] = [
    ("julia", "alpine"),
    ("rockylinux", "9"),
    ("busybox", "glibc"),
    ("consul", "latest"),
    ("vault", "latest"),
    ("chronograf", "latest"),
];

/// A step's command. The collection cuts commands short, and says of what kind the whole is.
fn command(step: &Value) -> String {
    let start = step[2].as_str().unwrap_or("");
    let rest = match step[1].as_str() {
        Some("build") => "; make; make install; apt-get purge -y --auto-remove",
        Some("download") => "; curl -fsSL https://example.test/a.tar.gz | tar -xz",
        _ => "",
    };
    if start.len() < 150 {
        start.to_owned()
    } else {
        format!("{start} {rest}")
    }
}

fn facts(row: &Value) -> ImageFacts {
    let text = |name: &str| row[name].as_str().unwrap_or("");
    let digest = |prefix: &str| {
        format!("sha256:{:0<64}", prefix.trim_start_matches("sha256:"))
            .parse()
            .unwrap()
    };
    let sizes = row["layers"].as_array().unwrap();
    let digests = row["layer_digests"].as_array().unwrap();
    let layers: Vec<LayerFact> = sizes
        .iter()
        .zip(digests)
        .map(|(bytes, prefix)| LayerFact {
            digest: digest(prefix.as_str().unwrap()),
            bytes: bytes.as_u64().unwrap(),
            stored: true,
        })
        .collect();
    let steps = row["steps"].as_array();
    let history = (0..if steps.is_some() { layers.len() } else { 0 }).map(|layer| {
        let of_layer = |step: &&Value| step[0].as_u64() == Some(layer as u64);
        let step = steps.into_iter().flatten().find(of_layer);
        let first = Some(text("first_created_by")).filter(|_| layer == 0);
        HistoryStep {
            created_by: step
                .map(command)
                .or(first.map(ToOwned::to_owned))
                .unwrap_or_default(),
            ..HistoryStep::default()
        }
    });
    let history: Vec<_> = history.collect();
    let (os, architecture) = text("platform").split_once('/').unwrap();
    let mut config = ImageConfig::parse(
        serde_json::json!({"os": os, "architecture": architecture, "created": text("created")})
            .to_string()
            .as_bytes(),
    )
    .unwrap();
    config.history = history;
    for (name, value) in row["env"].as_object().into_iter().flatten() {
        config
            .variables
            .insert(name.clone(), value.as_str().unwrap_or("").to_owned());
    }
    let name = format!("{}:{} {}", text("image"), text("tag"), text("platform"));
    ImageFacts {
        digest: Digest::sha256_of(name.as_bytes()),
        platform: config.platform.clone(),
        config_media_type: "application/vnd.oci.image.config.v1+json".into(),
        layers: layers.into(),
        annotations: Default::default(),
        config: Some(config.into()),
        names: vec![(text("image").parse().unwrap(), text("tag").parse().unwrap())],
    }
}

/// Current images.
pub(super) fn images() -> Vec<ImageFacts> {
    let text =
        std::fs::read_to_string(shared("catalogue").join("official-images-2026.jsonl")).expect("a file");
    let rows = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let is_doubtful = |row: &Value| {
        DOUBTFUL
            .iter()
            .any(|(image, tag)| row["image"] == *image && row["tag"] == *tag)
    };
    rows.filter(|row| !is_doubtful(row))
        .map(|row| facts(&row))
        .collect()
}
