//! Which of the manifests that a log names are indexes.

use std::collections::HashSet;

use sqlx::PgConnection;

use crate::pulls::PullEvent;
use crate::store::StoreError;
use crate::store::span::Named as _;

/// Indexes of multi-platform images among pulled manifests. The image that was pulled with one has an event of its own.
#[derive(Debug, Default)]
pub(super) struct PulledIndexes {
    digests: HashSet<String>,
    /// Repository and tag.
    tags: HashSet<(String, String)>,
}

impl PulledIndexes {
    /// Whether an event is about an index, as far as the crawled content tells.
    pub(super) fn contains(&self, event: &PullEvent) -> bool {
        match (event.digest, &event.tag) {
            (Some(digest), _) => self.digests.contains(&digest.to_string()),
            (None, Some(tag)) => {
                let key = (event.repository.to_string(), tag.to_string());
                self.tags.contains(&key)
            }
            (None, None) => false,
        }
    }
}

/// Looks up which of the events are about an index. A tag counts as what it last pointed to.
pub(super) async fn pulled_indexes(
    connection: &mut PgConnection,
    registry: i64,
    events: &[PullEvent],
) -> Result<PulledIndexes, StoreError> {
    let digests: HashSet<String> = events
        .iter()
        .filter_map(|event| Some(event.digest?.to_string()))
        .collect();
    let digests: Vec<String> = digests.into_iter().collect();
    let digests = sqlx::query_scalar!(
        "SELECT digest FROM blob JOIN manifest ON manifest.blob_id = blob.id
         WHERE digest = ANY($1) AND kind = 'index'",
        &digests
    )
    .fetch_all(&mut *connection)
    .named("pulled_indexes.digests")
    .await?;
    let by_tag = events.iter().filter(|event| event.digest.is_none());
    let names: HashSet<(String, String)> = by_tag
        .filter_map(|event| Some((event.repository.to_string(), event.tag.as_ref()?.to_string())))
        .collect();
    let (repositories, tags): (Vec<String>, Vec<String>) = names.into_iter().unzip();
    let rows = sqlx::query!(
        "SELECT name, tag FROM (
             SELECT DISTINCT ON (repository.name, tag.name) repository.name, tag.name AS tag, manifest.kind
             FROM UNNEST($2::text[], $3::text[]) AS wanted (repository, tag)
                 JOIN repository ON repository.registry_id = $1 AND repository.name = wanted.repository
                 JOIN tag ON tag.repository_id = repository.id AND tag.name = wanted.tag
                 JOIN manifest ON manifest.blob_id = tag.manifest_blob_id
             ORDER BY repository.name, tag.name, tag.valid_from DESC
         ) AS latest WHERE kind = 'index'",
        registry,
        &repositories,
        &tags
    )
    .fetch_all(connection)
    .named("pulled_indexes.tags")
    .await?;
    Ok(PulledIndexes {
        digests: digests.into_iter().collect(),
        tags: rows.into_iter().map(|row| (row.name, row.tag)).collect(),
    })
}
