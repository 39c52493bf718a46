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
mod soft_deleted;
mod tags;
mod write;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

pub(super) use batch::Batch;
pub(super) use faults::save_faults;
pub(super) use saved::Saved;
pub(super) use write::{CONTENT_LOCK, write};

use super::events::TagSource;
use super::span::Named as _;
use super::{CrawlSaver, StoreError};
use crate::inventory::{FaultKind, Finding};
use crate::oci::{Digest, RepositoryName};

/// The most digests whose numbers are remembered, about 10 MB. Further ones are looked up again. Our choice: images that share
/// layers are read soon after each other.
const MAX_REMEMBERED: usize = 100_000;

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
        let (registry, source) = (self.part.registry, TagSource::Crawl(self.part.crawl));
        let written = write(&mut transaction, registry, &batch, &self.saved, source, now).await?;
        let repository = |name: &RepositoryName| written.repository(&self.saved, name);
        let blob = |digest: &Digest| written.blob(&self.saved, digest);
        let mut listings = tags::Listings::new(&batch, &repository, &self.vanished)?;
        listings.keep_told(&mut transaction, self.part.crawl).await?;
        let ended = listings.save(&mut transaction, self.tombstone_after, now).await?;
        let crawl = self.part.crawl;
        listed::manifests(&mut transaction, &batch, crawl, &repository, &blob, now).await?;
        save_faults(&mut transaction, crawl, &listed).await?;
        soft_deleted::save(&mut transaction, crawl, batch.soft_deleted).await?;
        self.done(&mut transaction, &batch, now).await?;
        self.part
            .add_tag_changes(&mut transaction, written.tag_changes + ended)
            .await?;
        transaction.commit().await?;

        // Only after the commit: if the transaction were rolled back, these numbers would be invalid.
        if self.saved.blobs.len() + written.blobs.len() > MAX_REMEMBERED {
            self.saved.blobs.clear();
        }
        self.saved.blobs.extend(written.blobs);
        self.faults = limit;
        self.saved.repositories.extend(written.repositories);
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
}
