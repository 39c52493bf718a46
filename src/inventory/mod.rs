//! What a registry holds, and how its repositories share it.
//!
//! [`Finding`]s are what a crawl reports, one fact at a time, faults included. An [`Inventory`] is the
//! compact graph repositories → tags → manifests → blobs that is built from the facts, of one registry
//! at one moment. [`account`] answers how many bytes each part of it stands for; repositories' shares
//! add up to the registry to the byte.

mod accounting;
mod assembly;
mod counts;
#[cfg(test)]
pub mod examples;
mod finding;
mod graph;
#[cfg(test)]
mod laws;
mod sharing;
mod untagged;

pub use accounting::{Accounting, RegistryTotals, RepositoryTotals, TagTotals, account, account_tags};
pub use counts::ContentCounts;
pub use finding::{ConfigFact, Fault, FaultKind, Finding, ManifestFact, ManifestListing, RepositoryListing};
pub use graph::{
    BlobId, DedupScope, Inventory, InventoryBuilder, ManifestId, ManifestNode, RepositoryNode, TagNode,
};
pub use sharing::{Sharing, round_by_largest_remainder};
