use super::row::Row;
use super::span::Named as _;
use super::{Store, StoreError};
use crate::cleanup::TagTimes;
use crate::oci::RegistryName;

impl Store {
    /// Since when the current tags of a registry point to what they point to.
    ///
    /// # Errors
    /// If the database is not available, and where a row is inconsistent.
    pub async fn tag_times(&self, registry: &RegistryName) -> Result<TagTimes, StoreError> {
        let first_crawl = sqlx::query_scalar!(
            "SELECT min(crawl.finished_at) FROM crawl JOIN registry ON registry.id = crawl.registry_id
             WHERE registry.name = $1 AND crawl.state IN ('complete', 'incomplete')",
            registry.as_str()
        );
        let first_crawl = first_crawl
            .fetch_one(&self.pool)
            .named("tag_times.select_crawl")
            .await?;
        let rows = sqlx::query!(
            "SELECT repository.name AS repository, tag.name AS tag, tag.valid_from
             FROM tag
             JOIN repository ON repository.id = tag.repository_id
             JOIN registry ON registry.id = repository.registry_id
             WHERE registry.name = $1 AND tag.valid_until IS NULL",
            registry.as_str()
        );
        let rows = rows.fetch_all(&self.pool).named("tag_times.select_tag").await?;
        let seen = rows.into_iter().map(|row| {
            let place = Row::new("tag", &row.tag);
            Ok((
                place.parse("repository_id", &row.repository)?,
                place.parse("name", &row.tag)?,
                row.valid_from,
            ))
        });
        Ok(TagTimes::new(
            first_crawl,
            seen.collect::<Result<Vec<_>, StoreError>>()?,
        ))
    }
}
