use super::answer::SwitchPlan;
use crate::oci::text::spreadsheet_text;

/// The columns of CSV.
const COLUMNS: [&str; 9] = [
    "wave",
    "step",
    "registry",
    "repository",
    "cost_centre",
    "effort_days",
    "effort_is_assumed",
    "saving_bytes",
    "change",
];

/// The repositories of a plan in order, as comma-separated values.
///
/// # Errors
/// Only where the writer fails, which writing to memory does not.
pub fn plan_csv(plan: &SwitchPlan) -> Result<String, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS)?;
    for row in &plan.repositories {
        writer.write_record([
            row.wave.to_string(),
            row.step.to_string(),
            spreadsheet_text(row.registry.as_str()),
            spreadsheet_text(row.repository.as_str()),
            spreadsheet_text(row.cost_centre.as_deref().unwrap_or_default()),
            row.effort_days.to_string(),
            row.effort_is_assumed.to_string(),
            row.saving_bytes.to_string(),
            spreadsheet_text(row.change.as_deref().unwrap_or_default()),
        ])?;
    }
    let bytes = writer.into_inner().map_err(csv::IntoInnerError::into_error)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
