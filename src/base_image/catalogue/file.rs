//! Catalogue files: shipped ones and the user's, in one format.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::base::{BaseLayer, LayerKey, Role};
use crate::base_image::SystemInfo;
use crate::base_image::alpine_support::AlpineReleaseDates;

/// The shipped catalogue: name and text of each file.
pub(super) const SHIPPED: [(&str, &str); 8] = [
    (
        "alpine-releases.toml",
        include_str!("../../../config/base-images/alpine-releases.toml"),
    ),
    (
        "systems.toml",
        include_str!("../../../config/base-images/systems.toml"),
    ),
    (
        "languages.toml",
        include_str!("../../../config/base-images/languages.toml"),
    ),
    ("java.toml", include_str!("../../../config/base-images/java.toml")),
    (
        "dotnet.toml",
        include_str!("../../../config/base-images/dotnet.toml"),
    ),
    (
        "servers.toml",
        include_str!("../../../config/base-images/servers.toml"),
    ),
    (
        "applications.toml",
        include_str!("../../../config/base-images/applications.toml"),
    ),
    (
        "historical.toml",
        include_str!("../../../config/base-images/historical.toml"),
    ),
];

/// A catalogue file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CatalogueError {
    /// Not TOML, or a field is unknown or has the wrong form.
    #[error("{file}: {message}")]
    Syntax {
        /// The file.
        file: String,
        /// What is wrong and where.
        message: String,
    },
    /// A layer digest is invalid or has fewer than twelve digits.
    #[error("{file}: {release}: {digest:?} is not a digest, nor its first twelve or more digits")]
    Digest {
        /// The file.
        file: String,
        /// The release that it belongs to.
        release: String,
        /// The invalid text.
        digest: String,
    },
}

/// One file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    #[serde(default, rename = "alpine_release")]
    pub alpine_releases: Vec<AlpineReleaseDates>,
    #[serde(default, rename = "system")]
    pub systems: Vec<SystemInfo>,
    #[serde(default, rename = "image")]
    pub images: Vec<Image>,
    #[serde(default, rename = "release")]
    pub releases: Vec<Release>,
    #[serde(default)]
    pub first_layers: Vec<FirstLayer>,
}

/// The properties that all releases of an image share.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Image {
    pub name: String,
    #[serde(default)]
    pub role: Role,
    /// The repository of its Alpine variants, if it is another one.
    pub twin: Option<String>,
    /// The variable in which its images state the version that their tags begin with.
    pub version_variable: Option<String>,
}

/// An image as published under one tag for one platform.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Release {
    pub image: String,
    pub tag: String,
    pub platform: String,
    pub system: Option<String>,
    pub created: Option<String>,
    pub source: Option<String>,
    pub first_step: Option<String>,
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
    #[serde(default)]
    pub layers: Vec<(String, u64)>,
    /// Its size, if the layers are unknown.
    pub bytes: Option<u64>,
    pub includes: Option<String>,
}

/// System, platform, day, digest, bytes, and the content hash behind `ADD file:`.
#[derive(Debug, Deserialize)]
pub(super) struct FirstLayer(
    pub String,
    pub String,
    pub String,
    pub String,
    pub u64,
    pub String,
);

impl File {
    pub fn parse(name: &str, text: &str) -> Result<Self, CatalogueError> {
        toml::from_str(text).map_err(|error| CatalogueError::Syntax {
            file: name.to_owned(),
            message: error.to_string(),
        })
    }
}

/// A layer in a catalogue file.
pub(super) fn layer(
    file: &str,
    release: &str,
    digest: &str,
    bytes: u64,
) -> Result<BaseLayer, CatalogueError> {
    let whole = digest.parse().ok();
    match whole
        .as_ref()
        .map(LayerKey::from_digest)
        .or_else(|| LayerKey::parse(digest))
    {
        Some(key) => Ok(BaseLayer {
            key,
            digest: whole,
            bytes,
        }),
        None => Err(CatalogueError::Digest {
            file: file.to_owned(),
            release: release.to_owned(),
            digest: digest.to_owned(),
        }),
    }
}
