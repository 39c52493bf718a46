//! Rows of JSON files: objects in a list, one a line, or in a list that is a member of an object.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Number, Value};

use super::fault::PullFileFault;
use super::file::PullFile;

/// Gives each row to a function, as text, with the lines of the file. `lists` are the members in which tools put their
/// rows: `{"Records": […]}`. Several documents may follow one another, as one row a line.
///
/// # Errors
/// If the file is not JSON, and what the function refuses.
pub(super) fn rows(
    file: PullFile<'_>,
    lists: &[&str],
    take: &mut dyn FnMut(&str, &mut Lines<'_>) -> Result<(), PullFileFault>,
) -> Result<(), PullFileFault> {
    let mut lines = Lines {
        file,
        offset: 0,
        line: 1,
    };
    for document in serde_json::Deserializer::from_str(file.text).into_iter::<&RawValue>() {
        let document = document.map_err(|error| not_json(file, &error))?.get();
        let all: Vec<&RawValue> = if document.starts_with('[') {
            parsed(document, &mut lines)?
        } else {
            match list(document, lists, &mut lines)? {
                Some(rows) => rows,
                None => {
                    take(document, &mut lines)?;
                    continue;
                }
            }
        };
        for row in all {
            take(row.get(), &mut lines)?;
        }
    }
    Ok(())
}

/// The rows in a member of an object.
fn list<'a>(
    document: &'a str,
    lists: &[&str],
    lines: &mut Lines<'_>,
) -> Result<Option<Vec<&'a RawValue>>, PullFileFault> {
    let members: BTreeMap<String, &RawValue> = parsed(document, lines)?;
    let found = lists.iter().find_map(|name| members.get(*name));
    found.map(|rows| parsed(rows.get(), lines)).transpose()
}

/// A value as the text of a cell: nothing for null.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// A number as a count: a whole number from 0, also where it is written with a fraction of zero (`12.0`).
pub(super) fn count(number: &Number) -> Option<u64> {
    /// The largest whole number below which a floating-point number of 64 bits misses none.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    number.as_u64().or_else(|| {
        let value = number.as_f64()?;
        // Within these bounds the conversion is exact.
        (value.fract() == 0.0 && (0.0..EXACT).contains(&value)).then_some(value as u64)
    })
}

/// Reads a part of the file as a value of some kind.
pub(super) fn parsed<'a, T: Deserialize<'a>>(
    part: &'a str,
    lines: &mut Lines<'_>,
) -> Result<T, PullFileFault> {
    serde_json::from_str(part).map_err(|error| {
        PullFileFault::new(
            lines.file.name,
            lines.line_of(part) + error.line() as u64 - 1,
            format!("not a row or a list of rows: {}", without_place(&error)),
            "give rows as objects, one a line or in a list, or a whole answer with its tables",
        )
    })
}

fn not_json(file: PullFile<'_>, error: &serde_json::Error) -> PullFileFault {
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
    offset: usize,
    line: u64,
}

impl Lines<'_> {
    /// The line, from 1, at which a part that was borrowed from the file begins.
    pub(super) fn line_of(&mut self, part: &str) -> u64 {
        let offset = (part.as_ptr() as usize).saturating_sub(self.file.text.as_ptr() as usize);
        if let Some(between) = self.file.text.as_bytes().get(self.offset..offset) {
            self.line += between.iter().filter(|&&byte| byte == b'\n').count() as u64;
            self.offset = offset;
        }
        self.line
    }
}
