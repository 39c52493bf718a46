//! Registries' listings of all manifests of a repository, tagged or not.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::batch::Batch;
use crate::inventory::ManifestListing;
use crate::oci::{Digest, RepositoryName};
use crate::store::StoreError;
use crate::store::span::Named as _;

/// Saves a batch's manifest listings: new manifests get a row, missing ones an end. If a listing is unavailable, all rows
/// of earlier listings end. What an event added since the crawl began stays, since the listing may be older.
pub(super) async fn manifests(
    connection: &mut PgConnection,
    batch: &Batch<'_>,
    crawl: i64,
    repository: &impl Fn(&RepositoryName) -> Result<i64, StoreError>,
    blob: &impl Fn(&Digest) -> Result<i64, StoreError>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    // The repositories whose rows become those listed here; unlisted ones get no rows.
    let (mut said, mut listed, mut unlisted) = (Vec::new(), Vec::new(), Vec::new());
    let (mut repositories, mut manifests) = (Vec::new(), Vec::new());
    let (mut created, mut changed) = (Vec::new(), Vec::new());
    for (&name, listing) in &batch.listings {
        let id = repository(name)?;
        match &listing.manifests {
            ManifestListing::Unread => continue,
            ManifestListing::Unavailable => unlisted.push(id),
            ManifestListing::Listed(rows) | ManifestListing::Partial(rows) => {
                listed.push(id);
                for row in rows {
                    repositories.push(id);
                    manifests.push(blob(&row.digest)?);
                    created.push(row.times.created);
                    changed.push(row.times.changed);
                }
            }
        }
        // What a partial listing leaves out may exist.
        if !matches!(listing.manifests, ManifestListing::Partial(_)) {
            said.push(id);
        }
    }
    if listed.is_empty() && said.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "UPDATE repository SET manifests_listed_from = CASE WHEN id = ANY($1) THEN $3::timestamptz END
         WHERE id = ANY($1) AND manifests_listed_from IS NULL
            OR id = ANY($2) AND manifests_listed_from IS NOT NULL",
        &listed,
        &unlisted,
        now
    )
    .execute(&mut *connection)
    .named("save_listed_manifests.update_repository")
    .await?;
    // The clock may have been set back since the row started.
    sqlx::query!(
        "UPDATE listed_manifest SET valid_until = GREATEST($4, valid_from)
         WHERE repository_id = ANY($1) AND valid_until IS NULL
           AND valid_from <= (SELECT started_at FROM crawl WHERE id = $5)
           AND NOT EXISTS (
             SELECT FROM UNNEST($2::bigint[], $3::bigint[]) AS listed (repository_id, manifest_blob_id)
             WHERE listed.repository_id = listed_manifest.repository_id
               AND listed.manifest_blob_id = listed_manifest.manifest_blob_id)",
        &said,
        &repositories,
        &manifests,
        now,
        crawl
    )
    .execute(&mut *connection)
    .named("save_listed_manifests.update_listed_manifest")
    .await?;
    sqlx::query!(
        "INSERT INTO listed_manifest (repository_id, manifest_blob_id, created_at, changed_at, valid_from)
         SELECT *, $5::timestamptz FROM UNNEST($1::bigint[], $2::bigint[], $3::timestamptz[], $4::timestamptz[])
         ON CONFLICT (repository_id, manifest_blob_id) WHERE valid_until IS NULL
         DO UPDATE SET created_at = EXCLUDED.created_at, changed_at = EXCLUDED.changed_at
         WHERE listed_manifest.created_at IS DISTINCT FROM EXCLUDED.created_at
            OR listed_manifest.changed_at IS DISTINCT FROM EXCLUDED.changed_at",
        &repositories,
        &manifests,
        &created as &[Option<DateTime<Utc>>],
        &changed as &[Option<DateTime<Utc>>],
        now
    )
    .execute(connection)
    .named("save_listed_manifests.insert_listed_manifest")
    .await?;
    Ok(())
}
