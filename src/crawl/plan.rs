use std::collections::{BTreeSet, HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::RepositoryChoice;
use crate::oci::{Digest, Manifest, PlatformFilter, RepositoryName, Tag};

/// What a crawl is to read, and how much at a time.
#[derive(Debug, Clone)]
pub struct CrawlPlan {
    /// Which repositories.
    pub repositories: RepositoryChoice,
    /// Which tags, by repository; all tags of all repositories where there are none. Tags and repositories
    /// chosen like this are read as far as they are there, and the crawl says nothing about other tags.
    pub tags: Option<HashMap<RepositoryName, HashSet<Tag>>>,
    /// Which platforms of an index; none means all. An image that a tag points to directly is always
    /// read, because only its configuration says what it is for.
    pub platforms: Vec<PlatformFilter>,
    /// What is asked about signatures, SBOMs and the like that are attached to images.
    pub referrers: ReferrersPolicy,
    /// Whether the registry is asked for all manifests of each repository, to know what no tag reaches. Azure
    /// Container Registry answers that, others do not.
    pub untagged: bool,
    /// Labels of images to keep beside those by which bases are recognised. Configurations that are known already
    /// are not read again for them.
    pub kept_labels: BTreeSet<String>,
    /// How many repositories are walked side by side. The client bounds the requests; this and the next
    /// setting bound the memory.
    pub concurrent_repositories: usize,
    /// How many tags of one repository are walked side by side.
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
            kept_labels: BTreeSet::new(),
            concurrent_repositories: 8,
            concurrent_tags: 16,
        }
    }
}

/// For which manifests the referrers API is asked. A registry without it is found out by one request a
/// crawl. What clients attach by the fallback tags `sha256-…` instead is read like any other tag.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReferrersPolicy {
    /// For none.
    Off,
    /// Once for each manifest that a tag points to, when manifest or tag is seen for the first time.
    /// What is attached later is not noticed.
    #[default]
    Tagged,
    /// In every crawl for each manifest that a tag points to, besides for each that is new beneath it,
    /// and for what is attached itself.
    All,
}

/// What earlier crawls have found and saved. Nothing of it is asked for again.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Manifests of which everything beneath is saved too (as far as the platforms chosen now reach),
    /// and configurations.
    pub complete: HashSet<Digest>,
    /// Manifests that are saved, but of which something beneath is missing.
    pub partial: HashMap<Digest, Manifest>,
    /// The tags that are saved, by repository. A repository that is not here was never seen.
    pub tags: HashMap<RepositoryName, HashSet<Tag>>,
}

/// How a crawl ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CrawlStatus {
    /// Everything that was chosen has been read, or has vanished, or cannot be counted by anybody.
    Complete,
    /// Something is missing; the faults say what.
    Incomplete,
    /// It was told to stop, or nobody took its findings any more.
    Interrupted,
}

/// What a crawl has done. What it cost is in the client's statistics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrawlSummary {
    /// How it ended.
    pub status: CrawlStatus,
    /// Whether the list of repositories came to its end. Only then does a missing repository mean
    /// anything, and only if it is chosen. Always true where the plan names each repository.
    pub catalogue_complete: bool,
    /// Repositories that are done, faulty ones among them.
    pub repositories: u64,
    /// Tags of which is known what they point to.
    pub tags: u64,
    /// Manifests fetched.
    pub manifests: u64,
    /// Configurations fetched.
    pub configs: u64,
    /// Faults, those among them that are no loss.
    pub faults: u64,
}
