use crate::oci::{RegistryName, RepositoryName};
use crate::store::row::Row;
use crate::store::span::Named as _;
use crate::store::{Store, StoreError};

/// What earlier crawls of a registry have found about it as a whole.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct KnownRegistry {
    /// Whether the registry kept deleted repositories when that was asked last.
    pub keeps_deleted: bool,
    /// How many crawls of the registry have ended.
    pub crawls: u64,
}

impl Store {
    /// What is saved about a registry as a whole.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn known_registry(&self, registry: &RegistryName) -> Result<KnownRegistry, StoreError> {
        let deleted = self.soft_deleted(registry).await?;
        let crawls = sqlx::query_scalar!(
            r#"SELECT count(*) AS "count!" FROM crawl JOIN registry ON registry.id = crawl.registry_id
               WHERE registry.name = $1 AND finished_at IS NOT NULL"#,
            registry.as_str()
        );
        let crawls = crawls.fetch_one(&self.pool).named("known.count_crawls").await?;
        Ok(KnownRegistry {
            keeps_deleted: deleted.is_some_and(|deleted| deleted.repositories > 0),
            crawls: Row::new("crawl", &registry).count("crawls", crawls)?,
        })
    }

    /// The repositories of a registry that have tags.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn tagged_repositories(
        &self,
        registry: &RegistryName,
    ) -> Result<Vec<RepositoryName>, StoreError> {
        let rows = sqlx::query_scalar!(
            "SELECT repository.name FROM repository JOIN registry ON registry.id = repository.registry_id
             WHERE registry.name = $1 AND EXISTS (
                 SELECT FROM tag WHERE tag.repository_id = repository.id AND valid_until IS NULL)
             ORDER BY repository.name",
            registry.as_str()
        );
        let names = rows
            .fetch_all(&self.pool)
            .named("known.select_repository")
            .await?;
        names
            .into_iter()
            .map(|name| Row::new("repository", &name).parse("name", &name))
            .collect()
    }
}
