use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::RepositoryChoice;
use crate::oci::{Digest, DigestSet, Manifest, PlatformFilter, RepositoryName, Tag};

/// What a crawl reads, and how much at a time.
#[derive(Debug, Clone)]
pub struct CrawlPlan {
    /// The repositories to read.
    pub repositories: RepositoryChoice,
    /// The tags to read, by repository; `None` means all tags of all repositories. Chosen tags and repositories are
    /// read if they exist, and the crawl says nothing about other tags.
    pub tags: Option<HashMap<RepositoryName, HashSet<Tag>>>,
    /// The platforms of an index to read; empty means all. An image that a tag points to directly is always read,
    /// because only its configuration states its platform.
    pub platforms: Vec<PlatformFilter>,
    /// Which referrers (signatures, SBOMs and the like) are requested.
    pub referrers: ReferrersPolicy,
    /// Whether to list all manifests of each repository, which shows what is untagged. Only Azure Container Registry
    /// has such a listing.
    pub untagged: bool,
    /// Whether to use the list of all manifests that Google Artifact Registry sends with its tags, which shows what is
    /// untagged, too.
    pub listed_manifests: bool,
    /// Image labels to keep besides those that identify bases. Configurations that are already known are not read again
    /// for them.
    pub kept_labels: BTreeSet<String>,
    /// The most repositories walked at the same time. The client bounds the requests; this and the next setting bound
    /// the memory.
    pub concurrent_repositories: usize,
    /// The most tags of one repository walked at the same time.
    pub concurrent_tags: usize,
}

impl Default for CrawlPlan {
    fn default() -> Self {
        Self {
            repositories: RepositoryChoice::all(),
            tags: None,
            platforms: Vec::new(),
            referrers: ReferrersPolicy::default(),
            untagged: false,
            listed_manifests: true,
            kept_labels: BTreeSet::new(),
            concurrent_repositories: 8,
            concurrent_tags: 16,
        }
    }
}

/// For which manifests the referrers API is requested. A registry without the API is noticed by one request per
/// crawl. Attachments under fallback tags (`sha256-…`) are read like any other tag.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReferrersPolicy {
    /// For none.
    Off,
    /// For each manifest that a tag points to, when manifest or tag is new, and for known ones in one of eight crawls.
    #[default]
    Tagged,
    /// In every crawl for each manifest that a tag points to, for each new manifest below it, and for the attachments
    /// themselves.
    All,
}

/// What earlier crawls have found and saved. None of it is requested again.
///
/// What is by repository is known of the repositories that it is passed with, or of all.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Manifests that are saved with everything below them, and configurations. Of any registry.
    pub complete: Arc<DigestSet>,
    /// Manifests that are saved but lack something below them, such as images for platforms that are not chosen.
    pub incomplete: Arc<DigestSet>,
    /// Those of them that tags of the repositories reach. If a tag leads to another, that one is requested again.
    pub partial: HashMap<Digest, Manifest>,
    /// The saved tags, by repository. A repository that is not in the map was never crawled.
    pub tags: HashMap<RepositoryName, HashSet<Tag>>,
    /// The saved manifests that each saved index lists which tags of the repositories reach.
    pub children: HashMap<Digest, Vec<Digest>>,
    /// What the registry had lost although something refers to it, by repository.
    pub missing: HashMap<RepositoryName, HashSet<Digest>>,
    /// How many manifests the registry listed last, by repository, if it lists them all.
    pub listed: HashMap<RepositoryName, usize>,
    /// Whether the registry kept deleted repositories when that was asked last.
    pub keeps_deleted: bool,
    /// How many crawls of the registry came before. It decides what is checked again in this one.
    pub crawls: u64,
}

impl Known {
    /// Whether a manifest is saved, with everything below it or not.
    pub(super) fn is_saved(&self, digest: &Digest) -> bool {
        self.complete.contains(digest)
            || self.incomplete.contains(digest)
            || self.partial.contains_key(digest)
    }
}

/// How a crawl ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CrawlStatus {
    /// Everything that was chosen has been read, has vanished, or is of a kind that cannot be counted.
    Complete,
    /// Something is missing; the faults say what.
    Incomplete,
    /// It was told to stop, or its receiver went away.
    Interrupted,
}

/// The result of a crawl. Its requests are in the client's statistics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrawlSummary {
    /// How it ended.
    pub status: CrawlStatus,
    /// Whether the list of repositories was read to its end. Only then does a missing repository mean that it is gone,
    /// and only if it is chosen. Always true if the plan names each repository.
    pub catalogue_complete: bool,
    /// Finished repositories, including those with faults.
    pub repositories: u64,
    /// Tags whose manifest is known.
    pub tags: u64,
    /// Fetched manifests.
    pub manifests: u64,
    /// Fetched configurations.
    pub configs: u64,
    /// Faults, including those that lose nothing.
    pub faults: u64,
}
