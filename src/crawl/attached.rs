use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::ReferrersPolicy;
use super::recheck::TURNS_OF_REFERRERS;
use super::repository::Visit;
use super::walk::{ManifestTarget, TagWalk};
use crate::inventory::Finding;
use crate::oci::{Descriptor, Digest, Tag};
use crate::registry::RegistryError;

/// After this many failures without a response, the registry counts as one without the referrers API. Otherwise an
/// endpoint that hangs would delay every tag by all its retries. Our choice.
const MAX_FAILURES: usize = 3;

/// Whether the registry has the referrers API.
#[derive(Default)]
pub(super) struct ReferrersApi {
    exists: OnceLock<bool>,
    failures: AtomicUsize,
    /// Held while finding out, so that a registry without the API is asked once.
    finding_out: tokio::sync::Mutex<()>,
}

impl Visit<'_> {
    /// Reports what is attached to the manifest of a tag, as far as the plan asks for it. Returns whether nothing but
    /// vanished content is missing.
    ///
    /// Runs after the manifest has been walked and its lock released: what is attached may refer back to it.
    pub(super) async fn attached(&self, tag: &Tag, digest: Digest, tag_walk: &TagWalk) -> bool {
        let policy = self.walk.plan.referrers;
        let is_wanted = match policy {
            ReferrersPolicy::Off => false,
            ReferrersPolicy::Tagged => {
                self.is_new(tag, digest) || self.is_turn_of(&digest, TURNS_OF_REFERRERS)
            }
            ReferrersPolicy::All => true,
        };
        // A listing of all manifests leads to what is attached, by its subject.
        let is_listed = self.listed_manifests.get().is_some();
        if !is_wanted || is_listed || tag.is_referrers_fallback() {
            return true;
        }
        let mut subjects = tag_walk.take_visited();
        subjects.push(digest);
        let mut lossless = true;
        while let Some(subject) = subjects.pop() {
            let is_first = self.asked.lock().insert(subject);
            if !is_first {
                continue;
            }
            let attached = match self.referrers(&subject).await {
                Ok(attached) => attached.unwrap_or_default(),
                Err(error) => {
                    lossless &= self.failed(&format!("referrers/{subject}"), &error).await;
                    continue;
                }
            };
            for descriptor in attached.iter().filter(|descriptor| descriptor.may_be_manifest()) {
                lossless &= self.attachment(subject, descriptor, tag_walk).await;
                if policy == ReferrersPolicy::All {
                    subjects.push(descriptor.digest);
                }
            }
            subjects.extend(tag_walk.take_visited());
        }
        lossless
    }

    /// Whether tag or manifest is new. A crawl that was killed may have saved a manifest without its referrers; the tag
    /// is saved last, so both must be known.
    fn is_new(&self, tag: &Tag, digest: Digest) -> bool {
        let tags = self.known.tags.get(self.repository);
        !self.known.is_saved(&digest) || tags.is_none_or(|tags| !tags.contains(tag))
    }

    async fn attachment(&self, subject: Digest, descriptor: &Descriptor, tag_walk: &TagWalk) -> bool {
        let target = ManifestTarget {
            digest: descriptor.digest,
            depth: 1,
            fetched: None,
            listed_size: Some(descriptor.size),
            tag: None,
        };
        let outcome = self.manifest(target, tag_walk).await;
        if outcome.present {
            self.walk
                .sender
                .send(Finding::Referrer {
                    repository: self.repository.clone(),
                    subject,
                    digest: descriptor.digest,
                })
                .await;
        }
        outcome.lossless
    }

    async fn referrers(&self, subject: &Digest) -> Result<Option<Vec<Descriptor>>, RegistryError> {
        let api = &self.walk.referrers;
        let ask = || self.walk.client.referrers(self.repository, subject);
        if api.exists.get().is_none() {
            let _finding_out = api.finding_out.lock().await;
            if api.exists.get().is_none() {
                let answer = ask().await;
                let exists = match &answer {
                    Ok(attached) => Some(attached.is_some()),
                    Err(_) => {
                        let failures = api.failures.fetch_add(1, Ordering::Relaxed) + 1;
                        (failures >= MAX_FAILURES).then_some(false)
                    }
                };
                if let Some(exists) = exists {
                    // Nothing else sets it while the lock is held.
                    let _ = api.exists.set(exists);
                }
                return answer;
            }
        }
        match api.exists.get() {
            Some(true) => ask().await,
            _ => Ok(None),
        }
    }
}
