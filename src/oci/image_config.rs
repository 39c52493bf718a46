use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::document::json_object;
use super::kept::{LONGEST_NAME, LONGEST_VALUE, bounded, is_kept_label, is_kept_variable};
use super::{Digest, Platform, redaction};

/// The most build steps that are kept. Our choice of December 2026: a step that makes no layer is possible between any two
/// of the 127 layers that Docker allows.
const MOST_STEPS: usize = 2_000;
/// The longest text of all build steps together, in bytes. Our choice of December 2026: real histories have some kilobytes,
/// with files that are written in a step some tens.
const LONGEST_HISTORY: usize = 512 * 1024;

/// What is kept of an image configuration: enough to identify its base and to read its build steps, and nothing that
/// could be a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageConfig {
    /// The platform the image runs on.
    pub platform: Platform,
    /// When it was built, if stated. Reproducible builds state 1970 or year 1.
    pub created: Option<DateTime<Utc>>,
    /// The builder or maintainer (`Bazel`, `ko`, `github.com/chainguard-dev/apko`, a person).
    pub author: Option<String>,
    /// Version variables and other variables that identify bases, and no others.
    pub variables: BTreeMap<String, String>,
    /// Labels that identify bases, labels that the operator asked for, and no others.
    pub labels: BTreeMap<String, String>,
    /// The build steps, oldest first, without secrets.
    pub history: Vec<HistoryStep>,
    /// The digests of the uncompressed layers, in order.
    pub diff_ids: Vec<Digest>,
}

/// One build step.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryStep {
    /// When it ran, as written in the configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// The command, as the builder wrote it, with possible secrets replaced by `…`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub created_by: String,
    /// The builder's comment (`buildkit.dockerfile.v0`).
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub comment: String,
    /// The author of the step.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub author: String,
    /// Whether the step created no layer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub empty_layer: bool,
}

/// A document is not an image configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an image configuration: {0}")]
pub struct ImageConfigError(String);

#[derive(Deserialize)]
struct ConfigDocument {
    #[serde(default)]
    os: String,
    #[serde(default)]
    architecture: String,
    #[serde(default)]
    variant: Option<String>,
    #[serde(rename = "os.version", default)]
    os_version: Option<String>,
    #[serde(default)]
    created: Option<String>,
    #[serde(default)]
    author: Option<String>,
    #[serde(default)]
    config: Option<Settings>,
    #[serde(default)]
    rootfs: Option<RootFs>,
    #[serde(default)]
    history: Option<Vec<HistoryDocument>>,
}

#[derive(Default, Deserialize)]
struct Settings {
    #[serde(rename = "Env", default)]
    env: Option<Vec<String>>,
    #[serde(rename = "Labels", default)]
    labels: Option<BTreeMap<String, Option<String>>>,
}

#[derive(Deserialize)]
struct RootFs {
    #[serde(default)]
    diff_ids: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct HistoryDocument {
    created: Option<String>,
    created_by: Option<String>,
    comment: Option<String>,
    author: Option<String>,
    empty_layer: Option<bool>,
}

impl ImageConfig {
    /// Parses a configuration from bytes whose digest the caller has checked.
    ///
    /// # Errors
    /// If the document is not JSON or a field has the wrong type. Missing fields are not errors: squashed and hand-made
    /// images omit almost everything.
    pub fn parse(content: &[u8]) -> Result<Self, ImageConfigError> {
        Self::parse_keeping(content, &BTreeSet::new())
    }

    /// Like [`ImageConfig::parse`], but also keeps these labels: those that name the owner of an image in the operator's
    /// company.
    ///
    /// # Errors
    /// As for [`ImageConfig::parse`].
    pub fn parse_keeping(content: &[u8], more_labels: &BTreeSet<String>) -> Result<Self, ImageConfigError> {
        let document: ConfigDocument = json_object(content).map_err(ImageConfigError)?;
        let settings = document.config.unwrap_or_default();
        let variables = settings
            .env
            .unwrap_or_default()
            .iter()
            .filter_map(|assignment| assignment.split_once('='))
            .filter(|(name, _)| is_kept_variable(name))
            .map(|(name, value)| (name.to_owned(), bounded(value.to_owned(), LONGEST_VALUE)))
            .collect();
        let labels = settings
            .labels
            .unwrap_or_default()
            .into_iter()
            .filter(|(key, _)| is_kept_label(key) || more_labels.contains(key))
            .map(|(key, value)| (key, bounded(value.unwrap_or_default(), LONGEST_VALUE)))
            .collect();
        let diff_ids = document
            .rootfs
            .and_then(|rootfs| rootfs.diff_ids)
            .unwrap_or_default()
            .iter()
            .map(|text| text.parse())
            .collect::<Result<_, _>>()
            .map_err(|error| ImageConfigError(format!("rootfs.diff_ids: {error}")))?;
        Ok(Self {
            platform: Platform {
                os: name(document.os),
                architecture: name(document.architecture),
                variant: document.variant.filter(|variant| !variant.is_empty()).map(name),
                os_version: document
                    .os_version
                    .filter(|version| !version.is_empty())
                    .map(name),
            },
            created: document.created.as_deref().and_then(time),
            author: document.author.filter(|author| !author.is_empty()).map(name),
            variables,
            labels,
            history: history(document.history.unwrap_or_default()),
            diff_ids,
        })
    }
}

fn name(text: String) -> String {
    bounded(text, LONGEST_NAME)
}

/// The build steps. Of a history that is longer than any builder writes, the first steps are kept, and what it says beyond
/// [`LONGEST_HISTORY`] is left out.
fn history(steps: Vec<HistoryDocument>) -> Vec<HistoryStep> {
    let mut left = LONGEST_HISTORY;
    let kept = steps.into_iter().take(MOST_STEPS).map(|step| {
        let mut step = HistoryStep::from(step);
        let length = step.created_by.len() + step.comment.len();
        match left.checked_sub(length) {
            Some(rest) => left = rest,
            None => {
                step.created_by = String::new();
                step.comment = String::new();
            }
        }
        step
    });
    kept.collect()
}

fn time(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text)
        .ok()
        .map(|time| time.with_timezone(&Utc))
}

impl From<HistoryDocument> for HistoryStep {
    fn from(step: HistoryDocument) -> Self {
        Self {
            created: step.created.map(name),
            created_by: redaction::step(&step.created_by.unwrap_or_default()),
            comment: redaction::step(&step.comment.unwrap_or_default()),
            author: name(step.author.unwrap_or_default()),
            empty_layer: step.empty_layer.unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keeps_what_analysis_needs_and_no_secret() {
        let document = json!({
            "os": "linux", "architecture": "arm", "variant": "v7", "created": "2026-09-24T10:00:00Z",
            "config": {
                "Env": ["PATH=/bin", "NODE_VERSION=22.1.0", "DB_PASSWORD=hunter2", "VAULT_TOKEN_VERSION=hunter2"],
                "Labels": {"org.opencontainers.image.base.name": "node:22", "key": "hunter2"},
            },
            "history": [{"created_by": "ENV DB_PASSWORD=hunter2", "empty_layer": true}, {}],
            "rootfs": {"type": "layers", "diff_ids": [Digest::sha256_of(b"x")]},
        });
        let config = ImageConfig::parse(document.to_string().as_bytes()).unwrap();
        assert!(!format!("{config:?}").contains("hunter2"), "{config:?}");
        assert_eq!(config.variables["NODE_VERSION"], "22.1.0");
        assert_eq!(config.labels.len(), 1);
        let more = BTreeSet::from(["com.example.team".to_owned()]);
        let document = br#"{"config":{"Labels":{"com.example.team":"shop","key":"hunter2","version":"1"}}}"#;
        let labels = ImageConfig::parse_keeping(document, &more).unwrap().labels;
        assert_eq!(
            labels.into_keys().collect::<Vec<_>>(),
            ["com.example.team", "version"]
        );
        assert_eq!(config.platform.to_string(), "linux/arm/v7");
        assert!(config.history[0].empty_layer && !config.history[1].empty_layer);
        assert_eq!(config.diff_ids, [Digest::sha256_of(b"x")]);
        assert_eq!(config.created.unwrap().to_rfc3339(), "2026-09-24T10:00:00+00:00");
    }

    #[test]
    fn a_squashed_image_says_almost_nothing() {
        let config = ImageConfig::parse(br#"{"config":null,"rootfs":null,"history":null}"#).unwrap();
        assert!(config.history.is_empty() && config.diff_ids.is_empty() && config.created.is_none());
    }

    #[test]
    fn what_is_kept_of_a_huge_configuration_is_small() {
        let long = "x".repeat(1 << 20);
        let steps: Vec<_> = (0..100_000).map(|_| json!({"created_by": "RUN make"})).collect();
        let mut document = json!({
            "os": long, "architecture": long, "author": long, "created": "0000-01-01T00:00:00Z",
            "config": {"Env": [format!("NODE_VERSION={long}")], "Labels": {"version": long}},
            "history": steps,
        });
        let kept = |document: &serde_json::Value| {
            let config = ImageConfig::parse(document.to_string().as_bytes()).unwrap();
            (format!("{config:?}").len(), config)
        };
        let (size, config) = kept(&document);
        assert!(size < 1 << 20, "{size}");
        assert_eq!(config.history.len(), MOST_STEPS);
        document["history"] = (0..200)
            .map(|_| json!({"created_by": "RUN make ".repeat(1000)}))
            .collect();
        let (size, config) = kept(&document);
        assert!(size < 1 << 20, "{size}");
        assert_eq!(config.history.len(), 200, "steps and layers still match");
    }

    #[test]
    fn refuses_what_is_not_a_configuration() {
        assert!(ImageConfig::parse(b"[]").is_err());
        assert!(ImageConfig::parse(br#"{"rootfs":{"diff_ids":["sha256:../x"]}}"#).is_err());
    }
}
