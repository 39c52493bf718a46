//! Manifests as they are read back.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use sqlx::types::Json;

use super::row::Row;
use super::span::Named as _;
use super::{Store, StoreError};
use crate::inventory::{KnownManifest, LayerFact, StatedConfig};
use crate::oci::{Descriptor, Digest, Manifest, ManifestKind, MediaType};

/// How many manifests one query loads. Our choice; it bounds what is in memory twice.
pub(super) const MANIFESTS_AT_A_TIME: usize = 10_000;
/// How many layers and children they name at most, unless one manifest names more. Our choice: real manifests name about
/// ten, hostile ones thousands.
const REFERENCES_AT_A_TIME: i64 = 300_000;

/// A manifest as the graph needs it, with the ids of its configuration and children.
#[derive(Debug)]
pub(super) struct SavedManifest {
    pub(super) id: i64,
    pub(super) digest: Digest,
    pub(super) manifest: Arc<KnownManifest>,
    pub(super) config_id: Option<i64>,
    pub(super) child_ids: Box<[i64]>,
}

/// Texts that many rows repeat, each kept once.
#[derive(Debug, Default)]
pub(super) struct Interner(HashSet<Arc<str>>);

impl Interner {
    /// Drops those that are used nowhere else.
    pub(super) fn drop_unused(&mut self) {
        self.0.retain(|text| Arc::strong_count(text) > 1);
    }

    fn get(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.0.get(text) {
            return Arc::clone(known);
        }
        let text: Arc<str> = text.into();
        self.0.insert(Arc::clone(&text));
        text
    }
}

impl Store {
    /// Divides the ids of manifests into parts that are loaded one at a time.
    pub(super) async fn parts_of_manifests(&self, ids: &[i64]) -> Result<Vec<Vec<i64>>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let rows = sqlx::query!(
            r#"SELECT blob_id, (cardinality(layer_blob_ids) + cardinality(child_blob_ids))::bigint AS "references!"
               FROM UNNEST($1::bigint[]) AS wanted (id)
               JOIN manifest ON manifest.blob_id = wanted.id
               ORDER BY blob_id"#,
            ids
        );
        // What was saved together shares layers, and lies together.
        let rows = rows.fetch_all(&self.pool).named("manifests.parts").await?;
        let mut parts = Vec::new();
        let (mut part, mut references) = (Vec::new(), 0);
        for row in rows {
            let is_full =
                part.len() == MANIFESTS_AT_A_TIME || references + row.references > REFERENCES_AT_A_TIME;
            if is_full && !part.is_empty() {
                parts.push(std::mem::take(&mut part));
                references = 0;
            }
            part.push(row.blob_id);
            references += row.references;
        }
        parts.push(part);
        Ok(parts)
    }

    /// What the graph needs of the saved manifests with these ids. Unknown ids are left out.
    pub(super) async fn known_manifests(
        &self,
        ids: &[i64],
        media_types: &mut Interner,
    ) -> Result<Vec<Arc<SavedManifest>>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT blob_id, size, kind, artifact_type, config_blob_id, config->>'mediaType' AS config_media_type,
                   (config->>'size')::bigint AS config_size, layer_blob_ids, layer_sizes, layer_media_types,
                   child_blob_ids, children AS "children: Json<Box<[Descriptor]>>", subject_blob_id,
                   NULLIF(annotations, '{}') AS "annotations: Json<BTreeMap<String, String>>"
               FROM UNNEST($1::bigint[]) AS wanted (id)
               JOIN manifest ON manifest.blob_id = wanted.id"#,
            ids
        )
        .fetch_all(&self.pool)
        .named("manifests.known")
        .await?;
        let named = rows.iter().flat_map(|row| {
            let own = [Some(row.blob_id), row.subject_blob_id, row.config_blob_id];
            own.into_iter()
                .flatten()
                .chain(row.layer_blob_ids.iter().copied())
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
            let place = Row::new("manifest", &row.blob_id);
            let config = match (row.config_blob_id, row.config_size) {
                (Some(id), Some(size)) => Some(StatedConfig {
                    digest: digest_of(id)?,
                    size: place.bytes("config", size)?,
                    media_type: media_types.get(row.config_media_type.as_deref().unwrap_or_default()),
                }),
                _ => None,
            };
            let is_stored = |text: &String| MediaType::from_text(text) != MediaType::ForeignLayer;
            let stored: Vec<bool> = row.layer_media_types.iter().map(is_stored).collect();
            let layers = row.layer_blob_ids.iter().zip(&row.layer_sizes).enumerate();
            let layers = layers.map(|(nth, (&id, &size))| {
                Ok(LayerFact {
                    digest: digest_of(id)?,
                    bytes: place.bytes("layer_sizes", size)?.get(),
                    // There is one media type for each layer, or a single one.
                    stored: stored.get(nth).or(stored.first()).copied().unwrap_or(true),
                })
            });
            let manifest = KnownManifest {
                size: place.bytes("size", row.size)?,
                kind: place.parse("kind", &row.kind)?,
                config,
                layers: layers.collect::<Result<_, StoreError>>()?,
                children: row.children.map(|json| json.0).unwrap_or_default(),
                subject: row.subject_blob_id.map(digest_of).transpose()?.map(Box::new),
                annotations: row.annotations.map(|json| json.0).unwrap_or_default(),
                is_converted_copy: row
                    .artifact_type
                    .as_deref()
                    .is_some_and(Manifest::is_type_of_converted_copies),
            };
            manifests.push(Arc::new(SavedManifest {
                id: row.blob_id,
                digest: digest_of(row.blob_id)?,
                manifest: manifest.into(),
                config_id: row.config_blob_id,
                child_ids: row.child_blob_ids.into(),
            }));
        }
        Ok(manifests)
    }

    /// The saved manifests with these ids, without layers and annotations. Unknown ids are left out.
    pub(super) async fn manifests_without_layers(
        &self,
        ids: &[i64],
    ) -> Result<Vec<(Digest, Manifest)>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT own.digest AS "digest: Digest", media_type, kind, artifact_type,
                   config AS "config: Json<Descriptor>", children AS "children: Json<Vec<Descriptor>>",
                   subject.digest AS "subject?: Digest", left_out_layers
               FROM UNNEST($1::bigint[]) AS wanted (id)
               JOIN manifest ON manifest.blob_id = wanted.id
               JOIN blob AS own ON own.id = wanted.id
               LEFT JOIN blob AS subject ON subject.id = manifest.subject_blob_id"#,
            ids
        )
        .fetch_all(&self.pool)
        .named("manifests.without_layers")
        .await?;
        rows.into_iter()
            .map(|row| {
                let kind: ManifestKind = Row::new("manifest", &row.digest).parse("kind", &row.kind)?;
                let manifest = Manifest {
                    kind,
                    media_type: row.media_type,
                    artifact_type: row.artifact_type,
                    config: row.config.map(|json| json.0),
                    layers: Vec::new(),
                    children: row.children.map(|json| json.0).unwrap_or_default(),
                    subject: row.subject,
                    annotations: BTreeMap::new(),
                    // Only counts are saved.
                    left_out_layers: usize::try_from(row.left_out_layers).unwrap_or(0),
                };
                Ok((row.digest, manifest))
            })
            .collect()
    }

    async fn digests(&self, mut ids: Vec<i64>) -> Result<HashMap<i64, Digest>, StoreError> {
        ids.sort_unstable();
        ids.dedup();
        let rows = sqlx::query!(
            r#"SELECT blob.id, digest AS "digest: Digest"
               FROM UNNEST($1::bigint[]) AS wanted (id) JOIN blob ON blob.id = wanted.id"#,
            &ids
        );
        let rows = rows.fetch_all(&self.pool).named("manifests.digests").await?;
        Ok(rows.into_iter().map(|row| (row.id, row.digest)).collect())
    }
}
