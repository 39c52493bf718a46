//! What a registry holds, and how its repositories share it.
//!
//! A crawl reports [`Finding`]s, one fact at a time, faults included. An [`Inventory`] is the compact graph
//! repositories → tags → manifests → blobs of one registry at one moment, built from those facts. [`account`] computes
//! the bytes of each part; the repositories' shares add up to the registry to the byte.

mod accounting;
mod assembly;
mod clean_up;
mod counts;
mod digest_index;
#[cfg(test)]
pub mod examples;
mod fault_limit;
mod finding;
mod graph;
mod image_sharing;
mod known_manifest;
mod lists;
#[cfg(test)]
mod property_tests;
mod reconciliation;
mod sharing;
mod size_claims;
mod size_conflict;
mod untagged;
mod untagged_age;

pub use accounting::{
    Accounting, RegistryTotals, RepositoryTotals, StoredBounds, TagTotals, account, account_tags,
};
pub use clean_up::{CleanUpResult, RepositoryCleanUp, clean_up};
pub use counts::ContentCounts;
pub use fault_limit::FaultLimit;
pub use finding::{
    ConfigFact, Fault, FaultKind, Finding, ListedDigest, ManifestFact, ManifestListing, ManifestTimes,
    RepositoryListing, SoftDeleted,
};
pub use graph::{
    BlobId, DedupScope, Inventory, InventoryBuilder, ManifestId, ManifestNode, RepositoryNode, TagNode,
};
pub use image_sharing::ImageExclusiveBytes;
pub use known_manifest::{KnownManifest, LayerFact, StatedConfig};
pub use reconciliation::{
    DifferenceCause, DifferencePart, Reconciliation, ReconciliationFacts, ReportedUsage, UnreadableUsage,
    UsageSource, converted_bytes, pushed_since,
};
pub use sharing::{Sharing, round_by_largest_remainder};
pub use size_conflict::{SizeBasis, SizeConflict};
pub use untagged_age::{UntaggedAges, UntaggedOlderThan};
