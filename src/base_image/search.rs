use std::sync::Arc;

use super::catalogue::{
    BaseId, Bases, Catalogue, LayerKey, NearBase, PeersId, RepositoryId, Role, Running, Wanted, lacking,
};
use super::confidence_table::{layers, named};
use super::texts::{Chain, TextKey};
use super::traces::Traces;
use super::variables::{NearReleases, VariableSearch};
use super::{BaseName, Because, Candidate, Confidence, Evidence, ImageFacts, LayerSteps, Scope};
use super::{candidates, hash::KeyMap};
use crate::oci::{Digest, Platform};

/// How many bases with the same steps are looked at: those that become candidates, and one more, because several rivals
/// make each less certain.
const MOST_RIVALS: usize = candidates::MOST_PER_FINDING + 1;

/// What searches in one catalogue keep for each other.
#[derive(Debug, Default)]
pub(super) struct SearchMemory {
    near: NearReleases,
    /// The bases that run on each platform of the catalogue.
    running: KeyMap<u32, Arc<Running>>,
}

impl SearchMemory {
    fn running(&mut self, platform: &Platform, known: Option<u32>, catalogue: &Catalogue) -> Arc<Running> {
        match known {
            Some(known) => {
                let running = self.running.entry(known);
                Arc::clone(running.or_insert_with(|| catalogue.running_on(platform).into()))
            }
            None => catalogue.running_on(platform).into(),
        }
    }
}

/// The image whose base is searched.
#[derive(Clone, Copy)]
pub(super) struct Searched<'a> {
    pub facts: &'a ImageFacts,
    /// What the catalogue knows it as, if it is a base itself.
    pub known: Option<BaseId>,
    /// The keys of its steps, and those beginnings of them that are bases'.
    pub texts: &'a [TextKey],
    pub beginnings: &'a [(u32, u32)],
    /// The step that made each layer.
    pub steps: &'a LayerSteps,
    /// Its own repositories.
    pub own: &'a [RepositoryId],
}

/// The search for an image's base, one kind of evidence after another.
pub(super) struct Search<'a> {
    image: Searched<'a>,
    facts: &'a ImageFacts,
    catalogue: &'a Catalogue,
    scope: &'a Scope,
    /// The bases that run on its platform.
    running: Arc<Running>,
    found: Vec<Candidate>,
}

impl<'a> Search<'a> {
    /// Uses all evidence that the scope allows, best first.
    pub fn run(
        image: Searched<'a>,
        catalogue: &'a Catalogue,
        scope: &'a Scope,
        traces: &Traces,
        memory: &mut SearchMemory,
    ) -> Vec<Candidate> {
        let facts = image.facts;
        let platform = image.known.map(|id| catalogue.platform_of(id));
        let mut search = Self {
            image,
            facts,
            catalogue,
            scope,
            running: memory.running(&facts.platform, platform, catalogue),
            found: Vec::new(),
        };
        search.annotations(traces);
        search.layers();
        search.diff_ids();
        search.step_texts();
        search.variables(&mut memory.near);
        search.found
    }

    /// Whether bases with these peers may be candidates: they run on the same platform, and the scope allows them.
    fn may_be_group(&self, id: PeersId) -> bool {
        let peers = self.catalogue.peers(id);
        self.running.has(peers.platform) && peers.is_visible(self.scope)
    }

    /// Whether a base is another image than this one.
    fn is_other(&self, id: BaseId) -> bool {
        self.catalogue.base(id).digest != Some(self.facts.digest)
    }

    /// Whether a base may be a candidate.
    fn may_be(&self, id: BaseId) -> bool {
        let peers = self.catalogue.peers_of(id);
        self.running.has(peers.platform) && peers.is_visible(self.scope) && self.is_other(id)
    }

    fn push(&mut self, id: BaseId, layers: usize, evidence: Evidence, percent: u8, because: Because) {
        self.found.push(Candidate {
            name: Arc::clone(&self.catalogue.base(id).names[0]),
            base: Some(id),
            layers: layers.min(self.facts.layers.len()),
            evidence,
            confidence: Confidence::percent(percent),
            because,
        });
    }

    /// Annotations, labels and builders' notes that name the base.
    fn annotations(&mut self, traces: &Traces) {
        const DIGEST: &str = "org.opencontainers.image.base.digest";
        const NAME: &str = "org.opencontainers.image.base.name";
        let facts = self.facts;
        let labels = facts.config.as_ref().map(|config| &config.labels);
        let annotated = |key: &str| facts.annotations.get(key).map(String::as_str);
        let labelled = |key: &str| labels.and_then(|labels| labels.get(key)).map(String::as_str);

        if self.scope.sees(Evidence::BaseDigest) {
            // Child images inherit labels, which are then wrong; they do not inherit annotations.
            for (digest, percent) in [
                (annotated(DIGEST), named::ANNOTATED_DIGEST),
                (labelled(DIGEST), named::LABELLED_DIGEST),
            ] {
                let known = digest
                    .and_then(|digest| digest.parse::<Digest>().ok())
                    .and_then(|digest| self.catalogue.base_of_digest(&digest));
                if let Some(id) = known.filter(|&id| self.may_be(id)) {
                    let layers = self.catalogue.base(id).layers.len();
                    self.push(id, layers, Evidence::BaseDigest, percent, Because::Digest(DIGEST));
                }
            }
        }
        if self.scope.sees(Evidence::BaseName) {
            let names = [
                (annotated(NAME), named::ANNOTATED_NAME, "an annotation"),
                (labelled(NAME), named::LABELLED_NAME, "a label"),
            ];
            for (name, percent, source) in names {
                if let Some(name) = name {
                    self.named(name, percent, source);
                }
            }
            for name in &traces.base_names {
                self.named(name, named::NOTED_NAME, "a builder's note");
            }
        }
    }

    fn named(&mut self, text: &str, percent: u8, source: &'static str) {
        let Some(name) = reference(text, self.catalogue) else {
            return;
        };
        let name = Arc::new(name);
        let because = Because::Named {
            by: source,
            name: Arc::clone(&name),
        };
        let repository = self.catalogue.repository(&name.repository);
        if repository.is_some_and(|repository| self.scope.excludes(repository)) {
            return;
        }
        let ids = self.catalogue.find(&name, &self.facts.platform);
        let best = ids
            .into_iter()
            .filter(|&id| self.may_be(id))
            .min_by_key(|&id| self.misfit(id));
        match best {
            Some(id) => {
                let layers = self.layers_by_size(id);
                self.push(id, layers, Evidence::BaseName, percent, because);
                if let Some(candidate) = self.found.last_mut() {
                    candidate.name = name;
                }
            }
            None => self.found.push(Candidate {
                name,
                base: None,
                layers: 0,
                evidence: Evidence::BaseName,
                confidence: Confidence::percent(percent),
                because,
            }),
        }
    }

    /// Bases whose layers are the first layers of the image.
    fn layers(&mut self) {
        if !self.scope.sees(Evidence::LayerDigests) {
            return;
        }
        let mut chain = Chain::START;
        for (place, layer) in self.facts.layers.iter().enumerate() {
            chain = chain.then(LayerKey::from_digest(&layer.digest).get());
            if let Some(found) = self.catalogue.bases_of_layers(chain) {
                let count = place + 1;
                self.prefix(found, count, Evidence::LayerDigests, Because::SameLayers(count));
            }
        }
    }

    fn diff_ids(&mut self) {
        let Some(config) = &self.facts.config else { return };
        if !self.scope.sees(Evidence::DiffIds) || config.diff_ids.len() != self.facts.layers.len() {
            return;
        }
        let mut chain = Chain::START;
        for (place, diff_id) in config.diff_ids.iter().enumerate() {
            chain = chain.then(LayerKey::from_digest(diff_id).get());
            if let Some(found) = self.catalogue.bases_of_diff_ids(chain) {
                let count = place + 1;
                self.prefix(found, count, Evidence::DiffIds, Because::SameDiffIds(count));
            }
        }
    }

    fn prefix(&mut self, bases: &Bases, layers: usize, evidence: Evidence, because: Because) {
        let mut found = Vec::new();
        let is_whole = layers == self.facts.layers.len();
        // A few of many names for the same layers are enough.
        bases.first(
            candidates::MOST_PER_FINDING,
            wanted(is_whole),
            |group| {
                self.may_be_group(group)
                    && !(is_whole && self.are_copies(group) && self.catalogue.peers(group).is_in_registry)
            },
            |id| self.is_other(id),
            &mut found,
        );
        for id in found {
            let mut known = self.found.iter();
            if !known.any(|known| known.base == Some(id) && known.layers == layers) {
                self.push(id, layers, evidence, layers::SAME_LAYERS, because.clone());
            }
        }
    }

    /// Whether bases with all layers or steps of the image, and no others, are copies of it rather than its bases. An image
    /// under the name of a well-known one is a base all the same: what is copied from it is built on it.
    fn are_copies(&self, group: PeersId) -> bool {
        let peers = self.catalogue.peers(group);
        peers.are_unnamed() || peers.is_of(self.image.own)
    }

    /// Bases whose steps are the first steps of the image's history.
    fn step_texts(&mut self) {
        if !self.scope.sees(Evidence::StepTexts) {
            return;
        }
        let variables = self.facts.config.as_ref().map(|config| &config.variables);
        let unknown;
        let own_pairs = match (self.image.known, variables) {
            (Some(id), Some(_)) => Some(self.catalogue.variable_pairs(id)),
            (None, Some(variables)) => {
                unknown = self.catalogue.variables().pairs_of(variables);
                Some(&*unknown)
            }
            (_, None) => None,
        };
        for &(count, place) in self.image.beginnings {
            let count = count as usize;
            let layers = self.image.steps.layers_within(count);
            let fitting = self.with_steps(place, count, layers, own_pairs);
            let rivals = fitting.len();
            for (differing, (_, id)) in fitting.into_iter().take(candidates::MOST_PER_FINDING) {
                let layers = layers.unwrap_or_else(|| self.layers_by_size(id));
                let misfit = self.size_misfit(id, layers);
                let percent = candidates::text_confidence(count, differing, misfit, rivals);
                self.push(
                    id,
                    layers,
                    Evidence::StepTexts,
                    percent,
                    Because::SameSteps(count),
                );
            }
        }
    }

    /// The bases with the first `count` steps that may be candidates, each with the number of its variables that the image
    /// does not have: the best of them, if there are more than [`MOST_RIVALS`].
    ///
    /// Steps alone do not distinguish `debian:13` from `debian:13-slim`, nor one release from the next: sizes and version
    /// variables do.
    fn with_steps(
        &self,
        place: u32,
        count: usize,
        layers: Option<usize>,
        own_pairs: Option<&[u32]>,
    ) -> Vec<(usize, NearBase)> {
        let is_whole = count == self.image.texts.len();
        let may_be_group = |group: PeersId| self.may_be_group(group) && !(is_whole && self.are_copies(group));
        let may_be = |id: BaseId| self.is_other(id);
        let wanted = wanted(is_whole);
        let releases = self.catalogue.bases_of_steps(place).releases().iter();
        let variables = self.catalogue.variables();
        let mut releases: Vec<_> = releases
            .filter(|release| self.running.has(release.platform))
            .map(|release| {
                let differing = own_pairs.map_or(0, |own| lacking(variables.pairs(release.variables), own));
                (differing, release)
            })
            .collect();
        releases.sort_by_key(|(differing, _)| *differing);
        let mut fitting = Vec::new();
        let mut near = Vec::new();
        for same in releases.chunk_by(|one, other| one.0 == other.0) {
            near.clear();
            for (_, release) in same {
                match layers {
                    Some(layers) => {
                        let bytes = candidates::first_bytes(self.facts, layers);
                        release.nearest(bytes, MOST_RIVALS, wanted, may_be_group, may_be, &mut near);
                    }
                    None => {
                        let apart = |bytes: u64, layers: usize| {
                            let layers = candidates::layers_by_size(self.facts, bytes, layers);
                            candidates::first_bytes(self.facts, layers).abs_diff(bytes)
                        };
                        release.all(MOST_RIVALS, wanted, apart, may_be_group, may_be, &mut near);
                    }
                }
            }
            near.sort_unstable();
            fitting.extend(near.iter().map(|near| (same[0].0, *near)));
            if fitting.len() >= MOST_RIVALS {
                fitting.truncate(MOST_RIVALS);
                break;
            }
        }
        fitting
    }

    fn variables(&mut self, memory: &mut NearReleases) {
        // A certain candidate needs no weaker evidence.
        let is_settled = self.found.iter().any(|candidate| {
            candidate.confidence.get() >= candidates::SETTLED
                && candidate
                    .base
                    .is_some_and(|id| self.catalogue.base(id).role != Role::System && !self.is_own(id))
        });
        if is_settled || !self.scope.sees(Evidence::Variables) {
            return;
        }
        let Some(config) = &self.facts.config else { return };
        let known = self.image.known;
        let known = known.map(|id| (self.catalogue.variables_id(id), self.catalogue.platform_of(id)));
        let runs = |platform| self.running.has(platform);
        let near = memory.of(&config.variables, known, runs, self.catalogue);
        let search = VariableSearch {
            catalogue: self.catalogue,
            steps: self.image.texts,
            may_be_group: |group| self.may_be_group(group),
            may_be: |id| self.is_other(id),
            misfit: |id| self.misfit(id),
        };
        for found in search.matching(&near) {
            let layers = self.layers_by_size(found.base);
            let percent = candidates::variables_confidence(self.misfit(found.base), &found);
            let because = Because::Variables {
                names: Arc::clone(&found.set.names),
                equal: found.equal,
            };
            self.push(found.base, layers, Evidence::Variables, percent, because);
        }
    }

    fn is_own(&self, id: BaseId) -> bool {
        self.catalogue.peers_of(id).is_of(self.image.own)
    }

    fn layers_by_size(&self, id: BaseId) -> usize {
        let base = self.catalogue.base(id);
        candidates::layers_by_size(self.facts, base.bytes, base.layers.len())
    }

    /// The difference between a base's size and the image's first layers, in percent.
    fn misfit(&self, id: BaseId) -> u64 {
        self.size_misfit(id, self.layers_by_size(id))
    }

    fn size_misfit(&self, id: BaseId, layers: usize) -> u64 {
        let base = self.catalogue.base(id);
        // Its own size is unknown if it was measured with something in it.
        if base.includes.is_some() {
            return 0;
        }
        candidates::difference(candidates::first_bytes(self.facts, layers), base.bytes)
    }
}

/// Which bases may be candidates by layers or steps, depending on whether these are all of the image.
fn wanted(is_whole: bool) -> Wanted {
    match is_whole {
        // The unnamed ones are copies of it.
        true => Wanted::Named,
        false => Wanted::All,
    }
}

/// `docker.io/library/node:22@sha256:…` → `node:22`.
fn reference(text: &str, catalogue: &Catalogue) -> Option<BaseName> {
    let text = text.trim().split('@').next()?;
    let (path, tag) = match text.rsplit_once(':') {
        Some((path, tag)) if !tag.contains('/') => (path, Some(tag)),
        _ => (text, None),
    };
    let path = ["docker.io/", "index.docker.io/", "registry-1.docker.io/"]
        .iter()
        .find_map(|host| path.strip_prefix(host))
        .unwrap_or(path);
    let repository = catalogue.upstream_name(path);
    let is_name =
        !repository.is_empty() && repository != "scratch" && !repository.contains(char::is_whitespace);
    is_name.then(|| BaseName {
        repository: repository.to_owned(),
        tag: Some(tag.unwrap_or("latest").to_owned()),
    })
}
