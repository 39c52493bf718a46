use chrono::{DateTime, Utc};
use serde::Serialize;

use super::alpine::{RegistryAlpine, RepositoryVerdict};
use super::cost::{RegistryCost, RepositoryCost};
use super::group_cost::GroupCost;
use super::image::ImageRow;
use crate::cost::Labels;
use crate::inventory::{DedupScope, RegistryTotals, RepositoryTotals};
use crate::oci::RegistryName;
use crate::units::ByteCount;

/// What one or more registries store, repository by repository. Serialized, it is the JSON that
/// `tare report` prints.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The moment the figures are for: that of the latest crawl among the registries'.
    pub as_of: DateTime<Utc>,
    /// The registries by name.
    pub registries: Vec<RegistryRow>,
    /// The repositories of all registries in the order asked for.
    pub repositories: Vec<RepositoryRow>,
    /// The images, where they are asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub images: Option<Vec<ImageRow>>,
    /// The repositories that a limit or a choice of verdicts left out; together with the rows they make up
    /// the totals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub others: Option<Others>,
    /// Whether everything that the registries hold has been read.
    pub complete: bool,
    /// What the reader must know about the figures.
    pub notes: Vec<Note>,
}

/// A registry's totals.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RegistryRow {
    /// The registry.
    pub registry: RegistryName,
    /// Its totals.
    #[serde(flatten)]
    pub totals: RegistryTotals,
    /// Where it keeps a blob once.
    pub dedup_scope: DedupScope,
    /// When it was last crawled.
    pub as_of: DateTime<Utc>,
    /// What Alpine would change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alpine: Option<RegistryAlpine>,
    /// What it costs in a month; none where nothing says which price book it is billed by.
    pub cost: Option<RegistryCost>,
}

/// A repository's totals.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RepositoryRow {
    /// The registry it is in.
    pub registry: RegistryName,
    /// Its totals.
    #[serde(flatten)]
    pub totals: RepositoryTotals,
    /// What to do with it, and what Alpine would change.
    #[serde(flatten)]
    pub judged: Option<RepositoryVerdict>,
    /// Whose it is.
    pub labels: Labels,
    /// What it costs in a month; none where its registry has no price book.
    pub cost: Option<RepositoryCost>,
}

/// The repositories without a row of their own. Only what may be added up is; stored and exclusive
/// bytes of several repositories do not add up to those of all of them together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Others {
    /// How many there are.
    pub repositories: usize,
    /// Their tags.
    pub tags: usize,
    /// Their logical bytes.
    pub logical_bytes: ByteCount,
    /// Their attributed bytes.
    pub attributed_bytes: ByteCount,
    /// What no tag reaches of what they hold; none where nobody knows.
    pub untagged_bytes: Option<ByteCount>,
    /// The expected value of their joint savings. How far off several are together does not follow from
    /// how far off each is.
    pub expected_joint_saving_bytes: i64,
    /// What they cost in a month, one entry for each currency; none without price books.
    pub costs: Vec<GroupCost>,
}

/// Something that the reader must know about a registry's figures.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Note {
    /// The registry.
    pub registry: RegistryName,
    /// What kind of thing it is, for programs.
    pub kind: NoteKind,
    /// How many of them there are; 0 where there is nothing to count.
    pub count: usize,
    /// It in words.
    pub note: String,
}

/// What kinds of notes there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NoteKind {
    /// The last crawl could not read everything.
    IncompleteCrawl,
    /// The last crawl has not come to its end: it is running now, or it was stopped.
    UnfinishedCrawl,
    /// Manifests that an index lists have not been read. No loss in itself: a crawl leaves platforms out
    /// that were not chosen, and registries keep indexes whose manifests were deleted.
    UnreadManifests,
    /// Tags are still counted that the latest crawls no longer found.
    MissingTags,
    /// Manifests disagree about the size of a blob.
    ConflictingSizes,
    /// Something about the price book or the history that amounts rest on.
    Prices,
    /// The bases of some images are not known on the release of Alpine that was asked for.
    OtherRelease,
    /// A price book is named and no costs could be worked out by it.
    NoCosts,
}

impl NoteKind {
    /// Whether the totals lack something because of it.
    pub fn is_loss(self) -> bool {
        matches!(self, Self::IncompleteCrawl | Self::UnfinishedCrawl)
    }

    /// Whether it goes with the figures in whatever form they are shown: what they lack, and what amounts of
    /// money rest on.
    pub fn must_be_said(self) -> bool {
        self.is_loss() || matches!(self, Self::Prices | Self::NoCosts)
    }
}
