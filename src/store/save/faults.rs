use sqlx::PgConnection;

use crate::inventory::{Fault, FaultLimit};
use crate::oci::RepositoryName;
use crate::store::span::Named as _;
use crate::store::text::clean;
use crate::store::{CrawlSaver, StoreError};

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

impl CrawlSaver {
    /// Saves how many faults were not listed because there were too many, and returns what was saved. To be called once,
    /// after the last batch.
    ///
    /// # Errors
    /// As with [`Self::save`].
    pub async fn save_unlisted_faults(&mut self) -> Result<Option<Fault>, StoreError> {
        let Some((count, kind)) = self.faults.beyond() else {
            return Ok(None);
        };
        let fault = Fault {
            repository: None,
            reference: None,
            kind,
            fault: format!(
                "and {count} more faults, which are not listed: a crawl lists {} of them",
                FaultLimit::OF_CRAWL
            ),
        };
        let mut transaction = self.part.store.pool.begin().await?;
        self.part.hold(&mut transaction).await?;
        save_faults(&mut transaction, self.part.crawl, &[&fault]).await?;
        transaction.commit().await?;
        Ok(Some(fault))
    }
}
