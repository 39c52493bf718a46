//! Layers that were served for pulls.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::NaiveDate;
use sqlx::PgConnection;

use super::bigint::bigint;
use crate::pulls::{CountedBy, ServedBlob, ServedLayer};
use crate::store::StoreError;
use crate::store::row::Row;
use crate::store::span::Named as _;

/// Layers with the size that most crawled manifests state. Those that no manifest names are left out.
pub(super) async fn sized(
    connection: &mut PgConnection,
    layers: &[ServedLayer],
) -> Result<Vec<ServedBlob>, StoreError> {
    if layers.is_empty() {
        return Ok(Vec::new());
    }
    let digests: HashSet<String> = layers.iter().map(|layer| layer.digest.to_string()).collect();
    let digests: Vec<String> = digests.into_iter().collect();
    let rows = sqlx::query!(
        r#"WITH wanted AS MATERIALIZED (SELECT id, digest FROM blob WHERE digest = ANY($1))
           SELECT wanted.digest, mode() WITHIN GROUP (ORDER BY layer.size) AS "size!"
           FROM manifest CROSS JOIN LATERAL UNNEST(layer_blob_ids, layer_sizes) AS layer (id, size)
               JOIN wanted ON wanted.id = layer.id
           GROUP BY wanted.digest"#,
        &digests
    )
    .fetch_all(connection)
    .named("sizes_of_served_layers")
    .await?;
    let mut sizes: HashMap<String, u64> = HashMap::new();
    for row in rows {
        let size = Row::new("manifest", &row.digest).count("layer_sizes", row.size)?;
        sizes.insert(row.digest, size);
    }
    let sized = layers.iter().filter_map(|layer| {
        Some(ServedBlob {
            key: layer.key,
            repository: layer.repository.clone(),
            day: layer.day,
            bytes: *sizes.get(&layer.digest.to_string())?,
        })
    });
    Ok(sized.collect())
}

/// Adds blobs that are not known yet.
pub(super) async fn serve(
    connection: &mut PgConnection,
    registry: i64,
    blobs: &[ServedBlob],
    by: CountedBy,
) -> Result<(), StoreError> {
    let keys: Vec<Vec<u8>> = blobs.iter().map(|blob| blob.key.to_vec()).collect();
    let days: Vec<NaiveDate> = blobs.iter().map(|blob| blob.day).collect();
    let new: HashSet<Vec<u8>> = sqlx::query_scalar!(
        "INSERT INTO pull_event (registry_id, key, day, count, counted_by)
         SELECT DISTINCT ON (key) $1::bigint, key, day, 1, $4 FROM UNNEST($2::bytea[], $3::date[]) AS new (key, day)
         ON CONFLICT (registry_id, key) DO NOTHING RETURNING key",
        registry,
        &keys,
        &days,
        by.as_str()
    )
    .fetch_all(&mut *connection)
    .named("serve.insert_pull_event")
    .await?
    .into_iter()
    .collect();
    let mut counted = HashSet::new();
    let mut sums: BTreeMap<(NaiveDate, &str), (u64, u64)> = BTreeMap::new();
    for blob in blobs {
        if new.contains(blob.key.as_slice()) && counted.insert(blob.key) {
            let (bytes, count) = sums.entry((blob.day, blob.repository.as_str())).or_default();
            *bytes = bytes.saturating_add(blob.bytes);
            *count += 1;
        }
    }
    let days: Vec<NaiveDate> = sums.keys().map(|(day, _)| *day).collect();
    let repositories: Vec<String> = sums.keys().map(|(_, name)| (*name).to_owned()).collect();
    let bytes: Vec<i64> = sums.values().map(|(bytes, _)| bigint(*bytes)).collect();
    let counts: Vec<i64> = sums.values().map(|(_, count)| bigint(*count)).collect();
    sqlx::query!(
        "INSERT INTO pulled_bytes (registry_id, day, repository, counted_by, bytes, blobs)
         SELECT $1, day, repository, $6, bytes, blobs
         FROM UNNEST($2::date[], $3::text[], $4::bigint[], $5::bigint[]) AS new (day, repository, bytes, blobs)
         ON CONFLICT (registry_id, day, repository, counted_by)
         DO UPDATE SET
             bytes = LEAST(pulled_bytes.bytes::numeric + EXCLUDED.bytes, 9223372036854775807)::bigint,
             blobs = LEAST(pulled_bytes.blobs::numeric + EXCLUDED.blobs, 9223372036854775807)::bigint",
        registry,
        &days,
        &repositories,
        &bytes,
        &counts,
        by.as_str()
    )
    .execute(connection)
    .named("serve.insert_pulled_bytes")
    .await?;
    Ok(())
}
