use std::collections::{HashMap, HashSet};

use futures::TryStreamExt as _;

use crate::oci::{Digest, DigestSet, Manifest};
use crate::store::span::Named as _;
use crate::store::{Store, StoreError};

/// Saved content that a question about a few manifests may encounter.
#[derive(Debug, Clone, Default)]
pub struct KnownContent {
    /// Manifests that are saved with everything below them, and configurations.
    pub complete: DigestSet,
    /// Manifests that are saved while something below them is not, without their layers.
    pub partial: HashMap<Digest, Manifest>,
}

/// A saved manifest.
pub(super) struct Node {
    pub(super) digest: Digest,
    /// Whether its configuration is needed and not saved.
    lacks_config: bool,
    pub(super) child_ids: Vec<i64>,
}

impl Store {
    /// The saved content among these digests and below it, for a question about a few manifests.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn known_among(&self, digests: &[Digest]) -> Result<KnownContent, StoreError> {
        let digests: Vec<String> = digests.iter().map(ToString::to_string).collect();
        let roots = sqlx::query_scalar!("SELECT id FROM blob WHERE digest = ANY($1)", &digests);
        let roots = roots
            .fetch_all(&self.pool)
            .named("known_among.select_blob")
            .await?;
        let nodes = self.nodes_below(&roots).await?;
        let ids: Vec<i64> = nodes.keys().copied().collect();
        let configs = sqlx::query_scalar!(
            r#"SELECT digest AS "digest: Digest"
               FROM (SELECT UNNEST($1::bigint[]) AS id
                     UNION SELECT config_blob_id FROM manifest WHERE blob_id = ANY($2)) AS wanted
               JOIN image_config ON image_config.blob_id = wanted.id
               JOIN blob ON blob.id = wanted.id"#,
            &roots,
            &ids
        );
        let configs = configs
            .fetch_all(&self.pool)
            .named("known_among.select_image_config")
            .await?;
        let incomplete = incomplete(&nodes);
        let manifests = nodes
            .iter()
            .filter(|(id, _)| !incomplete.contains(id))
            .map(|(_, node)| node.digest);
        Ok(KnownContent {
            complete: manifests.chain(configs).collect(),
            partial: self.partial(incomplete).await?,
        })
    }

    /// The saved manifests among some blobs and below them.
    pub(super) async fn nodes_below(&self, roots: &[i64]) -> Result<HashMap<i64, Node>, StoreError> {
        let mut nodes = HashMap::new();
        let mut seen: HashSet<i64> = roots.iter().copied().collect();
        let mut level = roots.to_vec();
        // Level by level, not by a recursive query: its size is estimated far too large, and its plan reads whole tables. Only the
        // configuration of an image is read; that of a chart or signature has nothing of use.
        while !level.is_empty() {
            let query = sqlx::query!(
                r#"SELECT manifest.blob_id, digest AS "digest: Digest", child_blob_ids,
                       kind = 'image' AND config_blob_id IS NOT NULL AND image_config.blob_id IS NULL
                           AS "lacks_config!"
                   FROM UNNEST($1::bigint[]) AS wanted (id)
                   JOIN manifest ON manifest.blob_id = wanted.id
                   JOIN blob ON blob.id = wanted.id
                   LEFT JOIN image_config ON image_config.blob_id = manifest.config_blob_id
                   WHERE left_out_layers = 0"#,
                &level
            );
            let mut rows = query.fetch(&self.pool);
            let mut next = Vec::new();
            let read = async {
                while let Some(row) = rows.try_next().await? {
                    let children = row.child_blob_ids.iter().copied();
                    next.extend(children.filter(|&child| seen.insert(child)));
                    let node = Node {
                        digest: row.digest,
                        lacks_config: row.lacks_config,
                        child_ids: row.child_blob_ids,
                    };
                    nodes.insert(row.blob_id, node);
                }
                Ok::<_, StoreError>(())
            };
            read.named("known.select_manifest").await?;
            level = next;
        }
        Ok(nodes)
    }

    /// The manifests with these ids, without their layers.
    pub(super) async fn partial(&self, ids: HashSet<i64>) -> Result<HashMap<Digest, Manifest>, StoreError> {
        let ids: Vec<i64> = ids.into_iter().collect();
        let mut partial = HashMap::new();
        if !ids.is_empty() {
            partial.extend(self.manifests_without_layers(&ids).await?);
        }
        Ok(partial)
    }
}

/// The manifests that lack something below them: themselves or in anything they contain. Not recursive, because a
/// hostile registry may nest indexes to any depth over time.
pub(super) fn incomplete(nodes: &HashMap<i64, Node>) -> HashSet<i64> {
    let mut parents: HashMap<i64, Vec<i64>> = HashMap::new();
    let mut incomplete = HashSet::new();
    let mut unfollowed = Vec::new();
    for (&id, node) in nodes {
        let lacks = node.lacks_config || node.child_ids.iter().any(|child| !nodes.contains_key(child));
        if lacks && incomplete.insert(id) {
            unfollowed.push(id);
        }
        for &child in &node.child_ids {
            parents.entry(child).or_default().push(id);
        }
    }
    while let Some(id) = unfollowed.pop() {
        for &parent in parents.get(&id).into_iter().flatten() {
            if incomplete.insert(parent) {
                unfollowed.push(parent);
            }
        }
    }
    incomplete
}
