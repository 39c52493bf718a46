//! Additions to the catalogue from crawled images.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use super::base::{Base, BaseId, BaseLayers, LayerKey, Origin, RepositoryId, Role};
use super::build::CatalogueBuilder;
use super::contents::VariablesId;
use super::growth::Growth;
use super::lineage::LineageBuilder;
use super::peers::{Bases, ByChain, PeersId};
use super::step_bases::{StepBase, StepBases};
use super::tag::TagOrder;
use super::variable_sets::{Foreign, VariableBase, VariableSets};
use crate::base_image::texts::{Chain, TextKey};
use crate::base_image::{BaseName, ImageFacts, System};
use crate::oci::{RegistryName, is_kept_variable};

/// The most names that are compared one by one. Our choice.
const FEW_NAMES: usize = 8;

impl CatalogueBuilder<'_> {
    /// Adds an image of a registry as a base, under its upstream names.
    pub(super) fn grow<'f>(&mut self, registry: &RegistryName, facts: &'f ImageFacts) -> Growth<'f> {
        // It has the layers of a well-known image, so it is that image under another name.
        let end = facts.layers.iter().fold(Chain::START, |chain, layer| {
            chain.then(LayerKey::from_digest(&layer.digest).0)
        });
        let mut names: Vec<Arc<BaseName>> = Vec::new();
        for id in self.files_by_layers.get(&end).into_iter().flatten() {
            let known = self.catalogue.base(*id);
            if known.layers.len() == facts.layers.len() {
                names.extend(known.names.iter().cloned());
            }
        }
        names.extend(self.own_names(facts));
        let mut names = distinct(names);
        if names.is_empty() {
            let name = BaseName {
                repository: facts
                    .names
                    .first()
                    .map_or_else(|| facts.digest.short(), |(name, _)| name.to_string()),
                tag: None,
            };
            names.push(name.into());
        }
        let repositories: Vec<RepositoryId> = names
            .iter()
            .map(|name| self.repository(&name.repository))
            .collect();
        let role = self.catalogue.repositories[repositories[0].0 as usize].role;
        let platform = self.shared_platform(&facts.platform);
        let content = facts.config.as_ref().map(|config| {
            let catalogue = &mut self.catalogue;
            catalogue
                .contents
                .read(config, &catalogue.systems, &mut catalogue.variables, self.earlier)
        });
        let known = content.map(|content| self.catalogue.contents.get(content));
        let base = Base {
            repositories,
            platform,
            digest: Some(facts.digest),
            bytes: facts.layer_bytes(),
            includes: None,
            system: None,
            variables: match known {
                Some(known) => Arc::clone(self.catalogue.variables.get(known.variables)),
                None => Arc::clone(&self.no_variables),
            },
            role,
            created: known.and_then(|known| known.shown.created.clone()),
            origin: Origin::Registry {
                registry: registry.clone(),
                repository: facts
                    .names
                    .first()
                    .map(|(repository, _)| repository.to_string())
                    .unwrap_or_default(),
            },
            built_on_it: 0,
            precise: None,
            layers: BaseLayers::OfImage(Arc::clone(&facts.layers)),
            names,
        };
        let id = self.push_image(base, content);
        self.index(id);
        let diff_ids = facts.config.as_ref().map(|config| &config.diff_ids);
        let diff_ids = diff_ids.filter(|diff_ids| diff_ids.len() == facts.layers.len());
        Growth {
            base: id,
            facts,
            layers: end,
            diff_ids: diff_ids.map(|diff_ids| {
                diff_ids.iter().fold(Chain::START, |chain, diff_id| {
                    chain.then(LayerKey::from_digest(diff_id).0)
                })
            }),
        }
    }

    /// The upstream names of an image, the most specific first.
    fn own_names(&mut self, facts: &ImageFacts) -> Vec<Arc<BaseName>> {
        let mut own: Vec<Arc<BaseName>> = facts
            .names
            .iter()
            .filter(|(_, tag)| !tag.is_referrers_fallback())
            .map(|(repository, tag)| {
                let upstream = self.catalogue.upstream_name(repository.as_str());
                BaseName::new(upstream, tag.as_str()).into()
            })
            .collect();
        if own.len() < 2 {
            return own;
        }
        own.sort_by_cached_key(|name| {
            let tag = name.tag.as_deref().unwrap_or_default();
            let order = match self.tag_orders.get(tag) {
                Some(order) => *order,
                None => {
                    let order = TagOrder::new(tag);
                    self.tag_orders.insert(tag.to_owned(), order);
                    order
                }
            };
            (order, tag.to_owned())
        });
        own
    }

    /// Indexes all bases by their layers.
    pub(super) fn index_layers(&mut self, grown: &[Growth<'_>]) {
        let files = self.files_by_layers.iter();
        let files = files.flat_map(|(chain, bases)| bases.iter().map(|base| (*chain, *base)));
        let images = grown.iter().map(|growth| (growth.layers, growth.base));
        let layers = files.chain(images).collect();
        let diff_ids = grown
            .iter()
            .filter_map(|growth| Some((growth.diff_ids?, growth.base)));
        let diff_ids = diff_ids.collect();
        let peers_of = &self.catalogue.peers_of;
        let peers = &self.catalogue.peers;
        let is_unnamed = |id: PeersId| peers[id.0 as usize].are_unnamed();
        let entry = |bases: &[BaseId]| Bases::new(bases, |id| peers_of[id.0 as usize], is_unnamed);
        let (by_layers, by_diff_ids) = (ByChain::new(layers, entry), ByChain::new(diff_ids, entry));
        self.catalogue.by_layers = by_layers;
        self.catalogue.by_diff_ids = by_diff_ids;
    }

    /// Counts the images whose first layers are those of a base.
    pub(super) fn count_users(&mut self, grown: &[Growth<'_>]) {
        let catalogue = &mut self.catalogue;
        let mut lineage = LineageBuilder::default();
        for Growth { base, facts, .. } in grown {
            let own = &catalogue.peers_of(*base).repositories;
            let mut chain = Chain::START;
            for layer in facts.layers.iter() {
                chain = chain.then(LayerKey::from_digest(&layer.digest).0);
                if let Some(place) = catalogue.by_layers.place(chain) {
                    own.iter().for_each(|own| lineage.image(place, *own));
                }
            }
        }
        let chains = catalogue.by_layers.entries();
        for (place, bases) in (0..).zip(chains) {
            let mut groups: Vec<_> = bases
                .peers()
                .map(|id| &*catalogue.peers(id).repositories)
                .collect();
            groups.sort_unstable();
            groups.dedup();
            groups.into_iter().for_each(|own| lineage.base(place, own));
        }
        let lineage = lineage.finish(chains.len(), catalogue.repositories.len());
        let mut counts = Vec::new();
        for (place, bases) in (0..).zip(chains) {
            for id in bases.iter() {
                let own = &catalogue.peers_of(id).repositories;
                counts.push((id, lineage.images_of_others(place, own)));
            }
        }
        for (id, count) in counts {
            catalogue.bases[id.0 as usize].built_on_it = count;
        }
        catalogue.lineage = lineage;
    }

    /// Learns which operating system a first layer is from the systems' own images, then sets the system of
    /// every base.
    pub(super) fn learn_systems(&mut self, grown: &[Growth<'_>]) {
        for Growth { base: id, facts, .. } in grown {
            let base = self.catalogue.base(*id);
            let Some(system) = self.system_of_names(base) else {
                continue;
            };
            let Some(first) = base.layers.keys().next() else {
                continue;
            };
            if facts.layers.len() > 6 {
                continue;
            }
            let known = self.catalogue.first_layers.entry(first);
            let known = known.or_insert_with(|| Arc::new(system.clone()));
            if known.release.is_none() {
                *known = system.into();
            }
        }
        for Growth { base: id, .. } in grown {
            let base = self.catalogue.base(*id);
            let first = base.layers.keys().next();
            let learnt = first.and_then(|first| self.catalogue.first_layers.get(&first).cloned());
            let traced = || {
                let content = self.catalogue.content_of(*id)?;
                content
                    .shown
                    .traces
                    .system
                    .as_ref()
                    .map(|(system, _)| Arc::clone(system))
            };
            let system = match learnt {
                // Names such as `alpine:latest` tell no release, but the steps may.
                Some(learnt) if learnt.release.is_none() => {
                    let traced = traced().filter(|traced| traced.name == learnt.name);
                    Some(traced.unwrap_or(learnt))
                }
                None => traced(),
                learnt => learnt,
            };
            self.catalogue.bases[id.0 as usize].system = system;
        }
    }

    /// The operating system of a base whose repository is the system's own. Its most precise tag decides.
    fn system_of_names(&self, base: &Base) -> Option<System> {
        let mut best: Option<System> = None;
        for name in &base.names {
            let Some(info) = self.catalogue.systems.with_image(&name.repository) else {
                continue;
            };
            let system = info.release_of_tag(name.tag.as_deref().unwrap_or_default());
            if best.as_ref().is_none_or(|best| best.release.is_none()) {
                best = Some(system);
            }
        }
        best
    }

    /// Whether detection may name this base by weaker evidence than layers. Only bases that other images are
    /// built on, or that have a role or an Alpine variant, qualify: every image resembles itself.
    fn is_base_like(&self, id: BaseId) -> bool {
        let base = self.catalogue.base(id);
        base.built_on_it > 0
            || base.role != Role::Unknown
            || self
                .catalogue
                .peers_of(id)
                .repositories
                .iter()
                .any(|&repository| {
                    let node = &self.catalogue.repositories[repository.0 as usize];
                    !node.alpine.is_empty() || self.catalogue.built_on_count(repository) > 0
                })
    }

    pub(super) fn index_steps(&mut self, grown: &[Growth<'_>]) {
        let mut pairs: Vec<(Chain, BaseId)> = Vec::new();
        for (id, step) in std::mem::take(&mut self.first_steps) {
            let base = self.catalogue.base(id);
            if base.role == Role::System && base.layers.len() == 1 && !step.starts_with("ARG ") {
                pairs.push((Chain::START.then(TextKey::new(&step).get()), id));
            }
        }
        for Growth { base: id, .. } in grown {
            let steps = self.catalogue.steps_of(*id);
            if steps.is_empty() || !self.is_base_like(*id) {
                continue;
            }
            let chain = steps
                .iter()
                .fold(Chain::START, |chain, step| chain.then(step.get()));
            pairs.push((chain, *id));
        }
        let catalogue = &self.catalogue;
        let describe = |id: BaseId| {
            let base = catalogue.base(id);
            StepBase {
                platform: catalogue.platform_of(id),
                variables: catalogue.variables_of[id.0 as usize],
                bytes: base.bytes,
                layers: base.layers.len() as u32,
            }
        };
        let peers_of = |id: BaseId| catalogue.peers_of[id.0 as usize];
        let is_unnamed = |id: PeersId| catalogue.peers(id).are_unnamed();
        let by_steps = ByChain::new(pairs, |bases| {
            StepBases::new(bases, describe, peers_of, is_unnamed)
        });
        self.catalogue.by_steps = by_steps;
        let mut contents = std::mem::take(&mut self.catalogue.contents);
        for content in contents.iter_mut() {
            content.beginnings = self.catalogue.beginnings(&content.shown.steps);
        }
        self.catalogue.contents = contents;
    }

    pub(super) fn index_variables(&mut self) {
        let catalogue = &self.catalogue;
        let mut names_of: BTreeMap<VariablesId, Vec<String>> = BTreeMap::new();
        let mut sets: BTreeMap<&[String], Vec<BaseId>> = BTreeMap::new();
        for &variables in &catalogue.variables_of {
            names_of.entry(variables).or_insert_with(|| {
                let names = catalogue.variables.get(variables).keys();
                names.filter(|name| is_version(name)).cloned().collect()
            });
        }
        for (place, variables) in catalogue.variables_of.iter().enumerate() {
            let id = BaseId(place as u32);
            let names = &names_of[variables];
            if !names.is_empty() && self.is_base_like(id) {
                sets.entry(names).or_default().push(id);
            }
        }
        let sets = sets
            .into_iter()
            .map(|(names, bases)| (names.to_vec(), self.without_derived(bases)));
        let describe = |id: BaseId| VariableBase {
            platform: catalogue.platform_of(id),
            foreign: self.foreign(id),
            variables: &catalogue.base(id).variables,
        };
        let peers_of = |id: BaseId| catalogue.peers_of[id.0 as usize];
        let is_unnamed = |id: PeersId| catalogue.peers(id).are_unnamed();
        let sets = VariableSets::new(sets.collect(), describe, peers_of, is_unnamed);
        self.catalogue.variable_sets = sets;
    }

    /// Whether a base is of a repository that other images are built on.
    fn foreign(&self, id: BaseId) -> Foreign {
        let mut repositories = self.catalogue.peers_of(id).repositories.iter();
        if repositories.any(|&repository| self.catalogue.built_on_count(repository) > 0) {
            return Foreign::Used;
        }
        match self.catalogue.base(id).role {
            Role::Runtime | Role::Builder | Role::Server => Foreign::Runtime,
            Role::System | Role::Application | Role::Unknown => Foreign::Neither,
        }
    }

    /// Removes bases that only inherit the variables of another base in the set. For example, Maven's images
    /// have Java's variables because they are built on Java's images.
    fn without_derived(&self, bases: Vec<BaseId>) -> Vec<BaseId> {
        let own = |id: &BaseId| self.catalogue.peers_of(*id).repositories.iter().copied();
        let repositories: BTreeSet<RepositoryId> = bases.iter().flat_map(own).collect();
        let repositories: Vec<RepositoryId> = repositories.into_iter().collect();
        let derived = self.catalogue.lineage.derived(&repositories);
        if derived.is_empty() {
            return bases;
        }
        let (kept, rest): (Vec<_>, Vec<_>) = bases
            .into_iter()
            .partition(|id| own(id).any(|repository| !derived.contains(&repository)));
        if kept.is_empty() { rest } else { kept }
    }
}

/// The names, each once: the first of equal ones.
fn distinct(mut names: Vec<Arc<BaseName>>) -> Vec<Arc<BaseName>> {
    if names.len() <= FEW_NAMES {
        let mut kept: Vec<Arc<BaseName>> = Vec::with_capacity(names.len());
        for name in names {
            if !kept.contains(&name) {
                kept.push(name);
            }
        }
        return kept;
    }
    let mut seen = HashSet::new();
    names.retain(|name| seen.insert(Arc::clone(name)));
    names
}

/// Whether a variable names a release, and so identifies a base.
fn is_version(name: &str) -> bool {
    (is_kept_variable(name) && (name.ends_with("_VERSION") || name.ends_with("_MAJOR")))
        || name == "DOTNET_RUNNING_IN_CONTAINER"
}
