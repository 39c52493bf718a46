use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};

use crate::oci::{Digest, ImageConfig, Manifest, RepositoryName, Tag};
use crate::units::ByteCount;

/// A fact found by a crawl. Facts about content come before the tags that reach it, so that the data saved before a
/// crawl is killed is consistent.
#[derive(Debug, Clone, PartialEq)]
pub enum Finding {
    /// A manifest was fetched and its digest verified.
    Manifest(Box<ManifestFact>),
    /// A configuration was fetched and its digest verified.
    Config(Box<ConfigFact>),
    /// A tag points to a manifest. Everything below it has been reported, is already known, or has a fault.
    Tag {
        /// The repository the tag is in.
        repository: RepositoryName,
        /// The tag.
        tag: Tag,
        /// The manifest it points to now.
        digest: Digest,
    },
    /// A manifest is attached to another one by its `subject`.
    Referrer {
        /// The repository both are in.
        repository: RepositoryName,
        /// What it is attached to.
        subject: Digest,
        /// The attached manifest.
        digest: Digest,
    },
    /// A repository has been walked: its listing, and whether all of it could be read.
    Repository(RepositoryListing),
    /// What the registry still keeps of deleted repositories.
    SoftDeleted(SoftDeleted),
    /// Something could not be read; the crawl goes on.
    Fault(Fault),
}

/// A fetched manifest.
#[derive(Debug, Clone, PartialEq)]
pub struct ManifestFact {
    /// Its digest, recomputed from its bytes.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: ByteCount,
    /// Its parsed content.
    pub manifest: Manifest,
}

/// A fetched configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct ConfigFact {
    /// Its digest, recomputed from its bytes.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: ByteCount,
    /// Its parsed content.
    pub config: ImageConfig,
}

/// The tag listing of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryListing {
    /// The repository.
    pub repository: RepositoryName,
    /// Every listed tag, whether or not it could be read.
    pub tags: Vec<Tag>,
    /// Whether the listing was read to its end. Only then does a missing tag mean that it is gone.
    pub listed_to_the_end: bool,
    /// Whether every listed tag and everything below it was read or has vanished.
    pub complete: bool,
    /// The listing of all its manifests, tagged or not.
    pub manifests: ManifestListing,
}

/// The listing of all manifests of a repository, tagged or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ManifestListing {
    /// Each of them once. What is not listed no longer exists.
    Listed(Vec<ListedDigest>),
    /// Some of them: the registry counts more than it lists. What is not listed may exist.
    Partial(Vec<ListedDigest>),
    /// It could not be read to its end this time; the previous listing stays valid.
    Unread,
    /// The registry has no such listing, refuses it, or is not to be asked. Untagged content is unknown.
    Unavailable,
}

/// A manifest in such a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListedDigest {
    /// Its digest.
    pub digest: Digest,
    /// When it was pushed and last changed.
    pub times: ManifestTimes,
}

impl From<Digest> for ListedDigest {
    /// A manifest of which the listing states no times.
    fn from(digest: Digest) -> Self {
        Self {
            digest,
            times: ManifestTimes::default(),
        }
    }
}

/// When a manifest in a repository came and changed, as far as the registry says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ManifestTimes {
    /// When it was pushed.
    pub created: Option<DateTime<Utc>>,
    /// When it or its tags last changed.
    pub changed: Option<DateTime<Utc>>,
}

impl ManifestTimes {
    /// Since when nothing has happened to it: without a tag, for so long it has had none.
    pub fn idle_since(&self) -> Option<DateTime<Utc>> {
        self.changed.or(self.created)
    }
}

/// Repositories that were deleted and that the registry still stores, because a policy keeps what is deleted for some
/// days (Azure Container Registry's soft delete). They are billed, and no client can read their layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SoftDeleted {
    /// How many there are.
    pub repositories: usize,
    /// When the first of them was deleted, if the registry says.
    pub since: Option<DateTime<Utc>>,
}

/// Something that a crawl could not read. Faults are part of the result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// The repository; `None` if the catalogue itself failed.
    #[serde(default)]
    pub repository: Option<RepositoryName>,
    /// The tag, digest or step within the repository.
    #[serde(default)]
    pub reference: Option<String>,
    /// What kind of thing went wrong.
    pub kind: FaultKind,
    /// What happened, as a sentence without secrets.
    pub fault: String,
}

/// The kind of a fault.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    IntoStaticStr,
    EnumString,
    VariantArray,
    JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum FaultKind {
    /// Listed, but gone when requested. Normal in a busy registry; does not make a crawl incomplete.
    Vanished,
    /// The registry has lost content that a tag leads to, so that it cannot be pulled (for some platforms). Does not make a
    /// crawl incomplete: there is nothing more to read.
    Broken,
    /// Recognised, but cannot be counted (Docker schema 1). Does not make a crawl incomplete.
    Unsupported,
    /// Manifests state different sizes for the same content; the fault says which one counts. Does not make a crawl
    /// incomplete: asking again gives the same answer.
    Conflicting,
    /// Untagged manifests cannot be listed. Everything that tags reach is still known, so this does not make a crawl
    /// incomplete.
    Unlisted,
    /// The registry refused access.
    Denied,
    /// The registry could not be reached, or failed, after all retries.
    Unavailable,
    /// The registry sent something invalid: a wrong digest, a broken document, a forbidden URL.
    Invalid,
}

impl FaultKind {
    /// Whether a fault of this kind makes the crawl's result incomplete.
    pub fn is_loss(self) -> bool {
        !matches!(
            self,
            Self::Vanished | Self::Broken | Self::Unsupported | Self::Conflicting | Self::Unlisted
        )
    }

    /// The kinds that are not losses, as stored in the database.
    pub fn harmless() -> Vec<String> {
        let harmless = Self::VARIANTS.iter().filter(|kind| !kind.is_loss());
        harmless.map(|kind| kind.as_str().to_owned()).collect()
    }

    /// The kind as stored in the database.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}
