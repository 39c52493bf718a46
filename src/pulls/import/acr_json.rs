//! The forms in which Azure gives rows as JSON: an answer of the query API (`tables` with `columns` and `rows`), a
//! list of objects (`az monitor log-analytics query`), an object a line (data export, diagnostic settings), or
//! objects under `records`.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::acr_columns::{COLUMNS, NEEDED};
use super::fault::PullFileFault;
use super::file::PullFile;

/// Gives each row to a function with the line it begins at, cells in the order of [`COLUMNS`].
pub(super) fn each(
    file: PullFile<'_>,
    mut take: impl FnMut(u64, &[&str; COLUMNS.len()]) -> Result<(), PullFileFault>,
) -> Result<(), PullFileFault> {
    let mut lines = Lines {
        file,
        offset: 0,
        line: 1,
    };
    let documents = serde_json::Deserializer::from_str(file.text).into_iter::<&RawValue>();
    for document in documents {
        let document = document.map_err(|error| not_json(file, &error))?.get();
        if document.starts_with('[') {
            for row in parsed::<Vec<&RawValue>>(document, &mut lines)? {
                object(row.get(), &mut lines, &mut take)?;
            }
            continue;
        }
        let envelope: Envelope<'_> = parsed(document, &mut lines)?;
        match (envelope.tables, envelope.records) {
            (Some(tables), _) => {
                for table in tables {
                    self::table(&table, document, &mut lines, &mut take)?;
                }
            }
            (None, Some(records)) => {
                for row in records {
                    object(row.get(), &mut lines, &mut take)?;
                }
            }
            (None, None) => object(document, &mut lines, &mut take)?,
        }
    }
    Ok(())
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    tables: Option<Vec<RowTable<'a>>>,
    #[serde(borrow, default)]
    records: Option<Vec<&'a RawValue>>,
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
            lines.of(document),
            format!("the table has no column {}", COLUMNS[missing]),
            format!("ask for the columns {}", COLUMNS[..NEEDED].join(", ")),
        ));
    }
    for row in &table.rows {
        let line = lines.of(row.get());
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
    let line = lines.of(row);
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

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// Reads a part of the file as a value of some kind.
fn parsed<'a, T: Deserialize<'a>>(part: &'a str, lines: &mut Lines<'_>) -> Result<T, PullFileFault> {
    serde_json::from_str(part).map_err(|error| {
        PullFileFault::new(
            lines.file.name,
            lines.of(part) + error.line() as u64 - 1,
            format!("not a row or a list of rows: {}", without_place(&error)),
            "give rows as objects, one a line or in a list, or a whole answer with its tables",
        )
    })
}

pub(super) fn not_json(file: PullFile<'_>, error: &serde_json::Error) -> PullFileFault {
    PullFileFault {
        column: Some(format!("character {}", error.column())),
        ..PullFileFault::new(
            file.name,
            error.line() as u64,
            format!("not JSON: {}", without_place(error)),
            "save the whole answer again",
        )
    }
}

/// What an error says, without the place, which counts from where its part of the file begins.
pub(super) fn without_place(error: &serde_json::Error) -> String {
    let said = error.to_string();
    said.rsplit_once(" at line ")
        .map_or(said.clone(), |(problem, _)| problem.to_owned())
}

/// Tells the line of a part of the file. Parts come in order, so that the file is walked through once.
pub(super) struct Lines<'a> {
    pub(super) file: PullFile<'a>,
    pub(super) offset: usize,
    pub(super) line: u64,
}

impl Lines<'_> {
    /// The line, from 1, at which a part that was borrowed from the file begins.
    pub(super) fn of(&mut self, part: &str) -> u64 {
        let offset = (part.as_ptr() as usize).saturating_sub(self.file.text.as_ptr() as usize);
        if let Some(between) = self.file.text.as_bytes().get(self.offset..offset) {
            self.line += between.iter().filter(|&&byte| byte == b'\n').count() as u64;
            self.offset = offset;
        }
        self.line
    }
}
