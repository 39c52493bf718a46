//! Additions to the catalogue from crawled images.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::VariableSet;
use super::base::{Base, BaseId, BaseLayer, LayerKey, Origin, RepositoryId, Role};
use super::build::CatalogueBuilder;
use super::tag::TagParts;
use crate::base_image::texts::{Chain, TextKey};
use crate::base_image::{BaseName, ImageFacts, System, traces};
use crate::oci::{RegistryName, is_kept_variable};

impl CatalogueBuilder<'_> {
    /// Adds an image of a registry as a base, under its upstream names.
    pub(super) fn grow(&mut self, registry: &RegistryName, facts: &ImageFacts) -> BaseId {
        let mut names: Vec<BaseName> = Vec::new();
        let mut add = |name: BaseName| {
            if !names.contains(&name) {
                names.push(name);
            }
        };
        // It has the layers of a well-known image, so it is that image under another name.
        let end = facts.layers.iter().fold(Chain::START, |chain, layer| {
            chain.then(LayerKey::from_digest(&layer.digest).0)
        });
        for id in self.catalogue.by_layers.get(&end).into_iter().flatten() {
            let known = self.catalogue.base(*id);
            if !known.is_in_registry() && known.layers.len() == facts.layers.len() {
                known.names.iter().cloned().for_each(&mut add);
            }
        }
        let mut own: Vec<BaseName> = facts
            .names
            .iter()
            .filter(|(_, tag)| !tag.is_referrers_fallback())
            .map(|(repository, tag)| {
                BaseName::new(self.catalogue.upstream_name(repository.as_str()), tag.as_str())
            })
            .collect();
        own.sort_by_cached_key(telling_order);
        own.into_iter().for_each(&mut add);
        if names.is_empty() {
            names.push(BaseName {
                repository: facts
                    .names
                    .first()
                    .map_or_else(|| facts.digest.short(), |(name, _)| name.to_string()),
                tag: None,
            });
        }
        let repositories: Vec<RepositoryId> = names
            .iter()
            .map(|name| self.repository(&name.repository))
            .collect();
        let role = self.catalogue.repositories[repositories[0].0 as usize].role;
        let layers: Vec<BaseLayer> = facts
            .layers
            .iter()
            .map(|layer| BaseLayer {
                key: LayerKey::from_digest(&layer.digest),
                digest: Some(layer.digest),
                bytes: if layer.stored { layer.bytes } else { 0 },
            })
            .collect();
        let id = self.push(Base {
            repositories,
            platform: facts.platform.clone(),
            digest: Some(facts.digest),
            bytes: facts.layer_bytes(),
            includes: None,
            system: None,
            variables: facts
                .config
                .as_ref()
                .map(|config| config.variables.clone())
                .unwrap_or_default(),
            role,
            created: facts
                .config
                .as_ref()
                .and_then(|config| config.created)
                .map(|created| created.format("%Y-%m-%d").to_string()),
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
            layers,
            names,
        });
        self.catalogue.steps[id.0 as usize] = TextKey::from_history(facts).into();
        self.index(id);
        if let Some(config) = facts
            .config
            .as_ref()
            .filter(|config| config.diff_ids.len() == facts.layers.len())
        {
            let end = config.diff_ids.iter().fold(Chain::START, |chain, diff_id| {
                chain.then(LayerKey::from_digest(diff_id).0)
            });
            self.catalogue.by_diff_ids.entry(end).or_default().push(id);
        }
        id
    }

    /// Counts the images whose first layers are those of a base. Each sequence of layers is looked up once, so
    /// many equal images cost no more than one.
    pub(super) fn count_users(&mut self, grown: &[(BaseId, &ImageFacts)]) {
        let mut users: HashMap<Chain, HashMap<RepositoryId, u32>> = HashMap::new();
        for (id, facts) in grown {
            let mut chain = Chain::START;
            for layer in &*facts.layers {
                chain = chain.then(LayerKey::from_digest(&layer.digest).0);
                if self.catalogue.by_layers.contains_key(&chain) {
                    let of_chain = users.entry(chain).or_default();
                    let own: BTreeSet<_> = self.catalogue.base(*id).repositories.iter().collect();
                    for repository in own {
                        *of_chain.entry(*repository).or_default() += 1;
                    }
                }
            }
        }
        for (chain, users) in users {
            for id in &self.catalogue.by_layers[&chain] {
                let base = &mut self.catalogue.bases[id.0 as usize];
                for (repository, count) in &users {
                    if base.repositories.contains(repository) {
                        continue;
                    }
                    base.built_on_it = base.built_on_it.saturating_add(*count);
                    for own in &base.repositories {
                        self.catalogue.repositories[own.0 as usize]
                            .built_on_it
                            .insert(*repository);
                    }
                }
            }
        }
    }

    /// Learns which operating system a first layer is from the systems' own images, then sets the system of
    /// every base.
    pub(super) fn learn_systems(&mut self, grown: &[(BaseId, &ImageFacts)]) {
        for (id, facts) in grown {
            let base = self.catalogue.base(*id);
            let Some(system) = self.system_of_names(base) else {
                continue;
            };
            let Some(first) = base.layers.first().map(|layer| layer.key) else {
                continue;
            };
            if facts.layers.len() > 6 {
                continue;
            }
            let known = self.catalogue.first_layers.entry(first);
            let known = known.or_insert_with(|| system.clone());
            if known.release.is_none() {
                *known = system;
            }
        }
        for (id, facts) in grown {
            let base = self.catalogue.base(*id);
            let first = base.layers.first().map(|layer| layer.key);
            let learnt = first.and_then(|first| self.catalogue.first_layers.get(&first).cloned());
            let traced = || {
                let config = facts.config.as_ref()?;
                let found = traces::read(config, &self.catalogue.systems).system;
                found.map(|(system, _)| system)
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
            || base.repositories.iter().any(|repository| {
                let node = &self.catalogue.repositories[repository.0 as usize];
                !node.alpine.is_empty() || !node.built_on_it.is_empty()
            })
    }

    pub(super) fn index_steps(&mut self, grown: &[(BaseId, &ImageFacts)]) {
        for (id, step) in std::mem::take(&mut self.first_steps) {
            let base = self.catalogue.base(id);
            if base.role == Role::System && base.layers.len() == 1 && !step.starts_with("ARG ") {
                let chain = Chain::START.then(TextKey::new(&step).get());
                self.catalogue.by_steps.entry(chain).or_default().push(id);
            }
        }
        for (id, _) in grown {
            let steps = self.catalogue.steps_of(*id);
            if steps.is_empty() || !self.is_base_like(*id) {
                continue;
            }
            let chain = steps
                .iter()
                .fold(Chain::START, |chain, step| chain.then(step.get()));
            self.catalogue.by_steps.entry(chain).or_default().push(*id);
        }
    }

    pub(super) fn index_variables(&mut self) {
        let mut sets: BTreeMap<Vec<String>, Vec<BaseId>> = BTreeMap::new();
        for place in 0..self.catalogue.bases.len() {
            let id = BaseId(place as u32);
            if !self.is_base_like(id) {
                continue;
            }
            let names: Vec<String> = self
                .catalogue
                .base(id)
                .variables
                .keys()
                .filter(|name| is_version(name))
                .cloned()
                .collect();
            if !names.is_empty() {
                sets.entry(names).or_default().push(id);
            }
        }
        self.catalogue.variable_sets = sets
            .into_iter()
            .map(|(names, bases)| VariableSet {
                bases: self.without_derived(bases),
                names,
            })
            .collect();
        self.catalogue
            .variable_sets
            .sort_by_key(|set| std::cmp::Reverse(set.names.len()));
    }

    /// Removes bases that only inherit the variables of another base in the set. For example, Maven's images
    /// have Java's variables because they are built on Java's images.
    fn without_derived(&self, bases: Vec<BaseId>) -> Vec<BaseId> {
        let repositories: BTreeSet<RepositoryId> = bases
            .iter()
            .flat_map(|id| self.catalogue.base(*id).repositories())
            .collect();
        let is_on = |one: RepositoryId, other: RepositoryId| self.catalogue.built_on(other).contains(&one);
        let derived: BTreeSet<RepositoryId> = repositories
            .iter()
            .flat_map(|&other| {
                let users = self.catalogue.built_on(other).intersection(&repositories);
                users.copied().filter(move |&one| !is_on(other, one))
            })
            .collect();
        let (kept, rest): (Vec<_>, Vec<_>) = bases.into_iter().partition(|id| {
            let mut own = self.catalogue.base(*id).repositories();
            own.any(|repository| !derived.contains(&repository))
        });
        if kept.is_empty() { rest } else { kept }
    }

    /// Remembers which step made which layer. Needed for images whose history cannot be trusted: its number
    /// of steps does not fit the layers, or it names another command for a shared layer than most images.
    pub(super) fn learn_layers(&mut self, grown: &[(BaseId, &ImageFacts)]) {
        let mut votes: HashMap<LayerKey, Vec<(TextKey, u32)>> = HashMap::new();
        let mut unclear: Vec<&ImageFacts> = Vec::new();
        for (id, facts) in grown {
            let Some(config) = facts.config.as_ref().filter(|config| !config.history.is_empty()) else {
                continue;
            };
            let texts: Vec<TextKey> = config
                .history
                .iter()
                .zip(self.catalogue.steps_of(*id))
                .filter(|(step, _)| !step.empty_layer)
                .map(|(_, text)| *text)
                .collect();
            if texts.len() != facts.layers.len() {
                unclear.push(facts);
                continue;
            }
            for (layer, text) in facts.layers.iter().zip(texts) {
                let of_layer = votes.entry(LayerKey::from_digest(&layer.digest)).or_default();
                match of_layer.iter_mut().find(|(known, _)| *known == text) {
                    Some((_, count)) => *count += 1,
                    None => of_layer.push((text, 1)),
                }
            }
        }
        let contested: HashSet<LayerKey> = votes
            .iter()
            .filter(|(_, texts)| texts.len() > 1)
            .map(|(layer, _)| *layer)
            .collect();
        if !contested.is_empty() {
            unclear.extend(grown.iter().map(|(_, facts)| *facts).filter(|facts| {
                facts
                    .layers
                    .iter()
                    .any(|layer| contested.contains(&LayerKey::from_digest(&layer.digest)))
            }));
        }
        for layer in unclear.iter().flat_map(|facts| &*facts.layers) {
            let key = LayerKey::from_digest(&layer.digest);
            // A pair counts if at least two images agree on it.
            let most = votes
                .get(&key)
                .into_iter()
                .flatten()
                .max_by_key(|(_, count)| *count);
            if let Some((text, count)) = most
                && *count > 1
            {
                self.catalogue.layer_texts.insert(key, *text);
            }
        }
    }
}

/// Whether a variable names a release, and so identifies a base.
fn is_version(name: &str) -> bool {
    (is_kept_variable(name) && (name.ends_with("_VERSION") || name.ends_with("_MAJOR")))
        || name == "DOTNET_RUNNING_IN_CONTAINER"
}

/// Sorts names by how specific they are: a release, then a codename, then `latest`.
fn telling_order(name: &BaseName) -> (bool, usize, bool, usize, usize, String) {
    let tag = name.tag.as_deref().unwrap_or_default();
    let parts = TagParts::parse(tag);
    (
        tag == "latest",
        parts.variants.len() + usize::from(parts.slim),
        parts.release.is_empty(),
        parts.release.len(),
        tag.len(),
        tag.to_owned(),
    )
}
