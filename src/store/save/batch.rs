use std::collections::{BTreeMap, BTreeSet};

use crate::inventory::{
    ConfigFact, Fault, FaultKind, Finding, ManifestFact, ManifestListing, RepositoryListing, SoftDeleted,
};
use crate::oci::{Digest, RepositoryName, Tag};

/// A batch by kind of finding, each fact once.
#[derive(Default)]
pub(in crate::store) struct Batch<'a> {
    pub(super) manifests: BTreeMap<Digest, &'a ManifestFact>,
    pub(super) configs: BTreeMap<Digest, &'a ConfigFact>,
    pub(super) tags: BTreeMap<(&'a RepositoryName, &'a Tag), Digest>,
    pub(super) referrers: BTreeSet<(&'a RepositoryName, Digest, Digest)>,
    pub(super) listings: BTreeMap<&'a RepositoryName, &'a RepositoryListing>,
    pub(super) faults: Vec<&'a Fault>,
    pub(super) soft_deleted: Option<SoftDeleted>,
}

impl<'a> Batch<'a> {
    pub(in crate::store) fn sort(findings: &'a [Finding]) -> Self {
        let mut batch = Self::default();
        for finding in findings {
            match finding {
                Finding::Manifest(fact) => {
                    batch.manifests.insert(fact.digest, fact);
                }
                Finding::Config(fact) => {
                    batch.configs.insert(fact.digest, fact);
                }
                Finding::Tag {
                    repository,
                    tag,
                    digest,
                } => {
                    batch.tags.insert((repository, tag), *digest);
                }
                Finding::Referrer {
                    repository,
                    subject,
                    digest,
                } => {
                    batch.referrers.insert((repository, *subject, *digest));
                }
                Finding::Repository(listing) => {
                    batch.listings.insert(&listing.repository, listing);
                }
                Finding::SoftDeleted(deleted) => batch.soft_deleted = Some(*deleted),
                Finding::Fault(fault) => batch.faults.push(fault),
            }
        }
        batch
    }

    /// Every digest that the batch names.
    pub(super) fn digests(&self) -> BTreeSet<Digest> {
        let manifests = self.manifests.values().flat_map(|fact| {
            let manifest = &fact.manifest;
            let beneath = manifest
                .config
                .iter()
                .chain(&manifest.layers)
                .chain(&manifest.children);
            beneath
                .map(|descriptor| descriptor.digest)
                .chain(manifest.subject)
                .chain([fact.digest])
        });
        let referrers = self
            .referrers
            .iter()
            .flat_map(|&(_, subject, digest)| [subject, digest]);
        let listed = self
            .listings
            .values()
            .flat_map(|listing| match &listing.manifests {
                ManifestListing::Listed(manifests) | ManifestListing::Partial(manifests) => {
                    manifests.as_slice()
                }
                ManifestListing::Unread | ManifestListing::Unavailable => &[],
            });
        manifests
            .chain(self.missing().into_iter().map(|(_, digest)| digest))
            .chain(listed.map(|row| row.digest))
            .chain(self.configs.keys().copied())
            .chain(self.tags.values().copied())
            .chain(referrers)
            .collect()
    }

    /// Content that the registry has lost, by the repository that refers to it.
    pub(super) fn missing(&self) -> BTreeSet<(&'a RepositoryName, Digest)> {
        let broken = self.faults.iter().filter(|fault| fault.kind == FaultKind::Broken);
        broken
            .filter_map(|fault| {
                let digest = fault.reference.as_ref()?.parse().ok()?;
                Some((fault.repository.as_ref()?, digest))
            })
            .collect()
    }

    pub(super) fn repositories(&self) -> BTreeSet<&'a RepositoryName> {
        let tags = self.tags.keys().map(|&(repository, _)| repository);
        let referrers = self.referrers.iter().map(|&(repository, ..)| repository);
        let missing = self.missing().into_iter().map(|(repository, _)| repository);
        tags.chain(referrers)
            .chain(missing)
            .chain(self.listings.keys().copied())
            .collect()
    }
}
