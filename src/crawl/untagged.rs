//! Untagged manifests, if the registry lists all manifests of a repository.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::digest_state::DigestState;
use super::repository::Visit;
use super::run::{report_refused_names, run_concurrently};
use super::walk::{ManifestTarget, TagWalk};
use super::walk_outcome::WalkOutcome;
use crate::inventory::{FaultKind, ManifestListing};
use crate::oci::{Digest, Manifest};
use crate::registry::{ErrorKind, ListedManifest, RegistryError};

/// After this many refusals without a listing, no more repositories are asked for. Our choice.
const MAX_REFUSALS: usize = 3;

/// Whether the registry lists its manifests.
#[derive(Default)]
pub(super) struct ManifestsApi {
    has_answered: AtomicBool,
    refusals: AtomicUsize,
}

/// The result of listing a repository's manifests.
pub(super) enum AllManifests {
    /// All of them were listed.
    Listed {
        manifests: Vec<ListedManifest>,
        /// Whether every entry was valid.
        lossless: bool,
    },
    /// The registry has no such listing for this repository.
    Missing(RegistryError),
    /// The listing did not end, or was not requested because only some tags are wanted.
    Unread { lossless: bool },
    /// The plan does not ask for it, or the registry does not answer.
    Unavailable,
}

impl Visit<'_> {
    /// Lists all manifests of the repository, if the plan asks for untagged manifests.
    pub(super) async fn list_manifests(&self) -> AllManifests {
        let (plan, api) = (self.walk.plan, &self.walk.manifests);
        if !plan.untagged {
            return AllManifests::Unavailable;
        }
        if plan.tags.is_some() {
            return AllManifests::Unread { lossless: true };
        }
        let has_answered = api.has_answered.load(Ordering::Relaxed);
        if !has_answered && api.refusals.load(Ordering::Relaxed) >= MAX_REFUSALS {
            return AllManifests::Unavailable;
        }
        let (mut manifests, mut seen, mut invalid) = (Vec::new(), HashSet::new(), Vec::new());
        let mut next = None;
        loop {
            let is_first = next.is_none();
            match self.walk.client.manifests_page(self.repository, next).await {
                Ok(page) => {
                    api.has_answered.store(true, Ordering::Relaxed);
                    manifests.extend(page.items.into_iter().filter(|row| seen.insert(row.digest)));
                    invalid.extend(page.invalid);
                    next = page.next;
                    if next.is_none() {
                        break;
                    }
                }
                Err(error) if is_first && error.kind() == ErrorKind::NotFound => {
                    return AllManifests::Missing(error);
                }
                Err(error) if error.kind() == ErrorKind::Denied => {
                    let advice = "give the identity in use the right to read metadata (AcrPull, or Container Registry \
                                  Repository Reader where the registry goes by attributes, or metadata/read for a \
                                  token of the registry's own)";
                    return self.refused(&error, advice).await;
                }
                Err(error) => {
                    let lossless = self.failed("_manifests", &error).await;
                    return AllManifests::Unread { lossless };
                }
            }
        }
        report_refused_names(&self.walk.sender, Some(self.repository), "manifest", &invalid).await;
        AllManifests::Listed {
            manifests,
            lossless: invalid.is_empty(),
        }
    }

    /// Reports, once per crawl, that untagged manifests cannot be listed.
    async fn refused(&self, error: &RegistryError, advice: &str) -> AllManifests {
        if self.walk.manifests.refusals.fetch_add(1, Ordering::Relaxed) == 0 {
            let fault = format!(
                "{error}. What no tag reaches is not known: {advice}, or set untagged = \"never\" for this registry"
            );
            self.fault("_manifests", FaultKind::Unlisted, fault).await;
        }
        AllManifests::Unavailable
    }

    /// After the tags have been walked, reports the listed manifests that are not known yet. Returns the listing, and
    /// whether nothing but vanished content is missing because of it.
    ///
    /// Only the manifests themselves are fetched: what is below an index is listed too, and a manifest states the size
    /// of its configuration.
    pub(super) async fn untagged(&self, all: AllManifests, has_tags: bool) -> (ManifestListing, bool) {
        let (manifests, mut lossless) = match all {
            AllManifests::Listed { manifests, lossless } => (manifests, lossless),
            AllManifests::Unread { lossless } => return (ManifestListing::Unread, lossless),
            AllManifests::Unavailable => return (ManifestListing::Unavailable, true),
            // The whole repository is gone.
            AllManifests::Missing(_) if !has_tags => return (ManifestListing::Listed(Vec::new()), true),
            AllManifests::Missing(error) => {
                let advice = "a registry that is not Azure Container Registry does not list its manifests";
                self.refused(&error, advice).await;
                return (ManifestListing::Unavailable, true);
            }
        };
        let mut locked = 0_usize;
        let mut unknown = Vec::new();
        for row in &manifests {
            if self.is_known_or_left_out(&row.digest) {
                continue;
            }
            match row.is_locked {
                true => locked += 1,
                false => unknown.push(row.digest),
            }
        }
        if locked > 0 {
            let fault = format!(
                "manifests that are locked against being read (readEnabled is false): {locked}; what no tag reaches \
                 of them is not counted"
            );
            self.fault("_manifests", FaultKind::Unlisted, fault).await;
        }
        let mut gone = HashSet::new();
        let unknown = unknown
            .into_iter()
            .map(async |digest| (digest, self.listed_manifest(digest).await));
        run_concurrently(self.walk.plan.concurrent_tags, unknown, |(digest, outcome)| {
            lossless &= outcome.lossless;
            if !outcome.present && outcome.lossless {
                gone.insert(digest);
            }
        })
        .await;
        let there = manifests.into_iter().map(|row| row.digest);
        let there = there.filter(|digest| !gone.contains(digest)).collect();
        (ManifestListing::Listed(there), lossless)
    }

    /// Whether a manifest is saved already, or belongs to a tagged image for a platform that was not chosen.
    fn is_known_or_left_out(&self, digest: &Digest) -> bool {
        let known = self.known;
        if known.complete.contains(digest) || known.partial.contains_key(digest) {
            return true;
        }
        let left_out = self.walk.left_out.lock();
        left_out.contains(digest)
    }

    /// Reports a manifest without what is below it, unless this crawl has visited it.
    async fn listed_manifest(&self, digest: Digest) -> WalkOutcome {
        let Some(state) = self.walk.digests.get(digest) else {
            return WalkOutcome::COMPLETE;
        };
        let mut state = state.lock().await;
        match &*state {
            DigestState::Complete | DigestState::Partial(_) => return WalkOutcome::COMPLETE,
            DigestState::Broken(_) => return WalkOutcome::LOST,
            DigestState::Open if self.is_gone(&digest) => return WalkOutcome::VANISHED,
            DigestState::Open => {}
        }
        let target = ManifestTarget {
            digest,
            depth: 0,
            fetched: None,
            listed_size: None,
            tag: None,
        };
        match self.read_manifest(target, &TagWalk::default()).await {
            Ok((manifest, _)) => {
                // A tag elsewhere may lead to it later in this crawl, which then needs what is below it.
                *state = DigestState::Partial(Arc::new(without_layers(manifest)));
                WalkOutcome::COMPLETE
            }
            Err((new_state, missing)) => {
                *state = new_state;
                missing
            }
        }
    }
}

/// The parts of a manifest that are needed to walk what is below it.
fn without_layers(manifest: Manifest) -> Manifest {
    Manifest {
        layers: Vec::new(),
        annotations: Default::default(),
        ..manifest
    }
}
