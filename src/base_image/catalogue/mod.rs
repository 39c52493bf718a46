//! The catalogue of base images and their Alpine variants.
//!
//! [`CatalogueBuilder`] builds it once from files and crawled images; after that it is only read. It has an
//! index for each kind of evidence: sequences of layers, sequences of step texts, sets of version
//! variables, names.

mod base;
mod build;
mod explain;
mod file;
mod grow;
mod precise;
mod scope;
mod support;
mod tag;
mod twins;

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDate;

pub use base::{Base, BaseId, BaseLayer, LayerKey, Origin, RepositoryId, Role};
pub use build::CatalogueBuilder;
pub use explain::Explanation;
pub use file::CatalogueError;
pub use scope::Scope;
pub use tag::tag_without_system;
pub use twins::{Twin, TwinRule};

use super::systems::Systems;
use super::texts::{Chain, TextKey};
use super::{AlpineRelease, AlpineReleases, BaseName, ImageFacts, System, SystemInfo};
use crate::oci::{Digest, Platform};

/// All known bases, and the indexes to find them.
#[derive(Debug, Default)]
pub struct Catalogue {
    bases: Vec<Base>,
    /// The distinct platforms, and for each base the index of its platform. There are many bases and few
    /// platforms, so a search compares platforms.
    platforms: Vec<Platform>,
    platform_of: Vec<u32>,
    systems: Systems,
    /// The releases of Alpine and when their support ends.
    alpine_dates: AlpineReleases,
    /// The day on which support is judged; `None` if it does not matter.
    day: Option<NaiveDate>,
    repositories: Vec<Repository>,
    repository_ids: HashMap<String, RepositoryId>,
    by_layers: HashMap<Chain, Vec<BaseId>>,
    by_diff_ids: HashMap<Chain, Vec<BaseId>>,
    by_steps: HashMap<Chain, Vec<BaseId>>,
    /// The steps of each base, by its index; empty if unknown.
    steps: Vec<Box<[TextKey]>>,
    by_digest: HashMap<Digest, BaseId>,
    by_name: HashMap<(RepositoryId, String), Vec<BaseId>>,
    variable_sets: Vec<VariableSet>,
    /// First layers and their operating systems.
    first_layers: HashMap<LayerKey, System>,
    /// The step that made a layer, if known.
    layer_texts: HashMap<LayerKey, TextKey>,
}

/// An upstream repository.
#[derive(Debug, Default)]
struct Repository {
    name: String,
    role: Role,
    /// The repository of its Alpine variants, if it is another one.
    twin: Option<String>,
    /// The variable in which its images state the version that their tags begin with.
    version_variable: Option<String>,
    /// Its bases.
    bases: Vec<BaseId>,
    /// Those whose tag names Alpine.
    alpine: Vec<(tag::TagParts, BaseId)>,
    /// The repositories whose images are built on one of its images.
    built_on_it: BTreeSet<RepositoryId>,
}

/// Bases that set the same version variables.
#[derive(Debug)]
struct VariableSet {
    names: Vec<String>,
    bases: Vec<BaseId>,
}

impl Catalogue {
    /// A base.
    pub fn base(&self, id: BaseId) -> &Base {
        &self.bases[id.0 as usize]
    }

    /// All bases, those from files first.
    pub fn bases(&self) -> impl Iterator<Item = (BaseId, &Base)> {
        self.bases
            .iter()
            .enumerate()
            .map(|(place, base)| (BaseId(place as u32), base))
    }

    /// The operating system with this name.
    pub fn system(&self, name: &str) -> Option<&SystemInfo> {
        self.systems.get(name)
    }

    /// The known operating systems.
    pub(super) fn systems(&self) -> &Systems {
        &self.systems
    }

    /// The repository with this upstream name, or this name in a registry.
    pub fn repository(&self, name: &str) -> Option<RepositoryId> {
        self.repository_ids
            .get(name)
            .or_else(|| self.repository_ids.get(self.upstream_name(name)))
            .copied()
    }

    /// The releases of Alpine that have base images, oldest first.
    pub fn alpine_releases(&self) -> BTreeSet<AlpineRelease> {
        let known = self.bases.iter().filter(|base| base.role != Role::Unknown);
        known.filter_map(Base::alpine_release).collect()
    }

    /// The name of a repository.
    pub fn repository_name(&self, id: RepositoryId) -> &str {
        &self.repositories[id.0 as usize].name
    }

    /// The repositories whose images are built on images of this one, by their layers.
    pub fn built_on(&self, id: RepositoryId) -> &BTreeSet<RepositoryId> {
        &self.repositories[id.0 as usize].built_on_it
    }

    /// The purpose of a repository's images.
    pub fn role(&self, id: RepositoryId) -> Role {
        self.repositories[id.0 as usize].role
    }

    /// The upstream name of a repository: `mirror/library/node` is `node`.
    pub fn upstream_name<'a>(&self, repository: &'a str) -> &'a str {
        super::mirror::upstream_name(repository, |name| self.repository_ids.contains_key(name))
    }

    /// The bases with a name that run on a platform.
    pub fn find(&self, name: &BaseName, platform: &Platform) -> Vec<BaseId> {
        let Some(repository) = self.repository(&name.repository) else {
            return Vec::new();
        };
        let tag = name.tag.as_deref().unwrap_or("latest");
        let running = self.running_on(platform);
        self.by_name
            .get(&(repository, tag.to_owned()))
            .into_iter()
            .flatten()
            .copied()
            .filter(|&id| running.has(id))
            .collect()
    }

    /// The bases that run on a platform.
    pub(super) fn running_on(&self, platform: &Platform) -> Running<'_> {
        Running {
            platform_of: &self.platform_of,
            fits: self.platforms.iter().map(|own| runs_on(own, platform)).collect(),
        }
    }

    /// The base with this manifest.
    pub(super) fn base_of_digest(&self, digest: &Digest) -> Option<BaseId> {
        self.by_digest.get(digest).copied()
    }

    /// The bases with exactly these layers.
    pub(super) fn bases_of_layers(&self, layers: Chain) -> &[BaseId] {
        self.by_layers.get(&layers).map_or(&[], Vec::as_slice)
    }

    /// The bases with exactly these uncompressed layers.
    pub(super) fn bases_of_diff_ids(&self, diff_ids: Chain) -> &[BaseId] {
        self.by_diff_ids.get(&diff_ids).map_or(&[], Vec::as_slice)
    }

    /// The bases with exactly these steps.
    pub(super) fn bases_of_steps(&self, steps: Chain) -> &[BaseId] {
        self.by_steps.get(&steps).map_or(&[], Vec::as_slice)
    }

    /// The steps of a base; `None` if unknown.
    pub(super) fn steps_of(&self, id: BaseId) -> &[TextKey] {
        &self.steps[id.0 as usize]
    }

    /// The steps of an image. Those of a crawled registry have already been read.
    pub(super) fn steps_of_image(&self, facts: &ImageFacts) -> Cow<'_, [TextKey]> {
        match self.base_of_digest(&facts.digest) {
            Some(id) => Cow::Borrowed(self.steps_of(id)),
            None => Cow::Owned(TextKey::from_history(facts)),
        }
    }

    /// Sets of version variables with the bases that set them, larger sets first.
    pub(super) fn variable_sets(&self) -> impl Iterator<Item = (&[String], &[BaseId])> {
        self.variable_sets
            .iter()
            .map(|set| (set.names.as_slice(), set.bases.as_slice()))
    }

    /// The operating system of a first layer.
    pub(super) fn system_of_layer(&self, layer: LayerKey) -> Option<&System> {
        self.first_layers.get(&layer)
    }

    /// The step that made a layer according to other images.
    pub(super) fn text_of_layer(&self, layer: LayerKey) -> Option<TextKey> {
        self.layer_texts.get(&layer).copied()
    }
}

/// The bases that run on a platform.
#[derive(Debug)]
pub(super) struct Running<'a> {
    platform_of: &'a [u32],
    /// For each platform of the catalogue: whether its bases run on this platform.
    fits: Box<[bool]>,
}

impl Running<'_> {
    /// Whether a base runs on this platform.
    pub fn has(&self, id: BaseId) -> bool {
        self.fits[self.platform_of[id.0 as usize] as usize]
    }
}

/// Whether an image for one platform can be compared with another platform. A processor without a variant
/// means its common variant; 64-bit ARM has only one variant in use.
fn runs_on(one: &Platform, other: &Platform) -> bool {
    one.os == other.os
        && one.architecture == other.architecture
        && (one.variant == other.variant
            || one.architecture == "arm64"
            || one.variant.is_none()
            || other.variant.is_none())
}
