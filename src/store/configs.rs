use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures::TryStreamExt as _;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

use super::column::RawText;
use super::span::Named as _;
use super::{Store, StoreError};
use crate::oci::{Digest, ImageConfig, Platform};

impl Store {
    /// The saved configurations with these digests. Unknown digests are left out.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn configs(&self, digests: &[Digest]) -> Result<HashMap<Digest, ImageConfig>, StoreError> {
        let digests: Vec<String> = digests.iter().map(ToString::to_string).collect();
        let rows = sqlx::query!(
            r#"SELECT id, digest AS "digest: Digest" FROM blob WHERE digest = ANY($1)"#,
            &digests
        );
        let rows = rows.fetch_all(&self.pool).named("configs.blobs").await?;
        let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
        let digests: HashMap<i64, Digest> = rows.into_iter().map(|row| (row.id, row.digest)).collect();
        let mut configs = HashMap::with_capacity(ids.len());
        let mut known = KnownConfigs::default();
        self.read_configs(&ids, &mut known, |id, config| {
            configs.insert(digests[&id], ImageConfig::clone(config));
        })
        .await?;
        Ok(configs)
    }

    /// Reads the saved configurations with these ids. Unknown ids are left out, and equal contents are shared.
    pub(super) async fn read_configs(
        &self,
        ids: &[i64],
        known: &mut KnownConfigs,
        mut found: impl FnMut(i64, &Arc<ImageConfig>),
    ) -> Result<(), StoreError> {
        let query = sqlx::query_as!(
            SavedConfig,
            r#"SELECT blob_id, os, architecture, variant, os_version, created, author,
                   variables::text AS "variables!: RawText", labels::text AS "labels!: RawText",
                   history::text AS "history!: RawText", to_json(diff_ids)::text AS "diff_ids!: RawText"
               FROM UNNEST($1::bigint[]) AS wanted (id)
               JOIN image_config ON image_config.blob_id = wanted.id"#,
            ids
        );
        // Row by row, so that parsing overlaps with the database sending the next rows.
        let mut rows = query.fetch(&self.pool);
        let read = async {
            while let Some(row) = rows.try_next().await? {
                found(row.blob_id, known.get_or_parse(&row)?);
            }
            Ok::<_, StoreError>(())
        };
        read.named("configs").await
    }
}

/// A row of `image_config`.
struct SavedConfig {
    blob_id: i64,
    os: String,
    architecture: String,
    variant: Option<String>,
    os_version: Option<String>,
    created: Option<DateTime<Utc>>,
    author: Option<String>,
    variables: RawText,
    labels: RawText,
    history: RawText,
    diff_ids: RawText,
}

/// The most bytes of build steps that are in memory for one registry. Our choice of December 2026: a million images with
/// histories of their own have less, and a hostile registry must not take all memory.
const MOST_HISTORY: usize = 1 << 30;

/// The configurations that have been parsed, by the digest of their row. Of a real registry's configurations many are
/// equal in all that is kept: rebuilds from a cache, and copies in other formats.
#[derive(Debug, Default)]
pub(super) struct KnownConfigs {
    /// Each with the bytes of its build steps.
    parsed: HashMap<[u8; 32], (Arc<ImageConfig>, usize)>,
    /// The bytes of the build steps of all.
    history: usize,
    is_full: bool,
}

impl KnownConfigs {
    fn get_or_parse(&mut self, row: &SavedConfig) -> Result<&Arc<ImageConfig>, StoreError> {
        match self.parsed.entry(row.content_digest()) {
            Entry::Occupied(entry) => Ok(&entry.into_mut().0),
            Entry::Vacant(entry) => {
                let own = row.history.bytes().len();
                let history = self.history.saturating_add(own);
                let has_room = history <= MOST_HISTORY;
                if has_room {
                    self.history = history;
                } else {
                    self.is_full = true;
                    tracing::warn!(
                        config = row.blob_id,
                        "the registry's images have more build steps than fit in memory; this one is taken as if it had none"
                    );
                }
                Ok(&entry.insert((Arc::new(row.parse(has_room)?), own)).0)
            }
        }
    }

    /// Whether the build steps of some are left out.
    pub(super) fn is_full(&self) -> bool {
        self.is_full
    }

    /// Drops those that are used nowhere else.
    pub(super) fn drop_unused(&mut self) {
        let history = &mut self.history;
        self.parsed.retain(|_, (config, own)| {
            let is_used = Arc::strong_count(config) > 1;
            if !is_used {
                *history -= *own;
            }
            is_used
        });
    }
}

impl SavedConfig {
    /// The digest of everything but the row's id.
    fn content_digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        let mut field = |bytes: Option<&[u8]>| {
            let length = bytes.map_or(u64::MAX, |bytes| bytes.len() as u64);
            hash.update(length.to_le_bytes());
            hash.update(bytes.unwrap_or_default());
        };
        field(Some(self.os.as_bytes()));
        field(Some(self.architecture.as_bytes()));
        field(self.variant.as_deref().map(str::as_bytes));
        field(self.os_version.as_deref().map(str::as_bytes));
        let created = self
            .created
            .map(|created| created.timestamp_micros().to_le_bytes());
        field(created.as_ref().map(|bytes| &bytes[..]));
        field(self.author.as_deref().map(str::as_bytes));
        for column in [&self.variables, &self.labels, &self.history, &self.diff_ids] {
            field(Some(column.bytes()));
        }
        hash.finalize().into()
    }

    fn parse(&self, with_history: bool) -> Result<ImageConfig, StoreError> {
        Ok(ImageConfig {
            platform: Platform {
                os: self.os.clone(),
                architecture: self.architecture.clone(),
                variant: self.variant.clone(),
                os_version: self.os_version.clone(),
            },
            created: self.created,
            author: self.author.clone(),
            variables: json(&self.variables)?,
            labels: json(&self.labels)?,
            history: match with_history {
                true => json(&self.history)?,
                false => Vec::new(),
            },
            diff_ids: json(&self.diff_ids)?,
        })
    }
}

fn json<T: DeserializeOwned>(column: &RawText) -> Result<T, StoreError> {
    serde_json::from_slice(column.bytes())
        .map_err(|problem| StoreError::inconsistent("image_config", problem))
}
