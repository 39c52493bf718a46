//! A TOML file as a tree in which every value knows its file and line, so that faults in a book made of a base and
//! overrides can name the place of each wrong value.

use std::collections::BTreeMap;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::fault::BookFault;

/// A value with its file and line.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) file: Arc<str>,
    pub(super) line: usize,
    pub(super) value: Value,
}

/// A value as written. Numbers stay text, because a price must not become a float.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Text(String),
    Number(String),
    Date(String),
    Flag,
    List(Vec<Node>),
    Table(Table),
}

/// The entries of a table.
pub(super) type Table = BTreeMap<String, Node>;

/// Parses a file.
pub(super) fn parse(file: &str, text: &str) -> Result<Table, BookFault> {
    let table = DeTable::parse(text).map_err(|error| BookFault {
        file: file.to_owned(),
        line: error.span().map_or(1, |span| line_at(text, span.start)),
        key: String::new(),
        problem: format!("this is not TOML: {}", error.message()),
        remedy: "write `key = value` lines and [tables] as the shipped books do".to_owned(),
    })?;
    let source = Source {
        file: file.into(),
        text,
    };
    Ok(source.table(table.into_inner()))
}

/// The base with the overrides applied: tables are merged key by key, everything else, including lists, is replaced.
pub(super) fn merge(mut base: Table, overrides: Table) -> Table {
    for (key, node) in overrides {
        let merged = match (base.remove(&key), node) {
            (
                Some(Node {
                    value: Value::Table(below),
                    ..
                }),
                Node {
                    file,
                    line,
                    value: Value::Table(above),
                },
            ) => Node {
                file,
                line,
                value: Value::Table(merge(below, above)),
            },
            (_, node) => node,
        };
        base.insert(key, merged);
    }
    base
}

struct Source<'a> {
    file: Arc<str>,
    text: &'a str,
}

impl Source<'_> {
    fn table(&self, table: DeTable<'_>) -> Table {
        let entries = table.into_iter();
        entries
            .map(|(key, value)| (key.get_ref().to_string(), self.node(key.span().start, value)))
            .collect()
    }

    /// `start` is the position of the key; for a table, of its header.
    fn node(&self, start: usize, value: Spanned<DeValue<'_>>) -> Node {
        let value = match value.into_inner() {
            DeValue::String(text) => Value::Text(text.into_owned()),
            DeValue::Integer(number) => Value::Number(number.to_string()),
            DeValue::Float(number) => Value::Number(number.to_string()),
            DeValue::Boolean(_) => Value::Flag,
            DeValue::Datetime(date) => Value::Date(date.to_string()),
            DeValue::Array(items) => Value::List(
                items
                    .into_iter()
                    .map(|item| self.node(item.span().start, item))
                    .collect(),
            ),
            DeValue::Table(table) => Value::Table(self.table(table)),
        };
        Node {
            file: Arc::clone(&self.file),
            line: line_at(self.text, start),
            value,
        }
    }
}

/// The line of a byte in a text, counting from 1.
fn line_at(text: &str, byte: usize) -> usize {
    text.bytes().take(byte).filter(|&byte| byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(table: &Table, key: &str) -> (String, usize) {
        match &table[key] {
            Node {
                line,
                value: Value::Number(number),
                ..
            } => (number.clone(), *line),
            other => panic!("{key} is {other:?}"),
        }
    }

    #[test]
    fn keeps_numbers_as_written_and_lines_through_a_merge() {
        let base = parse("base.toml", "[a]\nx = 0.10\ny = 1_000\n").unwrap();
        let above = parse("above.toml", "# mine\n\n[a]\nx = 0.1000000000000000055511\n").unwrap();
        let merged = merge(base, above);
        let Value::Table(a) = &merged["a"].value else {
            panic!("a is a table")
        };
        assert_eq!(number(a, "x"), ("0.1000000000000000055511".to_owned(), 4));
        assert_eq!(number(a, "y"), ("1000".to_owned(), 3));
        assert_eq!(&*a["y"].file, "base.toml");
    }

    #[test]
    fn says_where_the_text_stops_being_toml() {
        let fault = parse("x.toml", "a = 1\nb = = 2\n").unwrap_err();
        assert_eq!((fault.file.as_str(), fault.line), ("x.toml", 2));
    }
}
