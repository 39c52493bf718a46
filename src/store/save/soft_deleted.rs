use sqlx::PgConnection;

use crate::inventory::SoftDeleted;
use crate::store::StoreError;
use crate::store::span::Named as _;

/// Saves what the registry still keeps of deleted repositories.
pub(super) async fn save(
    connection: &mut PgConnection,
    crawl: i64,
    deleted: Option<SoftDeleted>,
) -> Result<(), StoreError> {
    let Some(deleted) = deleted else {
        return Ok(());
    };
    sqlx::query!(
        "UPDATE crawl SET soft_deleted_repositories = $2, soft_deleted_since = $3 WHERE id = $1",
        crawl,
        i32::try_from(deleted.repositories).unwrap_or(i32::MAX),
        deleted.since
    )
    .execute(connection)
    .named("save_soft_deleted")
    .await?;
    Ok(())
}
