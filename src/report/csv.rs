use super::{Report, spreadsheet_text};

/// The repositories as comma-separated values, one row each below a row of names, sizes in bytes. There
/// is no row of totals, so that a spreadsheet may add up the columns `tags`, `logical_bytes` and
/// `attributed_bytes`; a limit leaves rows out.
///
/// # Errors
/// Only where the writer fails, which writing to memory does not.
pub fn csv(report: &Report) -> Result<String, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record([
        "registry",
        "repository",
        "tags",
        "images",
        "logical_bytes",
        "stored_bytes",
        "exclusive_bytes",
        "attributed_bytes",
    ])?;
    for row in &report.repositories {
        let totals = &row.totals;
        writer.write_record([
            spreadsheet_text(row.registry.as_str()),
            spreadsheet_text(totals.repository.as_str()),
            totals.tags.to_string(),
            totals.images.to_string(),
            totals.logical_bytes.get().to_string(),
            totals.stored_bytes.get().to_string(),
            totals.exclusive_bytes.get().to_string(),
            totals.attributed_bytes.get().to_string(),
        ])?;
    }
    let bytes = writer.into_inner().map_err(|error| error.into_error())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
