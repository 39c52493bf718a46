//! The tables of a store, from the database's own catalogue.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::postgres::PgPool;
use sqlx::{PgConnection, Row as _};

use crate::store::StoreError;
use crate::store::span::Named as _;

/// The number of rows by table.
pub type RowCounts = BTreeMap<String, u64>;

/// A table of a store.
#[derive(Debug, Clone)]
pub(super) struct Table {
    /// Its name, quoted where SQL needs that.
    pub(super) name: String,
    /// The column whose values the database counts up, if there is one.
    pub(super) identity: Option<String>,
    /// The tables that its rows refer to.
    refers_to: Vec<String>,
}

/// All tables but that of migrations and that of saved answers, which are worked out again; each after those that its rows refer to.
pub(super) async fn tables(connection: &mut PgConnection) -> Result<Vec<Table>, StoreError> {
    let rows = sqlx::query(
        "SELECT quote_ident(relation.relname) AS name,
             (SELECT attname::text FROM pg_attribute
              WHERE attrelid = relation.oid AND attidentity <> '' AND NOT attisdropped) AS identity,
             ARRAY(SELECT quote_ident(target.relname) FROM pg_constraint JOIN pg_class AS target ON target.oid = confrelid
                   WHERE conrelid = relation.oid AND contype = 'f' AND confrelid <> conrelid) AS refers_to
         FROM pg_class AS relation
         WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace AND relname NOT IN ('_sqlx_migrations', 'saved_answers')
         ORDER BY relname",
    )
    .fetch_all(connection)
    .named("transfer_tables")
    .await?;
    let tables = rows
        .into_iter()
        .map(|row| {
            Ok(Table {
                name: row.try_get("name")?,
                identity: row.try_get("identity")?,
                refers_to: row.try_get("refers_to")?,
            })
        })
        .collect::<Result<_, sqlx::Error>>()?;
    Ok(in_order(tables))
}

/// Puts each table behind those that it refers to. Tables that refer to each other in a circle, which the schema does not
/// have, come last.
fn in_order(mut tables: Vec<Table>) -> Vec<Table> {
    let mut ordered: Vec<Table> = Vec::with_capacity(tables.len());
    let mut placed = BTreeSet::new();
    loop {
        let (ready, waiting): (Vec<Table>, Vec<Table>) = tables
            .into_iter()
            .partition(|table| table.refers_to.iter().all(|name| placed.contains(name)));
        if ready.is_empty() {
            ordered.extend(waiting);
            return ordered;
        }
        placed.extend(ready.iter().map(|table| table.name.clone()));
        ordered.extend(ready);
        tables = waiting;
    }
}

/// The latest migration that was applied; `None` for a database that Tare has never opened.
pub(super) async fn applied_migration(pool: &PgPool) -> Result<Option<i64>, StoreError> {
    let is_known = sqlx::query_scalar::<_, bool>("SELECT to_regclass('_sqlx_migrations') IS NOT NULL")
        .fetch_one(pool)
        .named("transfer_has_migrations")
        .await?;
    if !is_known {
        return Ok(None);
    }
    Ok(
        sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations WHERE success")
            .fetch_one(pool)
            .named("transfer_applied_migration")
            .await?,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_comes_after_those_that_it_refers_to() {
        let table = |name: &str, refers_to: &[&str]| Table {
            name: name.to_owned(),
            identity: None,
            refers_to: refers_to.iter().map(ToString::to_string).collect(),
        };
        let ordered = in_order(vec![
            table("crawl_task", &["crawl", "crawl_worker"]),
            table("crawl_worker", &["crawl"]),
            table("crawl", &["registry"]),
            table("registry", &[]),
        ]);
        let names: Vec<&str> = ordered.iter().map(|table| table.name.as_str()).collect();
        assert_eq!(names, ["registry", "crawl", "crawl_worker", "crawl_task"]);
    }
}
