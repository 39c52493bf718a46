use super::catalogue::{BaseId, Catalogue, LayerKey, RepositoryId, Running};
use super::confidence_table::{layers, named};
use super::texts::Chain;
use super::traces::Traces;
use super::{BaseName, Candidate, Confidence, Evidence, ImageFacts, LayerSteps, Role, Scope};
use super::{candidates, variables};
use crate::oci::Digest;

/// The search for an image's base, one kind of evidence after another.
pub(super) struct Search<'a> {
    facts: &'a ImageFacts,
    catalogue: &'a Catalogue,
    scope: &'a Scope,
    steps: &'a LayerSteps,
    /// The image's own repositories.
    own: Vec<RepositoryId>,
    /// The bases that run on its platform.
    running: Running<'a>,
    found: Vec<Candidate>,
}

impl<'a> Search<'a> {
    /// Uses all evidence that the scope allows, best first.
    pub fn run(
        facts: &'a ImageFacts,
        catalogue: &'a Catalogue,
        scope: &'a Scope,
        steps: &'a LayerSteps,
        traces: &Traces,
    ) -> Vec<Candidate> {
        let mut search = Self {
            facts,
            catalogue,
            scope,
            steps,
            own: candidates::own_repositories(facts, catalogue),
            running: catalogue.running_on(&facts.platform),
            found: Vec::new(),
        };
        search.annotations(traces);
        search.layers();
        search.diff_ids();
        search.step_texts();
        search.variables();
        search.found
    }

    /// Whether a base may be a candidate: it runs on the same platform, the scope allows it, and it is not the
    /// image itself.
    fn may_be(&self, id: BaseId) -> bool {
        self.running.has(id)
            && self.catalogue.base(id).digest != Some(self.facts.digest)
            && self.catalogue.is_visible(id, self.scope)
    }

    fn push(&mut self, id: BaseId, layers: usize, evidence: Evidence, percent: u8, because: String) {
        self.found.push(Candidate {
            name: self.catalogue.base(id).name().clone(),
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
        let labels = self.facts.config.as_ref().map(|config| &config.labels);
        let annotated = |key: &str| self.facts.annotations.get(key).map(String::as_str);
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
                    self.push(
                        id,
                        layers,
                        Evidence::BaseDigest,
                        percent,
                        format!("{DIGEST} is its digest"),
                    );
                }
            }
        }
        if self.scope.sees(Evidence::BaseName) {
            let notes = traces
                .base_names
                .iter()
                .map(|name| (name.as_str(), named::NOTED_NAME, "a builder's note"));
            let names = [
                (annotated(NAME), named::ANNOTATED_NAME, "an annotation"),
                (labelled(NAME), named::LABELLED_NAME, "a label"),
            ]
            .into_iter()
            .filter_map(|(name, percent, source)| Some((name?, percent, source)));
            let found: Vec<_> = names.chain(notes).collect();
            for (text, percent, source) in found {
                self.named(text, percent, source);
            }
        }
    }

    fn named(&mut self, text: &str, percent: u8, source: &str) {
        let Some(name) = reference(text, self.catalogue) else {
            return;
        };
        let because = format!("{source} says {name}");
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
                let layers = candidates::layers_by_size(self.facts, self.catalogue.base(id));
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
            let found = self.catalogue.bases_of_layers(chain);
            self.prefix(found, place + 1, Evidence::LayerDigests);
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
            let found = self.catalogue.bases_of_diff_ids(chain);
            self.prefix(found, place + 1, Evidence::DiffIds);
        }
    }

    fn prefix(&mut self, bases: &[BaseId], layers: usize, evidence: Evidence) {
        // A few of many names for the same layers are enough.
        let mut pushed = 0;
        for &id in bases {
            let base = self.catalogue.base(id);
            let is_copy = layers == self.facts.layers.len() && base.is_in_registry() && self.is_copy(id);
            if pushed >= candidates::MOST_PER_FINDING || is_copy || !self.may_be(id) {
                continue;
            }
            pushed += 1;
            let known = self
                .found
                .iter()
                .any(|known| known.base == Some(id) && known.layers == layers);
            if known {
                continue;
            }
            let word = match evidence {
                Evidence::DiffIds => "uncompressed layer",
                _ => "layer",
            };
            self.push(
                id,
                layers,
                evidence,
                layers::SAME_LAYERS,
                match layers {
                    1 => format!("the first {word} is the same"),
                    _ => format!("the first {layers} {word}s are the same"),
                },
            );
        }
    }

    /// Bases whose steps are the first steps of the image's history.
    fn step_texts(&mut self) {
        if !self.scope.sees(Evidence::StepTexts) {
            return;
        }
        let steps = self.catalogue.steps_of_image(self.facts);
        let mut chain = Chain::START;
        for (place, step) in steps.iter().enumerate() {
            chain = chain.then(step.get());
            let bases = self.catalogue.bases_of_steps(chain);
            if bases.is_empty() {
                continue;
            }
            let count = place + 1;
            let layers = self.steps.layers_within(count);
            // Steps alone do not distinguish `debian:13` from `debian:13-slim`, nor one release from the next:
            // sizes and version variables do.
            let mut fitting: Vec<_> = bases
                .iter()
                .copied()
                .filter(|&id| self.may_be(id) && !(count == steps.len() && self.is_copy(id)))
                .map(|id| (self.variable_misfit(id), self.bytes_apart(id, layers), id))
                .collect();
            fitting.sort_unstable();
            let rivals = fitting.len();
            for (differing, _, id) in fitting.into_iter().take(candidates::MOST_PER_FINDING) {
                let misfit = self.size_misfit(id, layers);
                let percent = candidates::text_confidence(count, differing, misfit, rivals);
                let base = self.catalogue.base(id);
                let layers = layers.unwrap_or_else(|| candidates::layers_by_size(self.facts, base));
                let because = match count {
                    1 => "the first step reads the same".to_owned(),
                    _ => format!("the first {count} steps read the same"),
                };
                self.push(id, layers, Evidence::StepTexts, percent, because);
            }
        }
    }

    fn variables(&mut self) {
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
        for found in variables::matching(
            self.facts,
            self.catalogue,
            |id| self.may_be(id),
            |id| self.misfit(id),
        ) {
            let base = self.catalogue.base(found.base);
            let layers = candidates::layers_by_size(self.facts, base);
            let percent = candidates::variables_confidence(self.misfit(found.base), &found);
            let because = format!(
                "{} {} set, {} of {} with the same value",
                found.names.join(", "),
                if found.names.len() == 1 { "is" } else { "are" },
                found.equal,
                found.names.len()
            );
            self.push(found.base, layers, Evidence::Variables, percent, because);
        }
    }

    /// Whether a base with all layers or steps of the image, and no others, is a copy of it rather than its base. An image
    /// under the name of a well-known one is a base all the same: what is copied from it is built on it.
    fn is_copy(&self, id: BaseId) -> bool {
        let base = self.catalogue.base(id);
        self.is_own(id) || (base.is_in_registry() && base.role == Role::Unknown)
    }

    fn is_own(&self, id: BaseId) -> bool {
        candidates::is_of(self.catalogue.base(id), &self.own)
    }

    /// The difference between a base's size and the image's first layers, in percent.
    fn misfit(&self, id: BaseId) -> u64 {
        let base = self.catalogue.base(id);
        let layers = candidates::layers_by_size(self.facts, base);
        self.size_misfit(id, Some(layers))
    }

    fn size_misfit(&self, id: BaseId, layers: Option<usize>) -> u64 {
        let base = self.catalogue.base(id);
        // Its own size is unknown if it was measured with something in it.
        if base.includes.is_some() {
            return 0;
        }
        let layers = layers.unwrap_or_else(|| candidates::layers_by_size(self.facts, base));
        candidates::difference(candidates::first_bytes(self.facts, layers), base.bytes)
    }

    /// The difference between a base's size and the image's first layers, in bytes.
    fn bytes_apart(&self, id: BaseId, layers: Option<usize>) -> u64 {
        let base = self.catalogue.base(id);
        let layers = layers.unwrap_or_else(|| candidates::layers_by_size(self.facts, base));
        candidates::first_bytes(self.facts, layers).abs_diff(base.bytes)
    }

    fn variable_misfit(&self, id: BaseId) -> usize {
        let Some(config) = &self.facts.config else {
            return 0;
        };
        let base = self.catalogue.base(id);
        base.variables
            .iter()
            .filter(|(name, value)| config.variables.get(*name) != Some(value))
            .count()
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
