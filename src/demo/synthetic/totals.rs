//! What a generated registry contains, added up from its own numbers: what a crawl of it must find.

use std::collections::{HashMap, HashSet};

use super::plan::Plan;
use crate::oci::Digest;

/// The totals of a generated registry, as a report shows them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SyntheticTotals {
    /// Its repositories.
    pub repositories: usize,
    /// Its tags.
    pub tags: usize,
    /// Different manifests: images, indexes, charts, attestations and signatures.
    pub manifests: usize,
    /// Bytes of all that is stored, each document and layer once.
    pub stored_bytes: u64,
    /// Bytes that the tags reach, each tag counted alone.
    pub logical_bytes: u64,
}

impl Plan {
    /// Adds up all repositories. Computes every document, so it takes as long as reading the registry.
    pub(super) fn totals(&self) -> SyntheticTotals {
        let mut totals = SyntheticTotals::default();
        // The digests that were counted. Half of a digest tells content apart.
        let mut counted: HashSet<[u8; 16]> = HashSet::new();
        for repository in &self.repositories {
            totals.repositories += 1;
            totals.tags += repository.tags;
            let mut tags_of = vec![0_u64; repository.releases];
            for (_, release) in repository.tag_table() {
                tags_of[release] += 1;
            }
            for (number, tags) in tags_of.into_iter().enumerate() {
                let release = self.release(repository, number);
                let documents = release
                    .all()
                    .map(|document| (document.digest, document.bytes.len() as u64));
                let reached: HashMap<Digest, u64> = documents.chain(release.layers.iter().copied()).collect();
                totals.logical_bytes += tags * reached.values().sum::<u64>();
                let mut new = HashSet::new();
                for (digest, bytes) in reached {
                    if counted.insert(half(&digest)) {
                        totals.stored_bytes += bytes;
                        new.insert(digest);
                    }
                }
                let manifests = release.all().filter(|document| {
                    document.media_type.contains("manifest") || document.media_type.contains("index")
                });
                totals.manifests += manifests.filter(|manifest| new.remove(&manifest.digest)).count();
            }
        }
        totals
    }
}

/// The first 16 bytes of a digest.
pub(super) fn half(digest: &Digest) -> [u8; 16] {
    let mut half = [0; 16];
    let bytes = match digest {
        Digest::Sha256(bytes) => bytes.as_slice(),
        Digest::Sha512(bytes) => bytes.as_slice(),
    };
    half.copy_from_slice(&bytes[..16]);
    half
}
