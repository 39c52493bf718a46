use std::collections::{HashMap, HashSet};

use super::manifests::MANIFESTS_AT_A_TIME;
use super::row::Row;
use super::span::Named as _;
use super::{Store, StoreError};
use crate::oci::{Digest, Manifest, ManifestKind, RegistryName, RepositoryName, Tag};

/// Saved content that a crawl need not request.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct KnownContent {
    /// Manifests that are saved with everything below them, and configurations. Of any registry: a digest has the same
    /// content everywhere.
    pub complete: HashSet<Digest>,
    /// Manifests that are saved while something below them is not, without their layers.
    pub partial: HashMap<Digest, Manifest>,
    /// The current tags of the registry's repositories.
    pub tags: HashMap<RepositoryName, HashSet<Tag>>,
    /// The saved manifests that each saved index lists.
    pub children: HashMap<Digest, Vec<Digest>>,
    /// What the registry has lost although something refers to it, by repository.
    pub missing: HashMap<RepositoryName, HashSet<Digest>>,
    /// How many manifests the registry listed last, by repository, if it lists them all.
    pub listed: HashMap<RepositoryName, usize>,
    /// Whether the registry kept deleted repositories when that was asked last.
    pub keeps_deleted: bool,
    /// How many crawls of the registry have ended.
    pub crawls: u64,
}

/// What a manifest needs below it to be complete.
struct Node {
    digest: Digest,
    config: Option<i64>,
    children: Vec<i64>,
}

impl Node {
    fn new(digest: &str, kind: &str, config: Option<i64>, children: Vec<i64>) -> Result<Self, StoreError> {
        let row = Row::new("manifest", &digest);
        // Only the configuration of an image is read; that of a chart or signature has nothing of use.
        let is_image = row.parse::<ManifestKind>("kind", kind)? == ManifestKind::Image;
        Ok(Self {
            digest: row.parse("blob_id", digest)?,
            config: config.filter(|_| is_image),
            children,
        })
    }
}

impl Store {
    /// The saved content that a crawl of this registry may encounter.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn known(&self, registry: &RegistryName) -> Result<KnownContent, StoreError> {
        let wrong = |problem| StoreError::inconsistent("blob", problem);
        let mut known = KnownContent::default();
        let mut configs = HashSet::new();
        let rows = sqlx::query!(
            "SELECT blob_id, digest FROM image_config JOIN blob ON blob.id = image_config.blob_id"
        );
        for row in rows
            .fetch_all(&self.pool)
            .named("known.select_image_config")
            .await?
        {
            configs.insert(row.blob_id);
            known.complete.insert(row.digest.parse().map_err(wrong)?);
        }

        let rows = sqlx::query!(
            "SELECT blob_id, digest, kind, config_blob_id, child_blob_ids
             FROM manifest JOIN blob ON blob.id = manifest.blob_id
             WHERE left_out_layers = 0"
        );
        // One with layers that are left out is read in each crawl, so that each crawl says so.
        let mut nodes = HashMap::new();
        for row in rows.fetch_all(&self.pool).named("known.select_manifest").await? {
            let node = Node::new(&row.digest, &row.kind, row.config_blob_id, row.child_blob_ids)?;
            nodes.insert(row.blob_id, node);
        }
        for node in nodes.values().filter(|node| !node.children.is_empty()) {
            let saved = node.children.iter().filter_map(|child| nodes.get(child));
            let children: Vec<Digest> = saved.map(|child| child.digest).collect();
            known.children.insert(node.digest, children);
        }
        self.add_manifests(nodes, &configs, &mut known).await?;

        let rows = sqlx::query!(
            "SELECT repository.name AS repository, tag.name AS tag
             FROM tag
             JOIN repository ON repository.id = tag.repository_id
             JOIN registry ON registry.id = repository.registry_id
             WHERE registry.name = $1 AND tag.valid_until IS NULL",
            registry.as_str()
        );
        for row in rows.fetch_all(&self.pool).named("known.select_tag").await? {
            let repository = row
                .repository
                .parse()
                .map_err(|e| StoreError::inconsistent("repository", e))?;
            let tag = row.tag.parse().map_err(|e| StoreError::inconsistent("tag", e))?;
            known.tags.entry(repository).or_default().insert(tag);
        }
        self.add_missing(registry, &mut known).await?;
        let rows = sqlx::query!(
            r#"SELECT repository.name AS repository, count(*) AS "listed!"
               FROM listed_manifest
               JOIN repository ON repository.id = listed_manifest.repository_id
               JOIN registry ON registry.id = repository.registry_id
               WHERE registry.name = $1 AND listed_manifest.valid_until IS NULL
               GROUP BY repository.name"#,
            registry.as_str()
        );
        known.keeps_deleted = self
            .soft_deleted(registry)
            .await?
            .is_some_and(|deleted| deleted.repositories > 0);
        for row in rows.fetch_all(&self.pool).named("known.count_listed").await? {
            let place = Row::new("listed_manifest", &row.repository);
            let repository = place.parse("repository_id", &row.repository)?;
            known
                .listed
                .insert(repository, place.count("listed manifests", row.listed)?);
        }
        Ok(known)
    }

    /// The saved content among these digests and below it, for a question about a few manifests.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn known_among(&self, digests: &[Digest]) -> Result<KnownContent, StoreError> {
        let wrong = |problem| StoreError::inconsistent("blob", problem);
        let mut known = KnownContent::default();
        let digests: Vec<String> = digests.iter().map(ToString::to_string).collect();
        let rows = sqlx::query!(
            r#"WITH RECURSIVE below AS (
                 SELECT id FROM blob WHERE digest = ANY($1)
                 UNION SELECT UNNEST(child_blob_ids) FROM manifest JOIN below ON below.id = manifest.blob_id)
             SELECT blob_id, digest AS "digest!", kind, config_blob_id, child_blob_ids
             FROM below JOIN manifest ON manifest.blob_id = below.id JOIN blob ON blob.id = below.id"#,
            &digests
        );
        let mut nodes = HashMap::new();
        for row in rows
            .fetch_all(&self.pool)
            .named("known_among.select_manifest")
            .await?
        {
            let node = Node::new(&row.digest, &row.kind, row.config_blob_id, row.child_blob_ids)?;
            nodes.insert(row.blob_id, node);
        }
        let needed: Vec<i64> = nodes.values().filter_map(|node| node.config).collect();
        let rows = sqlx::query!(
            "SELECT blob_id, digest FROM image_config JOIN blob ON blob.id = image_config.blob_id
             WHERE digest = ANY($1) OR blob_id = ANY($2)",
            &digests,
            &needed
        );
        let mut configs = HashSet::new();
        for row in rows
            .fetch_all(&self.pool)
            .named("known_among.select_image_config")
            .await?
        {
            configs.insert(row.blob_id);
            known.complete.insert(row.digest.parse().map_err(wrong)?);
        }
        self.add_manifests(nodes, &configs, &mut known).await?;
        Ok(known)
    }

    /// Adds manifests to what is known, by whether something below them is missing.
    async fn add_manifests(
        &self,
        nodes: HashMap<i64, Node>,
        configs: &HashSet<i64>,
        known: &mut KnownContent,
    ) -> Result<(), StoreError> {
        let partial = incomplete(&nodes, configs);
        for (id, node) in &nodes {
            if !partial.contains(id) {
                known.complete.insert(node.digest);
            }
        }
        // No configurations are read for untagged manifests, so these may be many.
        let partial: Vec<i64> = partial.into_iter().collect();
        for some in partial.chunks(MANIFESTS_AT_A_TIME) {
            known.partial.extend(self.manifests_without_layers(some).await?);
        }
        Ok(())
    }

    async fn add_missing(&self, registry: &RegistryName, known: &mut KnownContent) -> Result<(), StoreError> {
        let rows = sqlx::query!(
            "SELECT repository.name AS repository, blob.digest
             FROM missing_manifest
             JOIN repository ON repository.id = missing_manifest.repository_id
             JOIN registry ON registry.id = repository.registry_id
             JOIN blob ON blob.id = missing_manifest.manifest_blob_id
             WHERE registry.name = $1 AND missing_manifest.valid_until IS NULL",
            registry.as_str()
        );
        for row in rows.fetch_all(&self.pool).named("known.select_missing").await? {
            let place = Row::new("missing_manifest", &row.digest);
            let repository = place.parse("repository_id", &row.repository)?;
            let digest = place.parse("manifest_blob_id", &row.digest)?;
            known.missing.entry(repository).or_default().insert(digest);
        }
        let crawls = sqlx::query_scalar!(
            r#"SELECT count(*) AS "count!" FROM crawl JOIN registry ON registry.id = crawl.registry_id
               WHERE registry.name = $1 AND finished_at IS NOT NULL"#,
            registry.as_str()
        );
        let crawls = crawls.fetch_one(&self.pool).named("known.count_crawls").await?;
        known.crawls = Row::new("crawl", &registry).count("crawls", crawls)?;
        Ok(())
    }
}

/// The manifests that lack something below them: themselves or in anything they contain. Not recursive, because a
/// hostile registry may nest indexes to any depth over time.
fn incomplete(nodes: &HashMap<i64, Node>, configs: &HashSet<i64>) -> HashSet<i64> {
    let mut parents: HashMap<i64, Vec<i64>> = HashMap::new();
    let mut incomplete = HashSet::new();
    let mut unfollowed = Vec::new();
    for (&id, node) in nodes {
        let lacks = node.config.is_some_and(|config| !configs.contains(&config))
            || node.children.iter().any(|child| !nodes.contains_key(child));
        if lacks && incomplete.insert(id) {
            unfollowed.push(id);
        }
        for &child in &node.children {
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
