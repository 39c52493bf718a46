use chrono::{DateTime, Utc};

use super::crawl::event_coverage;
use super::row::Row;
use super::span::Named as _;
use super::{CrawlState, Store, StoreError};
use crate::events::EventCoverage;
use crate::inventory::{FaultKind, SoftDeleted};
use crate::oci::RegistryName;

/// How reliable the saved data of a registry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataQuality {
    /// The state of its latest crawl.
    pub last_crawl: CrawlState,
    /// When that crawl ended, or started if it has not ended; or when an event changed something after that.
    pub as_of: DateTime<Utc>,
    /// The number of that crawl's faults that lose something.
    pub losses: usize,
    /// The number of current tags missing from the latest listings.
    pub missing_tags: usize,
    /// What the registry still keeps of deleted repositories; `None` if it does not say.
    pub soft_deleted: Option<SoftDeleted>,
    /// What events had told before that crawl, if it has ended and the registry sends events.
    pub event_coverage: Option<EventCoverage>,
}

impl Store {
    /// How reliable the saved data of a registry is; `None` if it was never crawled.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn data_quality(&self, registry: &RegistryName) -> Result<Option<DataQuality>, StoreError> {
        let no_loss = FaultKind::harmless();
        let row = sqlx::query!(
            r#"SELECT crawl.state, crawl.events_told, crawl.tag_changes, GREATEST(COALESCE(crawl.finished_at, crawl.started_at), events_applied_at) AS "as_of!",
                   (SELECT count(*) FROM crawl_fault
                    WHERE crawl_id = crawl.id AND kind <> ALL ($2)) AS "losses!",
                   (SELECT count(*) FROM tag JOIN repository ON repository.id = tag.repository_id
                    WHERE repository.registry_id = registry.id AND tag.valid_until IS NULL
                      AND (tag.missed_crawls > 0 OR repository.missed_crawls > 0)) AS "missing_tags!"
               FROM registry JOIN crawl ON crawl.registry_id = registry.id
               WHERE registry.name = $1 AND crawl.started_at IS NOT NULL
               ORDER BY crawl.started_at DESC, crawl.id DESC LIMIT 1"#,
            registry.as_str(),
            &no_loss
        );
        let Some(row) = row.fetch_optional(&self.pool).named("data_quality").await? else {
            return Ok(None);
        };
        let soft_deleted = self.soft_deleted(registry).await?;
        let crawl = Row::new("crawl", registry);
        Ok(Some(DataQuality {
            last_crawl: crawl.parse("state", &row.state)?,
            as_of: row.as_of,
            losses: crawl.count("faults", row.losses)?,
            missing_tags: crawl.count("missing tags", row.missing_tags)?,
            soft_deleted,
            event_coverage: event_coverage(crawl, row.events_told, row.tag_changes)?,
        }))
    }

    /// What a registry kept of deleted repositories when that was asked last; `None` if it has never said so.
    ///
    /// # Errors
    /// If the database is not available.
    pub(super) async fn soft_deleted(
        &self,
        registry: &RegistryName,
    ) -> Result<Option<SoftDeleted>, StoreError> {
        let row = sqlx::query!(
            r#"SELECT soft_deleted_repositories AS "repositories!", soft_deleted_since
               FROM crawl JOIN registry ON registry.id = crawl.registry_id
               WHERE registry.name = $1 AND soft_deleted_repositories IS NOT NULL
               ORDER BY crawl.started_at DESC, crawl.id DESC LIMIT 1"#,
            registry.as_str()
        );
        let row = row.fetch_optional(&self.pool).named("soft_deleted").await?;
        row.map(|row| {
            let place = Row::new("crawl", registry);
            Ok(SoftDeleted {
                repositories: place.count("soft-deleted repositories", row.repositories.into())?,
                since: row.soft_deleted_since,
            })
        })
        .transpose()
    }
}
