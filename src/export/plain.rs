use super::rows::{ChargeRow, Scenario, charge_rows};
use super::{BilledMonth, ExportError};
use crate::oci::text::spreadsheet_text;

const COLUMNS: [&str; 23] = [
    "scenario",
    "period_start",
    "period_end",
    "registry",
    "repository",
    "team",
    "cost_centre",
    "environment",
    "charge",
    "meter",
    "place",
    "quantity",
    "unit",
    "unit_price",
    "cost",
    "currency",
    "allocation",
    "share",
    "correction",
    "price_book",
    "price_book_version",
    "provider",
    "warnings",
];

/// The rows of the registries' months as plain CSV, safe to open in a spreadsheet. There is a row for each repository
/// and line of a bill, one without a repository for the remainder of a line, and no totals, so that the column `cost` can
/// be summed. `period_end` is exclusive.
///
/// # Errors
/// If Alpine is requested but was not computed for one of the months.
pub fn plain(months: &[BilledMonth], scenario: Scenario) -> Result<String, ExportError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS)?;
    for month in months {
        let provider = month
            .statements
            .last()
            .map_or("", |statement| statement.book.provider.as_str());
        for row in charge_rows(month, scenario)? {
            writer.write_record(cells(&row, scenario, provider))?;
        }
    }
    let bytes = writer
        .into_inner()
        .map_err(|error| csv::Error::from(error.into_error()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn cells(row: &ChargeRow, scenario: Scenario, provider: &str) -> [String; COLUMNS.len()] {
    let label = |label: &Option<String>| spreadsheet_text(label.as_deref().unwrap_or_default());
    [
        scenario.as_str().to_owned(),
        row.period.start().to_string(),
        row.period.end().to_string(),
        spreadsheet_text(row.registry.as_str()),
        spreadsheet_text(
            row.repository
                .as_ref()
                .map_or("", |repository| repository.as_str()),
        ),
        label(&row.labels.team),
        label(&row.labels.cost_centre),
        label(&row.labels.environment),
        row.line.charge.as_str().to_owned(),
        spreadsheet_text(&row.line.meter),
        label(&row.line.place),
        row.quantity.normalize().to_string(),
        row.line.unit.clone(),
        row.line.unit_price.amount().to_string(),
        row.cost.amount().to_string(),
        row.cost.currency().to_string(),
        row.method.to_owned(),
        row.ratio.map_or_else(String::new, |ratio| ratio.to_string()),
        row.is_correction.to_string(),
        spreadsheet_text(&row.book),
        spreadsheet_text(&row.book_version),
        spreadsheet_text(provider),
        spreadsheet_text(&row.warnings),
    ]
}
