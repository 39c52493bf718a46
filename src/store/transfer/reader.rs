//! Reads all rows of a store as they are at one moment.

use sqlx::postgres::PgPool;
use sqlx::{AssertSqlSafe, Postgres, Row as _, Transaction};

use super::tables::{Table, tables};
use crate::store::StoreError;
use crate::store::span::Named as _;

/// How many rows are fetched at a time. Our choice: even rows of a megabyte, which closed months may have, fit in memory.
const ROWS_AT_A_TIME: u32 = 200;

/// Where a sequence stands: the last value, and whether it was given out.
pub(super) type SequenceState = (i64, bool);

/// A transaction that sees the store as it was when it began.
pub(super) struct Reader {
    transaction: Transaction<'static, Postgres>,
}

/// The rows of one table.
pub(super) struct TableRows<'r> {
    reader: &'r mut Reader,
    is_at_end: bool,
}

impl Reader {
    pub(super) async fn begin(pool: &PgPool) -> Result<Self, StoreError> {
        let mut transaction = pool.begin().await?;
        sqlx::query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            .execute(&mut *transaction)
            .named("transfer_snapshot")
            .await?;
        Ok(Self { transaction })
    }

    /// The tables of the store.
    pub(super) async fn tables(&mut self) -> Result<Vec<Table>, StoreError> {
        tables(&mut self.transaction).await
    }

    /// The rows of a table, in no particular order.
    pub(super) async fn rows(&mut self, table: &Table) -> Result<TableRows<'_>, StoreError> {
        // The name comes from the catalogue of the database, which quotes it.
        let statement = format!(
            "DECLARE transfer_rows NO SCROLL CURSOR FOR SELECT (whole_row)::text FROM {} AS whole_row",
            table.name
        );
        sqlx::query(AssertSqlSafe(statement))
            .persistent(false)
            .execute(&mut *self.transaction)
            .named("transfer_open_table")
            .await?;
        Ok(TableRows {
            reader: self,
            is_at_end: false,
        })
    }

    /// Where the sequence of a table's identity column stands; `None` if it has none.
    pub(super) async fn sequence(&mut self, table: &Table) -> Result<Option<SequenceState>, StoreError> {
        let Some(column) = &table.identity else {
            return Ok(None);
        };
        let sequence: String = sqlx::query_scalar("SELECT pg_get_serial_sequence($1, $2)")
            .bind(&table.name)
            .bind(column)
            .fetch_one(&mut *self.transaction)
            .named("transfer_sequence_name")
            .await?;
        let row = sqlx::query(AssertSqlSafe(format!(
            "SELECT last_value, is_called FROM {sequence}"
        )))
        .persistent(false)
        .fetch_one(&mut *self.transaction)
        .named("transfer_sequence")
        .await?;
        Ok(Some((row.try_get(0)?, row.try_get(1)?)))
    }

    /// Ends the transaction, which has changed nothing.
    pub(super) async fn end(self) -> Result<(), StoreError> {
        Ok(self.transaction.rollback().await?)
    }
}

impl TableRows<'_> {
    /// The next rows as PostgreSQL writes composite values; `None` at the end.
    pub(super) async fn next_batch(&mut self) -> Result<Option<Vec<String>>, StoreError> {
        if self.is_at_end {
            return Ok(None);
        }
        let statement = format!("FETCH FORWARD {ROWS_AT_A_TIME} FROM transfer_rows");
        let batch: Vec<String> = sqlx::query_scalar(AssertSqlSafe(statement))
            .persistent(false)
            .fetch_all(&mut *self.reader.transaction)
            .named("transfer_read")
            .await?;
        if !batch.is_empty() {
            return Ok(Some(batch));
        }
        self.is_at_end = true;
        sqlx::query("CLOSE transfer_rows")
            .persistent(false)
            .execute(&mut *self.reader.transaction)
            .named("transfer_close_table")
            .await?;
        Ok(None)
    }
}
