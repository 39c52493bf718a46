use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::ask::PendingAsk;
use super::told::TagSource;
use crate::events::EventSubject;
use crate::inventory::Finding;
use crate::oci::{Digest, RegistryName, RepositoryName};
use crate::store::crawl::interval;
use crate::store::registry_lock::lock_registry;
use crate::store::save::{Batch, Saved, write};
use crate::store::span::Named as _;
use crate::store::{Store, StoreError};

/// The answer to a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AskedAnswer {
    /// The registry has this manifest, and the findings say what it is.
    Found(Digest),
    /// The question needs no answer, or there is none.
    Nothing,
    /// It is deleted: an event said so, and the registry has answered twice that it does not have it.
    Gone,
    /// No final answer yet: ask again.
    AskAgain {
        /// How long to wait before that.
        after: Duration,
        /// Whether the registry answered that it does not have it.
        is_missing: bool,
    },
}

/// A question with its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The question.
    pub ask: PendingAsk,
    /// The answer.
    pub answer: AskedAnswer,
}

impl Store {
    /// Saves what a registry answered, in one transaction: what was found as a crawl would save it, what is gone, and which
    /// questions are done. A question is kept if more events came meanwhile. Returns how many tags have changed.
    ///
    /// # Errors
    /// If the database is not available. Nothing is saved then, and the questions stay.
    pub async fn apply_asked(
        &self,
        registry: &RegistryName,
        findings: &[Finding],
        asked: &[Asked],
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let Some(registry) = lock_registry(&mut transaction, registry).await? else {
            return Ok(0);
        };
        let batch = Batch::sort(findings);
        let saved = Saved::default();
        let source = TagSource::Event;
        let written = write(&mut transaction, registry, &batch, &saved, source, now).await?;
        let mut changes = written.tag_changes;
        let mut is_changed = !findings.is_empty();
        for asked in asked.iter().filter(|asked| asked.answer == AskedAnswer::Gone) {
            changes += end(&mut transaction, registry, &asked.ask, now).await?;
            is_changed = true;
        }
        if is_changed {
            keep_found(&mut transaction, registry, asked, now).await?;
            sqlx::query!(
                "UPDATE registry SET events_applied_at = GREATEST($2, events_applied_at),
                     events_told = events_told + $3
                 WHERE id = $1",
                registry,
                now,
                i64::try_from(changes).unwrap_or(i64::MAX)
            )
            .execute(&mut *transaction)
            .named("apply_asked.update_registry")
            .await?;
        }
        finish(&mut transaction, asked).await?;
        transaction.commit().await?;
        Ok(changes)
    }
}

/// Records that repositories and manifests exist. Manifests are added to the listing of a repository if the registry has
/// such listings.
async fn keep_found(
    connection: &mut PgConnection,
    registry: i64,
    asked: &[Asked],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let found: BTreeSet<(&RepositoryName, Digest)> = asked
        .iter()
        .filter_map(|asked| match asked.answer {
            AskedAnswer::Found(digest) => Some((&asked.ask.repository, digest)),
            _ => None,
        })
        .collect();
    let repositories: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    let digests: Vec<String> = found.iter().map(|(_, digest)| digest.to_string()).collect();
    sqlx::query!(
        "UPDATE repository SET missed_crawls = 0, tombstoned_at = NULL
         WHERE registry_id = $1 AND name = ANY($2::text[])
           AND (missed_crawls <> 0 OR tombstoned_at IS NOT NULL)",
        registry,
        &repositories as &[&str]
    )
    .execute(&mut *connection)
    .named("apply_asked.update_repository")
    .await?;
    sqlx::query!(
        "INSERT INTO listed_manifest (repository_id, manifest_blob_id, valid_from)
         SELECT repository.id, blob.id, $4
         FROM UNNEST($2::text[], $3::text[]) AS found (repository, digest)
         JOIN repository ON repository.registry_id = $1 AND repository.name = found.repository
             AND repository.manifests_listed_from IS NOT NULL
         JOIN blob ON blob.digest = found.digest
         JOIN manifest ON manifest.blob_id = blob.id
         ON CONFLICT (repository_id, manifest_blob_id) WHERE valid_until IS NULL DO NOTHING",
        registry,
        &repositories as &[&str],
        &digests,
        now
    )
    .execute(connection)
    .named("apply_asked.insert_listed_manifest")
    .await?;
    Ok(())
}

/// Ends what a question about something deleted was about: the tag, or the tags that pointed to the manifest, or all tags of
/// the repository. Returns how many tags have ended.
async fn end(
    connection: &mut PgConnection,
    registry: i64,
    ask: &PendingAsk,
    now: DateTime<Utc>,
) -> Result<u64, StoreError> {
    let (tag, digest) = match &ask.subject {
        EventSubject::Tag(tag) => (Some(tag.as_str()), None),
        EventSubject::Manifest(digest) => (None, Some(digest.to_string())),
        EventSubject::Repository => (None, None),
    };
    // The clock may have been set back since the row started.
    let ended = sqlx::query!(
        "UPDATE tag SET valid_until = GREATEST($5, valid_from), told_at = $5
         FROM repository
         WHERE repository.registry_id = $1 AND repository.name = $2 AND tag.repository_id = repository.id
           AND valid_until IS NULL AND ($3::text IS NULL OR tag.name = $3)
           AND ($4::text IS NULL OR manifest_blob_id = (SELECT id FROM blob WHERE digest = $4))",
        registry,
        ask.repository.as_str(),
        tag,
        digest,
        now
    )
    .execute(&mut *connection)
    .named("apply_asked.update_tag")
    .await?;
    if tag.is_some() {
        return Ok(ended.rows_affected());
    }
    sqlx::query!(
        "UPDATE listed_manifest SET valid_until = GREATEST($4, valid_from)
         FROM repository
         WHERE repository.registry_id = $1 AND repository.name = $2
           AND listed_manifest.repository_id = repository.id AND valid_until IS NULL
           AND ($3::text IS NULL OR manifest_blob_id = (SELECT id FROM blob WHERE digest = $3))",
        registry,
        ask.repository.as_str(),
        digest,
        now
    )
    .execute(&mut *connection)
    .named("apply_asked.update_listed_manifest")
    .await?;
    // An index under a tag may still list it: then the tag is broken.
    sqlx::query!(
        "INSERT INTO missing_manifest (repository_id, manifest_blob_id, valid_from)
         SELECT DISTINCT repository.id, blob.id, $4::timestamptz
         FROM blob, repository
         JOIN tag ON tag.repository_id = repository.id AND tag.valid_until IS NULL
         JOIN manifest ON manifest.blob_id = tag.manifest_blob_id
         WHERE repository.registry_id = $1 AND repository.name = $2 AND blob.digest = $3
           AND blob.id = ANY(manifest.child_blob_ids)
         ON CONFLICT (repository_id, manifest_blob_id) WHERE valid_until IS NULL DO NOTHING",
        registry,
        ask.repository.as_str(),
        digest,
        now
    )
    .execute(connection)
    .named("apply_asked.insert_missing_manifest")
    .await?;
    Ok(ended.rows_affected())
}

/// Removes the questions that are done. Those that more events have come for, and those without a final answer, are asked
/// again.
async fn finish(connection: &mut PgConnection, asked: &[Asked]) -> Result<(), StoreError> {
    let (mut done, mut events) = (Vec::new(), Vec::new());
    let (mut again, mut pauses, mut misses) = (Vec::new(), Vec::new(), Vec::new());
    for asked in asked {
        match asked.answer {
            AskedAnswer::AskAgain { after, is_missing } => {
                again.push(asked.ask.id);
                pauses.push(interval(after));
                misses.push(i32::from(is_missing));
            }
            AskedAnswer::Found(_) | AskedAnswer::Nothing | AskedAnswer::Gone => {
                done.push(asked.ask.id);
                events.push(asked.ask.events);
            }
        }
    }
    // In the order in which events are added to questions, so that neither waits for the other in a circle.
    let all: Vec<i64> = asked.iter().map(|asked| asked.ask.id).collect();
    sqlx::query("SELECT FROM event_ask WHERE id = ANY($1) ORDER BY repository, reference FOR UPDATE")
        .bind(&all)
        .execute(&mut *connection)
        .named("apply_asked.lock_event_ask")
        .await?;
    sqlx::query!(
        "DELETE FROM event_ask USING UNNEST($1::bigint[], $2::bigint[]) AS done (id, events)
         WHERE event_ask.id = done.id AND event_ask.events = done.events",
        &done,
        &events
    )
    .execute(&mut *connection)
    .named("apply_asked.delete_event_ask")
    .await?;
    sqlx::query!(
        "UPDATE event_ask SET lease_until = NULL WHERE id = ANY($1)",
        &done
    )
    .execute(&mut *connection)
    .named("apply_asked.release_event_ask")
    .await?;
    sqlx::query!(
        "UPDATE event_ask SET lease_until = NULL, attempts = attempts + 1,
             misses = misses + again.miss, due_at = clock_timestamp() + again.pause
         FROM UNNEST($1::bigint[], $2::interval[], $3::integer[]) AS again (id, pause, miss)
         WHERE event_ask.id = again.id",
        &again,
        &pauses,
        &misses
    )
    .execute(connection)
    .named("apply_asked.update_event_ask")
    .await?;
    Ok(())
}
