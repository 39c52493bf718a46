//! Whether the registry still has what a known index lists. Manifests never change under their digests, but registries
//! delete the children of an index whose tag stays (Distribution's `garbage-collect --delete-untagged`, issue 3178).

use std::collections::HashSet;

use super::repository::Visit;
use crate::inventory::{FaultKind, Finding, ManifestFact};
use crate::oci::{Digest, Manifest, Reference, Tag};
use crate::registry::ErrorKind;

/// In how many crawls each known index is checked once. Our choice: an unchanged registry then costs a quarter more
/// requests for tags that lead to an index.
const TURNS: u64 = 4;
/// In how many crawls each known manifest under a tag is asked once for what was attached later. Our choice: rarely, because
/// most manifests have no attachments.
pub(super) const TURNS_OF_REFERRERS: u64 = 8;
/// How many crawls come before the first check. Our choice: what was read in the last crawl is there.
const SPARED: u64 = 2;

impl Visit<'_> {
    /// Checks, if it is its turn, whether the children of the known index that a tag points to are still there. Reports
    /// those that are gone, and those that are back.
    pub(super) async fn recheck(&self, tag: &Tag, index: Digest) {
        let Some(children) = self.known.children.get(&index) else {
            return;
        };
        if children.is_empty() || !self.rechecked.lock().insert(index) {
            return;
        }
        let missing = self.known.missing.get(self.repository);
        let is_missing = |child: &Digest| missing.is_some_and(|missing| missing.contains(child));
        let mut doubtful: Vec<Digest> = match self.listed_manifests.get() {
            Some(listed) => {
                let unlisted = children.iter().filter(|child| !listed.contains(*child));
                unlisted.copied().collect()
            }
            None => children
                .iter()
                .filter(|child| is_missing(child))
                .copied()
                .collect(),
        };
        if doubtful.is_empty() && self.listed_manifests.get().is_none() && self.is_turn_of(&index, TURNS) {
            // One of them, another at each turn; where it is gone, the others are doubtful, too.
            let place = (self.known.crawls / TURNS) as usize % children.len();
            if self.is_there(&children[place]).await == Some(false) {
                doubtful.clone_from(children);
            }
        }
        for child in doubtful {
            match self.is_there(&child).await {
                Some(false) => {
                    let fault = format!(
                        "{tag} is broken: the index that it points to lists this manifest, and the registry no longer \
                         has it"
                    );
                    self.fault(&child.to_string(), FaultKind::Broken, fault).await;
                }
                Some(true) if is_missing(&child) => self.report_again(&child).await,
                Some(true) | None => {}
            }
        }
    }

    /// Whether a known manifest is to be checked in this crawl, as it is in one of so many.
    pub(super) fn is_turn_of(&self, manifest: &Digest, turns: u64) -> bool {
        let crawls = self.known.crawls;
        let place = manifest.hex().bytes().next_back().map_or(0, u64::from);
        crawls >= SPARED && crawls % turns == place % turns
    }

    /// Whether the registry has a manifest; `None` if it does not say.
    async fn is_there(&self, digest: &Digest) -> Option<bool> {
        let reference = Reference::Digest(*digest);
        match self.walk.client.head_manifest(self.repository, &reference).await {
            Ok(_) => Some(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Some(false),
            Err(_) => None,
        }
    }

    /// Reports a manifest that was missing and is back.
    async fn report_again(&self, digest: &Digest) {
        let reference = Reference::Digest(*digest);
        let Ok(fetched) = self.walk.client.get_manifest(self.repository, &reference).await else {
            return;
        };
        if let Ok(manifest) = Manifest::parse(&fetched.content, fetched.content_type.as_deref()) {
            let fact = ManifestFact {
                digest: *digest,
                size: fetched.size,
                manifest,
            };
            self.walk.sender.send(Finding::Manifest(Box::new(fact))).await;
        }
    }
}

/// The manifests of a listing, to be looked up.
pub(super) fn listed_digests(listed: &[crate::registry::ListedManifest]) -> HashSet<Digest> {
    listed.iter().map(|row| row.digest).collect()
}
