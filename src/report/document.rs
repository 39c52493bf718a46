use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use super::alpine::{RegistryAlpine, RepositoryVerdict};
use super::cost::{RegistryCost, RepositoryCost};
use super::forecast::Forecast;
use super::group_cost::GroupCost;
use super::headline::Headline;
use super::image::ImageRow;
use crate::cost::{Labels, Worth};
use crate::inventory::{DedupScope, Reconciliation, RegistryTotals, RepositoryTotals, UntaggedAges};
use crate::oci::RegistryName;
use crate::units::ByteCount;

/// What one or more registries store, repository by repository. Serialized, it is the JSON that
/// `tare report` prints.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// What to do first, over all registries.
    pub headline: Headline,
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
    /// What the next months are expected to cost. Absent where the history of costs was not loaded, or is that of another
    /// price book.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forecast: Option<Forecast>,
    /// Whether everything that the registries hold has been read.
    pub complete: bool,
    /// What the reader must know about the figures.
    pub notes: Vec<Note>,
}

/// What a registry stores, what it costs and what Alpine would change.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct RegistryRow {
    /// The name of the registry: its host, and its port if it has one.
    pub registry: RegistryName,
    /// Its totals.
    #[serde(flatten)]
    pub totals: RegistryTotals,
    /// Where the registry keeps one copy of a blob.
    pub dedup_scope: DedupScope,
    /// When the registry was last crawled.
    pub as_of: DateTime<Utc>,
    /// How old the content is that no tag reaches. Absent if the registry has none or does not list it, and if the answer
    /// covers a part of the registry.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "UntaggedAges")]
    pub untagged_ages: Option<UntaggedAges>,
    /// What the registry itself reports that it stores, compared with what is counted. Absent if `reported_usage` is not
    /// set for the registry, and if the answer covers a part of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Reconciliation")]
    pub reconciliation: Option<Reconciliation>,
    /// What Alpine would change. Absent where that was not computed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "RegistryAlpine")]
    pub alpine: Option<RegistryAlpine>,
    /// What a month at this level costs; null where no price book is configured for the registry.
    pub cost: Option<RegistryCost>,
    /// The price book to try first, guessed by the host; null where the registry has one.
    pub suggested_price_book: Option<String>,
    /// What to do first in this registry.
    pub headline: Headline,
}

/// What a repository stores, what it costs and what to do with it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct RepositoryRow {
    /// The registry that holds the repository.
    pub registry: RegistryName,
    /// Its totals.
    #[serde(flatten)]
    pub totals: RepositoryTotals,
    /// What to do with it, and what Alpine would change.
    #[serde(flatten)]
    pub judged: Option<RepositoryVerdict>,
    /// Whether moving it is worth it; null where there is no price book or nothing to move.
    pub worth: Option<Worth>,
    /// Who owns it.
    pub labels: Labels,
    /// When the oldest image was built that a tag reaches; null where no image says. Its bytes stay stored until its
    /// tags are deleted.
    pub oldest_image: Option<DateTime<Utc>>,
    /// What a month at this level costs; null where no price book is configured for the registry.
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
    /// Their untagged content; `None` if unknown.
    pub untagged_bytes: Option<ByteCount>,
    /// The former name of `expected_saving_bytes`.
    pub expected_joint_saving_bytes: i64,
    /// The expected value of their savings if every repository switches that should. How far off several are together
    /// does not follow from how far off each is.
    pub expected_saving_bytes: i64,
    /// What they cost in a month, one entry for each currency; none without price books.
    pub costs: Vec<GroupCost>,
}

/// Something that a reader must know about a registry's figures.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Note {
    /// The registry.
    pub registry: RegistryName,
    /// The kind of note, for programs.
    pub kind: NoteKind,
    /// How many cases there are; 0 where there is nothing to count.
    pub count: usize,
    /// The note in words.
    pub note: String,
}

impl Note {
    /// The note for someone who sees a part of the registry. It counts nothing, because most of it belongs to others.
    /// `None` if it need not be said there.
    pub fn of_a_part(&self) -> Option<Self> {
        let note = match self.kind {
            NoteKind::IncompleteCrawl => {
                "The last crawl could not read everything, so the totals may be too small.".to_owned()
            }
            kind if kind.must_be_said() => self.note.clone(),
            _ => return None,
        };
        Some(Self {
            count: 0,
            note,
            ..self.clone()
        })
    }
}

/// The kinds of notes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoteKind {
    /// The last crawl could not read everything.
    IncompleteCrawl,
    /// The last crawl has not ended: it is running, or it was stopped.
    UnfinishedCrawl,
    /// Manifests that an index lists have not been read. This is not a loss: a crawl leaves out platforms that were not
    /// chosen, and registries keep indexes whose manifests were deleted.
    UnreadManifests,
    /// Tags that the latest crawls no longer found are still counted.
    MissingTags,
    /// The registry lists repositories without a tag. They have rows, and do not count as repositories.
    RepositoriesWithoutTags,
    /// Deleted repositories are still stored and billed, and not counted.
    SoftDeleted,
    /// The last crawl found changes that the registry's events had not told.
    MissedByEvents,
    /// Manifests disagree about the size of a blob.
    ConflictingSizes,
    /// Something about the price book or the history that amounts rest on.
    Prices,
    /// The bases of some images are not known on the release of Alpine that was asked for.
    OtherRelease,
    /// Alpine is past its end of life: the release that was asked for, or the only known variant of some bases.
    UnsupportedRelease,
    /// The sizes that the registry's manifests claim cannot be added up, so it has no figures.
    LeftOut,
    /// A price book is configured, and no costs could be computed with it.
    NoCosts,
}

impl NoteKind {
    /// Whether the totals lack something because of it.
    pub fn is_loss(self) -> bool {
        matches!(
            self,
            Self::IncompleteCrawl | Self::UnfinishedCrawl | Self::LeftOut
        )
    }

    /// Whether it tells of repositories that the owner of others may not see.
    pub fn tells_of_others(self) -> bool {
        matches!(
            self,
            Self::RepositoriesWithoutTags | Self::SoftDeleted | Self::MissedByEvents
        )
    }

    /// Whether it goes with the figures in whatever form they are shown: what they lack, and what amounts of
    /// money rest on.
    pub fn must_be_said(self) -> bool {
        self.is_loss() || matches!(self, Self::Prices | Self::NoCosts)
    }
}
