use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use super::tag::{AlpineTag, TagParts, may_name_alpine};
use crate::base_image::texts::Chain;
use crate::base_image::{AlpineRelease, BaseName, LayerFact, System};
use crate::oci::{Digest, Platform, RegistryName};

/// The index of a base in a [`super::Catalogue`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BaseId(pub(super) u32);

/// The index of an upstream repository in a [`super::Catalogue`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RepositoryId(pub(super) u32);

/// The first 48 bits of a layer's digest. Some layers are known only by these, and they are enough to
/// distinguish all layers of a registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LayerKey(pub(super) u64);

impl LayerKey {
    /// The key of a whole digest.
    pub fn from_digest(digest: &Digest) -> Self {
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
    /// The known part of its digest.
    pub key: LayerKey,
    /// Its whole digest, if known.
    pub digest: Option<Digest>,
    /// Its bytes as stored.
    pub bytes: u64,
}

/// The layers of a base in order; none if only its size is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BaseLayers {
    /// Those of an image in a registry. The image and the base share them.
    OfImage(Arc<[LayerFact]>),
    /// Those that a catalogue file lists.
    Listed(Box<[BaseLayer]>),
}

impl BaseLayers {
    /// The number of layers.
    pub fn len(&self) -> usize {
        match self {
            Self::OfImage(layers) => layers.len(),
            Self::Listed(layers) => layers.len(),
        }
    }

    /// Whether no layer is known.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The first layer.
    pub fn first(&self) -> Option<BaseLayer> {
        self.get(0)
    }

    /// The layers in order. A foreign layer has no bytes.
    pub fn iter(&self) -> impl Iterator<Item = BaseLayer> {
        (0..self.len()).filter_map(|place| self.get(place))
    }

    /// The keys of the layers in order.
    pub fn keys(&self) -> impl Iterator<Item = LayerKey> {
        (0..self.len()).filter_map(|place| match self {
            Self::OfImage(layers) => Some(LayerKey::from_digest(&layers.get(place)?.digest)),
            Self::Listed(layers) => Some(layers.get(place)?.key),
        })
    }

    fn get(&self, place: usize) -> Option<BaseLayer> {
        match self {
            Self::OfImage(layers) => layers.get(place).map(|layer| BaseLayer {
                key: LayerKey::from_digest(&layer.digest),
                digest: Some(layer.digest),
                bytes: if layer.stored { layer.bytes } else { 0 },
            }),
            Self::Listed(layers) => layers.get(place).copied(),
        }
    }
}

/// The purpose of a repository's images.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// An operating system only.
    System,
    /// Runs programs of a language.
    Runtime,
    /// Builds programs: compilers and development kits. The programs usually run on another image.
    Builder,
    /// A server that users configure.
    Server,
    /// An application that is used unchanged.
    Application,
    /// Not known.
    #[default]
    Unknown,
}

/// The source of a base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A catalogue file, shipped or the user's.
    File {
        /// The file.
        file: String,
        /// The source of its figures.
        source: String,
    },
    /// A crawled registry.
    Registry {
        /// The registry.
        registry: RegistryName,
        /// The repository there.
        repository: String,
    },
}

/// An image that other images are or may be built from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// Its names, the most specific first. A name without a tag has only a repository.
    pub names: Vec<Arc<BaseName>>,
    /// The repositories of these names, in the same order.
    pub(super) repositories: Vec<RepositoryId>,
    /// Its platform.
    pub platform: Arc<Platform>,
    /// Its layers.
    pub layers: BaseLayers,
    /// The digest of its manifest, if a registry holds it.
    pub digest: Option<Digest>,
    /// Its bytes as stored, all layers together.
    pub bytes: u64,
    /// What the bytes include beside the base, if a source measured an image with more in it. Then only the
    /// difference between two bases that include the same is meaningful.
    pub includes: Option<String>,
    /// Its operating system, if known.
    pub system: Option<Arc<System>>,
    /// Its version variables.
    pub variables: Arc<BTreeMap<String, String>>,
    /// Its purpose.
    pub role: Role,
    /// The day it was built, as its source states it.
    pub created: Option<Arc<str>>,
    /// Its source.
    pub origin: Origin,
    /// The number of images of other repositories whose first layers are its layers.
    pub built_on_it: u32,
    /// A name of a numbered release, if its main name moves and one is known.
    pub(super) precise: Option<Arc<BaseName>>,
}

impl Base {
    /// Its main name.
    pub fn name(&self) -> &BaseName {
        &self.names[0]
    }

    /// The name to write into a Dockerfile: of a numbered release where one is known (`alpine:3.24` instead of
    /// `alpine:latest`), else its main name.
    pub fn precise_name(&self) -> &BaseName {
        self.precise.as_deref().unwrap_or_else(|| self.name())
    }

    /// Its names, the precise one first.
    pub fn all_names(&self) -> impl Iterator<Item = &BaseName> {
        let precise = self.precise_name();
        let others = self
            .names
            .iter()
            .map(|name| &**name)
            .filter(move |name| *name != precise);
        std::iter::once(precise).chain(others)
    }

    /// Its layers as one key.
    pub(super) fn layer_chain(&self) -> Chain {
        let layers = self.layers.keys();
        layers.fold(Chain::START, |chain, layer| chain.then(layer.0))
    }

    /// The upstream repositories of its names.
    pub fn repositories(&self) -> impl Iterator<Item = RepositoryId> {
        self.repositories.iter().copied()
    }

    /// The release of Alpine that it is on: from its operating system, else from one of its tags.
    pub fn alpine_release(&self) -> Option<AlpineRelease> {
        let shown = self.system.as_deref().and_then(AlpineRelease::from_system);
        shown.or_else(|| {
            let tags = self.names.iter().filter_map(|name| name.tag.as_deref());
            let tags = tags.filter(|tag| may_name_alpine(tag));
            tags.filter_map(|tag| match TagParts::parse(tag).alpine? {
                AlpineTag::Numbered(numbers) => AlpineRelease::from_numbers(&numbers),
                AlpineTag::Newest | AlpineTag::Edge => None,
            })
            .next()
        })
    }

    /// Whether its source is a crawled registry.
    pub fn is_in_registry(&self) -> bool {
        matches!(self.origin, Origin::Registry { .. })
    }
}
