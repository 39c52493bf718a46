use std::io::Write;

use super::rows::{ChargeRow, Scenario, each_charge_row, require};
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

/// Writes the rows of the registries' months as plain CSV, safe to open in a spreadsheet. There is a row for each repository
/// and line of a bill, one without a repository for the remainder of a line, and no totals, so that the column `cost` can
/// be summed. `period_end` is exclusive.
///
/// # Errors
/// If Alpine is requested but was not computed for one of the months, or if `out` fails.
pub fn plain(months: &[BilledMonth], scenario: Scenario, out: impl Write) -> Result<(), ExportError> {
    // Before the first row, so that a file that cannot be completed is not begun.
    months.iter().try_for_each(|month| require(month, scenario))?;
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(COLUMNS)?;
    for month in months {
        let provider = month
            .statements
            .last()
            .map_or("", |statement| statement.book.provider.as_str());
        each_charge_row(month, scenario, |row| {
            writer.write_record(cells(&row, scenario, provider))?;
            Ok(())
        })?;
    }
    Ok(writer.flush()?)
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
