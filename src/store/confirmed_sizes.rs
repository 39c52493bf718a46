//! The sizes of content for which manifests state different ones.

use chrono::{DateTime, Utc};

use super::row::Row;
use super::span::Named as _;
use super::{CrawlSaver, Store, StoreError};
use crate::oci::Digest;
use crate::units::ByteCount;

impl Store {
    /// The sizes that a registry confirmed.
    pub(super) async fn confirmed_sizes(
        &self,
        registry: i64,
    ) -> Result<Vec<(Digest, ByteCount)>, StoreError> {
        let rows = sqlx::query!(
            "SELECT blob.digest, size FROM confirmed_size JOIN blob ON blob.id = blob_id WHERE registry_id = $1",
            registry
        );
        let rows = rows.fetch_all(&self.pool).named("confirmed_sizes").await?;
        rows.into_iter()
            .map(|row| {
                let place = Row::new("confirmed_size", &row.digest);
                Ok((
                    place.parse("blob_id", &row.digest)?,
                    place.bytes("size", row.size)?,
                ))
            })
            .collect()
    }
}

impl CrawlSaver {
    /// Saves the sizes that the registry confirmed. What was confirmed before stays.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] if this worker has lost its lease, or if the database is not available; nothing is saved
    /// then.
    pub async fn save_confirmed_sizes(
        &self,
        sizes: &[(Digest, ByteCount)],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let digests: Vec<String> = sizes.iter().map(|(digest, _)| digest.to_string()).collect();
        let bytes: Vec<i64> = sizes.iter().map(|(_, size)| size.as_i64()).collect();
        let mut transaction = self.part.store.pool.begin().await?;
        self.part.hold(&mut transaction).await?;
        sqlx::query!(
            "INSERT INTO confirmed_size (registry_id, blob_id, size, confirmed_at)
             SELECT $1, blob.id, confirmed.size, $4
             FROM UNNEST($2::text[], $3::bigint[]) AS confirmed (digest, size)
             JOIN blob ON blob.digest = confirmed.digest
             ON CONFLICT (registry_id, blob_id) DO NOTHING",
            self.part.registry,
            &digests,
            &bytes,
            now
        )
        .execute(&mut *transaction)
        .named("save_confirmed_sizes")
        .await?;
        transaction.commit().await?;
        Ok(())
    }
}
