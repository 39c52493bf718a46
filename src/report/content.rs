use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::base_image::ImageFacts;
use crate::events::EventCoverage;
use crate::inventory::{Accounting, DedupScope, Inventory, SoftDeleted};
use crate::oci::{Digest, RegistryName, RepositoryName};

/// The content of one registry, as it was loaded.
#[derive(Debug)]
pub struct RegistryContent {
    /// Which crawl it comes from, and how complete it is.
    pub source: RegistrySource,
    /// The graph of repositories, tags, manifests and blobs.
    pub inventory: Inventory,
    /// The images that tags reach.
    pub images: Vec<ImageFacts>,
    /// The accounting of the inventory, if it exists already. The analysis computes it otherwise, and sets it if nothing else
    /// uses this content.
    pub accounting: Option<Arc<Accounting>>,
}

impl RegistryContent {
    /// The place of a repository in the inventory; `None` if the registry has no such repository.
    pub fn repository_place(&self, repository: &RepositoryName) -> Option<usize> {
        // The repositories are sorted by name.
        let repositories = &self.inventory.repositories;
        repositories
            .binary_search_by(|node| node.name.cmp(repository))
            .ok()
    }

    /// The place of an image among [`Self::images`]; `None` if it is not among them.
    pub fn image_place(&self, digest: Digest) -> Option<usize> {
        self.images.iter().position(|image| image.digest == digest)
    }
}

/// What is known about a registry besides its content.
#[derive(Debug, Clone)]
pub struct RegistrySource {
    /// The registry.
    pub registry: RegistryName,
    /// When the latest crawl ended, or started where it has not ended.
    pub as_of: DateTime<Utc>,
    /// How that crawl went.
    pub last_crawl: LastCrawl,
    /// Where the registry keeps a blob once.
    pub dedup_scope: DedupScope,
    /// Manifests that an index lists and nothing is known of.
    pub unread_manifests: usize,
    /// Blobs about whose size manifests disagree.
    pub conflicting_sizes: usize,
    /// Tags that are still counted though the latest crawls no longer found them.
    pub missing_tags: usize,
    /// What the registry still keeps of deleted repositories; `None` if it does not say.
    pub soft_deleted: Option<SoftDeleted>,
    /// What events had told before the latest crawl, where the registry sends events.
    pub event_coverage: Option<EventCoverage>,
}

/// How the latest crawl of a registry went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LastCrawl {
    /// It read everything.
    Complete,
    /// It came to its end without this many things.
    Incomplete {
        /// How many faults it met that make it incomplete.
        losses: usize,
    },
    /// It is running, or it was stopped.
    Unfinished,
}
