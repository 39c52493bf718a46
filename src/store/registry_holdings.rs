use chrono::{DateTime, Utc};

use super::{CrawlState, Standing, Store, StoreError};
use crate::oci::{PlatformFilter, RegistryName};
use crate::report::{LastCrawl, RegistryHoldings, RegistrySource};

impl Store {
    /// Everything known about one registry, the input of reports; `None` if it was never crawled.
    ///
    /// Counts only images for the given platforms; no platform means all.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn registry_holdings(
        &self,
        registry: &RegistryName,
        platforms: &[PlatformFilter],
    ) -> Result<Option<RegistryHoldings>, StoreError> {
        self.holdings_with_source(registry, platforms, None).await
    }

    /// The same as of a past moment.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn registry_holdings_at(
        &self,
        registry: &RegistryName,
        platforms: &[PlatformFilter],
        as_of: DateTime<Utc>,
    ) -> Result<Option<RegistryHoldings>, StoreError> {
        self.holdings_with_source(registry, platforms, Some(as_of)).await
    }

    async fn holdings_with_source(
        &self,
        registry: &RegistryName,
        platforms: &[PlatformFilter],
        as_of: Option<DateTime<Utc>>,
    ) -> Result<Option<RegistryHoldings>, StoreError> {
        let Some(standing) = self.standing(registry).await? else {
            return Ok(None);
        };
        let Some(holdings) = self.holdings(registry, platforms, as_of).await? else {
            return Ok(None);
        };
        let inventory = holdings.inventory.finish();
        let source = RegistrySource {
            registry: registry.clone(),
            as_of: as_of.map_or(standing.as_of, |moment| moment.min(standing.as_of)),
            last_crawl: last_crawl(&standing),
            dedup_scope: inventory.dedup_scope,
            unread_manifests: inventory.unread_children(),
            conflicting_sizes: inventory.conflicting_sizes().len(),
            missing_tags: standing.missing_tags,
        };
        Ok(Some(RegistryHoldings {
            source,
            inventory,
            images: holdings.images,
        }))
    }
}

fn last_crawl(standing: &Standing) -> LastCrawl {
    match standing.last_crawl {
        CrawlState::Complete => LastCrawl::Complete,
        CrawlState::Incomplete => LastCrawl::Incomplete {
            losses: standing.losses,
        },
        CrawlState::Queued | CrawlState::Running | CrawlState::Interrupted | CrawlState::Failed => {
            LastCrawl::Unfinished
        }
    }
}
