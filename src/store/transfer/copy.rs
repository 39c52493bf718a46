//! A copy of a store in another database.

use super::reader::Reader;
use super::tables::{RowCounts, applied_migration};
use super::writer::Writer;
use crate::store::{Store, StoreError};

impl Store {
    /// Copies everything into an empty store, as it is at one moment, in one transaction: all of it or nothing.
    ///
    /// # Errors
    /// If the target holds any row, if the two have different schemas, if the copy has another number of rows, or if a
    /// database fails. The target is empty then as before.
    pub async fn copy_to(&self, target: &Self) -> Result<RowCounts, StoreError> {
        let schemas = (
            applied_migration(&self.pool).await?,
            applied_migration(&target.pool).await?,
        );
        if schemas.0 != schemas.1 {
            return Err(StoreError::OtherSchema {
                source_migration: schemas.0.unwrap_or_default(),
                target_migration: schemas.1.unwrap_or_default(),
            });
        }
        let mut reader = Reader::begin(&self.pool).await?;
        let mut writer = Writer::begin(&target.pool).await?;
        let mut counts = RowCounts::new();
        for table in writer.tables().to_vec() {
            let mut rows = reader.rows(&table).await?;
            let mut count = 0;
            while let Some(batch) = rows.next_batch().await? {
                count += batch.len() as u64;
                writer.insert(&table, &batch).await?;
            }
            if let Some(sequence) = reader.sequence(&table).await? {
                writer.set_sequence(&table, sequence).await?;
            }
            counts.insert(table.name, count);
        }
        writer.finish(&counts).await?;
        reader.end().await?;
        target.tidy().await?;
        Ok(counts)
    }
}
