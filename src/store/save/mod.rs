//! Writes a batch of findings: one transaction with a fixed number of statements.
//!
//! Every statement takes whole columns and `UNNEST`s them, because round trips are the main cost. Content that is
//! already saved and tags that have not moved cost no write, so saving a batch twice is the same as saving it once.

mod batch;
mod blobs;
mod content;
mod faults;
mod listed;
mod missing;
mod saved;
mod tags;

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

pub(super) use faults::save_faults;
pub(super) use saved::Saved;

use self::batch::Batch;
use super::span::Named as _;
use super::{CrawlSaver, StoreError};
use crate::inventory::{FaultKind, Finding};
use crate::oci::{Digest, RepositoryName};

/// The most digests whose numbers are remembered, about 60 MB. Further ones are looked up again. Our choice.
const MAX_REMEMBERED: usize = 500_000;

impl CrawlSaver {
    /// Saves a batch of findings: all of it or, on an error, nothing.
    ///
    /// `now` is the time of the findings: the end of a tag's previous target, and the start of its present one.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] if this worker has lost its lease, or if the database is not available; in the latter case
    /// the same batch may be tried again.
    pub async fn save(&mut self, findings: &[Finding], now: DateTime<Utc>) -> Result<(), StoreError> {
        let batch = Batch::sort(findings);
        for fault in &batch.faults {
            if let (FaultKind::Vanished, Some(repository), Some(reference)) =
                (fault.kind, &fault.repository, &fault.reference)
            {
                let vanished = self.vanished.entry(repository.clone()).or_default();
                vanished.insert(reference.clone());
            }
        }

        let mut limit = self.faults.clone();
        let mut listed = batch.faults.clone();
        listed.retain(|fault| limit.admits(fault.kind));

        let mut transaction = self.part.store.pool.begin().await?;
        self.part.hold(&mut transaction).await?;
        let new_repositories = self
            .add_repositories(&mut transaction, batch.repositories(), now)
            .await?;
        let repository = |name: &RepositoryName| {
            let id = new_repositories
                .get(name)
                .or_else(|| self.saved.repositories.get(name));
            id.copied()
                .ok_or_else(|| StoreError::inconsistent("repository", format!("{name} was not saved")))
        };
        let wanted = batch
            .digests()
            .into_iter()
            .filter(|digest| !self.saved.blobs.contains_key(digest));
        let new_blobs = blobs::number(&mut transaction, wanted.collect()).await?;
        let blob = |digest: &Digest| {
            let id = new_blobs.get(digest).or_else(|| self.saved.blobs.get(digest));
            id.copied()
                .ok_or_else(|| StoreError::inconsistent("blob", format!("{digest} was not saved")))
        };
        content::manifests(&mut transaction, &batch, &blob, now).await?;
        content::configs(&mut transaction, &batch, &blob).await?;
        tags::tags(&mut transaction, &batch, &repository, &blob, now).await?;
        tags::referrers(&mut transaction, &batch, &repository, &blob, now).await?;
        let listings = tags::Listings::new(&batch, &repository, &self.vanished)?;
        listings.save(&mut transaction, self.tombstone_after, now).await?;
        listed::manifests(&mut transaction, &batch, &repository, &blob, now).await?;
        let registry = self.part.registry;
        missing::content(&mut transaction, &batch, registry, &repository, &blob, now).await?;
        save_faults(&mut transaction, self.part.crawl, &listed).await?;
        self.done(&mut transaction, &batch, now).await?;
        transaction.commit().await?;

        // Only after the commit: if the transaction were rolled back, these numbers would be invalid.
        if self.saved.blobs.len() + new_blobs.len() > MAX_REMEMBERED {
            self.saved.blobs.clear();
        }
        self.saved.blobs.extend(new_blobs);
        self.faults = limit;
        self.saved.repositories.extend(new_repositories);
        for &name in batch.listings.keys() {
            self.vanished.remove(name);
            self.saved.listed.insert(name.clone());
        }
        self.wrote(batch.manifests.len() + batch.configs.len());
        Ok(())
    }

    /// Marks the crawl's repositories whose listings are in the batch as done.
    async fn done(
        &self,
        connection: &mut PgConnection,
        batch: &Batch<'_>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        if batch.listings.is_empty() {
            return Ok(());
        }
        let names: Vec<&str> = batch.listings.keys().map(|name| name.as_str()).collect();
        let tags: Vec<i64> = batch
            .listings
            .values()
            .map(|listing| i64::try_from(listing.tags.len()).unwrap_or(i64::MAX))
            .collect();
        sqlx::query!(
            "UPDATE crawl_task SET done_at = $4, tags = done.tags
             FROM UNNEST($3::text[], $5::bigint[]) AS done (repository, tags)
             WHERE crawl_id = $1 AND worker_id = $2 AND crawl_task.repository = done.repository",
            self.part.crawl,
            self.part.worker,
            &names as &[&str],
            now,
            &tags
        )
        .execute(connection)
        .named("finish_tasks")
        .await?;
        Ok(())
    }

    /// Saves new repositories and returns their numbers.
    async fn add_repositories(
        &self,
        connection: &mut PgConnection,
        names: BTreeSet<&RepositoryName>,
        now: DateTime<Utc>,
    ) -> Result<HashMap<RepositoryName, i64>, StoreError> {
        let new: Vec<&RepositoryName> = names
            .into_iter()
            .filter(|&name| !self.saved.repositories.contains_key(name))
            .collect();
        if new.is_empty() {
            return Ok(HashMap::new());
        }
        let names: Vec<&str> = new.iter().map(|name| name.as_str()).collect();
        sqlx::query!(
            "INSERT INTO repository (registry_id, name, first_seen)
             SELECT $1, name, $3 FROM UNNEST($2::text[]) AS new (name)
             ON CONFLICT (registry_id, name) DO NOTHING",
            self.part.registry,
            &names as &[&str],
            now
        )
        .execute(&mut *connection)
        .named("add_repositories.insert_repository")
        .await?;
        let rows = sqlx::query!(
            "SELECT id, name FROM repository WHERE registry_id = $1 AND name = ANY($2::text[])",
            self.part.registry,
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
}
