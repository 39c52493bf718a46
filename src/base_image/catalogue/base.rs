use std::collections::BTreeMap;

use serde::Deserialize;

use super::tag::{AlpineTag, TagParts};
use crate::base_image::{AlpineRelease, BaseName, System};
use crate::oci::{Digest, Platform, RegistryName};

/// A base's place in a [`super::Catalogue`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BaseId(pub(super) u32);

/// An upstream repository's place in a [`super::Catalogue`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RepositoryId(pub(super) u32);

/// The first 48 bits of a layer's digest: all that is known of some layers, and enough to tell apart
/// all that a registry ever holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LayerKey(pub(super) u64);

impl LayerKey {
    /// The key of a whole digest.
    pub fn of(digest: &Digest) -> Self {
        let bytes = match digest {
            Digest::Sha256(bytes) => bytes.as_slice(),
            Digest::Sha512(bytes) => bytes.as_slice(),
        };
        Self(bytes[..6].iter().fold(0, |key, byte| key << 8 | u64::from(*byte)))
    }

    /// The key as a number.
    pub(in crate::base_image) fn get(self) -> u64 {
        self.0
    }

    /// The key of a digest of which at least the first twelve digits are known.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let digits = text.split_once(':').map_or(text, |(_, digits)| digits);
        let digits = digits.get(..12)?;
        u64::from_str_radix(digits, 16).ok().map(Self)
    }
}

/// One layer of a base.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BaseLayer {
    /// Its digest as far as it is known.
    pub key: LayerKey,
    /// Its whole digest, where that is known.
    pub digest: Option<Digest>,
    /// Its bytes as stored.
    pub bytes: u64,
}

/// What images of a repository are for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// An operating system and nothing else.
    System,
    /// Runs programs of a language.
    Runtime,
    /// Builds programs: compilers and kits. What they build usually runs elsewhere.
    Builder,
    /// A server that others configure.
    Server,
    /// An application that is used as it is.
    Application,
    /// Not known.
    #[default]
    Unknown,
}

/// Where a base is known from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The catalogue that comes with the program, or a file of the user's: which, and its own source.
    File {
        /// The file.
        file: String,
        /// Where its figures are from.
        source: String,
    },
    /// A registry that has been crawled.
    Registry {
        /// The registry.
        registry: RegistryName,
        /// The repository there.
        repository: String,
    },
}

/// An image that others are or may be built from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// What it is called: the most telling of its names first. One with no tag has only a repository.
    pub names: Vec<BaseName>,
    /// The repositories of these names, in their order.
    pub(super) repositories: Vec<RepositoryId>,
    /// What it runs on.
    pub platform: Platform,
    /// Its layers in order; empty where only its size is known.
    pub layers: Vec<BaseLayer>,
    /// The digest of its manifest, where a registry holds it.
    pub digest: Option<Digest>,
    /// Its bytes as stored, all layers together.
    pub bytes: u64,
    /// What else those bytes include, where a source measured an image with something in it. Only the
    /// difference between two bases that include the same says anything.
    pub includes: Option<String>,
    /// The system beneath, where it is known.
    pub system: Option<System>,
    /// Its version variables.
    pub variables: BTreeMap<String, String>,
    /// What it is for.
    pub role: Role,
    /// The day it was built, as its source writes it.
    pub created: Option<String>,
    /// Where it is known from.
    pub origin: Origin,
    /// How many images of other repositories begin with its layers.
    pub built_on_it: u32,
}

impl Base {
    /// What it is called first and foremost.
    pub fn name(&self) -> &BaseName {
        &self.names[0]
    }

    /// The upstream repositories of its names.
    pub fn repositories(&self) -> impl Iterator<Item = RepositoryId> {
        self.repositories.iter().copied()
    }

    /// The release of Alpine that it is on: as what is beneath it shows, else as a tag of its own says.
    pub fn alpine_release(&self) -> Option<AlpineRelease> {
        let shown = self.system.as_ref().and_then(AlpineRelease::of);
        shown.or_else(|| {
            let tags = self.names.iter().filter_map(|name| name.tag.as_deref());
            tags.filter_map(|tag| match TagParts::of(tag).alpine? {
                AlpineTag::Numbered(numbers) => AlpineRelease::of_numbers(&numbers),
                AlpineTag::Newest | AlpineTag::Edge => None,
            })
            .next()
        })
    }

    /// Whether it is known from a crawled registry.
    pub fn is_in_registry(&self) -> bool {
        matches!(self.origin, Origin::Registry { .. })
    }
}
