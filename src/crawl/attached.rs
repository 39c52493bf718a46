use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::ReferrersPolicy;
use super::repository::Visit;
use super::walk::{Trip, Wanted, may_be_manifest};
use crate::inventory::Finding;
use crate::oci::{Descriptor, Digest, Tag};
use crate::registry::RegistryError;

/// After so many failures without an answer, the registry counts as one without the referrers API:
/// otherwise an endpoint that hangs would hold up every tag, each through all its retries.
const MAX_FAILURES: usize = 3;

/// Whether the registry has the referrers API.
#[derive(Default)]
pub(super) struct ReferrersApi {
    exists: OnceLock<bool>,
    failures: AtomicUsize,
    /// Held by whoever finds out, so that a registry without the API is asked once.
    finding_out: tokio::sync::Mutex<()>,
}

impl Visit<'_> {
    /// Reports what is attached to the manifest a tag points to, as far as the plan wants to know;
    /// whether nothing is missing but what has vanished.
    ///
    /// Runs after the manifest has been walked and its claim released: what is attached may lead back
    /// to it.
    pub(super) async fn attached(&self, tag: &Tag, digest: Digest, trip: &Trip) -> bool {
        let policy = self.walk.plan.referrers;
        let is_wanted = match policy {
            ReferrersPolicy::Off => false,
            ReferrersPolicy::Tagged => self.is_new(tag, digest),
            ReferrersPolicy::All => true,
        };
        if !is_wanted || tag.is_referrers_fallback() {
            return true;
        }
        let mut subjects = trip.take_met();
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
            for descriptor in attached.iter().filter(|descriptor| may_be_manifest(descriptor)) {
                lossless &= self.attachment(subject, descriptor, trip).await;
                if policy == ReferrersPolicy::All {
                    subjects.push(descriptor.digest);
                }
            }
            subjects.extend(trip.take_met());
        }
        lossless
    }

    /// A crawl that was killed may have saved a manifest before asking what is attached to it. The tag
    /// is saved last, so both have to be known.
    fn is_new(&self, tag: &Tag, digest: Digest) -> bool {
        let known = &self.known;
        let digest_is_known = known.complete.contains(&digest) || known.partial.contains_key(&digest);
        let tags = known.tags.get(self.repository);
        !digest_is_known || tags.is_none_or(|tags| !tags.contains(tag))
    }

    async fn attachment(&self, subject: Digest, descriptor: &Descriptor, trip: &Trip) -> bool {
        let wanted = Wanted {
            digest: descriptor.digest,
            depth: 1,
            fetched: None,
            listed_size: Some(descriptor.size),
            tag: None,
        };
        let reach = self.manifest(wanted, trip).await;
        if reach.present {
            self.walk
                .outbox
                .send(Finding::Referrer {
                    repository: self.repository.clone(),
                    subject,
                    digest: descriptor.digest,
                })
                .await;
        }
        reach.lossless
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
                    // Nobody else sets it while the lock is held.
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
