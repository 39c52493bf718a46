//! What the command line chose of a registry, so that a service can crawl the same again.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use sqlx::types::Json;

use super::CrawledRegistry;
use crate::oci::RegistryName;
use crate::store::inventory::dedup_scope;
use crate::store::row::Row;
use crate::store::span::Named as _;
use crate::store::{Store, StoreError};

/// What a crawl from the command line read of a registry.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CrawlChoice {
    /// Names and globs of the repositories; empty for all.
    pub repositories: Vec<String>,
    /// The platforms, such as `linux/amd64`; empty for all.
    pub platforms: Vec<String>,
    /// PEM files with additional certificate authorities.
    pub extra_ca: Vec<PathBuf>,
}

/// A registry that was crawled before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRegistry {
    /// The registry.
    pub registry: CrawledRegistry,
    /// What was read of it; everything unless `tare crawl` chose a part.
    pub choice: CrawlChoice,
}

impl Store {
    /// Saves what a crawl from the command line reads of a registry.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn remember_choice(
        &self,
        registry: &RegistryName,
        choice: &CrawlChoice,
    ) -> Result<(), StoreError> {
        sqlx::query!(
            "UPDATE registry SET crawl_choice = $2 WHERE name = $1",
            registry.as_str(),
            Json(choice) as _
        )
        .execute(&self.pool)
        .named("remember_choice")
        .await?;
        Ok(())
    }

    /// The registries that were crawled before, sorted by name.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn stored_registries(&self) -> Result<Vec<StoredRegistry>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT name, origin_url, dedup_scope, crawl_choice AS "choice: Json<CrawlChoice>"
               FROM registry
               WHERE EXISTS (SELECT FROM crawl WHERE registry_id = registry.id AND started_at IS NOT NULL)
               ORDER BY name COLLATE "C""#
        )
        .fetch_all(&self.pool)
        .named("stored_registries")
        .await?;
        rows.into_iter()
            .map(|row| {
                Ok(StoredRegistry {
                    registry: CrawledRegistry {
                        name: Row::new("registry", &row.name).parse("name", &row.name)?,
                        origin_url: row.origin_url,
                        dedup_scope: dedup_scope(&row.dedup_scope)?,
                    },
                    choice: row.choice.map(|choice| choice.0).unwrap_or_default(),
                })
            })
            .collect()
    }
}
