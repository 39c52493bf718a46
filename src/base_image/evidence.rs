use std::collections::HashSet;

use schemars::JsonSchema;
use serde::Serialize;

use super::AlpineRelease;
use super::catalogue::{Base, RepositoryId};

/// What a finding about an image's base rests on, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// An annotation or label gives the base's digest, and that manifest is known.
    BaseDigest,
    /// The image's layers begin with all layers of the base.
    LayerDigests,
    /// The image's uncompressed layers do, though they are stored in another compression.
    DiffIds,
    /// An annotation or label gives the base's name.
    BaseName,
    /// The image's steps begin with all steps of the base, numbers and hashes aside: a base that has been
    /// rebuilt since.
    StepTexts,
    /// All version variables of the base are present.
    Variables,
    /// The image's first layer is that of an operating system.
    SystemLayer,
    /// A trace that an operating system or a builder leaves in the configuration.
    SystemTrace,
}

impl Evidence {
    /// Every kind, best first.
    pub const ALL: [Self; 8] = [
        Self::BaseDigest,
        Self::LayerDigests,
        Self::DiffIds,
        Self::BaseName,
        Self::StepTexts,
        Self::Variables,
        Self::SystemLayer,
        Self::SystemTrace,
    ];

    /// The kind as it is written in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BaseDigest => "base_digest",
            Self::LayerDigests => "layer_digests",
            Self::DiffIds => "diff_ids",
            Self::BaseName => "base_name",
            Self::StepTexts => "step_texts",
            Self::Variables => "variables",
            Self::SystemLayer => "system_layer",
            Self::SystemTrace => "system_trace",
        }
    }

    fn bit(self) -> u8 {
        1 << (self as u8)
    }
}

/// How likely a finding is right, in percent.
///
/// The figures come from hiding evidence on images whose parent is known from their layers and counting
/// how often what is left names the right one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Confidence(u8);

impl Confidence {
    /// A confidence; more than 100 percent counts as 100.
    pub const fn percent(percent: u8) -> Self {
        Self(if percent > 100 { 100 } else { percent })
    }

    /// The percentage.
    pub const fn get(self) -> u8 {
        self.0
    }
}

/// What detection may look at and which bases it may name.
///
/// Everything, as a rule. To measure how good the weaker evidence is, the better is hidden; to judge an
/// image by what is known of others, the bases of its own repository are.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    hidden: u8,
    excluded: HashSet<RepositoryId>,
    release: Option<AlpineRelease>,
}

impl Scope {
    /// Everything there is.
    pub fn all() -> Self {
        Self::default()
    }

    /// The same without one kind of evidence.
    pub fn hiding(mut self, evidence: Evidence) -> Self {
        self.hidden |= evidence.bit();
        self
    }

    /// The same without the bases and twins of these repositories.
    pub fn excluding(mut self, repositories: impl IntoIterator<Item = RepositoryId>) -> Self {
        self.excluded.extend(repositories);
        self
    }

    /// The same with twins on one release of Alpine before all others, where there are such.
    pub fn preferring(mut self, release: Option<AlpineRelease>) -> Self {
        self.release = release;
        self
    }

    /// How far a twin is from the release that is preferred: 0 where it is on it or none is, else 1.
    pub(super) fn release_distance(&self, twin: &Base) -> u8 {
        let is_on_it = |release| twin.alpine_release() == Some(release);
        u8::from(!self.release.is_none_or(is_on_it))
    }

    /// Whether this kind of evidence may be used.
    pub fn sees(&self, evidence: Evidence) -> bool {
        self.hidden & evidence.bit() == 0
    }

    /// Whether bases of this repository may not be used.
    pub fn excludes(&self, repository: RepositoryId) -> bool {
        self.excluded.contains(&repository)
    }

    /// Whether any repository is excluded.
    pub(super) fn excludes_any(&self) -> bool {
        !self.excluded.is_empty()
    }
}
