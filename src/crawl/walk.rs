use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::BoxFuture;
use parking_lot::Mutex;

use super::attached::ReferrersApi;
use super::claims::{Claim, Claims};
use super::outbox::Outbox;
use super::reach::Reach;
use super::repository::Visit;
use super::run::side_by_side;
use super::untagged::ManifestsApi;
use super::{CrawlPlan, ReferrersPolicy};
use crate::inventory::{FaultKind, Finding, ManifestFact};
use crate::oci::{Descriptor, Digest, Manifest, ManifestKind, Reference, Tag};
use crate::registry::{Client, ErrorKind, FetchedManifest, RegistryError};
use crate::units::ByteCount;

/// How many levels of manifests beneath a tag's own are followed. Indexes of indexes are rare, and
/// nobody has been seen to go beyond two levels.
const MAX_DEPTH: usize = 4;
/// How many manifests are fetched on behalf of one tag. Indexes of the largest allowed size within
/// each other would be without end for any practical purpose.
const MAX_FETCHED_PER_TAG: usize = 10_000;
/// How many children of one index are walked side by side.
const CHILDREN_AT_A_TIME: usize = 8;

/// One crawl of a registry.
pub(super) struct Walk<'a> {
    pub(super) client: &'a Client,
    pub(super) plan: &'a CrawlPlan,
    pub(super) outbox: Outbox<'a>,
    pub(super) referrers: ReferrersApi,
    pub(super) manifests: ManifestsApi,
    pub(super) claims: Claims,
    /// What the indexes beneath tags list for platforms that were not chosen.
    pub(super) left_out: Mutex<HashSet<Digest>>,
}

/// What one tag has led to so far.
#[derive(Default)]
pub(super) struct Trip {
    fetched: AtomicUsize,
    /// The manifests beneath the tag's own that this crawl has walked; kept only where referrers are
    /// asked for all of them.
    met: Mutex<Vec<Digest>>,
}

/// A manifest to be walked.
pub(super) struct Wanted<'a> {
    pub(super) digest: Digest,
    /// How many indexes lie between it and the tag.
    pub(super) depth: usize,
    /// Its content, where asking for the tag has brought it.
    pub(super) fetched: Option<FetchedManifest>,
    /// How long whoever refers to it says it is.
    pub(super) listed_size: Option<ByteCount>,
    /// The tag that points to it, where one does.
    pub(super) tag: Option<&'a Tag>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(client: &'a Client, plan: &'a CrawlPlan, outbox: Outbox<'a>) -> Self {
        Self {
            client,
            plan,
            outbox,
            referrers: ReferrersApi::default(),
            manifests: ManifestsApi::default(),
            claims: Claims::default(),
            left_out: Mutex::default(),
        }
    }
}

impl Trip {
    pub(super) fn take_met(&self) -> Vec<Digest> {
        std::mem::take(&mut self.met.lock())
    }
}

impl Visit<'_> {
    /// Reports a manifest and everything beneath, as far as that is not known.
    pub(super) fn manifest<'s>(&'s self, wanted: Wanted<'s>, trip: &'s Trip) -> BoxFuture<'s, Reach> {
        Box::pin(async move {
            let (digest, depth) = (wanted.digest, wanted.depth);
            if self.known.complete.contains(&digest) {
                return Reach::WHOLE;
            }
            let Some(claim) = self.walk.claims.of(digest) else {
                return Reach::WHOLE;
            };
            let mut claim = claim.lock().await;
            let mut reach = Reach::WHOLE;
            let manifest = match &*claim {
                Claim::Complete => return Reach::WHOLE,
                Claim::Broken(why) => {
                    // It was reported under the tag that came first; what this one reaches is lost too.
                    if let Some(tag) = wanted.tag {
                        self.fault(tag.as_str(), FaultKind::Invalid, why.to_string())
                            .await;
                    }
                    return Reach::LOST;
                }
                Claim::Partial(manifest) => Arc::clone(manifest),
                Claim::Open => match self.known.partial.get(&digest) {
                    Some(known) => Arc::new(known.clone()),
                    None => match self.read_manifest(wanted, trip).await {
                        Ok((manifest, is_sound)) => {
                            reach.lossless = is_sound;
                            Arc::new(manifest)
                        }
                        Err((outcome, missing)) => {
                            *claim = outcome;
                            return missing;
                        }
                    },
                },
            };
            if depth > 0 && self.walk.plan.referrers == ReferrersPolicy::All {
                trip.met.lock().push(digest);
            }
            let reach = reach.with(self.beneath(&manifest, digest, depth, trip).await);
            if reach.whole {
                *claim = Claim::Complete;
                self.walk.claims.complete(digest);
            } else {
                *claim = Claim::Partial(manifest);
            }
            reach
        })
    }

    /// Fetches a manifest and reports it. Says whether it is as long as it should be; or else what
    /// becomes of the claim to it, and of whoever needs it.
    pub(super) async fn read_manifest(
        &self,
        mut wanted: Wanted<'_>,
        trip: &Trip,
    ) -> Result<(Manifest, bool), (Claim, Reach)> {
        let digest = wanted.digest;
        let by_digest = digest.to_string();
        let reference = wanted.tag.map_or(by_digest.as_str(), Tag::as_str);
        let fetched = match wanted.fetched.take() {
            Some(fetched) => fetched,
            None => self
                .fetch_manifest(&wanted, reference, trip)
                .await
                .map_err(|missing| (Claim::Open, missing))?,
        };
        let manifest = match Manifest::parse(&fetched.content, fetched.content_type.as_deref()) {
            Ok(manifest) => manifest,
            Err(error) => {
                let why = format!("manifest {}: {error}", digest.short());
                self.fault(reference, FaultKind::Invalid, why.clone()).await;
                return Err((Claim::Broken(why.into()), Reach::LOST));
            }
        };
        let is_unsupported = manifest.kind == ManifestKind::Schema1;
        let is_sound = self
            .check_size(&by_digest, wanted.listed_size, fetched.size)
            .await;
        self.walk
            .outbox
            .send(Finding::Manifest(Box::new(ManifestFact {
                digest,
                size: fetched.size,
                manifest: manifest.clone(),
            })))
            .await;
        if is_unsupported {
            let fault = "Docker schema 1 does not say how large its layers are, so they are not counted";
            self.fault(reference, FaultKind::Unsupported, fault.to_owned())
                .await;
        }
        Ok((manifest, is_sound))
    }

    async fn fetch_manifest(
        &self,
        wanted: &Wanted<'_>,
        reference: &str,
        trip: &Trip,
    ) -> Result<FetchedManifest, Reach> {
        if self.is_gone(&wanted.digest) {
            // What has vanished beneath an index is reported once, but each tag is named.
            if wanted.tag.is_some() {
                let fault = format!("it points to {}, which is not there", wanted.digest.short());
                self.fault(reference, FaultKind::Vanished, fault).await;
            }
            return Err(Reach::GONE);
        }
        let before = trip.fetched.fetch_add(1, Ordering::Relaxed);
        if before >= MAX_FETCHED_PER_TAG {
            if before == MAX_FETCHED_PER_TAG {
                let fault =
                    format!("more than {MAX_FETCHED_PER_TAG} manifests beneath one tag are not followed");
                self.fault(reference, FaultKind::Invalid, fault).await;
            }
            return Err(Reach::LOST);
        }
        let by_digest = Reference::Digest(wanted.digest);
        match self.walk.client.get_manifest(self.repository, &by_digest).await {
            Ok(fetched) => Ok(fetched),
            Err(error) => Err(self.missing(wanted.digest, reference, &error).await),
        }
    }

    /// Walks what lies beneath a manifest. Layers are never fetched: their descriptors say enough.
    async fn beneath(&self, manifest: &Manifest, digest: Digest, depth: usize, trip: &Trip) -> Reach {
        if manifest.kind == ManifestKind::Image
            && let Some(config) = &manifest.config
        {
            return self.config(config).await;
        }
        let platforms = &self.walk.plan.platforms;
        let (children, left_out): (Vec<&Descriptor>, Vec<&Descriptor>) = manifest
            .children
            .iter()
            .filter(|child| may_be_manifest(child))
            .partition(|child| manifest.is_chosen_child(child, platforms));
        self.walk
            .left_out
            .lock()
            .extend(left_out.iter().map(|child| child.digest));
        let mut reach = Reach::WHOLE;
        if depth >= MAX_DEPTH && !children.is_empty() {
            let fault = format!("indexes within each other are followed {MAX_DEPTH} levels deep only");
            self.fault(&digest.to_string(), FaultKind::Invalid, fault).await;
            return reach.with(Reach::LOST);
        }
        let children = children.into_iter().map(|child| {
            let wanted = Wanted {
                digest: child.digest,
                depth: depth + 1,
                fetched: None,
                listed_size: Some(child.size),
                tag: None,
            };
            self.manifest(wanted, trip)
        });
        side_by_side(CHILDREN_AT_A_TIME, children, |child| reach = reach.with(child)).await;
        reach
    }

    /// Reports that something could not be fetched; what that means for whoever needs it.
    pub(super) async fn missing(&self, digest: Digest, reference: &str, error: &RegistryError) -> Reach {
        if error.kind() == ErrorKind::NotFound {
            self.remember_gone(digest);
        }
        match self.failed(reference, error).await {
            true => Reach::GONE,
            false => Reach::LOST,
        }
    }

    /// Whether content is as long as its descriptor says; reports it where it is not.
    pub(super) async fn check_size(
        &self,
        reference: &str,
        listed: Option<ByteCount>,
        actual: ByteCount,
    ) -> bool {
        let Some(listed) = listed.filter(|listed| *listed != actual) else {
            return true;
        };
        let fault = format!(
            "is {} bytes long, but what refers to it says {}",
            actual.get(),
            listed.get()
        );
        self.fault(reference, FaultKind::Invalid, fault).await;
        false
    }
}

/// Whether an index's child is worth asking for. Old indexes leave the type out, and new ones may list
/// what is not a manifest at all.
pub(super) fn may_be_manifest(child: &Descriptor) -> bool {
    child.media_type.is_empty() || child.kind().is_manifest()
}
