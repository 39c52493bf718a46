//! The data files of the demo.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::error::DemoError;

/// `bases.toml`: the base images that the company uses.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Bases {
    base: Vec<Base>,
}

/// The newest release of a base. Layers, day and versions come from the catalogue if it has them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Base {
    pub name: String,
    #[serde(default)]
    pub created: NaiveDate,
    /// The source of the figures, for readers of the file; not used by the demo.
    #[serde(rename = "source", default)]
    pub _source: String,
    #[serde(default)]
    pub author: Option<String>,
    #[serde(default)]
    pub os_version: Option<String>,
    #[serde(default)]
    pub foreign_layers: bool,
    pub environment: BTreeMap<String, String>,
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    pub steps: Vec<String>,
    /// By platform: the first digits of each layer's digest, and its compressed bytes.
    #[serde(default)]
    pub layers: BTreeMap<String, Vec<(String, u64)>>,
}

/// The part of `config/base-images` that the demo uses.
#[derive(Debug, Deserialize)]
struct Catalogue {
    #[serde(default)]
    release: Vec<CatalogueRelease>,
}

#[derive(Debug, Deserialize)]
struct CatalogueRelease {
    image: String,
    tag: String,
    platform: String,
    created: NaiveDate,
    #[serde(default)]
    variables: BTreeMap<String, String>,
    #[serde(default)]
    layers: Vec<(String, u64)>,
}

/// `company.toml`: the company's repositories.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Company {
    pub ends: NaiveDate,
    pub repository: Vec<Repository>,
    pub chart: Vec<Chart>,
    pub mirror: Vec<Mirror>,
}

/// A repository of images, one release after another.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Repository {
    pub name: String,
    /// A base of `bases.toml`, or a repository above; `None` for `scratch`.
    #[serde(default)]
    pub base: Option<String>,
    #[serde(default = "linux_amd64")]
    pub platforms: Vec<String>,
    #[serde(default)]
    pub builder: Builder,
    #[serde(default)]
    pub naming: Naming,
    pub tags: u32,
    pub days: u32,
    #[serde(default)]
    pub ended: u32,
    #[serde(default)]
    pub keep: Option<usize>,
    #[serde(default)]
    pub pinned: bool,
    #[serde(default)]
    pub attestations: bool,
    #[serde(default)]
    pub base_annotation: Option<String>,
    #[serde(default)]
    pub compression: Compression,
    #[serde(default)]
    pub signed: Option<Signing>,
    pub steps: Vec<BuildStep>,
}

/// An instruction of a Dockerfile, as a history shows it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BuildStep {
    pub step: String,
    #[serde(default)]
    pub bytes: Option<u64>,
    #[serde(default)]
    pub changes: u64,
}

/// The builder that wrote the history.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Builder {
    #[default]
    BuildKit,
    Classic,
    Kaniko,
}

/// How releases are tagged, and which tags move with them.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Naming {
    /// `1.4.2`; `1.4` and `latest` move.
    #[default]
    Semver,
    /// `main-0a1b2c3`; `main` moves.
    Commit,
    /// `2026.11.19`; `latest` moves.
    Date,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Compression {
    #[default]
    Gzip,
    Zstd,
}

/// Where signatures are stored: with the referrers API, or under a `sha256-….sig` tag as cosign long did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Signing {
    Referrers,
    Tag,
}

/// A repository of Helm charts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Chart {
    pub name: String,
    pub tags: u32,
    pub days: u32,
    pub bytes: u64,
}

/// A repository that mirrors public images under their own tags.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mirror {
    pub name: String,
    pub tags: BTreeMap<String, String>,
}

fn linux_amd64() -> Vec<String> {
    vec!["linux/amd64".to_owned()]
}

/// Reads both files and the catalogue's entries for the bases, all compiled into the program.
pub(super) fn read() -> Result<(Vec<Base>, Company), DemoError> {
    let Bases { mut base } = parse("bases.toml", include_str!("bases.toml"))?;
    let company = parse("company.toml", include_str!("company.toml"))?;
    for (file, text) in [
        (
            "languages.toml",
            include_str!("../../config/base-images/languages.toml"),
        ),
        ("java.toml", include_str!("../../config/base-images/java.toml")),
        (
            "servers.toml",
            include_str!("../../config/base-images/servers.toml"),
        ),
        (
            "systems.toml",
            include_str!("../../config/base-images/systems.toml"),
        ),
    ] {
        let Catalogue { release } = parse(file, text)?;
        for release in release {
            let name = format!("{}:{}", release.image, release.tag);
            if let Some(base) = base.iter_mut().find(|base| base.name == name) {
                base.created = base.created.max(release.created);
                base.environment.extend(release.variables);
                base.layers.insert(release.platform, release.layers);
            }
        }
    }
    Ok((base, company))
}

fn parse<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, DemoError> {
    toml::from_str(text).map_err(|error| DemoError::Data(format!("{file}: {error}")))
}
