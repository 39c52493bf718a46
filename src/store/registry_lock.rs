use sqlx::PgConnection;

use super::StoreError;
use super::span::Named as _;
use crate::oci::RegistryName;

/// Locks the row of a registry until the transaction ends, and gives its id. Another transaction that locks it waits until
/// then, and sees what this one wrote. `None` if the registry is not known.
///
/// # Errors
/// If the database is not available.
pub(super) async fn lock_registry(
    connection: &mut PgConnection,
    registry: &RegistryName,
) -> Result<Option<i64>, StoreError> {
    // Not FOR UPDATE, which would hold up every row that refers to the registry.
    let id = sqlx::query_scalar!(
        "SELECT id FROM registry WHERE name = $1 FOR NO KEY UPDATE",
        registry.as_str()
    )
    .fetch_optional(connection)
    .named("lock_registry")
    .await?;
    Ok(id)
}
