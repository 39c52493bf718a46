//! Content that a process keeps, so that it reads only what is new.

use std::collections::HashMap;
use std::sync::Arc;

use super::configs::KnownConfigs;
use super::manifests::{Interner, SavedManifest};
use crate::oci::{Digest, ImageConfig, Tag};

/// The tags, manifests and configurations of a registry as they were last read. Content never changes under its digest,
/// so what is here is not read again; tags are read again for repositories in which one has changed.
#[derive(Debug, Default)]
pub struct KeptContent {
    tags: HashMap<i64, KeptTags>,
    manifests: HashMap<i64, Arc<SavedManifest>>,
    configs: HashMap<i64, Arc<ImageConfig>>,
    pub(super) known_configs: KnownConfigs,
    pub(super) media_types: Interner,
}

impl KeptContent {
    /// How many manifests and configurations it contains.
    pub fn counts(&self) -> (usize, usize) {
        (self.manifests.len(), self.configs.len())
    }
}

/// The tags of a repository, with the state in which they were read.
#[derive(Debug)]
pub(super) struct KeptTags {
    pub(super) state: String,
    pub(super) tags: Arc<[SavedTag]>,
}

/// A tag, the manifest that it points to, and the id of that.
#[derive(Debug, Clone)]
pub(super) struct SavedTag {
    pub(super) tag: Tag,
    pub(super) digest: Digest,
    pub(super) manifest: i64,
}

/// One reading of a registry's content: what was kept of the reading before, and what is kept for the next. What is not
/// used any more is dropped.
pub(super) struct Reading<'k> {
    before: KeptContent,
    now: KeptContent,
    /// Where the content is kept; `None` if there will be no other reading.
    keeper: Option<&'k mut KeptContent>,
}

impl<'k> Reading<'k> {
    pub(super) fn new(mut keeper: Option<&'k mut KeptContent>) -> Self {
        let mut before = keeper.as_deref_mut().map(std::mem::take).unwrap_or_default();
        let now = KeptContent {
            known_configs: std::mem::take(&mut before.known_configs),
            media_types: std::mem::take(&mut before.media_types),
            ..KeptContent::default()
        };
        Self { before, now, keeper }
    }

    /// Whether what is read is kept.
    pub(super) fn keeps(&self) -> bool {
        self.keeper.is_some()
    }

    /// Takes the kept tags of a repository, if they are those of this state.
    pub(super) fn take_tags(&mut self, repository: i64, state: &str) -> Option<Arc<[SavedTag]>> {
        let kept = self.before.tags.remove(&repository)?;
        if kept.state != state {
            return None;
        }
        let tags = Arc::clone(&kept.tags);
        self.keep_tags(repository, kept);
        Some(tags)
    }

    pub(super) fn keep_tags(&mut self, repository: i64, tags: KeptTags) {
        if self.keeps() {
            self.now.tags.insert(repository, tags);
        }
    }

    /// Takes the kept manifests out of a list of ids, and leaves the ids of the others.
    pub(super) fn take_manifests(&mut self, ids: &mut Vec<i64>) -> Vec<Arc<SavedManifest>> {
        let mut taken = Vec::new();
        if !self.before.manifests.is_empty() {
            ids.retain(|id| match self.before.manifests.remove(id) {
                Some(manifest) => {
                    taken.push(manifest);
                    false
                }
                None => true,
            });
        }
        for manifest in &taken {
            self.keep_manifest(manifest);
        }
        taken
    }

    pub(super) fn keep_manifest(&mut self, manifest: &Arc<SavedManifest>) {
        if self.keeps() {
            self.now.manifests.insert(manifest.id, Arc::clone(manifest));
        }
    }

    /// Takes a kept configuration.
    pub(super) fn take_config(&mut self, id: i64) -> Option<Arc<ImageConfig>> {
        let config = self.before.configs.remove(&id)?;
        self.keep_config(id, &config);
        Some(config)
    }

    pub(super) fn keep_config(&mut self, id: i64, config: &Arc<ImageConfig>) {
        if self.keeps() {
            self.now.configs.insert(id, Arc::clone(config));
        }
    }

    pub(super) fn media_types(&mut self) -> &mut Interner {
        &mut self.now.media_types
    }

    pub(super) fn known_configs(&mut self) -> &mut KnownConfigs {
        &mut self.now.known_configs
    }

    /// Keeps what was used for the next reading.
    pub(super) fn finish(self) {
        let Some(keeper) = self.keeper else { return };
        let mut now = self.now;
        // Configurations without their steps depend on what was read before them.
        if now.known_configs.is_full() {
            return;
        }
        drop(self.before);
        now.known_configs.drop_unused();
        now.media_types.drop_unused();
        *keeper = now;
    }
}
