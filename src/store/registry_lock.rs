use sqlx::PgConnection;

use super::StoreError;
use crate::oci::RegistryName;

/// Locks a registry until the transaction ends and returns its number. Other transactions that lock it wait and then see
/// what was written. `None` if the registry is not known.
///
/// # Errors
/// If the database is not available.
pub(super) async fn lock_registry(
    connection: &mut PgConnection,
    registry: &RegistryName,
) -> Result<Option<i64>, StoreError> {
    // Not FOR UPDATE, which would block every row that refers to the registry.
    let id = sqlx::query_scalar!(
        "SELECT id FROM registry WHERE name = $1 FOR NO KEY UPDATE",
        registry.as_str()
    )
    .fetch_optional(connection)
    .await?;
    Ok(id)
}
