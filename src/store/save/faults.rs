use sqlx::PgConnection;

use crate::inventory::Fault;
use crate::oci::RepositoryName;
use crate::store::StoreError;
use crate::store::span::Named as _;
use crate::store::text::clean;

/// Saves the faults of a crawl.
pub(in crate::store) async fn save_faults(
    connection: &mut PgConnection,
    crawl: i64,
    faults: &[&Fault],
) -> Result<(), StoreError> {
    if faults.is_empty() {
        return Ok(());
    }
    let repositories: Vec<Option<&str>> = faults
        .iter()
        .map(|fault| fault.repository.as_ref().map(RepositoryName::as_str))
        .collect();
    let references: Vec<Option<String>> = faults
        .iter()
        .map(|fault| fault.reference.as_deref().map(|text| clean(text).into_owned()))
        .collect();
    let kinds: Vec<&str> = faults.iter().map(|fault| fault.kind.as_str()).collect();
    let words: Vec<String> = faults
        .iter()
        .map(|fault| clean(&fault.fault).into_owned())
        .collect();
    sqlx::query!(
        "INSERT INTO crawl_fault (crawl_id, repository, reference, kind, fault)
         SELECT $1, * FROM UNNEST($2::text[], $3::text[], $4::text[], $5::text[])",
        crawl,
        &repositories as &[Option<&str>],
        &references as &[Option<String>],
        &kinds as &[&str],
        &words
    )
    .execute(connection)
    .named("save_faults")
    .await?;
    Ok(())
}
