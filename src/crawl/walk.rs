use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::BoxFuture;
use parking_lot::Mutex;

use super::attached::ReferrersApi;
use super::digest_state::{DigestState, DigestStates};
use super::finding_sender::{FindingSender, kind_of};
use super::repository::Visit;
use super::run::run_concurrently;
use super::untagged::ManifestsApi;
use super::vanishing::Vanishing;
use super::walk_outcome::WalkOutcome;
use super::{CrawlPlan, ReferrersPolicy};
use crate::inventory::{FaultKind, FaultLimit, Finding, ManifestFact};
use crate::oci::text::quoted;
use crate::oci::{Descriptor, Digest, DigestKey, Manifest, ManifestKind, Reference, RepositoryName, Tag};
use crate::registry::{Client, ErrorKind, FetchedManifest, RegistryError};
use crate::units::ByteCount;

/// How many levels of manifests below a tag's own are followed. Our choice: indexes of indexes are rare, and more than
/// two levels have not been seen.
const MAX_DEPTH: usize = 4;
/// How many manifests are fetched for one tag. Our choice: it bounds nested indexes of the largest allowed size.
const MAX_FETCHED_PER_TAG: usize = 10_000;
/// How many children of one index are walked at the same time. Our choice.
const CONCURRENT_CHILDREN: usize = 8;

/// One crawl of a registry.
pub(super) struct Walk<'a> {
    pub(super) client: &'a Client,
    pub(super) plan: &'a CrawlPlan,
    pub(super) sender: FindingSender<'a>,
    pub(super) referrers: ReferrersApi,
    pub(super) manifests: ManifestsApi,
    pub(super) digests: DigestStates,
    /// What indexes below tags list for platforms that were not chosen.
    pub(super) left_out: Mutex<HashSet<DigestKey>>,
    pub(super) vanishing: Vanishing,
    /// Listed repositories that these credentials may not read.
    pub(super) denied: Mutex<Vec<RepositoryName>>,
}

/// What has been fetched and visited for one tag.
pub(super) struct TagWalk {
    fetched: AtomicUsize,
    /// What came of manifests that are not complete, by digest and depth. Many indexes may list the same ones.
    walked: Mutex<HashMap<(Digest, usize), WalkOutcome>>,
    faults: Mutex<FaultLimit>,
    /// Manifests below the tag's own that this crawl has walked. Kept only if the plan asks for the referrers of all
    /// manifests.
    visited: Mutex<Vec<Digest>>,
}

/// A manifest to walk.
pub(super) struct ManifestTarget<'a> {
    pub(super) digest: Digest,
    /// How many indexes lie between it and the tag.
    pub(super) depth: usize,
    /// Its content, if resolving the tag returned it.
    pub(super) fetched: Option<FetchedManifest>,
    /// Its size according to the document that refers to it.
    pub(super) listed_size: Option<ByteCount>,
    /// The tag that points to it, if any.
    pub(super) tag: Option<&'a Tag>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(client: &'a Client, plan: &'a CrawlPlan, sender: FindingSender<'a>) -> Self {
        Self {
            client,
            plan,
            sender,
            referrers: ReferrersApi::default(),
            manifests: ManifestsApi::default(),
            digests: DigestStates::default(),
            left_out: Mutex::default(),
            vanishing: Vanishing::default(),
            denied: Mutex::default(),
        }
    }
}

impl Default for TagWalk {
    fn default() -> Self {
        Self {
            fetched: AtomicUsize::new(0),
            walked: Mutex::default(),
            faults: Mutex::new(FaultLimit::new(FaultLimit::OF_TAG)),
            visited: Mutex::default(),
        }
    }
}

impl TagWalk {
    /// Counts a fault in what the tag reaches. Returns whether it is to be listed.
    pub(super) fn admits_fault(&self, kind: FaultKind) -> bool {
        self.faults.lock().admits(kind)
    }

    /// How many faults are not listed, and the gravest kind among them.
    pub(super) fn faults_beyond(&self) -> Option<(u64, FaultKind)> {
        self.faults.lock().beyond()
    }

    pub(super) fn take_visited(&self) -> Vec<Digest> {
        std::mem::take(&mut self.visited.lock())
    }
}

impl Visit<'_> {
    /// Reports a manifest and everything below it, unless it is known.
    pub(super) fn manifest<'s>(
        &'s self,
        target: ManifestTarget<'s>,
        tag_walk: &'s TagWalk,
    ) -> BoxFuture<'s, WalkOutcome> {
        Box::pin(async move {
            let (digest, depth) = (target.digest, target.depth);
            if self.known.complete.contains(&digest) {
                return WalkOutcome::COMPLETE;
            }
            let Some(state) = self.walk.digests.get(digest) else {
                return WalkOutcome::COMPLETE;
            };
            let mut state = state.lock().await;
            if let Some(outcome) = self.outcome_of(digest, depth, tag_walk) {
                return outcome;
            }
            let mut outcome = WalkOutcome::COMPLETE;
            let manifest = match &*state {
                DigestState::Complete => return WalkOutcome::COMPLETE,
                DigestState::Broken(why) => return self.refused_again(why, target.tag).await,
                DigestState::Partial(manifest) => Arc::clone(manifest),
                DigestState::Open => match self.known.partial.get(&digest) {
                    Some(known) => Arc::new(known.clone()),
                    None => match self.read_manifest(target, tag_walk).await {
                        Ok((manifest, is_sound)) => {
                            outcome.lossless = is_sound;
                            Arc::new(manifest)
                        }
                        Err((new_state, missing)) => {
                            *state = new_state;
                            return missing;
                        }
                    },
                },
            };
            if depth > 0 && self.walk.plan.referrers == ReferrersPolicy::All {
                tag_walk.visited.lock().push(digest);
            }
            let outcome = outcome.with(self.walk_contents(&manifest, digest, depth, tag_walk).await);
            if outcome.whole {
                *state = DigestState::Complete;
                self.walk.digests.complete(digest);
            } else {
                *state = DigestState::Partial(manifest);
                let walked = match outcome.settled {
                    true => &self.settled,
                    false => &tag_walk.walked,
                };
                walked.lock().insert((digest, depth), outcome);
            }
            outcome
        })
    }

    /// What came of an incomplete manifest when it was walked at this depth before.
    fn outcome_of(&self, digest: Digest, depth: usize, tag_walk: &TagWalk) -> Option<WalkOutcome> {
        let place = (digest, depth);
        let settled = self.settled.lock().get(&place).copied();
        settled.or_else(|| tag_walk.walked.lock().get(&place).copied())
    }

    /// The outcome of a manifest that was refused before: it was reported then, but each tag is named.
    async fn refused_again(&self, why: &str, tag: Option<&Tag>) -> WalkOutcome {
        if let Some(tag) = tag {
            self.fault(tag.as_str(), FaultKind::Invalid, why.to_owned()).await;
        }
        WalkOutcome::REFUSED
    }

    /// Fetches a manifest and reports it. Returns whether its size is as listed, or else its new state and the outcome
    /// for its users.
    pub(super) async fn read_manifest(
        &self,
        mut target: ManifestTarget<'_>,
        tag_walk: &TagWalk,
    ) -> Result<(Manifest, bool), (DigestState, WalkOutcome)> {
        let digest = target.digest;
        let by_digest = digest.to_string();
        let reference = target.tag.map_or(by_digest.as_str(), Tag::as_str);
        if let Some(why) = self.is_refused(&digest) {
            return Err((DigestState::Open, self.refused_again(&why, target.tag).await));
        }
        let fetched = match target.fetched.take() {
            Some(fetched) => fetched,
            None => self
                .fetch_manifest(&target, reference, tag_walk)
                .await
                .map_err(|missing| (DigestState::Open, missing))?,
        };
        let parsed = Manifest::parse(&fetched.content, fetched.content_type.as_deref());
        let manifest = match parsed {
            Ok(manifest) => manifest,
            Err(error) => {
                let why: Arc<str> = format!("manifest {}: {error}", digest.short()).into();
                self.fault_within(tag_walk, reference, FaultKind::Invalid, why.to_string())
                    .await;
                let state = match error.is_of_the_answer() {
                    // Another repository may serve the same bytes with the right header.
                    true => {
                        self.remember_refused(digest, why);
                        DigestState::Open
                    }
                    false => DigestState::Broken(why),
                };
                return Err((state, WalkOutcome::REFUSED));
            }
        };
        let is_unsupported = manifest.kind == ManifestKind::Schema1;
        let is_sound = self
            .check_size(tag_walk, &by_digest, target.listed_size, fetched.size)
            .await;
        self.report_unknown_children(&manifest, reference, tag_walk).await;
        self.walk
            .sender
            .send(Finding::Manifest(Box::new(ManifestFact {
                digest,
                size: fetched.size,
                manifest: manifest.clone(),
            })))
            .await;
        let left_out = manifest.left_out_layers;
        if left_out > 0 {
            let fault = format!(
                "{left_out} of the {} layers of manifest {} state no size and are not counted",
                left_out + manifest.layers.len(),
                digest.short()
            );
            self.fault_within(tag_walk, reference, FaultKind::Invalid, fault)
                .await;
        }
        if is_unsupported {
            let fault = "Docker schema 1 does not say how large its layers are, so they are not counted";
            self.fault_within(tag_walk, reference, FaultKind::Unsupported, fault.to_owned())
                .await;
        }
        Ok((manifest, is_sound && left_out == 0))
    }

    /// Reports what an index lists that may be a manifest of a kind that is not known.
    async fn report_unknown_children(&self, manifest: &Manifest, reference: &str, tag_walk: &TagWalk) {
        for child in manifest
            .children
            .iter()
            .filter(|child| child.is_of_unknown_kind())
        {
            let fault = format!(
                "lists {} of the unknown media type {}, which is not read: what it leads to is not counted",
                child.digest.short(),
                quoted(&child.media_type)
            );
            self.fault_within(tag_walk, reference, FaultKind::Unsupported, fault)
                .await;
        }
    }

    async fn fetch_manifest(
        &self,
        target: &ManifestTarget<'_>,
        reference: &str,
        tag_walk: &TagWalk,
    ) -> Result<FetchedManifest, WalkOutcome> {
        if self.is_gone(&target.digest) {
            // Vanished content below an index is reported once, but each tag is named.
            if target.tag.is_some() {
                let fault = format!("it points to {}, which does not exist", target.digest.short());
                self.fault(reference, FaultKind::Vanished, fault).await;
            }
            return Err(WalkOutcome::VANISHED);
        }
        let before = tag_walk.fetched.fetch_add(1, Ordering::Relaxed);
        if before >= MAX_FETCHED_PER_TAG {
            if before == MAX_FETCHED_PER_TAG {
                let fault =
                    format!("more than {MAX_FETCHED_PER_TAG} manifests below one tag are not followed");
                self.fault_within(tag_walk, reference, FaultKind::Invalid, fault)
                    .await;
            }
            return Err(WalkOutcome::LOST);
        }
        let by_digest = Reference::Digest(target.digest);
        match self.walk.client.get_manifest(self.repository, &by_digest).await {
            Ok(fetched) => Ok(fetched),
            Err(error) if target.depth > 0 => Err(self
                .missing_below(tag_walk, target.digest, reference, &error)
                .await),
            Err(error) => Err(self.missing(tag_walk, target.digest, reference, &error).await),
        }
    }

    /// Walks what is below a manifest. Layers are never fetched: their descriptors say enough.
    async fn walk_contents(
        &self,
        manifest: &Manifest,
        digest: Digest,
        depth: usize,
        tag_walk: &TagWalk,
    ) -> WalkOutcome {
        if manifest.kind == ManifestKind::Image
            && let Some(config) = &manifest.config
        {
            return self.config(config, tag_walk).await;
        }
        let platforms = &self.walk.plan.platforms;
        let (children, left_out): (Vec<&Descriptor>, Vec<&Descriptor>) = manifest
            .children
            .iter()
            .filter(|child| child.may_be_manifest())
            .partition(|child| manifest.is_chosen_child(child, platforms));
        self.walk
            .left_out
            .lock()
            .extend(left_out.iter().map(|child| DigestKey::from(&child.digest)));
        let mut outcome = WalkOutcome::COMPLETE;
        if depth >= MAX_DEPTH && !children.is_empty() {
            let fault = format!("nested indexes are followed to a depth of {MAX_DEPTH} only");
            self.fault_within(tag_walk, &digest.to_string(), FaultKind::Invalid, fault)
                .await;
            return outcome.with(WalkOutcome::REFUSED);
        }
        // The same manifest may be listed for several platforms.
        let mut seen = HashSet::new();
        let children = children.into_iter().filter(|child| seen.insert(child.digest));
        let children = children.map(|child| {
            let target = ManifestTarget {
                digest: child.digest,
                depth: depth + 1,
                fetched: None,
                listed_size: Some(child.size),
                tag: None,
            };
            self.manifest(target, tag_walk)
        });
        run_concurrently(CONCURRENT_CHILDREN, children, |child| {
            outcome = outcome.with(child);
        })
        .await;
        outcome
    }

    /// Reports content that could not be fetched. Returns the outcome for what refers to it.
    pub(super) async fn missing(
        &self,
        tag_walk: &TagWalk,
        digest: Digest,
        reference: &str,
        error: &RegistryError,
    ) -> WalkOutcome {
        let kind = kind_of(error);
        if kind == FaultKind::Vanished {
            self.remember_gone(digest);
        }
        self.fault_within(tag_walk, reference, kind, error.to_string())
            .await;
        match kind.is_loss() {
            true => WalkOutcome::LOST,
            false => WalkOutcome::VANISHED,
        }
    }

    /// Like [`Self::missing`], of content that a manifest refers to which the registry has: what leads there is broken.
    pub(super) async fn missing_below(
        &self,
        tag_walk: &TagWalk,
        digest: Digest,
        reference: &str,
        error: &RegistryError,
    ) -> WalkOutcome {
        if error.kind() != ErrorKind::NotFound {
            return self.missing(tag_walk, digest, reference, error).await;
        }
        self.remember_gone(digest);
        let fault = format!("a manifest refers to it, and the registry no longer has it ({error})");
        self.fault_within(tag_walk, reference, FaultKind::Broken, fault)
            .await;
        WalkOutcome::VANISHED
    }

    /// Checks the size of content against its descriptor and reports a difference.
    pub(super) async fn check_size(
        &self,
        tag_walk: &TagWalk,
        reference: &str,
        listed: Option<ByteCount>,
        actual: ByteCount,
    ) -> bool {
        let Some(listed) = listed.filter(|listed| *listed != actual) else {
            return true;
        };
        let fault = format!(
            "is {} bytes long, but the document that refers to it says {}",
            actual.get(),
            listed.get()
        );
        self.fault_within(tag_walk, reference, FaultKind::Invalid, fault)
            .await;
        false
    }
}
