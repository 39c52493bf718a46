use chrono::{DateTime, Utc};

use crate::oci::RegistryName;
use crate::store::row::Row;
use crate::store::span::Named as _;
use crate::store::{Store, StoreError};
use crate::units::ByteCount;

/// What was reported of a registry at a moment of the past.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportedLevel {
    /// The registry.
    pub registry: RegistryName,
    /// When its history begins: the moment of its first report. `None` if it has none.
    pub first: Option<DateTime<Utc>>,
    /// The stored bytes of the last report up to the moment; `None` if there was none yet.
    pub stored_bytes: Option<ByteCount>,
    /// Since when the history of its tags is complete; `None` if nothing was removed.
    pub tags_kept_since: Option<DateTime<Utc>>,
}

impl ReportedLevel {
    /// Whether the tags of a moment are kept.
    pub fn keeps_tags_of(&self, moment: DateTime<Utc>) -> bool {
        self.tags_kept_since.is_none_or(|since| since <= moment)
    }
}

impl Store {
    /// What was reported of each registry at a moment of the past, sorted by name.
    ///
    /// # Errors
    /// If the database is not available, and where a row is inconsistent.
    pub async fn reported_levels(&self, moment: DateTime<Utc>) -> Result<Vec<ReportedLevel>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT name, (SELECT min(as_of) FROM report WHERE registry_id = registry.id) AS first,
                   (SELECT stored_bytes FROM report WHERE registry_id = registry.id AND as_of <= $1
                    ORDER BY as_of DESC, id DESC LIMIT 1) AS stored_bytes,
                   tags_kept_since
               FROM registry ORDER BY name"#,
            moment
        );
        let rows = rows.fetch_all(&self.pool).named("reported_levels").await?;
        rows.into_iter()
            .map(|row| {
                let place = Row::new("report", &row.name);
                Ok(ReportedLevel {
                    registry: place.parse("registry_id", &row.name)?,
                    first: row.first,
                    stored_bytes: place.maybe_bytes("stored_bytes", row.stored_bytes)?,
                    tags_kept_since: row.tags_kept_since,
                })
            })
            .collect()
    }
}
