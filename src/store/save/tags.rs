//! What changes: tags, attachments, and which listed entries still exist.

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::batch::Batch;
use crate::oci::{Digest, RepositoryName};
use crate::store::StoreError;
use crate::store::events::{TagSource, told_since};
use crate::store::row::Row;
use crate::store::span::Named as _;

/// Saves where tags point. A moved tag gets a new row, and its old row an end. Returns how many tags are new or have moved.
pub(super) async fn tags(
    connection: &mut PgConnection,
    batch: &Batch<'_>,
    repository: &impl Fn(&RepositoryName) -> Result<i64, StoreError>,
    blob: &impl Fn(&Digest) -> Result<i64, StoreError>,
    source: TagSource,
    now: DateTime<Utc>,
) -> Result<u64, StoreError> {
    if batch.tags.is_empty() {
        return Ok(0);
    }
    let told = match source {
        TagSource::Crawl(crawl) => {
            let named: BTreeSet<&RepositoryName> = batch.tags.keys().map(|&(name, _)| name).collect();
            let named: Vec<i64> = named.into_iter().map(repository).collect::<Result<_, _>>()?;
            told_since(connection, crawl, &named).await?
        }
        TagSource::Event => HashSet::new(),
    };
    let mut repositories = Vec::with_capacity(batch.tags.len());
    let mut names = Vec::with_capacity(batch.tags.len());
    let mut manifests = Vec::with_capacity(batch.tags.len());
    for (&(name, tag), digest) in &batch.tags {
        let id = repository(name)?;
        if !told.is_empty() && told.contains(&(id, tag.to_string())) {
            continue;
        }
        repositories.push(id);
        names.push(tag.as_str());
        manifests.push(blob(digest)?);
    }
    // The clock may have been set back since the row started.
    sqlx::query!(
        "UPDATE tag SET valid_until = GREATEST($4, tag.valid_from), told_at = COALESCE($5, tag.told_at)
         FROM UNNEST($1::bigint[], $2::text[], $3::bigint[]) AS seen (repository_id, name, manifest_blob_id)
         WHERE tag.repository_id = seen.repository_id AND tag.name = seen.name
           AND tag.valid_until IS NULL AND tag.manifest_blob_id <> seen.manifest_blob_id",
        &repositories,
        &names as &[&str],
        &manifests,
        now,
        source.told_at(now)
    )
    .execute(&mut *connection)
    .named("save_tags.update_tag")
    .await?;
    let new = sqlx::query!(
        "INSERT INTO tag (repository_id, name, manifest_blob_id, valid_from, told_at)
         SELECT repository_id, name, manifest_blob_id, $4, $5
         FROM UNNEST($1::bigint[], $2::text[], $3::bigint[]) AS seen (repository_id, name, manifest_blob_id)
         WHERE NOT EXISTS (
             SELECT FROM tag WHERE tag.repository_id = seen.repository_id AND tag.name = seen.name
                 AND tag.valid_until IS NULL)
         ON CONFLICT (repository_id, name) WHERE valid_until IS NULL DO NOTHING",
        &repositories,
        &names as &[&str],
        &manifests,
        now,
        source.told_at(now)
    )
    .execute(connection)
    .named("save_tags.insert_tag")
    .await?;
    Ok(new.rows_affected())
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

    /// Takes the tags that events have changed since the crawl began for listed: the listing may be older.
    pub(super) async fn keep_told(
        &mut self,
        connection: &mut PgConnection,
        crawl: i64,
    ) -> Result<(), StoreError> {
        for (repository, tag) in told_since(connection, crawl, &self.ended).await? {
            self.tag_repositories.push(repository);
            self.tags.push(tag);
        }
        Ok(())
    }

    /// Counts misses, ends what has been missed often enough, and resets what is back. Returns how many tags have ended.
    pub(super) async fn save(
        &self,
        connection: &mut PgConnection,
        tombstone_after: i32,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        if self.named.is_empty() {
            return Ok(0);
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
        let ended = sqlx::query_scalar!(
            r#"WITH missed AS (
                 UPDATE tag SET missed_crawls = missed_crawls + 1,
                     valid_until = CASE WHEN missed_crawls + 1 >= $4 THEN GREATEST($5, valid_from) END
                 WHERE repository_id = ANY($1) AND valid_until IS NULL AND NOT EXISTS (
                     SELECT FROM UNNEST($2::bigint[], $3::text[]) AS listed (repository_id, name)
                     WHERE listed.repository_id = tag.repository_id AND listed.name = tag.name)
                 RETURNING valid_until)
             SELECT count(valid_until) AS "ended!" FROM missed"#,
            &self.ended,
            &self.tag_repositories,
            &self.tags,
            tombstone_after,
            now
        )
        .fetch_one(connection)
        .named("save_seen_tags.count_misses")
        .await?;
        Row::new("tag", &"missed").count("ended", ended)
    }
}
