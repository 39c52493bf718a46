use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures::TryStreamExt as _;

use super::images::{StoredContent, TaggedImages};
use super::kept_content::{KeptContent, Reading};
use super::manifests::SavedManifest;
use super::row::Row;
use super::span::Named as _;
use super::{Store, StoreError};
use crate::inventory::{DedupScope, InventoryBuilder, ManifestTimes};
use crate::oci::{Digest, Platform, PlatformFilter, RegistryName, RepositoryName, Tag};

/// A tag with its repository, the manifest that it points to, and the id of that.
pub(super) type TagRow = (RepositoryName, Tag, Digest, i64);

impl Store {
    /// The content of a registry with the facts about its images, at a past moment or by its current tags. `None` if
    /// it was never crawled.
    ///
    /// Counts only images for the given platforms; no platform means all.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn content(
        &self,
        registry: &RegistryName,
        platforms: &[PlatformFilter],
        as_of: Option<DateTime<Utc>>,
    ) -> Result<Option<StoredContent>, StoreError> {
        self.read(registry, platforms, as_of, &[], Reading::new(None))
            .await
    }

    /// The current content of a registry without some of its repositories, such as those that the end of a crawl is
    /// about to delete. Manifests and configurations that are kept are not read again; what is read is kept.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn current_content(
        &self,
        registry: &RegistryName,
        platforms: &[PlatformFilter],
        without: &[RepositoryName],
        kept: Option<&mut KeptContent>,
    ) -> Result<Option<StoredContent>, StoreError> {
        self.read(registry, platforms, None, without, Reading::new(kept))
            .await
    }

    async fn read(
        &self,
        registry: &RegistryName,
        platforms: &[PlatformFilter],
        as_of: Option<DateTime<Utc>>,
        without: &[RepositoryName],
        mut reading: Reading<'_>,
    ) -> Result<Option<StoredContent>, StoreError> {
        tracing::debug!(%registry, as_of = ?as_of, "reading the content of a registry");
        let row = sqlx::query!(
            "SELECT id, dedup_scope FROM registry WHERE name = $1",
            registry.as_str()
        );
        let Some(row) = row.fetch_optional(&self.pool).named("inventory.registry").await? else {
            return Ok(None);
        };
        let mut builder = InventoryBuilder::new(registry.clone(), dedup_scope(&row.dedup_scope)?);
        builder.platforms(platforms.to_vec());

        let mut repositories = self.repositories(row.id, as_of).await?;
        repositories.retain(|_, name| !without.contains(name));
        for name in repositories.values() {
            builder.repository(name.clone());
        }
        let tags = match as_of {
            None if reading.keeps() => self.current_tags(row.id, &repositories, &mut reading).await?,
            _ => self.tags(row.id, as_of, &repositories).await?,
        };
        for (repository, tag, manifest, _) in &tags {
            builder.tag(repository.clone(), tag.clone(), *manifest);
        }
        let mut roots: HashSet<i64> = tags.iter().map(|(.., id)| *id).collect();
        self.add_listed(row.id, as_of, &repositories, &mut roots, &mut builder)
            .await?;
        let config_ids = self
            .add_content(row.id, roots, as_of, &mut reading, &mut builder)
            .await?;
        for (digest, size) in self.confirmed_sizes(row.id).await? {
            builder.confirmed_size(digest, size);
        }
        builder.missing(self.missing_content(row.id, as_of).await?);
        let mut images = TaggedImages::default();
        for (repository, tag, manifest, _) in tags {
            images.add(repository, tag, manifest, &builder);
        }
        let needed = images.needed_configs(&config_ids, &builder);
        drop(config_ids);
        self.set_configs(&needed, &mut reading, &mut images).await?;
        reading.finish();
        let images = images.facts(platforms, &builder);
        Ok(Some(StoredContent {
            inventory: builder,
            images,
        }))
    }

    /// Sets the configurations that images need: those that are kept, and those that have to be read.
    async fn set_configs(
        &self,
        needed: &HashMap<i64, Vec<u32>>,
        reading: &mut Reading<'_>,
        images: &mut TaggedImages,
    ) -> Result<(), StoreError> {
        let mut unread = Vec::new();
        for (&id, places) in needed {
            match reading.take_config(id) {
                Some(config) => images.set_config(places, &config),
                None => unread.push(id),
            }
        }
        if unread.is_empty() {
            return Ok(());
        }
        let mut read = Vec::with_capacity(unread.len());
        self.read_configs(&unread, reading.known_configs(), |id, config| {
            images.set_config(&needed[&id], config);
            read.push((id, Arc::clone(config)));
        })
        .await?;
        for (id, config) in read {
            reading.keep_config(id, &config);
        }
        Ok(())
    }

    /// The tags of some repositories with the manifests that they point to, and the ids of those, by repository and tag.
    async fn tags(
        &self,
        registry: i64,
        as_of: Option<DateTime<Utc>>,
        repositories: &HashMap<i64, RepositoryName>,
    ) -> Result<Vec<TagRow>, StoreError> {
        let query = sqlx::query!(
            r#"SELECT tag.repository_id, tag.name, blob.id AS manifest_id, blob.digest AS "digest: Digest"
               FROM tag
               JOIN repository ON repository.id = tag.repository_id
               JOIN blob ON blob.id = tag.manifest_blob_id
               WHERE repository.registry_id = $1
                 AND CASE WHEN $2::timestamptz IS NULL THEN tag.valid_until IS NULL
                     ELSE tag.valid_from <= $2 AND (tag.valid_until IS NULL OR tag.valid_until > $2) END"#,
            registry,
            as_of
        );
        let mut rows = query.fetch(&self.pool);
        let read = async {
            let mut tags = Vec::new();
            while let Some(row) = rows.try_next().await? {
                let Some(repository) = repositories.get(&row.repository_id) else {
                    continue;
                };
                let name: Tag = row
                    .name
                    .parse()
                    .map_err(|problem| StoreError::inconsistent("tag", problem))?;
                tags.push((repository.clone(), name, row.digest, row.manifest_id));
            }
            // An image that several indexes list gets what the first one says of it.
            tags.sort_unstable_by(|one, other| (&one.0, &one.1).cmp(&(&other.0, &other.1)));
            Ok(tags)
        };
        read.named("inventory.tags").await
    }

    async fn repositories(
        &self,
        registry: i64,
        as_of: Option<DateTime<Utc>>,
    ) -> Result<HashMap<i64, RepositoryName>, StoreError> {
        let rows = sqlx::query!(
            "SELECT id, name FROM repository
             WHERE registry_id = $1
               AND ($2::timestamptz IS NULL OR first_seen <= $2)
               AND (tombstoned_at IS NULL OR tombstoned_at > $2)",
            registry,
            as_of
        );
        let rows = rows.fetch_all(&self.pool).named("inventory.repositories").await?;
        rows.into_iter()
            .map(|row| {
                let name = row.name.parse();
                Ok((
                    row.id,
                    name.map_err(|problem| StoreError::inconsistent("repository", problem))?,
                ))
            })
            .collect()
    }

    /// What the registry had lost at a past moment, or has lost now.
    async fn missing_content(
        &self,
        registry: i64,
        as_of: Option<DateTime<Utc>>,
    ) -> Result<Vec<Digest>, StoreError> {
        let rows = sqlx::query_scalar!(
            r#"SELECT DISTINCT blob.digest AS "digest: Digest"
             FROM missing_manifest
             JOIN repository ON repository.id = missing_manifest.repository_id
             JOIN blob ON blob.id = missing_manifest.manifest_blob_id
             WHERE repository.registry_id = $1
               AND CASE WHEN $2::timestamptz IS NULL THEN missing_manifest.valid_until IS NULL
                   ELSE missing_manifest.valid_from <= $2
                       AND (missing_manifest.valid_until IS NULL OR missing_manifest.valid_until > $2) END"#,
            registry,
            as_of
        );
        Ok(rows
            .fetch_all(&self.pool)
            .named("inventory.missing_content")
            .await?)
    }

    /// Adds the manifests that the registry lists for its repositories, tagged or not.
    async fn add_listed(
        &self,
        registry: i64,
        as_of: Option<DateTime<Utc>>,
        repositories: &HashMap<i64, RepositoryName>,
        roots: &mut HashSet<i64>,
        builder: &mut InventoryBuilder,
    ) -> Result<(), StoreError> {
        let listed = sqlx::query_scalar!(
            "SELECT id FROM repository
             WHERE registry_id = $1 AND ($2::timestamptz IS NULL OR manifests_listed_from <= $2)
               AND manifests_listed_from IS NOT NULL",
            registry,
            as_of
        );
        for id in listed
            .fetch_all(&self.pool)
            .named("inventory.add_listed.select_repository")
            .await?
        {
            if let Some(name) = repositories.get(&id) {
                builder.listed(name.clone(), []);
            }
        }
        let query = sqlx::query!(
            r#"SELECT listed_manifest.repository_id, blob.id AS manifest_id, blob.digest AS "digest: Digest", created_at,
                   changed_at
               FROM listed_manifest
               JOIN repository ON repository.id = listed_manifest.repository_id
               JOIN blob ON blob.id = listed_manifest.manifest_blob_id
               WHERE repository.registry_id = $1
                 AND CASE WHEN $2::timestamptz IS NULL THEN valid_until IS NULL
                     ELSE valid_from <= $2 AND (valid_until IS NULL OR valid_until > $2) END"#,
            registry,
            as_of
        );
        let mut rows = query.fetch(&self.pool);
        let read = async {
            while let Some(row) = rows.try_next().await? {
                let Some(name) = repositories.get(&row.repository_id) else {
                    continue;
                };
                builder.listed(name.clone(), [row.digest]);
                if row.created_at.is_some() || row.changed_at.is_some() {
                    let times = ManifestTimes {
                        created: row.created_at,
                        changed: row.changed_at,
                    };
                    builder.times(name.clone(), row.digest, times);
                }
                roots.insert(row.manifest_id);
            }
            Ok(())
        };
        read.named("inventory.add_listed.select_listed_manifest").await
    }

    /// Adds everything that the roots reach, level by level: children of indexes, and attachments of manifests. Returns the
    /// ids of the configurations.
    async fn add_content(
        &self,
        registry: i64,
        roots: HashSet<i64>,
        as_of: Option<DateTime<Utc>>,
        reading: &mut Reading<'_>,
        builder: &mut InventoryBuilder,
    ) -> Result<HashMap<Digest, i64>, StoreError> {
        let attached = self.referrers(registry, as_of).await?;
        let mut seen = roots.clone();
        let mut level: Vec<i64> = roots.into_iter().collect();
        let mut configs = HashMap::new();
        while !level.is_empty() {
            let mut next = Vec::new();
            let mut add = |saved: &SavedManifest| {
                let attached = attached.get(&saved.id).into_iter().flatten();
                for &(id, digest) in attached {
                    builder.referrer(saved.digest, digest);
                    if seen.insert(id) {
                        next.push(id);
                    }
                }
                next.extend(saved.child_ids.iter().copied().filter(|&id| seen.insert(id)));
                if let (Some(config), Some(id)) = (&saved.manifest.config, saved.config_id) {
                    configs.insert(config.digest, id);
                }
                builder.known(saved.digest, Arc::clone(&saved.manifest));
            };
            for saved in reading.take_manifests(&mut level) {
                add(&saved);
            }
            for some in self.parts_of_manifests(&level).await? {
                for saved in self.known_manifests(&some, reading.media_types()).await? {
                    add(&saved);
                    reading.keep_manifest(&saved);
                }
            }
            level = next;
        }
        if builder.needs_platforms() {
            let ids: Vec<i64> = configs.values().copied().collect();
            let rows = sqlx::query!(
                r#"SELECT digest AS "digest: Digest", os, architecture, variant, os_version
                   FROM UNNEST($1::bigint[]) AS wanted (id)
                   JOIN image_config ON image_config.blob_id = wanted.id
                   JOIN blob ON blob.id = wanted.id"#,
                &ids
            );
            for row in rows.fetch_all(&self.pool).named("inventory.platforms").await? {
                let platform = Platform {
                    os: row.os,
                    architecture: row.architecture,
                    variant: row.variant,
                    os_version: row.os_version,
                };
                builder.config_platform(row.digest, platform);
            }
        }
        Ok(configs)
    }

    /// The attachments of each manifest in a registry.
    async fn referrers(
        &self,
        registry: i64,
        as_of: Option<DateTime<Utc>>,
    ) -> Result<HashMap<i64, Vec<(i64, Digest)>>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT DISTINCT subject_blob_id, manifest_blob_id, blob.digest AS "digest: Digest"
             FROM referrer
             JOIN repository ON repository.id = referrer.repository_id
             JOIN blob ON blob.id = referrer.manifest_blob_id
             WHERE repository.registry_id = $1 AND ($2::timestamptz IS NULL OR referrer.first_seen <= $2)"#,
            registry,
            as_of
        );
        let mut attached: HashMap<_, Vec<_>> = HashMap::new();
        for row in rows.fetch_all(&self.pool).named("inventory.referrers").await? {
            let entry = (row.manifest_blob_id, row.digest);
            attached.entry(row.subject_blob_id).or_default().push(entry);
        }
        Ok(attached)
    }
}

pub(super) fn dedup_scope(text: &str) -> Result<DedupScope, StoreError> {
    Row::new("registry", &text).parse("dedup_scope", text)
}
