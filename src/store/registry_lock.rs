use sqlx::PgConnection;

use super::StoreError;
use crate::oci::RegistryName;

/// The number of a registry, held until the transaction ends: whoever else asks for it here waits until then, and
/// sees what was written. So those who look before they write take turns. None where the registry is not known.
///
/// # Errors
/// Where the database is not available.
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
    .await?;
    Ok(id)
}
