//! What changes: tags, attachments, and which listed entries still exist.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::batch::Batch;
use crate::oci::{Digest, RepositoryName};
use crate::store::StoreError;
use crate::store::span::Named as _;

/// Saves where tags point. A moved tag gets a new row, and its old row an end.
pub(super) async fn tags(
    connection: &mut PgConnection,
    batch: &Batch<'_>,
    repository: &impl Fn(&RepositoryName) -> Result<i64, StoreError>,
    blob: &impl Fn(&Digest) -> Result<i64, StoreError>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    if batch.tags.is_empty() {
        return Ok(());
    }
    let mut repositories = Vec::with_capacity(batch.tags.len());
    let mut names = Vec::with_capacity(batch.tags.len());
    let mut manifests = Vec::with_capacity(batch.tags.len());
    for (&(name, tag), digest) in &batch.tags {
        repositories.push(repository(name)?);
        names.push(tag.as_str());
        manifests.push(blob(digest)?);
    }
    // The clock may have been set back since the row started.
    sqlx::query!(
        "UPDATE tag SET valid_until = GREATEST($4, tag.valid_from)
         FROM UNNEST($1::bigint[], $2::text[], $3::bigint[]) AS seen (repository_id, name, manifest_blob_id)
         WHERE tag.repository_id = seen.repository_id AND tag.name = seen.name
           AND tag.valid_until IS NULL AND tag.manifest_blob_id <> seen.manifest_blob_id",
        &repositories,
        &names as &[&str],
        &manifests,
        now
    )
    .execute(&mut *connection)
    .named("save_tags.update_tag")
    .await?;
    sqlx::query!(
        "INSERT INTO tag (repository_id, name, manifest_blob_id, valid_from)
         SELECT repository_id, name, manifest_blob_id, $4
         FROM UNNEST($1::bigint[], $2::text[], $3::bigint[]) AS seen (repository_id, name, manifest_blob_id)
         WHERE NOT EXISTS (
             SELECT FROM tag WHERE tag.repository_id = seen.repository_id AND tag.name = seen.name
                 AND tag.valid_until IS NULL)
         ON CONFLICT (repository_id, name) WHERE valid_until IS NULL DO NOTHING",
        &repositories,
        &names as &[&str],
        &manifests,
        now
    )
    .execute(connection)
    .named("save_tags.insert_tag")
    .await?;
    Ok(())
}

/// Saves attachments.
pub(super) async fn referrers(
    connection: &mut PgConnection,
    batch: &Batch<'_>,
    repository: &impl Fn(&RepositoryName) -> Result<i64, StoreError>,
    blob: &impl Fn(&Digest) -> Result<i64, StoreError>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    if batch.referrers.is_empty() {
        return Ok(());
    }
    let mut repositories = Vec::new();
    let mut subjects = Vec::new();
    let mut manifests = Vec::new();
    for (name, subject, digest) in &batch.referrers {
        repositories.push(repository(name)?);
        subjects.push(blob(subject)?);
        manifests.push(blob(digest)?);
    }
    sqlx::query!(
        "INSERT INTO referrer (repository_id, subject_blob_id, manifest_blob_id, first_seen)
         SELECT *, $4::timestamptz FROM UNNEST($1::bigint[], $2::bigint[], $3::bigint[])
         ON CONFLICT DO NOTHING",
        &repositories,
        &subjects,
        &manifests,
        now
    )
    .execute(connection)
    .named("save_referrers")
    .await?;
    Ok(())
}

/// The tag listings of a batch.
#[derive(Default)]
pub(super) struct Listings {
    /// Repositories that the registry named.
    named: Vec<i64>,
    /// Those whose tags were listed to the end.
    ended: Vec<i64>,
    /// The existing tags, in two parallel columns, without those that were listed but not found.
    tag_repositories: Vec<i64>,
    tags: Vec<String>,
}

impl Listings {
    pub(super) fn new(
        batch: &Batch<'_>,
        repository: &impl Fn(&RepositoryName) -> Result<i64, StoreError>,
        vanished: &HashMap<RepositoryName, HashSet<String>>,
    ) -> Result<Self, StoreError> {
        let mut listings = Self::default();
        for (&name, listing) in &batch.listings {
            let id = repository(name)?;
            listings.named.push(id);
            if listing.listed_to_the_end {
                listings.ended.push(id);
            }
            let vanished = vanished.get(name);
            for tag in &listing.tags {
                if !vanished.is_some_and(|vanished| vanished.contains(tag.as_str())) {
                    listings.tag_repositories.push(id);
                    listings.tags.push(tag.as_str().to_owned());
                }
            }
        }
        Ok(listings)
    }

    /// Counts misses, ends what has been missed often enough, and resets what is back.
    pub(super) async fn save(
        &self,
        connection: &mut PgConnection,
        tombstone_after: i32,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        if self.named.is_empty() {
            return Ok(());
        }
        sqlx::query!(
            "UPDATE repository SET missed_crawls = 0, tombstoned_at = NULL
             WHERE id = ANY($1) AND (missed_crawls <> 0 OR tombstoned_at IS NOT NULL)",
            &self.named
        )
        .execute(&mut *connection)
        .named("save_seen_tags.update_repository")
        .await?;
        sqlx::query!(
            "UPDATE tag SET missed_crawls = 0
             FROM UNNEST($1::bigint[], $2::text[]) AS listed (repository_id, name)
             WHERE tag.repository_id = listed.repository_id AND tag.name = listed.name
               AND tag.valid_until IS NULL AND tag.missed_crawls <> 0",
            &self.tag_repositories,
            &self.tags
        )
        .execute(&mut *connection)
        .named("save_seen_tags.update_tag")
        .await?;
        sqlx::query!(
            "UPDATE tag SET missed_crawls = missed_crawls + 1,
                 valid_until = CASE WHEN missed_crawls + 1 >= $4 THEN GREATEST($5, valid_from) END
             WHERE repository_id = ANY($1) AND valid_until IS NULL AND NOT EXISTS (
                 SELECT FROM UNNEST($2::bigint[], $3::text[]) AS listed (repository_id, name)
                 WHERE listed.repository_id = tag.repository_id AND listed.name = tag.name)",
            &self.ended,
            &self.tag_repositories,
            &self.tags,
            tombstone_after,
            now
        )
        .execute(connection)
        .named("save_seen_tags.count_misses")
        .await?;
        Ok(())
    }
}
