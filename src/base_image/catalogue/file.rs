//! Files of the catalogue: those that come with the program and those of the user, in one format.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::base::{BaseLayer, LayerKey, Role};
use crate::base_image::SystemInfo;

/// The catalogue as shipped: each file's name and text.
pub(super) const SHIPPED: [(&str, &str); 7] = [
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

/// A file of the catalogue that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CatalogueError {
    /// Not TOML, or a field that is unknown or of the wrong form.
    #[error("{file}: {message}")]
    Syntax {
        /// The file.
        file: String,
        /// What is wrong, and where.
        message: String,
    },
    /// A layer whose digest is not one, or has fewer than twelve digits.
    #[error("{file}: {release}: {digest:?} is not a digest, nor its first twelve or more digits")]
    Digest {
        /// The file.
        file: String,
        /// The release it belongs to.
        release: String,
        /// What stands there.
        digest: String,
    },
}

/// One file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    #[serde(default, rename = "system")]
    pub systems: Vec<SystemInfo>,
    #[serde(default, rename = "image")]
    pub images: Vec<Image>,
    #[serde(default, rename = "release")]
    pub releases: Vec<Release>,
    #[serde(default)]
    pub first_layers: Vec<FirstLayer>,
}

/// What holds for all releases of an image.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Image {
    pub name: String,
    #[serde(default)]
    pub role: Role,
    /// The repository of its Alpine variants, where that is not its own.
    pub twin: Option<String>,
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
    /// Its size where the layers are not known.
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

/// A layer as a file gives it.
pub(super) fn layer(
    file: &str,
    release: &str,
    digest: &str,
    bytes: u64,
) -> Result<BaseLayer, CatalogueError> {
    let whole = digest.parse().ok();
    match whole
        .as_ref()
        .map(LayerKey::of)
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
