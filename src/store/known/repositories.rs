use std::collections::{HashMap, HashSet};

use super::nodes::incomplete;
use crate::oci::{Digest, Manifest, RegistryName, RepositoryName, Tag};
use crate::store::row::Row;
use crate::store::span::Named as _;
use crate::store::{Store, StoreError};

/// What is saved about some repositories.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct KnownRepositories {
    /// Manifests that their tags reach and that are saved while something below them is not, without their layers.
    pub partial: HashMap<Digest, Manifest>,
    /// Their current tags.
    pub tags: HashMap<RepositoryName, HashSet<Tag>>,
    /// The saved manifests that each index lists which their tags reach.
    pub children: HashMap<Digest, Vec<Digest>>,
    /// What the registry has lost although something refers to it.
    pub missing: HashMap<RepositoryName, HashSet<Digest>>,
    /// How many manifests the registry listed last, if it lists them all.
    pub listed: HashMap<RepositoryName, usize>,
}

impl Store {
    /// What is saved about these repositories of a registry.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn known_repositories(
        &self,
        registry: &RegistryName,
        repositories: &[RepositoryName],
    ) -> Result<KnownRepositories, StoreError> {
        let names: Vec<&str> = repositories.iter().map(RepositoryName::as_str).collect();
        let mut known = KnownRepositories::default();
        let rows = sqlx::query!(
            "SELECT repository.name AS repository, tag.name AS tag, tag.manifest_blob_id
             FROM registry
             JOIN repository ON repository.registry_id = registry.id
             JOIN tag ON tag.repository_id = repository.id
             WHERE registry.name = $1 AND repository.name = ANY($2::text[]) AND tag.valid_until IS NULL",
            registry.as_str(),
            &names as &[&str]
        );
        let mut roots = HashSet::new();
        for row in rows.fetch_all(&self.pool).named("known.select_tag").await? {
            let place = Row::new("tag", &row.tag);
            let repository = place.parse("repository_id", &row.repository)?;
            let tags: &mut HashSet<Tag> = known.tags.entry(repository).or_default();
            tags.insert(place.parse("name", &row.tag)?);
            roots.insert(row.manifest_blob_id);
        }
        let rows = sqlx::query_scalar!(
            "SELECT DISTINCT referrer.manifest_blob_id
             FROM registry
             JOIN repository ON repository.registry_id = registry.id
             JOIN referrer ON referrer.repository_id = repository.id
             WHERE registry.name = $1 AND repository.name = ANY($2::text[])",
            registry.as_str(),
            &names as &[&str]
        );
        roots.extend(rows.fetch_all(&self.pool).named("known.select_referrer").await?);

        let roots: Vec<i64> = roots.into_iter().collect();
        let nodes = self.nodes_below(&roots).await?;
        for node in nodes.values().filter(|node| !node.child_ids.is_empty()) {
            let saved = node.child_ids.iter().filter_map(|child| nodes.get(child));
            known
                .children
                .insert(node.digest, saved.map(|child| child.digest).collect());
        }
        let incomplete = incomplete(&nodes);
        known.partial = self.partial(incomplete).await?;
        self.add_missing(registry, &names, &mut known).await?;
        self.add_listed_counts(registry, &names, &mut known).await?;
        Ok(known)
    }

    async fn add_missing(
        &self,
        registry: &RegistryName,
        names: &[&str],
        known: &mut KnownRepositories,
    ) -> Result<(), StoreError> {
        let rows = sqlx::query!(
            r#"SELECT repository.name AS repository, blob.digest AS "digest: Digest"
             FROM missing_manifest
             JOIN repository ON repository.id = missing_manifest.repository_id
             JOIN registry ON registry.id = repository.registry_id
             JOIN blob ON blob.id = missing_manifest.manifest_blob_id
             WHERE registry.name = $1 AND repository.name = ANY($2::text[])
               AND missing_manifest.valid_until IS NULL"#,
            registry.as_str(),
            names as &[&str]
        );
        for row in rows.fetch_all(&self.pool).named("known.select_missing").await? {
            let place = Row::new("missing_manifest", &row.digest);
            let repository = place.parse("repository_id", &row.repository)?;
            known.missing.entry(repository).or_default().insert(row.digest);
        }
        Ok(())
    }

    async fn add_listed_counts(
        &self,
        registry: &RegistryName,
        names: &[&str],
        known: &mut KnownRepositories,
    ) -> Result<(), StoreError> {
        let rows = sqlx::query!(
            r#"SELECT repository.name AS repository, count(*) AS "listed!"
               FROM registry
               JOIN repository ON repository.registry_id = registry.id
               JOIN listed_manifest ON listed_manifest.repository_id = repository.id
               WHERE registry.name = $1 AND repository.name = ANY($2::text[])
                 AND listed_manifest.valid_until IS NULL
               GROUP BY repository.name"#,
            registry.as_str(),
            names as &[&str]
        );
        for row in rows.fetch_all(&self.pool).named("known.count_listed").await? {
            let place = Row::new("listed_manifest", &row.repository);
            let repository = place.parse("repository_id", &row.repository)?;
            known
                .listed
                .insert(repository, place.count("listed manifests", row.listed)?);
        }
        Ok(())
    }
}
