use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::batch::Batch;
use super::saved::Saved;
use super::{blobs, content, missing, tags};
use crate::oci::{Digest, RepositoryName};
use crate::store::StoreError;
use crate::store::events::TagSource;
use crate::store::span::Named as _;

/// What a batch has added to what was saved before.
pub(in crate::store) struct Written {
    /// The numbers of new digests.
    pub(in crate::store) blobs: HashMap<Digest, i64>,
    /// The numbers of repositories that were not in [`Saved`].
    pub(in crate::store) repositories: HashMap<RepositoryName, i64>,
    /// How many tags are new or have moved.
    pub(in crate::store) tag_changes: u64,
}

impl Written {
    /// The number of a repository of the batch.
    pub(super) fn repository(&self, saved: &Saved, name: &RepositoryName) -> Result<i64, StoreError> {
        let id = self
            .repositories
            .get(name)
            .or_else(|| saved.repositories.get(name));
        id.copied()
            .ok_or_else(|| StoreError::inconsistent("repository", format!("{name} was not saved")))
    }

    /// The number of a digest of the batch.
    pub(super) fn blob(&self, saved: &Saved, digest: &Digest) -> Result<i64, StoreError> {
        let id = self.blobs.get(digest).or_else(|| saved.blobs.get(digest));
        id.copied()
            .ok_or_else(|| StoreError::inconsistent("blob", format!("{digest} was not saved")))
    }
}

/// The advisory lock that writers of content share until their transaction ends, and that retention holds alone while it
/// deletes content. No foreign key stops it from deleting what a writer is about to refer to.
pub(in crate::store) const CONTENT_LOCK: i64 = 0x7461_7265_0001;

/// Writes what a batch says about content, tags and what is missing, for a crawl or because of an event.
pub(in crate::store) async fn write(
    connection: &mut PgConnection,
    registry: i64,
    batch: &Batch<'_>,
    saved: &Saved,
    source: TagSource,
    now: DateTime<Utc>,
) -> Result<Written, StoreError> {
    sqlx::query("SELECT pg_advisory_xact_lock_shared($1)")
        .bind(CONTENT_LOCK)
        .execute(&mut *connection)
        .named("write.share_content")
        .await?;
    let repositories = add_repositories(connection, registry, batch.repositories(), saved, now).await?;
    let wanted = batch
        .digests()
        .into_iter()
        .filter(|digest| !saved.blobs.contains_key(digest));
    let mut written = Written {
        blobs: blobs::number(connection, wanted.collect()).await?,
        repositories,
        tag_changes: 0,
    };
    let repository = |name: &RepositoryName| written.repository(saved, name);
    let blob = |digest: &Digest| written.blob(saved, digest);
    content::manifests(connection, batch, &blob, now).await?;
    content::configs(connection, batch, &blob).await?;
    let tag_changes = tags::tags(connection, batch, &repository, &blob, source, now).await?;
    tags::referrers(connection, batch, &repository, &blob, now).await?;
    missing::content(connection, batch, registry, &repository, &blob, now).await?;
    written.tag_changes = tag_changes;
    Ok(written)
}

/// Saves new repositories and returns their numbers.
async fn add_repositories(
    connection: &mut PgConnection,
    registry: i64,
    names: BTreeSet<&RepositoryName>,
    saved: &Saved,
    now: DateTime<Utc>,
) -> Result<HashMap<RepositoryName, i64>, StoreError> {
    let new: Vec<&RepositoryName> = names
        .into_iter()
        .filter(|&name| !saved.repositories.contains_key(name))
        .collect();
    if new.is_empty() {
        return Ok(HashMap::new());
    }
    let names: Vec<&str> = new.iter().map(|name| name.as_str()).collect();
    sqlx::query!(
        "INSERT INTO repository (registry_id, name, first_seen)
         SELECT $1, name, $3 FROM UNNEST($2::text[]) AS new (name)
         ON CONFLICT (registry_id, name) DO NOTHING",
        registry,
        &names as &[&str],
        now
    )
    .execute(&mut *connection)
    .named("add_repositories.insert_repository")
    .await?;
    let rows = sqlx::query!(
        "SELECT id, name FROM repository WHERE registry_id = $1 AND name = ANY($2::text[])",
        registry,
        &names as &[&str]
    )
    .fetch_all(connection)
    .named("add_repositories.select_repository")
    .await?;
    let ids: HashMap<String, i64> = rows.into_iter().map(|row| (row.name, row.id)).collect();
    Ok(new
        .into_iter()
        .filter_map(|name| Some((name.clone(), *ids.get(name.as_str())?)))
        .collect())
}
