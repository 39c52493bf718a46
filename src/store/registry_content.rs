use chrono::{DateTime, Utc};

use super::{CrawlState, DataQuality, Store, StoreError};
use crate::oci::{PlatformFilter, RegistryName};
use crate::report::{LastCrawl, RegistryContent, RegistrySource};

impl Store {
    /// All that is known of one registry, as reports want it; none where it was never crawled.
    ///
    /// Only images for the given platforms count; no platform means all of them.
    ///
    /// # Errors
    /// Where the database is not available.
    pub async fn registry_content(
        &self,
        registry: &RegistryName,
        platforms: &[PlatformFilter],
    ) -> Result<Option<RegistryContent>, StoreError> {
        self.holdings_with_source(registry, platforms, None).await
    }

    /// The same as it was at a moment of the past.
    ///
    /// # Errors
    /// Where the database is not available.
    pub async fn registry_content_at(
        &self,
        registry: &RegistryName,
        platforms: &[PlatformFilter],
        as_of: DateTime<Utc>,
    ) -> Result<Option<RegistryContent>, StoreError> {
        self.holdings_with_source(registry, platforms, Some(as_of)).await
    }

    async fn holdings_with_source(
        &self,
        registry: &RegistryName,
        platforms: &[PlatformFilter],
        as_of: Option<DateTime<Utc>>,
    ) -> Result<Option<RegistryContent>, StoreError> {
        let Some(data_quality) = self.data_quality(registry).await? else {
            return Ok(None);
        };
        let Some(content) = self.content(registry, platforms, as_of).await? else {
            return Ok(None);
        };
        let inventory = content.inventory.finish();
        let source = RegistrySource {
            registry: registry.clone(),
            as_of: as_of.map_or(data_quality.as_of, |moment| moment.min(data_quality.as_of)),
            last_crawl: last_crawl(&data_quality),
            dedup_scope: inventory.dedup_scope,
            unread_manifests: inventory.unread_children(),
            conflicting_sizes: inventory.conflicting_sizes().len(),
            missing_tags: data_quality.missing_tags,
        };
        Ok(Some(RegistryContent {
            source,
            inventory,
            images: content.images,
        }))
    }
}

fn last_crawl(data_quality: &DataQuality) -> LastCrawl {
    match data_quality.last_crawl {
        CrawlState::Complete => LastCrawl::Complete,
        CrawlState::Incomplete => LastCrawl::Incomplete {
            losses: data_quality.losses,
        },
        CrawlState::Queued | CrawlState::Running | CrawlState::Interrupted | CrawlState::Failed => {
            LastCrawl::Unfinished
        }
    }
}
