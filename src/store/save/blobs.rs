use std::collections::{BTreeSet, HashMap};

use sqlx::PgConnection;

use crate::oci::Digest;
use crate::store::StoreError;
use crate::store::span::Named as _;

/// The numbers of digests. New digests get a number.
pub(super) async fn number(
    connection: &mut PgConnection,
    wanted: BTreeSet<Digest>,
) -> Result<HashMap<Digest, i64>, StoreError> {
    let mut numbers = HashMap::with_capacity(wanted.len());
    if wanted.is_empty() {
        return Ok(numbers);
    }
    // In order, so that two crawls that save the same content at once cannot deadlock.
    let mut missing: Vec<String> = wanted.iter().map(ToString::to_string).collect();
    let rows = sqlx::query!(
        "SELECT id, blob.digest FROM UNNEST($1::text[]) AS wanted (digest)
         JOIN blob ON blob.digest = wanted.digest",
        &missing
    )
    .fetch_all(&mut *connection)
    .named("number_blobs.select_blob")
    .await?;
    let wrong = |problem| StoreError::inconsistent("blob", problem);
    for row in rows {
        numbers.insert(row.digest.parse().map_err(wrong)?, row.id);
    }
    if numbers.len() < wanted.len() {
        missing = wanted
            .iter()
            .filter(|digest| !numbers.contains_key(digest))
            .map(ToString::to_string)
            .collect();
        // Another crawl may have been faster; updating its row returns the number.
        let rows = sqlx::query!(
            "INSERT INTO blob (digest) SELECT * FROM UNNEST($1::text[])
             ON CONFLICT (digest) DO UPDATE SET digest = EXCLUDED.digest
             RETURNING id, digest",
            &missing
        )
        .fetch_all(connection)
        .named("number_blobs.insert_blob")
        .await?;
        for row in rows {
            numbers.insert(row.digest.parse().map_err(wrong)?, row.id);
        }
    }
    Ok(numbers)
}
