//! The only place where the content of a registry is read back from the store.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, SubsecRound as _, Utc};
use parking_lot::Mutex;

use crate::base_image::ImageFacts;
use crate::inventory::{Accounting, ContentCounts, Inventory, account};
use crate::oci::{PlatformFilter, RegistryName, RepositoryName};
use crate::report::{LastCrawl, RegistryContent, RegistrySource};
use crate::store::{CrawlState, DataQuality, KeptContent, RegistryRecord, Store, StoreError, StoredContent};
use crate::units::ByteOverflow;

/// Reads the content of registries. Clones share what they keep.
#[derive(Debug, Clone)]
pub struct ContentReader {
    store: Store,
    /// What was read before, by registry; `None` if it is not kept.
    kept: Option<Arc<Mutex<HashMap<RegistryName, KeptOfRegistry>>>>,
}

/// What was read of one registry. The lock is held during a reading, so that two do not read the same.
type KeptOfRegistry = Arc<tokio::sync::Mutex<KeptContent>>;

impl ContentReader {
    /// Reads all content of a registry each time.
    pub fn new(store: Store) -> Self {
        Self { store, kept: None }
    }

    /// Keeps manifests and configurations, which never change, and reads only those that are new.
    #[must_use]
    pub(super) fn keeping(mut self) -> Self {
        self.kept = Some(Arc::default());
        self
    }

    /// Loads a registry, at a moment of the past or as it is; `None` if it was never crawled.
    pub(super) async fn load(
        &self,
        registry: &RegistryName,
        platforms: &[PlatformFilter],
        as_of: Option<DateTime<Utc>>,
    ) -> Result<Option<RegistryContent>, StoreError> {
        let Some(quality) = self.store.data_quality(registry).await? else {
            return Ok(None);
        };
        let stored = match as_of {
            Some(_) => self.store.content(registry, platforms, as_of).await?,
            None => self.current(registry, platforms, &[]).await?,
        };
        let Some(stored) = stored else {
            return Ok(None);
        };
        let inventory = stored.inventory.finish();
        Ok(Some(RegistryContent {
            source: source(registry, &inventory, &quality, as_of),
            inventory,
            images: stored.images,
            accounting: None,
        }))
    }

    /// The content of a registry at the end of a crawl, without the repositories that the end of the crawl deletes, and
    /// its accounting. `None` if the store does not know the registry.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn crawled(
        &self,
        registry: &RegistryName,
        platforms: &[PlatformFilter],
        deleted: &[RepositoryName],
    ) -> Result<Option<CrawledContent>, StoreError> {
        let events_applied = self.store.events_applied(Some(registry)).await?;
        let Some(stored) = self.current(registry, platforms, deleted).await? else {
            return Ok(None);
        };
        let inventory = stored.inventory.finish();
        let accounting = account(&inventory).map(Arc::new);
        Ok(Some(CrawledContent {
            registry: registry.clone(),
            platforms: platforms.to_vec(),
            inventory,
            images: stored.images,
            accounting,
            ended_at: None,
            events_applied,
        }))
    }

    async fn current(
        &self,
        registry: &RegistryName,
        platforms: &[PlatformFilter],
        without: &[RepositoryName],
    ) -> Result<Option<StoredContent>, StoreError> {
        let kept = self
            .kept
            .as_ref()
            .map(|kept| Arc::clone(kept.lock().entry(registry.clone()).or_default()));
        let mut kept = match &kept {
            Some(kept) => Some(kept.lock().await),
            None => None,
        };
        self.store
            .current_content(registry, platforms, without, kept.as_deref_mut())
            .await
    }
}

/// The content of a registry as a crawl leaves it, with its accounting. The crawl reads it to find out what it came to,
/// and hands it on to the analysis.
#[derive(Debug)]
pub struct CrawledContent {
    registry: RegistryName,
    platforms: Vec<PlatformFilter>,
    inventory: Inventory,
    images: Vec<ImageFacts>,
    accounting: Result<Arc<Accounting>, ByteOverflow>,
    /// When the crawl ended; `None` until then.
    ended_at: Option<DateTime<Utc>>,
    /// When an event had last changed something before the content was read.
    events_applied: Option<DateTime<Utc>>,
}

impl CrawledContent {
    /// The same content once the crawl has ended.
    #[must_use]
    pub fn ended_at(mut self, now: DateTime<Utc>) -> Self {
        self.ended_at = Some(now);
        self
    }

    /// What the registry contains.
    pub fn inventory(&self) -> &Inventory {
        &self.inventory
    }

    /// The accounting of the registry.
    ///
    /// # Errors
    /// If sizes overflow.
    pub fn accounting(&self) -> Result<&Arc<Accounting>, ByteOverflow> {
        self.accounting.as_ref().map_err(|overflow| *overflow)
    }

    /// How much the chosen repositories contain.
    pub fn counts(&self, is_chosen: impl Fn(&RepositoryName) -> bool) -> ContentCounts {
        ContentCounts::new(&self.inventory, is_chosen)
    }

    pub(super) fn registry(&self) -> &RegistryName {
        &self.registry
    }

    /// Whether it is what the store holds of these platforms: no other crawl of the registry has ended since, and no event
    /// has changed anything.
    pub(super) fn is_current(&self, record: &RegistryRecord, platforms: &[PlatformFilter]) -> bool {
        // The database keeps microseconds.
        let kept = |moment: Option<DateTime<Utc>>| moment.map(|moment| moment.trunc_subsecs(6));
        self.platforms == platforms
            && self.ended_at.is_some()
            && kept(self.ended_at) == kept(record.last_finished)
            && self.events_applied == record.events_applied
            && !matches!(
                record.last_crawl,
                Some(CrawlState::Interrupted | CrawlState::Cancelled)
            )
    }

    /// The content with what the store says of the crawl that has ended.
    pub(super) async fn into_content(self, store: &Store) -> Result<Option<RegistryContent>, StoreError> {
        let Some(quality) = store.data_quality(&self.registry).await? else {
            return Ok(None);
        };
        Ok(Some(RegistryContent {
            source: source(&self.registry, &self.inventory, &quality, None),
            inventory: self.inventory,
            images: self.images,
            accounting: self.accounting.ok(),
        }))
    }
}

fn source(
    registry: &RegistryName,
    inventory: &Inventory,
    quality: &DataQuality,
    as_of: Option<DateTime<Utc>>,
) -> RegistrySource {
    RegistrySource {
        registry: registry.clone(),
        as_of: as_of.map_or(quality.as_of, |moment| moment.min(quality.as_of)),
        last_crawl: last_crawl(quality),
        dedup_scope: inventory.dedup_scope,
        unread_manifests: inventory.unread_children(),
        conflicting_sizes: inventory.size_conflicts().len(),
        missing_tags: quality.missing_tags,
        // The store keeps it of the last crawl only.
        soft_deleted: quality.soft_deleted.filter(|_| as_of.is_none()),
        event_coverage: quality.event_coverage,
    }
}

fn last_crawl(quality: &DataQuality) -> LastCrawl {
    match quality.last_crawl {
        CrawlState::Complete => LastCrawl::Complete,
        CrawlState::Incomplete => LastCrawl::Incomplete {
            losses: quality.losses,
        },
        CrawlState::Queued
        | CrawlState::Running
        | CrawlState::Cancelling
        | CrawlState::Interrupted
        | CrawlState::Cancelled
        | CrawlState::Failed => LastCrawl::Unfinished,
    }
}
