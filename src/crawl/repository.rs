use std::collections::HashSet;

use parking_lot::Mutex;

use super::outbox::kind_of;
use super::run::{report_refused_names, side_by_side};
use super::walk::{Trip, Walk, Wanted};
use super::{Known, Progress};
use crate::inventory::{FaultKind, Finding, RepositoryListing};
use crate::oci::{Digest, Reference, RepositoryName, Tag};
use crate::registry::{ErrorKind, FetchedManifest, ManifestHead, RegistryError};

/// One repository being walked.
pub(super) struct Visit<'a> {
    pub(super) walk: &'a Walk<'a>,
    pub(super) repository: &'a RepositoryName,
    pub(super) known: &'a Known,
    /// What this repository does not have although something in it refers to it. Another repository
    /// may have it.
    gone: Mutex<HashSet<Digest>>,
    /// The manifests for which the referrers API has been asked.
    pub(super) asked: Mutex<HashSet<Digest>>,
}

/// What is known of a repository's tags when its listing is over.
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
        // Before the tags: what is pushed and tagged meanwhile must not look as if it had no tag.
        let manifests = visit.list_manifests().await;
        let mut listed = visit.list(!manifests.is_empty()).await;
        if let Some(chosen) = &self.plan.tags {
            let chosen = chosen.get(repository);
            let is_chosen = |tag: &Tag| chosen.is_some_and(|tags| tags.contains(tag));
            listed.tags.retain(is_chosen);
            // What is left out is not missing.
            listed.listed_to_the_end = false;
        }
        let progress = self.outbox.progress;
        Progress::add(&progress.tags_listed, listed.tags.len());

        let mut complete = listed.lossless;
        let tags = listed.tags.iter().map(|tag| visit.tag(tag));
        side_by_side(self.plan.concurrent_tags, tags, |lossless| {
            complete &= lossless;
            Progress::add(&progress.tags_done, 1);
        })
        .await;
        let (manifests, lossless) = visit.untagged(manifests, !listed.tags.is_empty()).await;
        complete &= lossless;

        self.outbox
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
    /// Lists the tags of a repository, which may be known to exist.
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
                // Where tags are chosen one by one, they are read as far as they are there.
                Err(error) if self.walk.plan.tags.is_some() && error.kind() == ErrorKind::NotFound => break,
                // One in which no manifest has a tag need not have a list of tags.
                Err(error) if is_first && exists && error.kind() == ErrorKind::NotFound => {
                    listed.listed_to_the_end = true;
                    break;
                }
                Err(error) if is_first && self.is_asked_for_in_vain(&error) => {
                    // Whoever named it wants to know; a repository from the catalogue has just gone.
                    let fault = "there is no such repository, or these credentials may not see it";
                    self.fault("tags/list", FaultKind::Unavailable, fault.to_owned())
                        .await;
                    listed.lossless = false;
                    break;
                }
                Err(error) => {
                    listed.lossless = self.failed("tags/list", &error).await;
                    // A repository that does not exist has no tags, and that is all of them.
                    listed.listed_to_the_end = is_first && listed.lossless;
                    break;
                }
            }
        }
        report_refused_names(&self.walk.outbox, Some(self.repository), "tag", &refused).await;
        listed.lossless &= refused.is_empty();
        listed
    }

    /// Whether an error says that a repository which was named, and never seen, is not there.
    fn is_asked_for_in_vain(&self, error: &RegistryError) -> bool {
        error.kind() == ErrorKind::NotFound
            && self.walk.plan.repositories.named().contains(self.repository)
            && !self.known.tags.contains_key(self.repository)
    }

    /// Walks what a tag reaches and reports it; whether nothing is missing but what has vanished.
    async fn tag(&self, tag: &Tag) -> bool {
        let (digest, fetched) = match self.resolve(tag).await {
            Ok(resolved) => resolved,
            Err(error) => return self.failed(tag.as_str(), &error).await,
        };
        let trip = Trip::default();
        let wanted = Wanted {
            digest,
            depth: 0,
            fetched,
            listed_size: None,
            tag: Some(tag),
        };
        let reach = self.manifest(wanted, &trip).await;
        if !reach.present {
            return reach.lossless;
        }
        let attachments_lossless = self.attached(tag, digest, &trip).await;
        self.walk
            .outbox
            .send(Finding::Tag {
                repository: self.repository.clone(),
                tag: tag.clone(),
                digest,
            })
            .await;
        reach.lossless && attachments_lossless
    }

    /// What a tag points to now. In a repository that was never seen, the content is most likely new
    /// and comes with the answer; else its digest is asked for, and that is most likely known.
    async fn resolve(&self, tag: &Tag) -> Result<(Digest, Option<FetchedManifest>), RegistryError> {
        let client = self.walk.client;
        let by_tag = Reference::Tag(tag.clone());
        let known_tags = self.known.tags.get(self.repository);
        if known_tags.is_some_and(|tags| !tags.is_empty())
            // Older registries leave the digest out, and then only the content tells.
            && let ManifestHead { digest: Some(digest), .. } = client.head_manifest(self.repository, &by_tag).await?
        {
            return Ok((digest, None));
        }
        let fetched = client.get_manifest(self.repository, &by_tag).await?;
        Ok((fetched.digest, Some(fetched)))
    }

    /// Whether this repository is known not to have something, so that asking is in vain.
    pub(super) fn is_gone(&self, digest: &Digest) -> bool {
        let gone = self.gone.lock();
        gone.contains(digest)
    }

    pub(super) fn remember_gone(&self, digest: Digest) {
        let mut gone = self.gone.lock();
        gone.insert(digest);
    }

    /// Reports a failed request; whether that is no loss.
    pub(super) async fn failed(&self, reference: &str, error: &RegistryError) -> bool {
        let kind = kind_of(error);
        self.fault(reference, kind, error.to_string()).await;
        !kind.is_loss()
    }

    pub(super) async fn fault(&self, reference: &str, kind: FaultKind, fault: String) {
        self.walk
            .outbox
            .fault(Some(self.repository), reference, kind, fault)
            .await;
    }
}
