use super::content::RepositoryContent;
use crate::inventory::ManifestId;

/// What a policy selects in a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// For each tag why it goes; `None` if it stays.
    pub tags: Vec<Option<String>>,
    /// For each untagged manifest whether it is selected; empty if the registry does not list them.
    pub untagged: Vec<bool>,
    /// Manifests that stay although they lose their last tag: some vendors' policies only remove tags.
    pub stay: Vec<ManifestId>,
    /// Whether signatures that are attached by a tag follow their image. For some vendors they are tags as any other.
    pub attachments_follow: bool,
}

impl Selection {
    /// Nothing of a repository.
    pub fn nothing(content: &RepositoryContent) -> Self {
        Self {
            tags: vec![None; content.tags.len()],
            untagged: vec![false; content.untagged.as_ref().map_or(0, Vec::len)],
            stay: Vec::new(),
            attachments_follow: false,
        }
    }

    /// Whether it selects nothing.
    pub fn is_empty(&self) -> bool {
        self.tags.iter().all(Option::is_none) && !self.untagged.contains(&true)
    }
}
