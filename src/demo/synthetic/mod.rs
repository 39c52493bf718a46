//! Registries of any size, computed from a seed: the same for the same seed, on every machine.
//!
//! No document is stored. A manifest, an index or a configuration is computed from its number when it is asked for:
//! the repository, its release, and the place in it. The structure is that of real registries: tags are heavy-tailed,
//! images share the layers of public bases and of the company's own, bases move on from release to release, indexes
//! have up to seven platforms, and there are charts, attestations, signatures and layers that are stored elsewhere.
//! The distributions are in `repository.rs` and `release.rs`, with their source.

mod draw;
mod plan;
mod recent;
mod release;
mod repository;
mod steps;
mod totals;

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use serde_json::Value;

pub use totals::SyntheticTotals;

use plan::Plan;
use recent::Recent;
use release::Release;
use totals::half;

use super::content::{Content, Document, Page, PageSizes};
use super::error::DemoError;
use super::server::RegistryServer;
use crate::oci::Digest;

/// Releases whose documents are kept for the next requests. Our choice: some more than a client reads at a time.
const KEPT_RELEASES: usize = 256;
/// Repositories whose tags are kept for the next requests. Our choice, as above.
const KEPT_TAG_TABLES: usize = 64;
/// Threads that answer. Our choice.
const WORKERS: usize = 2;

/// A running generated registry. It stops when dropped.
pub struct SyntheticRegistry {
    server: RegistryServer,
    url: String,
    content: Arc<Synthetic>,
}

/// Serves the registry of a seed that has exactly so many tags.
///
/// # Errors
/// If the address cannot be bound, or the data compiled into the program are inconsistent.
pub fn serve_synthetic(address: SocketAddr, tags: usize, seed: u64) -> Result<SyntheticRegistry, DemoError> {
    let content = Arc::new(Synthetic::new(Plan::new(tags, seed)?));
    let served: Arc<dyn Content> = Arc::<Synthetic>::clone(&content);
    let server = RegistryServer::start(address, served, WORKERS)?;
    Ok(SyntheticRegistry {
        url: format!("http://{}", server.address),
        server,
        content,
    })
}

impl SyntheticRegistry {
    /// Its URL: `http://`, address and port.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.server.address
    }

    /// How many repositories it has.
    pub fn repositories(&self) -> usize {
        self.content.plan.repositories.len()
    }

    /// How many requests it has received.
    pub fn requests(&self) -> u64 {
        self.server.requests()
    }

    /// What it contains, added up from its own numbers. Takes as long as reading all of it.
    pub fn totals(&self) -> SyntheticTotals {
        self.content.plan.totals()
    }
}

/// A digest's beginning, and the number of the release that has it.
type DigestIndex = Box<[([u8; 16], u32)]>;

/// The content of a generated registry, and what is remembered of it.
struct Synthetic {
    plan: Plan,
    /// By the repository's number: where its digests are. Filled when a digest of the repository is first asked for.
    digests: Vec<OnceLock<DigestIndex>>,
    releases: Recent<(usize, usize), Release>,
    tags: Recent<usize, Vec<(String, usize)>>,
}

impl Synthetic {
    fn new(plan: Plan) -> Self {
        Self {
            digests: plan.repositories.iter().map(|_| OnceLock::new()).collect(),
            plan,
            releases: Recent::new(KEPT_RELEASES),
            tags: Recent::new(KEPT_TAG_TABLES),
        }
    }

    fn release(&self, repository: usize, number: usize) -> Arc<Release> {
        self.releases.get((repository, number), || {
            self.plan.release(&self.plan.repositories[repository], number)
        })
    }

    fn tag_table(&self, repository: usize) -> Arc<Vec<(String, usize)>> {
        self.tags
            .get(repository, || self.plan.repositories[repository].tag_table())
    }

    /// The release of a repository that has a document of this digest.
    fn release_of(&self, repository: usize, digest: &Digest) -> Option<Arc<Release>> {
        let index = self.digests[repository].get_or_init(|| {
            let releases = 0..self.plan.repositories[repository].releases;
            let mut index: Vec<([u8; 16], u32)> = releases
                .flat_map(|number| {
                    let release = self.release(repository, number);
                    // A repository has fewer releases than tags, and far fewer than fit.
                    let entries: Vec<_> = release
                        .all()
                        .map(|document| (half(&document.digest), number as u32))
                        .collect();
                    entries
                })
                .collect();
            index.sort_unstable();
            index.dedup_by_key(|(digest, _)| *digest);
            index.into_boxed_slice()
        });
        let at = index
            .binary_search_by_key(&half(digest), |(digest, _)| *digest)
            .ok()?;
        Some(self.release(repository, index[at].1 as usize))
    }

    fn document(&self, repository: usize, digest: &Digest) -> Option<Document> {
        let release = self.release_of(repository, digest)?;
        release.all().find(|document| document.digest == *digest).cloned()
    }
}

impl Content for Synthetic {
    fn page_sizes(&self) -> PageSizes {
        // The most that CNCF Distribution answers with (its default, 2026).
        PageSizes {
            repositories: 1_000,
            tags: 1_000,
        }
    }

    fn repositories(&self, after: Option<&str>, most: usize) -> Page {
        Page::of(self.plan.names_after(after), None, most)
    }

    fn tags(&self, repository: &str, after: Option<&str>, most: usize) -> Option<Page> {
        let table = self.tag_table(self.plan.number(repository)?);
        Some(Page::of(table.iter().map(|(tag, _)| tag.as_str()), after, most))
    }

    fn manifest(&self, repository: &str, reference: &str) -> Option<Document> {
        let repository = self.plan.number(repository)?;
        if let Ok(digest) = reference.parse() {
            return self.document(repository, &digest);
        }
        let table = self.tag_table(repository);
        let at = table
            .binary_search_by(|(tag, _)| tag.as_str().cmp(reference))
            .ok()?;
        self.release(repository, table[at].1).top().cloned()
    }

    fn blob(&self, repository: &str, digest: &str) -> Option<Document> {
        self.document(self.plan.number(repository)?, &digest.parse().ok()?)
    }

    fn referrers(&self, repository: &str, digest: &str) -> Option<Vec<Value>> {
        let repository = self.plan.number(repository)?;
        let digest: Digest = digest.parse().ok()?;
        let release = self.release_of(repository, &digest);
        let attached = release.as_deref().and_then(|release| {
            let is_subject = release.top().is_some_and(|top| top.digest == digest);
            release.attached.as_ref().filter(|_| is_subject)
        });
        Some(
            attached
                .map(|(_, descriptor)| descriptor.clone())
                .into_iter()
                .collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::*;
    use crate::oci::{ImageConfig, Manifest, ManifestKind};

    fn registry(tags: usize, seed: u64) -> Synthetic {
        Synthetic::new(Plan::new(tags, seed).unwrap())
    }

    fn names(registry: &Synthetic) -> Vec<String> {
        registry.repositories(None, usize::MAX).entries
    }

    fn tags(registry: &Synthetic, repository: &str) -> Vec<String> {
        registry.tags(repository, None, usize::MAX).unwrap().entries
    }

    #[test]
    fn it_has_exactly_as_many_tags_as_were_asked_for() {
        for size in [1, 17, 300, 20_000] {
            let registry = registry(size, 4);
            let names = names(&registry);
            assert!(names.is_sorted_by(|one, other| one < other));
            let count: usize = names.iter().map(|name| tags(&registry, name).len()).sum();
            assert_eq!(count, size);
        }
    }

    #[test]
    fn what_a_tag_points_to_can_be_read_by_digest_and_every_digest_matches() {
        let registry = registry(250, 1);
        let mut seen = HashSet::new();
        let mut kinds = HashSet::new();
        for name in names(&registry) {
            let mut wanted: Vec<Digest> = tags(&registry, &name)
                .iter()
                .map(|tag| registry.manifest(&name, tag).unwrap().digest)
                .collect();
            while let Some(digest) = wanted.pop() {
                if !seen.insert(digest) {
                    continue;
                }
                let document = registry.manifest(&name, &digest.to_string()).unwrap();
                assert!(digest.matches(&document.bytes), "{name}@{digest}");
                let manifest = Manifest::parse(&document.bytes, Some(document.media_type)).unwrap();
                kinds.insert(manifest.kind);
                wanted.extend(manifest.children.iter().map(|child| child.digest));
                wanted.extend(
                    registry
                        .referrers(&name, &digest.to_string())
                        .unwrap()
                        .iter()
                        .map(|descriptor| descriptor["digest"].as_str().unwrap().parse::<Digest>().unwrap()),
                );
                let Some(config) = &manifest.config else { continue };
                let bytes = registry.blob(&name, &config.digest.to_string()).unwrap().bytes;
                assert!(config.digest.matches(&bytes));
                if manifest.kind == ManifestKind::Image {
                    let config = ImageConfig::parse(&bytes).unwrap();
                    assert_eq!(config.diff_ids.len(), manifest.layers.len());
                    let steps = config.history.iter().filter(|step| !step.empty_layer).count();
                    assert_eq!(steps, manifest.layers.len());
                }
            }
        }
        for kind in [
            ManifestKind::Image,
            ManifestKind::Index,
            ManifestKind::Artifact,
            ManifestKind::Attestation,
        ] {
            assert!(kinds.contains(&kind), "{kind:?}");
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_registry_whatever_is_asked_first() {
        let (one, other, different) = (registry(200, 1), registry(200, 1), registry(200, 2));
        let name = names(&one).pop().unwrap();
        let tag = tags(&one, &name).pop().unwrap();
        let digest = one.manifest(&name, &tag).unwrap().digest;
        assert_eq!(other.manifest(&name, &digest.to_string()).unwrap().digest, digest);
        assert_ne!(names(&one), names(&different));
    }

    #[test]
    fn its_structure_is_that_of_real_registries() {
        let registry = registry(1_500, 1);
        let plan = &registry.plan;
        let mut users: HashMap<Digest, HashSet<usize>> = HashMap::new();
        let (mut images, mut references) = (0, 0);
        for (number, repository) in plan.repositories.iter().enumerate() {
            for release in 0..repository.releases {
                let release = plan.release(repository, release);
                let manifests = release
                    .documents
                    .iter()
                    .filter(|document| document.media_type.contains("manifest.v"));
                images += manifests.count();
                references += release.layers.len();
                for (digest, _) in release.layers {
                    users.entry(digest).or_default().insert(number);
                }
            }
        }
        let shared = users
            .values()
            .filter(|repositories| repositories.len() > 1)
            .count();
        let most = users.values().map(HashSet::len).max().unwrap();
        // Of Docker's official images: 36 tags a repository, 1.5 images a tag, 8.2 layers an image, a tenth of the
        // layers in several repositories, and the most frequent one in a third of them.
        let found = format!(
            "{} repositories, {images} images, {references} references to {} layers, {shared} shared, one by {most}",
            plan.repositories.len(),
            users.len()
        );
        assert!((30..80).contains(&plan.repositories.len()), "{found}");
        assert!((1_500..3_400).contains(&images), "{found}");
        assert!((6..11).contains(&(references / images)), "{found}");
        assert!((users.len() / 20..users.len() / 4).contains(&shared), "{found}");
        assert!(most * 10 > plan.repositories.len(), "{found}");
    }
}
