//! Content that the registry has lost although something refers to it.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::batch::Batch;
use crate::oci::{Digest, RepositoryName};
use crate::store::StoreError;
use crate::store::span::Named as _;

/// Saves what a batch says is missing, and ends what it shows to be there again.
pub(super) async fn content(
    connection: &mut PgConnection,
    batch: &Batch<'_>,
    registry: i64,
    repository: &impl Fn(&RepositoryName) -> Result<i64, StoreError>,
    blob: &impl Fn(&Digest) -> Result<i64, StoreError>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let mut found = Vec::new();
    for digest in batch.manifests.keys().chain(batch.configs.keys()) {
        found.push(blob(digest)?);
    }
    if !found.is_empty() {
        // The clock may have been set back since the row started.
        sqlx::query!(
            "UPDATE missing_manifest SET valid_until = GREATEST($3, valid_from)
             FROM repository
             WHERE repository.id = missing_manifest.repository_id AND repository.registry_id = $1
               AND manifest_blob_id = ANY($2) AND valid_until IS NULL",
            registry,
            &found,
            now
        )
        .execute(&mut *connection)
        .named("save_missing.update_missing_manifest")
        .await?;
    }
    let (mut repositories, mut blobs) = (Vec::new(), Vec::new());
    for (name, digest) in batch.missing() {
        repositories.push(repository(name)?);
        blobs.push(blob(&digest)?);
    }
    if blobs.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "INSERT INTO missing_manifest (repository_id, manifest_blob_id, valid_from)
         SELECT *, $3::timestamptz FROM UNNEST($1::bigint[], $2::bigint[])
         ON CONFLICT (repository_id, manifest_blob_id) WHERE valid_until IS NULL DO NOTHING",
        &repositories,
        &blobs,
        now
    )
    .execute(connection)
    .named("save_missing.insert_missing_manifest")
    .await?;
    Ok(())
}
