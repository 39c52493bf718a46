use std::collections::HashSet;

use futures::TryStreamExt as _;

use crate::oci::{Digest, DigestKey, DigestSet};
use crate::store::span::Named as _;
use crate::store::{Store, StoreError};

/// Content that is saved, of all registries: a digest has the same content everywhere.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KnownDigests {
    /// Manifests that are saved with everything below them, and configurations.
    pub complete: DigestSet,
    /// Manifests that are saved while something below them is not.
    pub incomplete: DigestSet,
}

/// Keys of digests as they are read.
#[derive(Default)]
struct Keys {
    complete: Vec<DigestKey>,
    incomplete: Vec<DigestKey>,
}

impl Keys {
    fn push(&mut self, digest: &Digest, is_complete: bool) {
        let keys = match is_complete {
            true => &mut self.complete,
            false => &mut self.incomplete,
        };
        keys.push(DigestKey::from(digest));
    }
}

impl Store {
    /// All saved content that no crawl requests again. It is read as a stream, and takes 16 bytes a digest.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn known_digests(&self) -> Result<KnownDigests, StoreError> {
        let incomplete = self.incomplete_manifests().await?;
        let mut keys = Keys::default();
        let query = sqlx::query!(
            r#"SELECT blob_id, digest AS "digest: Digest" FROM manifest JOIN blob ON blob.id = manifest.blob_id
               WHERE left_out_layers = 0"#
        );
        let mut rows = query.fetch(&self.pool);
        let read = async {
            while let Some(row) = rows.try_next().await? {
                keys.push(&row.digest, !incomplete.contains(&row.blob_id));
            }
            Ok::<_, StoreError>(())
        };
        read.named("known.select_manifest_digest").await?;
        let query = sqlx::query!(
            r#"SELECT digest AS "digest: Digest" FROM image_config JOIN blob ON blob.id = image_config.blob_id"#
        );
        let mut rows = query.fetch(&self.pool);
        let read = async {
            while let Some(row) = rows.try_next().await? {
                keys.push(&row.digest, true);
            }
            Ok::<_, StoreError>(())
        };
        read.named("known.select_config_digest").await?;
        Ok(KnownDigests {
            complete: keys.complete.into(),
            incomplete: keys.incomplete.into(),
        })
    }

    /// The saved manifests that lack something below them.
    async fn incomplete_manifests(&self) -> Result<HashSet<i64>, StoreError> {
        // Not a recursive query: its size is estimated far too large, and its plan is slow. Only the configuration of an image is
        // read; that of a chart or signature has nothing of use. A manifest with layers that are left out is read in each crawl,
        // so that each crawl says so.
        let query = sqlx::query_scalar!(
            r#"SELECT blob_id AS "id!" FROM manifest
               WHERE left_out_layers = 0 AND kind = 'image' AND config_blob_id IS NOT NULL AND NOT EXISTS (
                   SELECT FROM image_config WHERE image_config.blob_id = manifest.config_blob_id)
               UNION
               SELECT index.blob_id FROM (SELECT blob_id, UNNEST(child_blob_ids) AS child FROM manifest
                                          WHERE left_out_layers = 0 AND child_blob_ids <> '{}') AS index
               WHERE NOT EXISTS (SELECT FROM manifest WHERE manifest.blob_id = index.child AND left_out_layers = 0)"#
        );
        let mut new = query
            .fetch_all(&self.pool)
            .named("known.select_incomplete")
            .await?;
        let mut incomplete: HashSet<i64> = new.iter().copied().collect();
        while !new.is_empty() {
            let query = sqlx::query_scalar!(
                r#"SELECT DISTINCT index.blob_id AS "id!"
                   FROM (SELECT blob_id, UNNEST(child_blob_ids) AS child FROM manifest
                         WHERE left_out_layers = 0 AND child_blob_ids <> '{}') AS index
                   JOIN UNNEST($1::bigint[]) AS lacking (id) ON lacking.id = index.child"#,
                &new
            );
            new = query.fetch_all(&self.pool).named("known.select_parent").await?;
            new.retain(|&id| incomplete.insert(id));
        }
        Ok(incomplete)
    }
}
