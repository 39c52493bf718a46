//! Untagged manifests, if the registry lists all manifests of a repository.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::digest_state::DigestState;
use super::repository::Visit;
use super::run::{report_refused_names, run_concurrently};
use super::tag_listing::TagListing;
use super::walk::{ManifestTarget, TagWalk};
use super::walk_outcome::WalkOutcome;
use crate::inventory::{FaultKind, ListedDigest, ManifestListing, ManifestTimes};
use crate::oci::{Digest, DigestKey, Manifest};
use crate::registry::{AzureCounts, ErrorKind, ListedManifest, RegistryError};

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
        /// Whether nothing says that the listing lacks manifests.
        is_whole: bool,
    },
    /// These credentials may not list them.
    Denied(RegistryError),
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
        let (mut manifests, mut invalid) = match self.all_rows().await {
            Ok(rows) => rows,
            Err(instead) => return instead,
        };
        let mut is_whole = true;
        // Entries that make no sense are faults already.
        let counted = match invalid.is_empty() {
            true => self.counted_manifests(manifests.len()).await,
            false => None,
        };
        if let Some(counted) = counted {
            // One may have been pushed meanwhile.
            match self.all_rows().await {
                Ok(again) => (manifests, invalid) = again,
                Err(instead) => return instead,
            }
            let listed = manifests.len();
            if counted > listed as u64 {
                is_whole = false;
                let fault = format!(
                    "Azure counts {counted} manifests and lists {listed}: the listing may be partial, or some are \
                     hidden (listEnabled is false). Nothing counts as deleted because of it"
                );
                self.fault("_manifests", FaultKind::Unlisted, fault).await;
            }
        }
        report_refused_names(&self.walk.sender, Some(self.repository), "manifest", &invalid).await;
        AllManifests::Listed {
            manifests,
            lossless: invalid.is_empty(),
            is_whole,
        }
    }

    /// Reads the listing to its end: the manifests, each once, and the invalid entries.
    async fn all_rows(&self) -> Result<(Vec<ListedManifest>, Vec<String>), AllManifests> {
        let (mut manifests, mut seen, mut invalid) = (Vec::new(), HashSet::new(), Vec::new());
        let mut next = None;
        loop {
            let is_first = next.is_none();
            match self.walk.client.manifests_page(self.repository, next).await {
                Ok(page) => {
                    self.walk.manifests.has_answered.store(true, Ordering::Relaxed);
                    manifests.extend(page.items.into_iter().filter(|row| seen.insert(row.digest)));
                    invalid.extend(page.invalid);
                    next = page.next;
                    if next.is_none() {
                        return Ok((manifests, invalid));
                    }
                }
                Err(error) if is_first && error.kind() == ErrorKind::NotFound => {
                    return Err(AllManifests::Missing(error));
                }
                Err(error) if error.kind() == ErrorKind::Denied => return Err(AllManifests::Denied(error)),
                Err(error) => {
                    let lossless = self.failed("_manifests", &error).await;
                    return Err(AllManifests::Unread { lossless });
                }
            }
        }
    }

    /// How many manifests Azure counts, if that is more than it lists. It is asked only about a listing that nothing else
    /// confirms: of a new repository, and of one that lists fewer than before.
    async fn counted_manifests(&self, listed: usize) -> Option<u64> {
        let before = self.known.listed.get(self.repository).copied();
        let is_new = !self.known.tags.contains_key(self.repository);
        if !is_new && before.is_none_or(|before| listed >= before) {
            return None;
        }
        let counts = self.azure_counts().await?;
        counts.manifests.filter(|counted| *counted > listed as u64)
    }

    /// What Azure counts in the repository, asked once. `None` if it does not say.
    pub(super) async fn azure_counts(&self) -> Option<AzureCounts> {
        let counts = self
            .counts
            .get_or_init(|| async { self.walk.client.azure_counts(self.repository).await.ok() });
        *counts.await
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
    pub(super) async fn untagged(&self, all: AllManifests, tags: &TagListing) -> (ManifestListing, bool) {
        let (manifests, mut lossless, is_whole) = match all {
            AllManifests::Listed {
                manifests,
                lossless,
                is_whole,
            } => (manifests, lossless, is_whole),
            AllManifests::Unread { lossless } => return (ManifestListing::Unread, lossless),
            // What was known of a repository that may not be read any more stays.
            AllManifests::Denied(_) if tags.is_denied => return (ManifestListing::Unread, true),
            AllManifests::Denied(error) => {
                let advice = "give the identity in use the right to read metadata (AcrPull, or Container Registry \
                              Repository Reader where the registry goes by attributes, or metadata/read for a token of \
                              the registry's own)";
                self.refused(&error, advice).await;
                return (ManifestListing::Unavailable, true);
            }
            AllManifests::Unavailable => return (ManifestListing::Unavailable, true),
            // The whole repository is gone.
            AllManifests::Missing(_) if tags.tags.is_empty() => {
                return (ManifestListing::Listed(Vec::new()), true);
            }
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
        let there = manifests.into_iter().filter(|row| !gone.contains(&row.digest));
        let there = there.map(|row| ListedDigest {
            digest: row.digest,
            times: ManifestTimes {
                created: row.created,
                changed: row.updated,
            },
        });
        let there = there.collect();
        let listing = match is_whole {
            true => ManifestListing::Listed(there),
            false => ManifestListing::Partial(there),
        };
        (listing, lossless)
    }

    /// Whether a manifest is saved already, or belongs to a tagged image for a platform that was not chosen.
    fn is_known_or_left_out(&self, digest: &Digest) -> bool {
        if self.known.is_saved(digest) {
            return true;
        }
        let left_out = self.walk.left_out.lock();
        left_out.contains(&DigestKey::from(digest))
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
