//! Short descriptions of images for the tests of this room.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Catalogue, CatalogueBuilder, ImageFacts, LayerFact};
use crate::oci::{Digest, ImageConfig, Platform};

/// An image of `linux/amd64` that is put together step by step.
pub(crate) struct Image {
    repository: &'static str,
    tag: &'static str,
    os: &'static str,
    layers: Vec<(Digest, u64)>,
    history: Vec<serde_json::Value>,
    variables: Vec<String>,
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
    author: Option<&'static str>,
}

impl Image {
    pub fn new(repository: &'static str, tag: &'static str) -> Self {
        Self {
            repository,
            tag,
            os: "linux",
            layers: Vec::new(),
            history: Vec::new(),
            variables: Vec::new(),
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            author: None,
        }
    }

    /// The same image under another name, for others to be built on.
    pub fn child(&self, repository: &'static str, tag: &'static str) -> Self {
        Self {
            repository,
            tag,
            layers: self.layers.clone(),
            history: self.history.clone(),
            variables: self.variables.clone(),
            labels: self.labels.clone(),
            annotations: BTreeMap::new(),
            author: None,
            os: self.os,
        }
    }

    /// A step that makes a layer; the same content has the same digest.
    pub fn layer(mut self, content: &str, bytes: u64, step: &str) -> Self {
        self.layers.push((Digest::sha256_of(content.as_bytes()), bytes));
        self.history.push(serde_json::json!({ "created_by": step }));
        self
    }

    /// A step that makes none.
    pub fn step(mut self, step: &str) -> Self {
        self.history
            .push(serde_json::json!({ "created_by": step, "empty_layer": true }));
        self
    }

    /// Any history entry.
    pub fn entry(mut self, entry: serde_json::Value) -> Self {
        self.history.push(entry);
        self
    }

    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push(format!("{name}={value}"));
        self
    }

    pub fn label(mut self, key: &str, value: &str) -> Self {
        self.labels.insert(key.into(), value.into());
        self
    }

    pub fn annotation(mut self, key: &str, value: &str) -> Self {
        self.annotations.insert(key.into(), value.into());
        self
    }

    pub fn author(mut self, author: &'static str) -> Self {
        self.author = Some(author);
        self
    }

    pub fn os(mut self, os: &'static str) -> Self {
        self.os = os;
        self
    }

    /// Forgets the history, as squashing does.
    pub fn squashed(mut self) -> Self {
        self.history.clear();
        self
    }

    pub fn facts(self) -> ImageFacts {
        let config = serde_json::json!({
            "os": self.os,
            "architecture": "amd64",
            "author": self.author,
            "config": { "Env": self.variables, "Labels": self.labels },
            "history": self.history,
        });
        ImageFacts {
            digest: Digest::sha256_of(
                format!("{}:{} {config} {:?}", self.repository, self.tag, self.layers).as_bytes(),
            ),
            platform: Platform {
                os: self.os.into(),
                architecture: "amd64".into(),
                variant: None,
                os_version: None,
            },
            config_media_type: Default::default(),
            layers: self
                .layers
                .into_iter()
                .map(|(digest, bytes)| LayerFact {
                    digest,
                    bytes,
                    stored: true,
                })
                .collect(),
            annotations: self.annotations,
            config: ImageConfig::parse(config.to_string().as_bytes())
                .ok()
                .map(Arc::new),
            names: vec![(
                self.repository.parse().expect("a repository"),
                self.tag.parse().expect("a tag"),
            )],
        }
    }
}

/// The shipped catalogue, grown by these images.
pub(crate) fn catalogue(images: &[ImageFacts]) -> Catalogue {
    grown(CatalogueBuilder::new(), images)
}

/// The same, judging support of Alpine's releases on a day.
pub(crate) fn catalogue_on(day: &str, images: &[ImageFacts]) -> Catalogue {
    let mut builder = CatalogueBuilder::new();
    builder.on_day(day.parse().expect("a day"));
    grown(builder, images)
}

fn grown<'a>(mut builder: CatalogueBuilder<'a>, images: &'a [ImageFacts]) -> Catalogue {
    builder.shipped().expect("the shipped catalogue");
    let registry = "reg.example.com".parse().expect("a registry");
    for facts in images {
        builder.image(&registry, facts);
    }
    builder.finish()
}
