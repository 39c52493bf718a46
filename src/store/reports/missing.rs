use chrono::{DateTime, Utc};

use crate::oci::RegistryName;
use crate::store::row::Row;
use crate::store::span::Named as _;
use crate::store::{CrawlState, Store, StoreError};

impl Store {
    /// The last finished crawl of a registry, if it ended before `until` and no report followed: its process ended first, or
    /// the report failed.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn crawl_without_report(
        &self,
        registry: &RegistryName,
        until: DateTime<Utc>,
    ) -> Result<Option<i64>, StoreError> {
        let last = sqlx::query!(
            r#"SELECT crawl.id, crawl.state, finished_at AS "finished_at!",
                   EXISTS (SELECT FROM report WHERE report.registry_id = registry.id
                       AND (report.crawl_id = crawl.id OR report.as_of >= crawl.finished_at)) AS "is_reported!"
               FROM crawl JOIN registry ON registry.id = crawl.registry_id
               WHERE registry.name = $1 AND finished_at IS NOT NULL AND crawl.state <> 'cancelled'
               ORDER BY finished_at DESC, crawl.id DESC LIMIT 1"#,
            registry.as_str()
        )
        .fetch_optional(&self.pool)
        .named("crawl_without_report")
        .await?;
        let Some(last) = last.filter(|last| !last.is_reported && last.finished_at < until) else {
            return Ok(None);
        };
        let state = Row::new("crawl", &last.id).parse("state", &last.state)?;
        // An interrupted crawl has no report; the next crawl continues it.
        let has_ended = matches!(state, CrawlState::Complete | CrawlState::Incomplete);
        Ok(has_ended.then_some(last.id))
    }
}
