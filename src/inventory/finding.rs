use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};

use crate::oci::{Digest, ImageConfig, Manifest, RepositoryName, Tag};
use crate::units::ByteCount;

/// One fact that a crawl has established. Facts about content come before the tags that reach it, so
/// that whatever has been saved when a crawl is killed is consistent in itself.
#[derive(Debug, Clone, PartialEq)]
pub enum Finding {
    /// A manifest was fetched and its digest verified.
    Manifest(Box<ManifestFact>),
    /// A configuration was fetched and its digest verified.
    Config(Box<ConfigFact>),
    /// A tag points to a manifest, everything beneath which has been reported, is known already, or is
    /// the subject of a fault.
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
    /// A repository is done: what its listing said, and whether all of it could be read.
    Repository(RepositoryListing),
    /// Something went wrong; the crawl goes on.
    Fault(Fault),
}

/// A manifest as fetched.
#[derive(Debug, Clone, PartialEq)]
pub struct ManifestFact {
    /// Its digest, recomputed from its bytes.
    pub digest: Digest,
    /// Its own length in bytes.
    pub size: ByteCount,
    /// What it says.
    pub manifest: Manifest,
}

/// A configuration as fetched.
#[derive(Debug, Clone, PartialEq)]
pub struct ConfigFact {
    /// Its digest, recomputed from its bytes.
    pub digest: Digest,
    /// Its own length in bytes.
    pub size: ByteCount,
    /// What it says.
    pub config: ImageConfig,
}

/// What a repository's tag listing said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryListing {
    /// The repository.
    pub repository: RepositoryName,
    /// Every tag that was listed, whether or not it could be read.
    pub tags: Vec<Tag>,
    /// Whether the listing came to its end. Only then does a missing tag mean anything.
    pub listed_to_the_end: bool,
    /// Whether every listed tag, and everything beneath, could be read or has vanished.
    pub complete: bool,
    /// What the registry says of all its manifests, tagged or not.
    pub manifests: ManifestListing,
}

/// What a registry says of all manifests of a repository, those that no tag reaches among them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ManifestListing {
    /// Each of them once. What is not listed here is not there any more.
    Listed(Vec<Digest>),
    /// It could not be read to its end this time: what was known of it stays.
    Unread,
    /// The registry has no such listing, does not let us, or is not to be asked: nobody can say what no tag
    /// reaches.
    NotToBeHad,
}

/// Something that a crawl could not read. A fault is part of the result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// The repository; none where the catalogue itself failed.
    #[serde(default)]
    pub repository: Option<RepositoryName>,
    /// The tag, digest or step within it.
    #[serde(default)]
    pub reference: Option<String>,
    /// What kind of thing went wrong.
    pub kind: FaultKind,
    /// What happened, in words, without secrets.
    pub fault: String,
}

/// What kind of thing went wrong.
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
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum FaultKind {
    /// Listed, but gone when asked for. Normal in a busy registry: it does not make a crawl incomplete.
    Vanished,
    /// Recognised, but it cannot be counted (Docker schema 1). Does not make a crawl incomplete.
    Unsupported,
    /// What no tag reaches cannot be listed. Whatever tags reach is known all the same, so this does not make
    /// a crawl incomplete.
    Unlisted,
    /// The registry did not let us.
    Denied,
    /// The registry could not be reached, or failed, through all retries.
    Unavailable,
    /// The registry answered something it must not: a wrong digest, a broken document, a forbidden URL.
    Invalid,
}

impl FaultKind {
    /// Whether the crawl's result lacks something because of such a fault.
    pub fn is_loss(self) -> bool {
        !matches!(self, Self::Vanished | Self::Unsupported | Self::Unlisted)
    }

    /// The kinds that are no loss, as they are written in the store.
    pub fn harmless() -> Vec<String> {
        let harmless = Self::VARIANTS.iter().filter(|kind| !kind.is_loss());
        harmless.map(|kind| kind.as_str().to_owned()).collect()
    }

    /// The kind as it is written in the store.
    pub const fn as_str(self) -> &'static str {
        self.into_str()
    }
}
