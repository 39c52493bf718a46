//! The forms in which Azure gives rows as JSON: an answer of the query API (`tables` with `columns` and `rows`), a
//! list of objects (`az monitor log-analytics query`), an object a line (data export, diagnostic settings), or
//! objects under `records`.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::acr_columns::{COLUMNS, NEEDED};
use super::fault::PullFileFault;
use super::file::PullFile;
use super::json::{Lines, parsed, rows, text};

/// Gives each row to a function with the line it begins at, cells in the order of [`COLUMNS`].
pub(super) fn each(
    file: PullFile<'_>,
    mut take: impl FnMut(u64, &[&str; COLUMNS.len()]) -> Result<(), PullFileFault>,
) -> Result<(), PullFileFault> {
    rows(
        file,
        &["records"],
        &mut |row, lines| match parsed::<Envelope<'_>>(row, lines)?.tables {
            Some(tables) => tables
                .iter()
                .try_for_each(|each| table(each, row, lines, &mut take)),
            None => object(row, lines, &mut take),
        },
    )
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    tables: Option<Vec<RowTable<'a>>>,
}

#[derive(Deserialize)]
struct RowTable<'a> {
    columns: Vec<Column>,
    #[serde(borrow)]
    rows: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Column {
    name: String,
}

type Take<'a> = dyn FnMut(u64, &[&str; COLUMNS.len()]) -> Result<(), PullFileFault> + 'a;

/// A table whose columns are named beside its rows.
fn table(
    table: &RowTable<'_>,
    document: &str,
    lines: &mut Lines<'_>,
    take: &mut Take<'_>,
) -> Result<(), PullFileFault> {
    let place = |wanted: &str| {
        let mut columns = table.columns.iter();
        columns.position(|column| column.name.eq_ignore_ascii_case(wanted))
    };
    let places: [Option<usize>; COLUMNS.len()] = std::array::from_fn(|column| place(COLUMNS[column]));
    if let Some(missing) = places[..NEEDED].iter().position(Option::is_none) {
        return Err(PullFileFault::new(
            lines.file.name,
            lines.line_of(document),
            format!("the table has no column {}", COLUMNS[missing]),
            format!("ask for the columns {}", COLUMNS[..NEEDED].join(", ")),
        ));
    }
    for row in &table.rows {
        let line = lines.line_of(row.get());
        let values: Vec<Value> = parsed(row.get(), lines)?;
        let cells: [String; COLUMNS.len()] = std::array::from_fn(|column| {
            let place = places.get(column).copied().flatten();
            place
                .and_then(|place| values.get(place))
                .map_or_else(String::new, text)
        });
        take(line, &std::array::from_fn(|column| cells[column].trim()))?;
    }
    Ok(())
}

/// A row as an object. Diagnostic settings write names in lower case, the time as `time`, and the rest under
/// `properties`.
fn object(row: &str, lines: &mut Lines<'_>, take: &mut Take<'_>) -> Result<(), PullFileFault> {
    let line = lines.line_of(row);
    let fields: Map<String, Value> = parsed(row, lines)?;
    let nested = fields.get("properties").and_then(Value::as_object);
    let find = |wanted: &str| {
        let all = fields.iter().chain(nested.into_iter().flatten());
        all.into_iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
            .map(|(_, value)| text(value))
    };
    let mut cells: [Option<String>; COLUMNS.len()] = std::array::from_fn(|column| find(COLUMNS[column]));
    if cells[0].is_none() {
        cells[0] = find("time");
    }
    if let Some(missing) = cells[..NEEDED].iter().position(Option::is_none) {
        return Err(PullFileFault {
            column: Some(COLUMNS[missing].to_owned()),
            ..PullFileFault::new(
                lines.file.name,
                line,
                "this object does not have it",
                format!(
                    "give rows of ContainerRegistryRepositoryEvents with {}",
                    COLUMNS[..NEEDED].join(", ")
                ),
            )
        });
    }
    take(
        line,
        &std::array::from_fn(|column| cells[column].as_deref().unwrap_or_default().trim()),
    )
}
