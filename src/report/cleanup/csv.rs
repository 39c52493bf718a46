use super::answer::Cleanup;
use crate::oci::text::spreadsheet_text;

/// The columns of CSV.
const COLUMNS: [&str; 9] = [
    "registry",
    "repository",
    "tag",
    "digest",
    "reason",
    "pushed_at",
    "pushed_at_basis",
    "last_pull",
    "pulled_lately",
];

/// The tags that go, as comma-separated values.
///
/// # Errors
/// Only where the writer fails, which writing to memory does not.
pub fn cleanup_csv(answer: &Cleanup) -> Result<String, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS)?;
    for tag in &answer.tags {
        writer.write_record([
            spreadsheet_text(tag.registry.as_str()),
            spreadsheet_text(tag.repository.as_str()),
            spreadsheet_text(tag.tag.as_str()),
            tag.digest.to_string(),
            spreadsheet_text(&tag.reason),
            tag.pushed_at
                .map(|at| at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))
                .unwrap_or_default(),
            tag.pushed_at_basis
                .map(|basis| basis.as_str().to_owned())
                .unwrap_or_default(),
            tag.last_pull.map(|day| day.to_string()).unwrap_or_default(),
            tag.pulled_lately.to_string(),
        ])?;
    }
    let bytes = writer.into_inner().map_err(csv::IntoInnerError::into_error)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
