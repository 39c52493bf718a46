use std::collections::HashSet;

use parking_lot::Mutex;

use super::finding_sender::kind_of;
use super::run::{report_refused_names, run_concurrently};
use super::walk::{ManifestTarget, TagWalk, Walk};
use super::{Known, Progress};
use crate::inventory::{FaultKind, Finding, RepositoryListing};
use crate::oci::{Digest, Reference, RepositoryName, Tag};
use crate::registry::{ErrorKind, FetchedManifest, ManifestHead, RegistryError};

/// The walk of one repository.
pub(super) struct Visit<'a> {
    pub(super) walk: &'a Walk<'a>,
    pub(super) repository: &'a RepositoryName,
    pub(super) known: &'a Known,
    /// Content that this repository does not have although something in it refers to it. Another repository may have
    /// it.
    gone: Mutex<HashSet<Digest>>,
    /// The manifests whose referrers have been requested.
    pub(super) asked: Mutex<HashSet<Digest>>,
}

/// The tag listing of a repository.
struct Tags {
    tags: Vec<Tag>,
    listed_to_the_end: bool,
    lossless: bool,
}

impl Walk<'_> {
    /// Walks one repository and reports it.
    pub(super) async fn repository(&self, repository: &RepositoryName, known: &Known) {
        let visit = Visit {
            walk: self,
            repository,
            known,
            gone: Mutex::default(),
            asked: Mutex::default(),
        };
        // Before the tags: a manifest that is pushed and tagged meanwhile must not look untagged.
        let manifests = visit.list_manifests().await;
        let mut listed = visit.list(!manifests.is_empty()).await;
        if let Some(chosen) = &self.plan.tags {
            let chosen = chosen.get(repository);
            let is_chosen = |tag: &Tag| chosen.is_some_and(|tags| tags.contains(tag));
            listed.tags.retain(is_chosen);
            // What was not chosen is not missing.
            listed.listed_to_the_end = false;
        }
        let progress = self.sender.progress;
        Progress::add(&progress.tags_listed, listed.tags.len());

        let mut complete = listed.lossless;
        let tags = listed.tags.iter().map(|tag| visit.tag(tag));
        run_concurrently(self.plan.concurrent_tags, tags, |lossless| {
            complete &= lossless;
            Progress::add(&progress.tags_done, 1);
        })
        .await;
        let (manifests, lossless) = visit.untagged(manifests, !listed.tags.is_empty()).await;
        complete &= lossless;

        self.sender
            .send(Finding::Repository(RepositoryListing {
                repository: repository.clone(),
                tags: listed.tags,
                listed_to_the_end: listed.listed_to_the_end,
                complete,
                manifests,
            }))
            .await;
        Progress::add(&progress.repositories_done, 1);
    }
}

impl Visit<'_> {
    /// Lists the tags of a repository. `exists` says that the repository is known to exist.
    async fn list(&self, exists: bool) -> Tags {
        let mut listed = Tags {
            tags: Vec::new(),
            listed_to_the_end: false,
            lossless: true,
        };
        let mut seen = HashSet::new();
        let mut refused = Vec::new();
        let mut next = None;
        loop {
            let is_first = next.is_none();
            match self.walk.client.tags_page(self.repository, next).await {
                Ok(page) => {
                    let new = page.items.into_iter().filter(|tag| seen.insert(tag.clone()));
                    listed.tags.extend(new);
                    refused.extend(page.invalid);
                    next = page.next;
                    if next.is_none() {
                        listed.listed_to_the_end = true;
                        break;
                    }
                }
                // Tags that were chosen one by one are read if they exist.
                Err(error) if self.walk.plan.tags.is_some() && error.kind() == ErrorKind::NotFound => break,
                // A repository without tags may have no tag listing.
                Err(error) if is_first && exists && error.kind() == ErrorKind::NotFound => {
                    listed.listed_to_the_end = true;
                    break;
                }
                Err(error) if is_first && self.is_unknown_by_name(&error) => {
                    // The operator named this repository and must learn of it. One from the catalogue has just vanished.
                    let fault = "there is no such repository, or these credentials may not see it";
                    self.fault("tags/list", FaultKind::Unavailable, fault.to_owned())
                        .await;
                    listed.lossless = false;
                    break;
                }
                Err(error) => {
                    listed.lossless = self.failed("tags/list", &error).await;
                    // A repository that does not exist has no tags, so the list is complete.
                    listed.listed_to_the_end = is_first && listed.lossless;
                    break;
                }
            }
        }
        report_refused_names(&self.walk.sender, Some(self.repository), "tag", &refused).await;
        listed.lossless &= refused.is_empty();
        listed
    }

    /// Whether an error says that a repository does not exist which the operator named and no crawl has seen.
    fn is_unknown_by_name(&self, error: &RegistryError) -> bool {
        error.kind() == ErrorKind::NotFound
            && self.walk.plan.repositories.named().contains(self.repository)
            && !self.known.tags.contains_key(self.repository)
    }

    /// Walks what a tag reaches and reports it. Returns whether nothing but vanished content is missing.
    async fn tag(&self, tag: &Tag) -> bool {
        let (digest, fetched) = match self.resolve(tag).await {
            Ok(resolved) => resolved,
            Err(error) => return self.failed(tag.as_str(), &error).await,
        };
        let tag_walk = TagWalk::default();
        let target = ManifestTarget {
            digest,
            depth: 0,
            fetched,
            listed_size: None,
            tag: Some(tag),
        };
        let outcome = self.manifest(target, &tag_walk).await;
        if !outcome.present {
            return outcome.lossless;
        }
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

    /// Whether the repository is known not to have this content.
    pub(super) fn is_gone(&self, digest: &Digest) -> bool {
        let gone = self.gone.lock();
        gone.contains(digest)
    }

    pub(super) fn remember_gone(&self, digest: Digest) {
        let mut gone = self.gone.lock();
        gone.insert(digest);
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
