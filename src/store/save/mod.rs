//! Writing a batch of findings: one transaction, a fixed number of statements.
//!
//! Every statement takes whole columns and `UNNEST`s them, since a round trip is what costs. Content that
//! is saved already and tags that have not moved cost no write, so saving the same batch twice is the
//! same as saving it once.

mod blobs;
mod content;
mod listed;
mod tags;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::text::clean;
use super::{CrawlSaver, StoreError};
use crate::inventory::{
    ConfigFact, Fault, FaultKind, Finding, ManifestFact, ManifestListing, RepositoryListing,
};
use crate::oci::{Digest, RepositoryName, Tag};
use crate::store::span::Named as _;

/// What earlier batches of a crawl have saved, and under which numbers.
#[derive(Debug, Default)]
pub(super) struct Saved {
    pub(super) blobs: HashMap<Digest, i64>,
    pub(super) repositories: HashMap<RepositoryName, i64>,
    /// Repositories whose listing has been saved.
    pub(super) listed: HashSet<RepositoryName>,
}

/// The most digests whose numbers are remembered, some 60 MB of them. Beyond it they are looked up again.
const MAX_REMEMBERED: usize = 500_000;

/// A batch by kind of finding, each fact once.
#[derive(Default)]
struct Batch<'a> {
    manifests: BTreeMap<Digest, &'a ManifestFact>,
    configs: BTreeMap<Digest, &'a ConfigFact>,
    tags: BTreeMap<(&'a RepositoryName, &'a Tag), Digest>,
    referrers: BTreeSet<(&'a RepositoryName, Digest, Digest)>,
    listings: BTreeMap<&'a RepositoryName, &'a RepositoryListing>,
    faults: Vec<&'a Fault>,
}

impl<'a> Batch<'a> {
    fn sort(findings: &'a [Finding]) -> Self {
        let mut batch = Self::default();
        for finding in findings {
            match finding {
                Finding::Manifest(fact) => {
                    batch.manifests.insert(fact.digest, fact);
                }
                Finding::Config(fact) => {
                    batch.configs.insert(fact.digest, fact);
                }
                Finding::Tag {
                    repository,
                    tag,
                    digest,
                } => {
                    batch.tags.insert((repository, tag), *digest);
                }
                Finding::Referrer {
                    repository,
                    subject,
                    digest,
                } => {
                    batch.referrers.insert((repository, *subject, *digest));
                }
                Finding::Repository(listing) => {
                    batch.listings.insert(&listing.repository, listing);
                }
                Finding::Fault(fault) => batch.faults.push(fault),
            }
        }
        batch
    }

    /// Every digest that the batch names.
    fn digests(&self) -> BTreeSet<Digest> {
        let manifests = self.manifests.values().flat_map(|fact| {
            let manifest = &fact.manifest;
            let beneath = manifest
                .config
                .iter()
                .chain(&manifest.layers)
                .chain(&manifest.children);
            beneath
                .map(|descriptor| descriptor.digest)
                .chain(manifest.subject)
                .chain([fact.digest])
        });
        let referrers = self
            .referrers
            .iter()
            .flat_map(|&(_, subject, digest)| [subject, digest]);
        let listed = self
            .listings
            .values()
            .flat_map(|listing| match &listing.manifests {
                ManifestListing::Listed(manifests) => manifests.as_slice(),
                ManifestListing::Unread | ManifestListing::Unavailable => &[],
            });
        manifests
            .chain(listed.copied())
            .chain(self.configs.keys().copied())
            .chain(self.tags.values().copied())
            .chain(referrers)
            .collect()
    }

    fn repositories(&self) -> BTreeSet<&'a RepositoryName> {
        let tags = self.tags.keys().map(|&(repository, _)| repository);
        let referrers = self.referrers.iter().map(|&(repository, ..)| repository);
        tags.chain(referrers)
            .chain(self.listings.keys().copied())
            .collect()
    }
}

impl CrawlSaver {
    /// Saves a batch of findings: all of it or, in case of an error, nothing.
    ///
    /// `now` is when the findings are said to have been made: it becomes the end of what a tag pointed to
    /// before and the beginning of what it points to now.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] where this worker's part has gone to others, and where the database is not
    /// available; in the latter case the same batch may be tried again.
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
        let listings = tags::Listings::of(&batch, &repository, &self.vanished)?;
        listings.save(&mut transaction, self.tombstone_after, now).await?;
        listed::manifests(&mut transaction, &batch, &repository, &blob, now).await?;
        faults(&mut transaction, self.part.crawl, &batch.faults).await?;
        self.done(&mut transaction, &batch, now).await?;
        transaction.commit().await?;

        // Only now: had the transaction been undone, these numbers would belong to nothing.
        if self.saved.blobs.len() + new_blobs.len() > MAX_REMEMBERED {
            self.saved.blobs.clear();
        }
        self.saved.blobs.extend(new_blobs);
        self.saved.repositories.extend(new_repositories);
        for &name in batch.listings.keys() {
            self.vanished.remove(name);
            self.saved.listed.insert(name.clone());
        }
        self.wrote(batch.manifests.len() + batch.configs.len());
        Ok(())
    }

    /// Notes which repositories of the crawl are done: those whose listings are in the batch.
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
        sqlx::query!(
            "UPDATE crawl_task SET done_at = $4
             WHERE crawl_id = $1 AND worker_id = $2 AND repository = ANY ($3::text[])",
            self.part.crawl,
            self.part.worker,
            &names as &[&str],
            now
        )
        .execute(connection)
        .named("finish_tasks")
        .await?;
        Ok(())
    }

    /// Saves repositories that are not known yet and gives their numbers.
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

/// Saves the faults of a crawl.
pub(super) async fn faults(
    connection: &mut PgConnection,
    crawl: i64,
    faults: &[&Fault],
) -> Result<(), StoreError> {
    if faults.is_empty() {
        return Ok(());
    }
    let repositories: Vec<Option<&str>> = faults
        .iter()
        .map(|fault| fault.repository.as_ref().map(RepositoryName::as_str))
        .collect();
    let references: Vec<Option<String>> = faults
        .iter()
        .map(|fault| fault.reference.as_deref().map(|text| clean(text).into_owned()))
        .collect();
    let kinds: Vec<&str> = faults.iter().map(|fault| fault.kind.as_str()).collect();
    let words: Vec<String> = faults
        .iter()
        .map(|fault| clean(&fault.fault).into_owned())
        .collect();
    sqlx::query!(
        "INSERT INTO crawl_fault (crawl_id, repository, reference, kind, fault)
         SELECT $1, * FROM UNNEST($2::text[], $3::text[], $4::text[], $5::text[])",
        crawl,
        &repositories as &[Option<&str>],
        &references as &[Option<String>],
        &kinds as &[&str],
        &words
    )
    .execute(connection)
    .named("save_faults")
    .await?;
    Ok(())
}
