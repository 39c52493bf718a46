use std::collections::HashSet;

use super::base::RepositoryId;
use crate::base_image::{AlpineRelease, Evidence};

/// The evidence that detection may use, and the bases that it may name.
///
/// Normally everything. To measure weaker evidence, stronger evidence is hidden. To judge an image by other
/// images only, the bases of its own repository are hidden.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    hidden: u8,
    excluded: HashSet<RepositoryId>,
    release: Option<AlpineRelease>,
}

impl Scope {
    /// All evidence and all bases.
    pub fn all() -> Self {
        Self::default()
    }

    /// Without one kind of evidence.
    pub fn hiding(mut self, evidence: Evidence) -> Self {
        self.hidden |= evidence.bit();
        self
    }

    /// Without the bases and Alpine variants of these repositories.
    pub fn excluding(mut self, repositories: impl IntoIterator<Item = RepositoryId>) -> Self {
        self.excluded.extend(repositories);
        self
    }

    /// With Alpine variants of one release of Alpine preferred, if there are any.
    pub fn preferring(mut self, release: Option<AlpineRelease>) -> Self {
        self.release = release;
        self
    }

    /// The preferred release of Alpine.
    pub(super) fn release(&self) -> Option<AlpineRelease> {
        self.release
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
