use std::collections::HashSet;

use super::base::{Base, RepositoryId};
use crate::base_image::{AlpineRelease, Evidence};

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
    pub(in crate::base_image) fn release_distance(&self, twin: &Base) -> u8 {
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
    pub(in crate::base_image) fn excludes_any(&self) -> bool {
        !self.excluded.is_empty()
    }
}
