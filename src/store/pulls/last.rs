use chrono::NaiveDate;

use crate::oci::{RegistryName, RepositoryName};
use crate::pulls::{LastPulls, PulledOn};
use crate::store::row::Row;
use crate::store::span::Named as _;
use crate::store::{Store, StoreError};

impl Store {
    /// When repositories and images were last pulled up to a day, as far as pulls were counted.
    ///
    /// # Errors
    /// If the database is not available, and where a row is inconsistent.
    pub async fn last_pulls(&self, until: NaiveDate) -> Result<LastPulls, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT registry.name AS registry, repository, tag, digest, max(day) AS "day!"
               FROM pull_count JOIN registry ON registry.id = registry_id
               WHERE count > 0 AND day <= $1
               GROUP BY registry.name, repository, tag, digest"#,
            until
        );
        let rows = rows.fetch_all(&self.pool).named("last_pulls").await?;
        let pulled = rows.into_iter().map(|row| {
            let key = format!("{}/{} {}", row.registry, row.repository, row.day);
            let place = Row::new("pull_count", &key);
            Ok(PulledOn {
                registry: place.parse("registry_id", &row.registry)?,
                repository: place.parse("repository", &row.repository)?,
                // A log can contain what is neither a tag nor a digest.
                tag: row.tag.parse().ok(),
                digest: row.digest.parse().ok(),
                day: row.day,
            })
        });
        Ok(LastPulls::new(pulled.collect::<Result<Vec<_>, StoreError>>()?))
    }

    /// When a repository and its images were last pulled up to a day, as far as pulls were counted.
    ///
    /// # Errors
    /// As with [`Self::last_pulls`].
    pub async fn last_pulls_of(
        &self,
        registry: &RegistryName,
        repository: &RepositoryName,
        until: NaiveDate,
    ) -> Result<LastPulls, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT tag, digest, max(day) AS "day!"
               FROM pull_count
               WHERE registry_id = (SELECT id FROM registry WHERE name = $1) AND repository = $2 AND count > 0
                   AND day <= $3
               GROUP BY tag, digest"#,
            registry.as_str(),
            repository.as_str(),
            until
        );
        let rows = rows.fetch_all(&self.pool).named("last_pulls_of").await?;
        Ok(LastPulls::new(rows.into_iter().map(|row| PulledOn {
            registry: registry.clone(),
            repository: repository.clone(),
            // A log can contain what is neither a tag nor a digest.
            tag: row.tag.parse().ok(),
            digest: row.digest.parse().ok(),
            day: row.day,
        })))
    }
}
