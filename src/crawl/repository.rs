use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use tokio::sync::OnceCell;

use super::finding_sender::kind_of;
use super::recheck::listed_digests;
use super::run::run_concurrently;
use super::untagged::AllManifests;
use super::walk::{ManifestTarget, TagWalk, Walk};
use super::walk_outcome::WalkOutcome;
use super::{Known, Progress};
use crate::inventory::{FaultKind, Finding, RepositoryListing};
use crate::oci::{Digest, Reference, RepositoryName, Tag};
use crate::registry::{AzureCounts, ErrorKind, FetchedManifest, ManifestHead, RegistryError};

/// The walk of one repository.
pub(super) struct Visit<'a> {
    pub(super) walk: &'a Walk<'a>,
    pub(super) repository: &'a RepositoryName,
    pub(super) known: &'a Known,
    /// Content that this repository does not have although something in it refers to it. Another repository may have
    /// it.
    gone: Mutex<HashSet<Digest>>,
    /// Manifests that this repository serves in a way that another one may not, such as with a wrong `Content-Type`, and
    /// why they are refused.
    refused: Mutex<HashMap<Digest, Arc<str>>>,
    /// What came of manifests that are not complete, by digest and depth, if walking them again comes to the same.
    pub(super) settled: Mutex<HashMap<(Digest, usize), WalkOutcome>>,
    /// The manifests whose referrers have been requested.
    pub(super) asked: Mutex<HashSet<Digest>>,
    /// Whether a tag that is known and listed could not be found.
    lost_known_tags: AtomicBool,
    /// All manifests of this repository, if the registry lists them.
    pub(super) listed_manifests: OnceLock<HashSet<Digest>>,
    /// Indexes whose children have been checked.
    pub(super) rechecked: Mutex<HashSet<Digest>>,
    /// What Azure counts in this repository.
    pub(super) counts: OnceCell<Option<AzureCounts>>,
    /// The listed tags that AWS ECR answers 404 for.
    archived: Mutex<Vec<Tag>>,
}

impl Walk<'_> {
    /// Walks one repository and reports it.
    pub(super) async fn repository(&self, repository: &RepositoryName, known: &Known) {
        let visit = Visit::new(self, repository, known);
        // Before the tags: a manifest that is pushed and tagged meanwhile must not look untagged.
        let mut manifests = visit.list_manifests().await;
        let mut listed = visit.list(&manifests).await;
        if let Some(with_tags) = listed.manifests.take() {
            manifests = with_tags;
        }
        if let AllManifests::Listed { manifests, .. } = &manifests {
            visit.listed_manifests.get_or_init(|| listed_digests(manifests));
        }
        if let Some(chosen) = &self.plan.tags {
            let chosen = chosen.get(repository);
            let is_chosen = |tag: &Tag| chosen.is_some_and(|tags| tags.contains(tag));
            listed.tags.retain(is_chosen);
            // What was not chosen is not missing.
            listed.listed_to_the_end = false;
        }
        let progress = self.sender.progress;
        Progress::add(&progress.tags_listed, listed.tags.len());

        let known_tags = known.tags.get(repository);
        let is_known = |tag: &&Tag| known_tags.is_some_and(|known| known.contains(*tag));
        self.vanishing
            .count_listed(listed.tags.iter().filter(is_known).count());
        let mut complete = listed.lossless;
        let digests = &listed.digests;
        let tags = listed
            .tags
            .iter()
            .map(|tag| visit.tag(tag, digests.get(tag).copied()));
        run_concurrently(self.plan.concurrent_tags, tags, |lossless| {
            complete &= lossless;
            Progress::add(&progress.tags_done, 1);
        })
        .await;
        visit.report_archived().await;
        let (manifests, lossless) = visit.untagged(manifests, &listed).await;
        complete &= lossless;

        let listing = RepositoryListing {
            repository: repository.clone(),
            tags: listed.tags,
            listed_to_the_end: listed.listed_to_the_end,
            complete,
            manifests,
        };
        match visit.lost_known_tags.load(Ordering::Relaxed) {
            true => self.vanishing.hold_back(listing),
            false => self.sender.send(Finding::Repository(listing)).await,
        }
        Progress::add(&progress.repositories_done, 1);
    }
}

impl<'a> Visit<'a> {
    pub(super) fn new(walk: &'a Walk<'a>, repository: &'a RepositoryName, known: &'a Known) -> Self {
        Self {
            walk,
            repository,
            known,
            gone: Mutex::default(),
            refused: Mutex::default(),
            settled: Mutex::default(),
            asked: Mutex::default(),
            lost_known_tags: AtomicBool::new(false),
            listed_manifests: OnceLock::new(),
            rechecked: Mutex::default(),
            counts: OnceCell::new(),
            archived: Mutex::default(),
        }
    }
}

impl Visit<'_> {
    /// Walks what a tag reaches and reports it. Returns whether nothing but vanished content is missing.
    ///
    /// `listed` is the manifest that it points to according to the listing of tags.
    async fn tag(&self, tag: &Tag, listed: Option<Digest>) -> bool {
        let resolved = match listed {
            Some(digest) => Ok((digest, None)),
            None => self.resolve(tag).await,
        };
        let (digest, fetched) = match resolved {
            Ok(resolved) => resolved,
            Err(error) if error.kind() == ErrorKind::NotFound && self.walk.client.lists_archived_images() => {
                self.archived.lock().push(tag.clone());
                return true;
            }
            Err(error) => {
                if error.kind() == ErrorKind::NotFound {
                    self.lost(tag);
                }
                return self.failed(tag.as_str(), &error).await;
            }
        };
        self.resolved(tag, digest, fetched).await
    }

    /// Walks what a tag reaches that points to this manifest, and reports it. `fetched` is the manifest, if it was read.
    pub(super) async fn resolved(&self, tag: &Tag, digest: Digest, fetched: Option<FetchedManifest>) -> bool {
        let tag_walk = TagWalk::default();
        let target = ManifestTarget {
            digest,
            depth: 0,
            fetched,
            listed_size: None,
            tag: Some(tag),
        };
        let outcome = self.manifest(target, &tag_walk).await;
        self.report_more_faults(tag, &tag_walk).await;
        if !outcome.present {
            if outcome.lossless {
                self.lost(tag);
            }
            return outcome.lossless;
        }
        self.recheck(tag, digest).await;
        let attachments_lossless = self.attached(tag, digest, &tag_walk).await;
        self.walk
            .sender
            .send(Finding::Tag {
                repository: self.repository.clone(),
                tag: tag.clone(),
                digest,
            })
            .await;
        outcome.lossless && attachments_lossless
    }

    /// Resolves a tag. In a new repository the content is probably new, so it is fetched at once. Otherwise only the
    /// digest is requested, which is probably known.
    async fn resolve(&self, tag: &Tag) -> Result<(Digest, Option<FetchedManifest>), RegistryError> {
        let client = self.walk.client;
        let by_tag = Reference::Tag(tag.clone());
        let known_tags = self.known.tags.get(self.repository);
        if known_tags.is_some_and(|tags| !tags.is_empty())
            // Older registries omit the digest, so the content must be fetched.
            && let ManifestHead { digest: Some(digest), .. } = client.head_manifest(self.repository, &by_tag).await?
        {
            return Ok((digest, None));
        }
        let fetched = client.get_manifest(self.repository, &by_tag).await?;
        Ok((fetched.digest, Some(fetched)))
    }

    /// Reports the listed tags whose images seem to be archived. ECR stores and bills these, so known ones stay as they are.
    async fn report_archived(&self) {
        let archived = std::mem::take(&mut *self.archived.lock());
        if archived.is_empty() {
            return;
        }
        let known_tags = self.known.tags.get(self.repository);
        let is_known = |tag: &&Tag| known_tags.is_some_and(|known| known.contains(*tag));
        let known = archived.iter().filter(is_known).count();
        let unknown = archived.len() - known;
        let fault = format!(
            "{} listed tags cannot be read (404): their images are probably archived, which ECR stores and bills. \
             Known ones stay counted ({known}); the size of the others is not known ({unknown})",
            archived.len()
        );
        self.fault("tags/list", FaultKind::Unsupported, fault).await;
    }

    /// Records that a listed tag cannot be found.
    fn lost(&self, tag: &Tag) {
        let known_tags = self.known.tags.get(self.repository);
        if known_tags.is_some_and(|known| known.contains(tag)) {
            self.walk.vanishing.count_vanished();
            self.lost_known_tags.store(true, Ordering::Relaxed);
        }
    }

    /// Whether the repository is known not to have this content.
    pub(super) fn is_gone(&self, digest: &Digest) -> bool {
        let gone = self.gone.lock();
        gone.contains(digest)
    }

    pub(super) fn remember_gone(&self, digest: Digest) {
        let mut gone = self.gone.lock();
        gone.insert(digest);
    }

    /// Why this repository's form of a manifest is refused, if it is.
    pub(super) fn is_refused(&self, digest: &Digest) -> Option<Arc<str>> {
        self.refused.lock().get(digest).cloned()
    }

    pub(super) fn remember_refused(&self, digest: Digest, why: Arc<str>) {
        self.refused.lock().insert(digest, why);
    }

    /// Says how many faults below a tag are not listed.
    async fn report_more_faults(&self, tag: &Tag, tag_walk: &TagWalk) {
        if let Some((count, kind)) = tag_walk.faults_beyond() {
            let fault = format!("and {count} more faults in what this tag reaches, which are not listed");
            self.fault(tag.as_str(), kind, fault).await;
        }
    }

    /// Reports a fault in what a tag reaches, unless there are too many of it. What changes which content counts is always
    /// reported.
    pub(super) async fn fault_within(
        &self,
        tag_walk: &TagWalk,
        reference: &str,
        kind: FaultKind,
        fault: String,
    ) {
        let is_fact = matches!(kind, FaultKind::Broken | FaultKind::Vanished);
        if is_fact || tag_walk.admits_fault(kind) {
            self.fault(reference, kind, fault).await;
        }
    }

    /// Reports a failed request. Returns whether nothing is lost.
    pub(super) async fn failed(&self, reference: &str, error: &RegistryError) -> bool {
        let kind = kind_of(error);
        self.fault(reference, kind, error.to_string()).await;
        !kind.is_loss()
    }

    pub(super) async fn fault(&self, reference: &str, kind: FaultKind, fault: String) {
        self.walk
            .sender
            .fault(Some(self.repository), reference, kind, fault)
            .await;
    }
}
