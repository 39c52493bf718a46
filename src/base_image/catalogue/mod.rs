//! The catalogue of base images and their Alpine variants.
//!
//! [`CatalogueBuilder`] builds it once from files and crawled images; after that it is only read. It has an
//! index for each kind of evidence: sequences of layers, sequences of step texts, sets of version
//! variables, names.

mod alpine_tags;
mod base;
mod build;
mod contents;
mod explain;
mod file;
mod grow;
mod growth;
mod layer_texts;
mod lineage;
mod peers;
mod precise;
mod scope;
mod step_bases;
mod support;
mod tag;
mod twins;
mod variable_sets;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use chrono::NaiveDate;

pub use base::{Base, BaseId, BaseLayer, BaseLayers, LayerKey, Origin, RepositoryId, Role};
pub use build::CatalogueBuilder;
pub use explain::Explanation;
pub use file::CatalogueError;
pub use scope::Scope;
pub use tag::tag_without_system;
pub use twins::{Twin, TwinRule};

pub(super) use contents::{Content, VariableMaps, VariablesId, lacking};
pub(super) use peers::{Bases, Peers, PeersId, Wanted};
pub(super) use step_bases::{NearBase, StepBases};
pub(super) use variable_sets::{Foreign, VariableSet};

use self::alpine_tags::{AlpineRating, AlpineTags};
use self::contents::{ContentId, Contents};
use self::lineage::Lineage;
use self::peers::ByChain;
use self::variable_sets::VariableSets;
use super::hash::KeyMap;
use super::systems::Systems;
use super::texts::{Chain, TextKey};
use super::{AlpineRelease, AlpineReleases, BaseName, System, SystemInfo};
use crate::oci::{Digest, Platform};

/// All known bases, and the indexes to find them.
#[derive(Debug, Default)]
pub struct Catalogue {
    bases: Vec<Base>,
    /// The distinct platforms. There are many bases and few platforms, so a search compares platforms.
    platforms: Vec<Arc<Platform>>,
    /// What a search takes or leaves bases by, and that of each base.
    peers: Vec<Peers>,
    peers_of: Vec<PeersId>,
    systems: Systems,
    /// The releases of Alpine and when their support ends.
    alpine_dates: AlpineReleases,
    /// The day on which support is judged; `None` if it does not matter.
    day: Option<NaiveDate>,
    repositories: Vec<Repository>,
    repository_ids: HashMap<String, RepositoryId>,
    by_layers: ByChain<Bases>,
    by_diff_ids: ByChain<Bases>,
    by_steps: ByChain<StepBases>,
    /// What the configurations of the images show, and that of each base; `None` for bases without one.
    contents: Contents,
    content_of: Vec<Option<ContentId>>,
    /// The distinct sets of variables, and that of each base.
    variables: VariableMaps,
    variables_of: Vec<VariablesId>,
    by_digest: KeyMap<Digest, BaseId>,
    variable_sets: VariableSets,
    lineage: Lineage,
    /// The ratings of the images that tags call Alpine images.
    ratings: KeyMap<BaseId, AlpineRating>,
    /// First layers and their operating systems.
    first_layers: KeyMap<LayerKey, Arc<System>>,
    /// The step that made a layer, if known.
    layer_texts: KeyMap<LayerKey, TextKey>,
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
    /// Its bases by tag.
    tags: HashMap<Box<str>, Vec<BaseId>>,
    /// Those whose tag names Alpine.
    alpine: AlpineTags,
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
    pub fn built_on(&self, id: RepositoryId) -> BTreeSet<RepositoryId> {
        self.lineage.built_on(id)
    }

    /// How many repositories have images that are built on images of this one.
    pub fn built_on_count(&self, id: RepositoryId) -> usize {
        self.lineage.count_of(id)
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
        let tagged = self.repositories[repository.0 as usize].tags.get(tag);
        let tagged = tagged.into_iter().flatten().copied();
        tagged.filter(|&id| running.has(self.platform_of(id))).collect()
    }

    /// The platforms of bases that run on a platform.
    pub(super) fn running_on(&self, platform: &Platform) -> Running {
        Running {
            fits: self.platforms.iter().map(|own| runs_on(own, platform)).collect(),
        }
    }

    /// The index of a base's platform.
    pub(super) fn platform_of(&self, id: BaseId) -> u32 {
        self.peers_of(id).platform
    }

    /// What a search takes or leaves a base by.
    pub(super) fn peers_of(&self, id: BaseId) -> &Peers {
        self.peers(self.peers_of[id.0 as usize])
    }

    /// What a search takes or leaves a group of bases by.
    pub(super) fn peers(&self, id: PeersId) -> &Peers {
        &self.peers[id.0 as usize]
    }

    /// The base with this manifest.
    pub(super) fn base_of_digest(&self, digest: &Digest) -> Option<BaseId> {
        self.by_digest.get(digest).copied()
    }

    /// The bases with exactly these layers.
    pub(super) fn bases_of_layers(&self, layers: Chain) -> Option<&Bases> {
        Some(self.by_layers.at(self.by_layers.place(layers)?))
    }

    /// The bases with exactly these uncompressed layers.
    pub(super) fn bases_of_diff_ids(&self, diff_ids: Chain) -> Option<&Bases> {
        Some(self.by_diff_ids.at(self.by_diff_ids.place(diff_ids)?))
    }

    /// The beginnings of steps that are those of bases: the number of steps, and the place of the bases.
    pub(super) fn beginnings(&self, steps: &[TextKey]) -> Box<[(u32, u32)]> {
        let mut chain = Chain::START;
        let beginnings = steps.iter().zip(1_u32..).filter_map(|(step, count)| {
            chain = chain.then(step.get());
            Some((count, self.by_steps.place(chain)?))
        });
        beginnings.collect()
    }

    /// The bases with the steps of a beginning.
    pub(super) fn bases_of_steps(&self, place: u32) -> &StepBases {
        self.by_steps.at(place)
    }

    /// What the configuration of a base shows; `None` if it has none or is from a file.
    pub(super) fn content_of(&self, id: BaseId) -> Option<&Content> {
        Some(self.contents.get(self.content_of[id.0 as usize]?))
    }

    /// The steps of a base; empty if unknown.
    pub(super) fn steps_of(&self, id: BaseId) -> &[TextKey] {
        self.content_of(id).map_or(&[], |content| &content.shown.steps)
    }

    /// The distinct sets of variables of bases.
    pub(super) fn variables(&self) -> &VariableMaps {
        &self.variables
    }

    /// The variables of a base.
    pub(super) fn variables_id(&self, id: BaseId) -> VariablesId {
        self.variables_of[id.0 as usize]
    }

    /// The numbers of the variables of a base, each a name with a value, sorted.
    pub(super) fn variable_pairs(&self, id: BaseId) -> &[u32] {
        self.variables.pairs(self.variables_id(id))
    }

    /// Sets of version variables with the bases that set them, larger sets first.
    pub(super) fn variable_sets(&self) -> &VariableSets {
        &self.variable_sets
    }

    /// The operating system of a first layer.
    pub(super) fn system_of_layer(&self, layer: LayerKey) -> Option<&Arc<System>> {
        self.first_layers.get(&layer)
    }

    /// The step that made a layer according to other images.
    pub(super) fn text_of_layer(&self, layer: LayerKey) -> Option<TextKey> {
        self.layer_texts.get(&layer).copied()
    }
}

/// The platforms of bases that run on a platform.
#[derive(Debug)]
pub(super) struct Running {
    /// For each platform of the catalogue: whether its bases run on this platform.
    fits: Box<[bool]>,
}

impl Running {
    /// Whether bases of a platform, given by its index, run on this one.
    pub fn has(&self, platform: u32) -> bool {
        self.fits[platform as usize]
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
