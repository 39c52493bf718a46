use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};
use sqlx::types::Json;

use super::images::{StoredContent, TaggedImages};
use super::row::Row;
use super::span::Named as _;
use super::{Store, StoreError};
use crate::inventory::{DedupScope, InventoryBuilder, ManifestTimes};
use crate::oci::{Descriptor, Digest, Manifest, Platform, PlatformFilter, RegistryName, RepositoryName, Tag};
use crate::units::ByteCount;

/// How many manifests one query loads. Our choice; it bounds what is in memory twice.
pub(super) const MANIFESTS_AT_A_TIME: usize = 10_000;

/// A saved manifest.
pub(super) struct SavedManifest {
    pub(super) id: i64,
    pub(super) digest: Digest,
    pub(super) size: ByteCount,
    pub(super) manifest: Manifest,
    config_id: Option<i64>,
    child_ids: Vec<i64>,
}

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
        self.read(registry, platforms, as_of, &[]).await
    }

    /// The current content of a registry without some of its repositories, such as those that the end of a crawl is
    /// about to delete.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn content_without(
        &self,
        registry: &RegistryName,
        platforms: &[PlatformFilter],
        without: &[RepositoryName],
    ) -> Result<Option<StoredContent>, StoreError> {
        self.read(registry, platforms, None, without).await
    }

    async fn read(
        &self,
        registry: &RegistryName,
        platforms: &[PlatformFilter],
        as_of: Option<DateTime<Utc>>,
        without: &[RepositoryName],
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
        let tags = sqlx::query!(
            r#"SELECT tag.repository_id, tag.name, blob.id AS manifest_id, blob.digest
               FROM tag
               JOIN repository ON repository.id = tag.repository_id
               JOIN blob ON blob.id = tag.manifest_blob_id
               WHERE repository.registry_id = $1
                 AND CASE WHEN $2::timestamptz IS NULL THEN tag.valid_until IS NULL
                     ELSE tag.valid_from <= $2 AND (tag.valid_until IS NULL OR tag.valid_until > $2) END"#,
            row.id,
            as_of
        )
        .fetch_all(&self.pool)
        .named("inventory.tags")
        .await?;
        let mut roots = HashSet::new();
        let mut named = Vec::new();
        for tag in tags {
            let Some(repository) = repositories.get(&tag.repository_id) else {
                continue;
            };
            let name: Tag = tag
                .name
                .parse()
                .map_err(|problem| StoreError::inconsistent("tag", problem))?;
            let manifest = digest(&tag.digest)?;
            builder.tag(repository.clone(), name.clone(), manifest);
            roots.insert(tag.manifest_id);
            named.push((repository.clone(), name, manifest));
        }
        self.add_listed(row.id, as_of, &repositories, &mut roots, &mut builder)
            .await?;
        self.add_content(row.id, roots, as_of, &mut builder).await?;
        for (digest, size) in self.confirmed_sizes(row.id).await? {
            builder.confirmed_size(digest, size);
        }
        for digest in self.missing_content(row.id, as_of).await? {
            builder.missing(&digest);
        }
        let images = TaggedImages::new(named, &builder);
        let needed: Vec<Digest> = images.configs().into_keys().collect();
        let configs = if needed.is_empty() {
            HashMap::new()
        } else {
            self.configs(&needed).await?
        };
        let images = images.facts(configs, platforms);
        Ok(Some(StoredContent {
            inventory: builder,
            images,
        }))
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
            "SELECT DISTINCT blob.digest
             FROM missing_manifest
             JOIN repository ON repository.id = missing_manifest.repository_id
             JOIN blob ON blob.id = missing_manifest.manifest_blob_id
             WHERE repository.registry_id = $1
               AND CASE WHEN $2::timestamptz IS NULL THEN missing_manifest.valid_until IS NULL
                   ELSE missing_manifest.valid_from <= $2
                       AND (missing_manifest.valid_until IS NULL OR missing_manifest.valid_until > $2) END",
            registry,
            as_of
        );
        let rows = rows
            .fetch_all(&self.pool)
            .named("inventory.missing_content")
            .await?;
        rows.iter().map(|text| digest(text)).collect()
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
        let rows = sqlx::query!(
            "SELECT listed_manifest.repository_id, blob.id AS manifest_id, blob.digest, created_at, changed_at
             FROM listed_manifest
             JOIN repository ON repository.id = listed_manifest.repository_id
             JOIN blob ON blob.id = listed_manifest.manifest_blob_id
             WHERE repository.registry_id = $1
               AND CASE WHEN $2::timestamptz IS NULL THEN valid_until IS NULL
                   ELSE valid_from <= $2 AND (valid_until IS NULL OR valid_until > $2) END",
            registry,
            as_of
        );
        for row in rows
            .fetch_all(&self.pool)
            .named("inventory.add_listed.select_listed_manifest")
            .await?
        {
            if let Some(name) = repositories.get(&row.repository_id) {
                let digest = digest(&row.digest)?;
                builder.listed(name.clone(), [digest]);
                if row.created_at.is_some() || row.changed_at.is_some() {
                    let times = ManifestTimes {
                        created: row.created_at,
                        changed: row.changed_at,
                    };
                    builder.times(name.clone(), digest, times);
                }
                roots.insert(row.manifest_id);
            }
        }
        Ok(())
    }

    /// Adds everything that the roots reach, level by level: children of indexes, and attachments of manifests.
    async fn add_content(
        &self,
        registry: i64,
        roots: HashSet<i64>,
        as_of: Option<DateTime<Utc>>,
        builder: &mut InventoryBuilder,
    ) -> Result<(), StoreError> {
        let attached = self.referrers(registry, as_of).await?;
        let mut seen = roots.clone();
        let mut level: Vec<i64> = roots.into_iter().collect();
        let mut configs = HashSet::new();
        while !level.is_empty() {
            let mut next = Vec::new();
            for some in level.chunks(MANIFESTS_AT_A_TIME) {
                for saved in self.manifests(some).await? {
                    let attached = attached.get(&saved.id).into_iter().flatten();
                    for &(id, digest) in attached {
                        builder.referrer(saved.digest, digest);
                        if seen.insert(id) {
                            next.push(id);
                        }
                    }
                    next.extend(saved.child_ids.into_iter().filter(|&id| seen.insert(id)));
                    configs.extend(saved.config_id);
                    builder.manifest(saved.digest, saved.size, saved.manifest);
                }
            }
            level = next;
        }
        let configs: Vec<i64> = configs.into_iter().collect();
        let rows = sqlx::query!(
            "SELECT digest, os, architecture, variant, os_version
             FROM UNNEST($1::bigint[]) AS wanted (id)
             JOIN image_config ON image_config.blob_id = wanted.id
             JOIN blob ON blob.id = wanted.id",
            &configs
        );
        for row in rows.fetch_all(&self.pool).named("inventory.add_content").await? {
            let platform = Platform {
                os: row.os,
                architecture: row.architecture,
                variant: row.variant,
                os_version: row.os_version,
            };
            builder.config_platform(digest(&row.digest)?, platform);
        }
        Ok(())
    }

    /// The attachments of each manifest in a registry.
    async fn referrers(
        &self,
        registry: i64,
        as_of: Option<DateTime<Utc>>,
    ) -> Result<HashMap<i64, Vec<(i64, Digest)>>, StoreError> {
        let rows = sqlx::query!(
            "SELECT DISTINCT subject_blob_id, manifest_blob_id, blob.digest
             FROM referrer
             JOIN repository ON repository.id = referrer.repository_id
             JOIN blob ON blob.id = referrer.manifest_blob_id
             WHERE repository.registry_id = $1 AND ($2::timestamptz IS NULL OR referrer.first_seen <= $2)",
            registry,
            as_of
        );
        let mut attached: HashMap<_, Vec<_>> = HashMap::new();
        for row in rows.fetch_all(&self.pool).named("inventory.referrers").await? {
            let entry = (row.manifest_blob_id, digest(&row.digest)?);
            attached.entry(row.subject_blob_id).or_default().push(entry);
        }
        Ok(attached)
    }

    /// The saved manifests with these ids. Unknown ids are left out.
    pub(super) async fn manifests(&self, ids: &[i64]) -> Result<Vec<SavedManifest>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT blob_id, size, media_type, kind, artifact_type, config_blob_id,
                   config AS "config: Json<Descriptor>", layer_blob_ids, layer_sizes, layer_media_types,
                   layer_annotations AS "layer_annotations: Json<LayerAnnotations>", child_blob_ids,
                   children AS "children: Json<Vec<Descriptor>>", subject_blob_id,
                   annotations AS "annotations: Json<BTreeMap<String, String>>", left_out_layers
               FROM UNNEST($1::bigint[]) AS wanted (id)
               JOIN manifest ON manifest.blob_id = wanted.id"#,
            ids
        )
        .fetch_all(&self.pool)
        .named("inventory.manifests")
        .await?;
        let named = rows.iter().flat_map(|row| {
            let own = [row.blob_id].into_iter().chain(row.subject_blob_id);
            own.chain(row.layer_blob_ids.iter().copied())
        });
        let digests = self.digests(named.collect()).await?;
        let digest_of = |id: i64| {
            let found = digests.get(&id).copied();
            found.ok_or_else(|| {
                StoreError::inconsistent("manifest", format!("names blob {id}, which is not there"))
            })
        };
        let mut manifests = Vec::with_capacity(rows.len());
        for row in rows {
            let mut annotations = row.layer_annotations.map(|json| json.0).unwrap_or_default();
            let mut layers = Vec::with_capacity(row.layer_blob_ids.len());
            for (place, (&id, &size)) in row.layer_blob_ids.iter().zip(&row.layer_sizes).enumerate() {
                let types = &row.layer_media_types;
                layers.push(Descriptor {
                    media_type: types.get(place).or(types.first()).cloned().unwrap_or_default(),
                    digest: digest_of(id)?,
                    size: bytes(size)?,
                    platform: None,
                    artifact_type: None,
                    annotations: annotations.remove(&place).unwrap_or_default(),
                });
            }
            let manifest = Manifest {
                kind: Row::new("manifest", &row.blob_id).parse("kind", &row.kind)?,
                media_type: row.media_type,
                artifact_type: row.artifact_type,
                config: row.config.map(|json| json.0),
                layers,
                children: row.children.map(|json| json.0).unwrap_or_default(),
                subject: row.subject_blob_id.map(digest_of).transpose()?,
                annotations: row.annotations.0,
                // Only counts are saved.
                left_out_layers: usize::try_from(row.left_out_layers).unwrap_or(0),
            };
            manifests.push(SavedManifest {
                id: row.blob_id,
                digest: digest_of(row.blob_id)?,
                size: bytes(row.size)?,
                manifest,
                config_id: row.config_blob_id,
                child_ids: row.child_blob_ids,
            });
        }
        Ok(manifests)
    }

    async fn digests(&self, ids: HashSet<i64>) -> Result<HashMap<i64, Digest>, StoreError> {
        let ids: Vec<i64> = ids.into_iter().collect();
        let rows = sqlx::query!(
            "SELECT blob.id, digest FROM UNNEST($1::bigint[]) AS wanted (id) JOIN blob ON blob.id = wanted.id",
            &ids
        );
        let rows = rows.fetch_all(&self.pool).named("inventory.digests").await?;
        rows.into_iter()
            .map(|row| Ok((row.id, digest(&row.digest)?)))
            .collect()
    }
}

/// Annotations by the layer's index in its manifest.
pub(super) type LayerAnnotations = BTreeMap<usize, BTreeMap<String, String>>;

fn digest(text: &str) -> Result<Digest, StoreError> {
    text.parse()
        .map_err(|problem| StoreError::inconsistent("blob", problem))
}

fn bytes(size: i64) -> Result<ByteCount, StoreError> {
    size.try_into()
        .map_err(|problem| StoreError::inconsistent("manifest", problem))
}

pub(super) fn dedup_scope(text: &str) -> Result<DedupScope, StoreError> {
    Row::new("registry", &text).parse("dedup_scope", text)
}
