//! The tags of a registry as they are, of which a process that keeps them reads only those of changed repositories.

use std::collections::HashMap;
use std::sync::Arc;

use futures::TryStreamExt as _;

use super::inventory::TagRow;
use super::kept_content::{KeptTags, Reading, SavedTag};
use super::span::Named as _;
use super::{Store, StoreError};
use crate::oci::{Digest, RepositoryName, Tag};

impl Store {
    /// The current tags of these repositories, which are given by their ids. Sorted by repository and tag.
    pub(super) async fn current_tags(
        &self,
        registry: i64,
        repositories: &HashMap<i64, RepositoryName>,
        reading: &mut Reading<'_>,
    ) -> Result<Vec<TagRow>, StoreError> {
        // A tag that moves gets another row. So a repository has the same tags if it has the same rows.
        let states = sqlx::query!(
            r#"SELECT tag.repository_id, md5(string_agg(tag.id::text, ' ' ORDER BY tag.id)) AS "state!"
               FROM tag JOIN repository ON repository.id = tag.repository_id
               WHERE repository.registry_id = $1 AND tag.valid_until IS NULL
               GROUP BY tag.repository_id"#,
            registry
        );
        let states = states.fetch_all(&self.pool).named("current_tags.states").await?;
        let mut tags: Vec<(&RepositoryName, Arc<[SavedTag]>)> = Vec::with_capacity(states.len());
        let mut unread = Vec::new();
        let mut read: HashMap<i64, (String, Vec<SavedTag>)> = HashMap::new();
        for row in states {
            let Some(name) = repositories.get(&row.repository_id) else {
                continue;
            };
            match reading.take_tags(row.repository_id, &row.state) {
                Some(known) => tags.push((name, known)),
                None => {
                    unread.push(row.repository_id);
                    read.insert(row.repository_id, (row.state, Vec::new()));
                }
            }
        }
        if !unread.is_empty() {
            self.read_tags(&unread, &mut read).await?;
        }
        for (repository, (state, mut own)) in read {
            own.sort_unstable_by(|one, other| one.tag.cmp(&other.tag));
            let own: Arc<[SavedTag]> = own.into();
            tags.push((&repositories[&repository], Arc::clone(&own)));
            reading.keep_tags(repository, KeptTags { state, tags: own });
        }
        tags.sort_unstable_by_key(|(name, _)| *name);
        let rows = tags.iter().flat_map(|(name, tags)| {
            tags.iter()
                .map(|saved| ((*name).clone(), saved.tag.clone(), saved.digest, saved.manifest))
        });
        Ok(rows.collect())
    }

    async fn read_tags(
        &self,
        repositories: &[i64],
        read: &mut HashMap<i64, (String, Vec<SavedTag>)>,
    ) -> Result<(), StoreError> {
        let query = sqlx::query!(
            r#"SELECT tag.repository_id, tag.name, blob.id AS manifest_id, blob.digest AS "digest: Digest"
               FROM tag JOIN blob ON blob.id = tag.manifest_blob_id
               WHERE tag.repository_id = ANY($1) AND tag.valid_until IS NULL"#,
            repositories
        );
        let mut rows = query.fetch(&self.pool);
        let rows = async {
            while let Some(row) = rows.try_next().await? {
                let tag: Tag = row
                    .name
                    .parse()
                    .map_err(|problem| StoreError::inconsistent("tag", problem))?;
                if let Some((_, tags)) = read.get_mut(&row.repository_id) {
                    tags.push(SavedTag {
                        tag,
                        digest: row.digest,
                        manifest: row.manifest_id,
                    });
                }
            }
            Ok::<_, StoreError>(())
        };
        rows.named("current_tags.rows").await
    }
}
