//! Writes rows into an empty store.

use sqlx::postgres::PgPool;
use sqlx::{AssertSqlSafe, Postgres, Transaction};

use super::reader::SequenceState;
use super::tables::{RowCounts, Table, tables};
use crate::store::StoreError;
use crate::store::span::Named as _;

/// The most characters that one statement inserts. Our choice: far below the gigabyte that a value may have.
const MAX_CHARACTERS: usize = 4 << 20;

/// A transaction that fills an empty store.
pub(super) struct Writer {
    transaction: Transaction<'static, Postgres>,
    tables: Vec<Table>,
}

impl Writer {
    /// Locks all tables against other writers.
    ///
    /// # Errors
    /// [`StoreError::NotEmpty`] if a table has a row.
    pub(super) async fn begin(pool: &PgPool) -> Result<Self, StoreError> {
        let mut transaction = pool.begin().await?;
        let tables = tables(&mut transaction).await?;
        let mut occupied = Vec::new();
        for table in &tables {
            // Names come from the catalogue of the database, which quotes them.
            let lock = format!("LOCK TABLE {} IN EXCLUSIVE MODE", table.name);
            sqlx::query(AssertSqlSafe(lock))
                .persistent(false)
                .execute(&mut *transaction)
                .named("transfer_lock")
                .await?;
            let exists = format!("SELECT EXISTS (SELECT FROM {})", table.name);
            let is_occupied: bool = sqlx::query_scalar(AssertSqlSafe(exists))
                .persistent(false)
                .fetch_one(&mut *transaction)
                .named("transfer_is_empty")
                .await?;
            if is_occupied {
                occupied.push(table.name.clone());
            }
        }
        if !occupied.is_empty() {
            return Err(StoreError::NotEmpty { tables: occupied });
        }
        Ok(Self { transaction, tables })
    }

    /// The tables, each after those that its rows refer to.
    pub(super) fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// Adds rows to a table, their identities included.
    pub(super) async fn insert(&mut self, table: &Table, rows: &[String]) -> Result<(), StoreError> {
        let statement = format!(
            "INSERT INTO {0} OVERRIDING SYSTEM VALUE
             SELECT (source.whole_row).* FROM (SELECT unnest($1::text[])::{0} AS whole_row OFFSET 0) AS source",
            table.name
        );
        let mut rest = rows;
        while !rest.is_empty() {
            let mut characters = 0;
            let fitting = rest.iter().take_while(|row| {
                characters += row.len();
                characters <= MAX_CHARACTERS
            });
            // A row that is larger alone goes alone.
            let (batch, later) = rest.split_at(fitting.count().max(1));
            sqlx::query(AssertSqlSafe(statement.clone()))
                .bind(batch)
                .execute(&mut *self.transaction)
                .named("transfer_write")
                .await?;
            rest = later;
        }
        Ok(())
    }

    /// Lets the identities of new rows go on where those of the source ended.
    pub(super) async fn set_sequence(
        &mut self,
        table: &Table,
        (last_value, is_called): SequenceState,
    ) -> Result<(), StoreError> {
        sqlx::query("SELECT setval(pg_get_serial_sequence($1, $2), $3, $4)")
            .bind(&table.name)
            .bind(&table.identity)
            .bind(last_value)
            .bind(is_called)
            .execute(&mut *self.transaction)
            .named("transfer_set_sequence")
            .await?;
        Ok(())
    }

    /// Compares the number of rows of each table and commits.
    ///
    /// # Errors
    /// [`StoreError::OtherCount`] if a table has another number of rows; nothing is written then.
    pub(super) async fn finish(mut self, counts: &RowCounts) -> Result<(), StoreError> {
        for table in &self.tables {
            let statement = format!("SELECT count(*) FROM {}", table.name);
            let written: i64 = sqlx::query_scalar(AssertSqlSafe(statement))
                .persistent(false)
                .fetch_one(&mut *self.transaction)
                .named("transfer_count")
                .await?;
            let expected = counts.get(&table.name).copied().unwrap_or_default();
            if u64::try_from(written).ok() != Some(expected) {
                return Err(StoreError::OtherCount {
                    table: table.name.clone(),
                    expected,
                    written,
                });
            }
        }
        Ok(self.transaction.commit().await?)
    }
}
