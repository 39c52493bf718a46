//! The latest saved report of a registry, compared with one that was computed again.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use sqlx::types::Json;

use super::save::SavedRepository;
use crate::report::{RegistryRow, RepositoryRow, Versions};
use crate::store::row::Row;
use crate::store::span::Named as _;
use crate::store::{Store, StoreError};
use crate::units::ByteCount;

/// The columns of `report_repository` that depend only on the content of the registry and on the versions that are saved
/// with a report. Labels and amounts also depend on settings that are not saved.
const COMPARED: [&str; 20] = [
    "tags",
    "images",
    "logical_bytes",
    "stored_bytes",
    "exclusive_bytes",
    "attributed_bytes",
    "untagged_bytes",
    "verdict",
    "reason",
    "confidence",
    "base",
    "alpine_attributed_bytes_low",
    "alpine_attributed_bytes_expected",
    "alpine_attributed_bytes_high",
    "joint_saving_bytes_low",
    "joint_saving_bytes_expected",
    "joint_saving_bytes_high",
    "solo_saving_bytes_low",
    "solo_saving_bytes_expected",
    "solo_saving_bytes_high",
];

/// How the latest saved report of a registry compares with a report that was computed again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReportComparison {
    /// No report is saved.
    Missing,
    /// The saved report is of another moment.
    OtherMoment(DateTime<Utc>),
    /// The saved report was computed by another version of Tare, or with another catalogue, model or verdict settings.
    OtherVersions,
    /// Both are of the same moment and versions: what is different, in words. Empty if they are identical.
    Compared(Vec<String>),
}

impl Store {
    /// Compares the latest saved report of a registry with its rows in a new one.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn compare_report(
        &self,
        registry: &RegistryRow,
        repositories: &[&RepositoryRow],
        versions: &Versions,
    ) -> Result<ReportComparison, StoreError> {
        let saved = sqlx::query!(
            r#"SELECT COALESCE(rows_of, report.id) AS "rows_of!", as_of, tare_version, catalogue_version,
                 model_version, repositories, tags, images,
                 logical_bytes, stored_bytes, untagged_bytes, alpine_stored_bytes_expected
             FROM report JOIN registry ON registry.id = report.registry_id
             WHERE registry.name = $1 ORDER BY as_of DESC, report.id DESC LIMIT 1"#,
            registry.registry.as_str()
        );
        let saved = saved
            .fetch_optional(&self.pool)
            .named("compare_report.select_report")
            .await?;
        let Some(saved) = saved else {
            return Ok(ReportComparison::Missing);
        };
        if saved.as_of != registry.as_of {
            return Ok(ReportComparison::OtherMoment(saved.as_of));
        }
        if (
            &*saved.tare_version,
            &*saved.catalogue_version,
            &*saved.model_version,
        ) != (versions.tare, &*versions.catalogue, &*versions.model)
        {
            return Ok(ReportComparison::OtherVersions);
        }
        let mut differences = Differences(Vec::new());
        let (totals, name) = (&registry.totals, registry.registry.as_str());
        let alpine = registry.alpine.as_ref();
        let count = |count: usize| Some(count as i64);
        for (column, saved, computed) in [
            (
                "repositories",
                Some(saved.repositories.into()),
                count(totals.repositories),
            ),
            ("tags", Some(saved.tags.into()), count(totals.tags)),
            ("images", Some(saved.images.into()), count(totals.images)),
            (
                "logical_bytes",
                Some(saved.logical_bytes),
                Some(totals.logical_bytes.as_i64()),
            ),
            (
                "stored_bytes",
                Some(saved.stored_bytes),
                Some(totals.stored_bytes.as_i64()),
            ),
            (
                "untagged_bytes",
                saved.untagged_bytes,
                totals.untagged_bytes.map(ByteCount::as_i64),
            ),
            (
                "alpine_stored_bytes_expected",
                saved.alpine_stored_bytes_expected,
                alpine.map(|alpine| alpine.stored_bytes.expected.as_i64()),
            ),
        ] {
            differences.add(name, column, &saved.into(), &computed.into());
        }
        let rows = sqlx::query_scalar!(
            r#"SELECT to_jsonb(report_repository) AS "row!: Json<Map<String, Value>>"
               FROM report_repository WHERE report_id = $1 ORDER BY repository"#,
            saved.rows_of
        );
        let rows = rows
            .fetch_all(&self.pool)
            .named("compare_report.select_rows")
            .await?;
        let mut rows: Vec<(String, Map<String, Value>)> = rows
            .into_iter()
            .map(|Json(row)| {
                let repository = row.get("repository").and_then(Value::as_str);
                (repository.unwrap_or_default().to_owned(), row)
            })
            .collect();
        rows.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        for row in repositories {
            let repository = row.totals.repository.as_str();
            let place = rows.binary_search_by(|(known, _)| known.as_str().cmp(repository));
            let Ok(place) = place else {
                differences
                    .0
                    .push(format!("{name}/{repository} is not in the saved report"));
                continue;
            };
            let (_, saved) = &rows[place];
            let computed = serde_json::to_value(SavedRepository::from_row(row)).map_err(|problem| {
                let place = Row::new("report_repository", &repository);
                place.error("repository", problem)
            })?;
            for column in COMPARED {
                let saved = saved.get(column).unwrap_or(&Value::Null);
                differences.add(&format!("{name}/{repository}"), column, saved, &computed[column]);
            }
        }
        let known = |name: &str| {
            repositories
                .iter()
                .any(|row| row.totals.repository.as_str() == name)
        };
        if rows.len() != repositories.len() {
            let gone = rows.iter().filter(|(repository, _)| !known(repository));
            differences.0.extend(
                gone.map(|(repository, _)| format!("{name}/{repository} is only in the saved report")),
            );
        }
        Ok(ReportComparison::Compared(differences.0))
    }
}

/// What is different, in words.
struct Differences(Vec<String>);

impl Differences {
    fn add(&mut self, what: &str, column: &str, saved: &Value, computed: &Value) {
        if saved != computed {
            self.0.push(format!(
                "{what}: {column} is {saved} in the saved report, and {computed}"
            ));
        }
    }
}
