//! Reading a configuration file so that every value knows its place in it.

use std::ops::Range;
use std::path::Path;

use serde::Deserialize as _;
use toml::Value;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::problem::{Origin, Problem};
use super::section::Shape;
use crate::wording::nearest;

/// The settings of one section as they stand in a file.
#[derive(Debug)]
pub(super) struct FoundSection {
    pub(super) name: &'static str,
    pub(super) origin: Origin,
    pub(super) values: Vec<(&'static str, Value, Origin)>,
}

/// Reads the text of a configuration file. What is wrong with it comes beside what is right.
pub(super) fn read(file: &Path, text: &str, shapes: &[Shape]) -> (Vec<FoundSection>, Vec<Problem>) {
    let mut reader = Reader {
        file,
        text,
        shapes,
        found: Vec::new(),
        problems: Vec::new(),
    };
    match DeTable::parse(text) {
        Ok(document) => reader.document(document.get_ref()),
        Err(error) => {
            let at = error.span().unwrap_or(0..0);
            // Not the error's own display: it repeats the line, in which a password may stand.
            reader.problem(&at, "not TOML".to_owned(), error.message().replace('\n', ", "));
        }
    }
    (reader.found, reader.problems)
}

struct Reader<'a> {
    file: &'a Path,
    text: &'a str,
    shapes: &'a [Shape],
    found: Vec<FoundSection>,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn document(&mut self, document: &DeTable<'_>) {
        for (name, value) in document {
            let at = name.span();
            let Some(shape) = self
                .shapes
                .iter()
                .copied()
                .find(|shape| shape.name == name.get_ref())
            else {
                self.unknown_section(&at, name.get_ref());
                continue;
            };
            match (value.get_ref(), shape.repeated) {
                (DeValue::Table(table), false) => self.section(shape, &at, table),
                (DeValue::Array(elements), true)
                    if elements.iter().all(|element| element.get_ref().is_table()) =>
                {
                    for element in elements.iter() {
                        if let Some(table) = element.get_ref().as_table() {
                            self.section(shape, &element.span(), table);
                        }
                    }
                }
                (_, true) => {
                    let message = format!(
                        "there may be several of these: start each with [[{}]]",
                        shape.name
                    );
                    self.problem(&at, shape.name.to_owned(), message);
                }
                (_, false) => {
                    let message = format!("this is a section: write [{}] and its settings below", shape.name);
                    self.problem(&at, shape.name.to_owned(), message);
                }
            }
        }
    }

    fn section(&mut self, shape: Shape, at: &Range<usize>, table: &DeTable<'_>) {
        let mut values = Vec::new();
        let problems_before = self.problems.len();
        for (name, value) in table {
            let Some(&field) = shape.fields.iter().find(|field| *field == name.get_ref()) else {
                let message = match nearest(name.get_ref(), shape.fields.iter().copied()) {
                    Some(near) => format!("no such setting; did you mean {}?", shape.key(near)),
                    None => format!(
                        "no such setting; [{}] has {}",
                        shape.name,
                        shape.fields.join(", ")
                    ),
                };
                self.problem(&name.span(), shape.key(name.get_ref()), message);
                continue;
            };
            let span = value.span();
            let outcome = Value::deserialize(ValueDeserializer::from(value.clone()))
                .map_err(|error| error.message().to_owned())
                .and_then(|value| shape.check(field, value.clone()).map(|()| value));
            match outcome {
                Ok(value) => values.push((field, value, self.origin(&span))),
                Err(message) => self.problem(&span, shape.key(field), message),
            }
        }
        if shape.repeated && self.problems.len() > problems_before {
            // Without the refused setting, it would also be said to lack it.
            return;
        }
        self.found.push(FoundSection {
            name: shape.name,
            origin: self.origin(at),
            values,
        });
    }

    fn unknown_section(&mut self, at: &Range<usize>, name: &str) {
        let owner = self.shapes.iter().find(|shape| shape.fields.contains(&name));
        let message = match (owner, nearest(name, self.shapes.iter().map(|shape| shape.name))) {
            (Some(shape), _) => format!("this setting belongs into the section [{}]", shape.name),
            (None, Some(near)) => format!("no such section; did you mean {near}?"),
            (None, None) => {
                let names: Vec<&str> = self.shapes.iter().map(|shape| shape.name).collect();
                format!("no such section; there are {}", names.join(", "))
            }
        };
        self.problem(at, name.to_owned(), message);
    }

    fn problem(&mut self, at: &Range<usize>, key: String, message: String) {
        let origin = self.origin(at);
        self.problems.push(Problem { origin, key, message });
    }

    fn origin(&self, at: &Range<usize>) -> Origin {
        let before = self.text.get(..at.start).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Origin::File {
            file: self.file.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}
