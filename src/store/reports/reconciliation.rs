use sqlx::PgConnection;

use crate::report::RegistryRow;
use crate::store::StoreError;
use crate::store::span::Named as _;

/// Saves what a registry itself reports beside the latest report of the same crawl. The operator may give another figure
/// at any time, so the last one counts.
pub(super) async fn save_reconciliation(
    connection: &mut PgConnection,
    registry_id: i64,
    row: &RegistryRow,
) -> Result<(), StoreError> {
    let Some(own) = &row.reconciliation else {
        return Ok(());
    };
    let report = sqlx::query_scalar!(
        "INSERT INTO report_reconciliation (report_id, reported_bytes, source, reported_at, includes_replicas,
             counted_bytes, unexplained_bytes, within_bounds)
         SELECT id, $3, $4, $5, $6, $7, $8, $9 FROM report
         WHERE registry_id = $1 AND as_of = $2 ORDER BY computed_at DESC, id DESC LIMIT 1
         ON CONFLICT (report_id) DO UPDATE SET reported_bytes = EXCLUDED.reported_bytes, source = EXCLUDED.source,
             reported_at = EXCLUDED.reported_at, includes_replicas = EXCLUDED.includes_replicas,
             counted_bytes = EXCLUDED.counted_bytes, unexplained_bytes = EXCLUDED.unexplained_bytes,
             within_bounds = EXCLUDED.within_bounds
         RETURNING report_id",
        registry_id,
        row.as_of,
        own.reported_bytes.as_i64(),
        own.source.as_str(),
        own.reported_at,
        own.includes_replicas,
        own.counted_bytes.as_i64(),
        own.unexplained_bytes,
        own.within_bounds
    )
    .fetch_optional(&mut *connection)
    .named("save_reconciliation.insert_report_reconciliation")
    .await?;
    let Some(report) = report else {
        return Ok(());
    };
    let causes: Vec<&str> = own.parts.iter().map(|part| part.cause.as_str()).collect();
    let bytes: Vec<i64> = own.parts.iter().map(|part| part.bytes).collect();
    let low: Vec<Option<i64>> = own.parts.iter().map(|part| part.low).collect();
    let high: Vec<Option<i64>> = own.parts.iter().map(|part| part.high).collect();
    sqlx::query!(
        "INSERT INTO report_difference (report_id, cause, bytes, bytes_low, bytes_high)
         SELECT $1, * FROM UNNEST($2::text[], $3::bigint[], $4::bigint[], $5::bigint[])
         ON CONFLICT (report_id, cause) DO UPDATE SET bytes = EXCLUDED.bytes, bytes_low = EXCLUDED.bytes_low,
             bytes_high = EXCLUDED.bytes_high",
        report,
        &causes as &[&str],
        &bytes,
        &low as &[Option<i64>],
        &high as &[Option<i64>]
    )
    .execute(connection)
    .named("save_reconciliation.insert_report_difference")
    .await?;
    Ok(())
}
