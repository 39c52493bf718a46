//! What a repository holds beside what its tags reach, where the registry lists all its manifests.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::claims::Claim;
use super::reach::Reach;
use super::repository::Visit;
use super::run::{report_refused_names, side_by_side};
use super::walk::{Trip, Wanted};
use crate::inventory::{FaultKind, ManifestListing};
use crate::oci::{Digest, Manifest};
use crate::registry::{ErrorKind, ListedManifest, RegistryError};

/// After so many refusals without an answer, no more repositories are asked for.
const MAX_REFUSALS: usize = 3;

/// Whether the registry lists its manifests.
#[derive(Default)]
pub(super) struct ManifestsApi {
    has_answered: AtomicBool,
    refusals: AtomicUsize,
}

/// What came of listing a repository's manifests.
pub(super) enum AllManifests {
    /// All of them were listed.
    Listed {
        manifests: Vec<ListedManifest>,
        /// Whether every entry of the list made sense.
        lossless: bool,
    },
    /// The registry has no such list of such a repository.
    Missing(RegistryError),
    /// The list did not come to its end, or was not asked for because only some tags are wanted.
    Unread { lossless: bool },
    /// Nobody asks, or nobody is answered.
    NotToBeHad,
}

impl AllManifests {
    /// Whether it is known that nothing is there.
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Listed { manifests, .. } => manifests.is_empty(),
            _ => true,
        }
    }
}

impl Visit<'_> {
    /// Lists all manifests of the repository, where the plan wants to know what no tag reaches.
    pub(super) async fn list_manifests(&self) -> AllManifests {
        let (plan, api) = (self.walk.plan, &self.walk.manifests);
        if !plan.untagged {
            return AllManifests::NotToBeHad;
        }
        if plan.tags.is_some() {
            return AllManifests::Unread { lossless: true };
        }
        let has_answered = api.has_answered.load(Ordering::Relaxed);
        if !has_answered && api.refusals.load(Ordering::Relaxed) >= MAX_REFUSALS {
            return AllManifests::NotToBeHad;
        }
        let (mut manifests, mut seen, mut invalid) = (Vec::new(), HashSet::new(), Vec::new());
        let mut next = None;
        loop {
            let is_first = next.is_none();
            match self.walk.client.manifests_page(self.repository, next).await {
                Ok(page) => {
                    api.has_answered.store(true, Ordering::Relaxed);
                    let new = page.items.into_iter().filter(|row| seen.insert(row.digest));
                    manifests.extend(new);
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
        report_refused_names(&self.walk.outbox, Some(self.repository), "manifest", &invalid).await;
        AllManifests::Listed {
            manifests,
            lossless: invalid.is_empty(),
        }
    }

    /// Says once in a crawl that what no tag reaches is not to be had.
    async fn refused(&self, error: &RegistryError, advice: &str) -> AllManifests {
        if self.walk.manifests.refusals.fetch_add(1, Ordering::Relaxed) == 0 {
            let fault = format!(
                "{error}. What no tag reaches is not known: {advice}, or set untagged = \"never\" for this registry"
            );
            self.fault("_manifests", FaultKind::Unlisted, fault).await;
        }
        AllManifests::NotToBeHad
    }

    /// Reports those of all manifests that are not known, once the tags have been walked. Says what the
    /// listing came to, and whether nothing is missing because of it but what has vanished.
    ///
    /// Only the manifests themselves are fetched: what is beneath an index is listed too, and a configuration
    /// is as large as its manifest says.
    pub(super) async fn untagged(&self, all: AllManifests, has_tags: bool) -> (ManifestListing, bool) {
        let (manifests, mut lossless) = match all {
            AllManifests::Listed { manifests, lossless } => (manifests, lossless),
            AllManifests::Unread { lossless } => return (ManifestListing::Unread, lossless),
            AllManifests::NotToBeHad => return (ManifestListing::NotToBeHad, true),
            // The whole repository is gone.
            AllManifests::Missing(_) if !has_tags => return (ManifestListing::Listed(Vec::new()), true),
            AllManifests::Missing(error) => {
                let advice = "a registry that is not Azure Container Registry does not list its manifests";
                self.refused(&error, advice).await;
                return (ManifestListing::NotToBeHad, true);
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
        side_by_side(self.walk.plan.concurrent_tags, unknown, |(digest, reach)| {
            lossless &= reach.lossless;
            if !reach.present && reach.lossless {
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

    /// Reports a manifest without what is beneath it, unless this crawl has met it.
    async fn listed_manifest(&self, digest: Digest) -> Reach {
        let Some(claim) = self.walk.claims.of(digest) else {
            return Reach::WHOLE;
        };
        let mut claim = claim.lock().await;
        match &*claim {
            Claim::Complete | Claim::Partial(_) => return Reach::WHOLE,
            Claim::Broken(_) => return Reach::LOST,
            Claim::Open if self.is_gone(&digest) => return Reach::GONE,
            Claim::Open => {}
        }
        let wanted = Wanted {
            digest,
            depth: 0,
            fetched: None,
            listed_size: None,
            tag: None,
        };
        match self.read_manifest(wanted, &Trip::default()).await {
            Ok((manifest, _)) => {
                // A tag elsewhere may lead to it later in this crawl; then what is beneath it is wanted.
                *claim = Claim::Partial(Arc::new(without_layers(manifest)));
                Reach::WHOLE
            }
            Err((outcome, missing)) => {
                *claim = outcome;
                missing
            }
        }
    }
}

/// What has to be remembered of a manifest to walk what is beneath it.
fn without_layers(manifest: Manifest) -> Manifest {
    Manifest {
        layers: Vec::new(),
        annotations: Default::default(),
        ..manifest
    }
}
