use std::collections::{BTreeMap, HashMap};

use futures::TryStreamExt as _;
use sqlx::types::Json;

use super::span::Named as _;
use super::{Store, StoreError};
use crate::oci::{Digest, HistoryStep, ImageConfig, Platform};

impl Store {
    /// The saved configurations with these digests. Unknown digests are left out.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn configs(&self, digests: &[Digest]) -> Result<HashMap<Digest, ImageConfig>, StoreError> {
        let digests: Vec<String> = digests.iter().map(ToString::to_string).collect();
        let query = sqlx::query!(
            r#"SELECT blob.digest, os, architecture, variant, os_version, created, author,
                   variables AS "variables: Json<BTreeMap<String, String>>", labels AS "labels: Json<BTreeMap<String, String>>",
                   history AS "history: Json<Vec<HistoryStep>>", diff_ids
               FROM UNNEST($1::text[]) AS wanted (digest)
               JOIN blob ON blob.digest = wanted.digest
               JOIN image_config ON image_config.blob_id = blob.id"#,
            &digests
        );
        let wrong = |problem| StoreError::inconsistent("image_config", problem);
        let mut configs = HashMap::with_capacity(digests.len());
        // Row by row, so that parsing overlaps with the database sending the next rows.
        let mut rows = query.fetch(&self.pool);
        let read = async {
            while let Some(row) = rows.try_next().await? {
                let config = ImageConfig {
                    platform: Platform {
                        os: row.os,
                        architecture: row.architecture,
                        variant: row.variant,
                        os_version: row.os_version,
                    },
                    created: row.created,
                    author: row.author,
                    variables: row.variables.0,
                    labels: row.labels.0,
                    history: row.history.0,
                    diff_ids: row
                        .diff_ids
                        .iter()
                        .map(|digest| digest.parse())
                        .collect::<Result<_, _>>()
                        .map_err(wrong)?,
                };
                configs.insert(row.digest.parse().map_err(wrong)?, config);
            }
            Ok::<_, StoreError>(configs)
        };
        read.named("configs").await
    }
}
