use std::cell::RefCell;
use std::collections::BTreeSet;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::document::{Node, Table, Value};
use super::fault::BookFault;

/// The faults so far, shared by all sections of a book so that one pass finds them all.
pub(super) type Faults = RefCell<Vec<BookFault>>;

/// A table of a price book. It remembers which keys were read, so that the others can be reported as unknown.
pub(super) struct Section<'a> {
    path: String,
    file: String,
    line: usize,
    table: &'a Table,
    asked: RefCell<BTreeSet<String>>,
    faults: &'a Faults,
}

impl<'a> Section<'a> {
    /// The whole document.
    pub(super) fn root(file: &str, table: &'a Table, faults: &'a Faults) -> Self {
        Self {
            path: String::new(),
            file: file.to_owned(),
            line: 1,
            table,
            asked: RefCell::default(),
            faults,
        }
    }

    fn within(&self, path: String, node: &'a Node, table: &'a Table) -> Self {
        let (file, line) = (node.file.to_string(), node.line);
        Self {
            path,
            file,
            line,
            table,
            asked: RefCell::default(),
            faults: self.faults,
        }
    }

    /// The full name of a key in this section.
    pub(super) fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    /// The value of a key, which is marked as read.
    pub(super) fn node(&self, key: &str) -> Option<&'a Node> {
        self.asked.borrow_mut().insert(key.to_owned());
        self.table.get(key)
    }

    /// Records a fault at a key, or at the section's start if the key is missing.
    pub(super) fn fault(&self, key: &str, problem: impl Into<String>, remedy: impl Into<String>) {
        let node = self.table.get(key);
        self.faults.borrow_mut().push(BookFault {
            file: node.map_or_else(|| self.file.clone(), |node| node.file.to_string()),
            line: node.map_or(self.line, |node| node.line),
            key: self.path_of(key),
            problem: problem.into(),
            remedy: remedy.into(),
        });
    }

    /// A required value; its absence is a fault.
    pub(super) fn required<T>(&self, key: &str, value: Option<T>, remedy: &str) -> Option<T> {
        if self.table.get(key).is_none() {
            self.fault(key, "this key is missing", remedy);
        }
        value
    }

    /// A non-empty text.
    pub(super) fn text(&self, key: &str) -> Option<String> {
        match &self.node(key)?.value {
            Value::Text(text) if !text.trim().is_empty() => Some(text.clone()),
            _ => self.wrong(key, "a text is expected here", "put a text between quotes"),
        }
    }

    /// A list of texts; empty if the key is missing.
    pub(super) fn texts(&self, key: &str) -> Vec<String> {
        let Some(node) = self.node(key) else {
            return Vec::new();
        };
        let Value::List(items) = &node.value else {
            self.fault(
                key,
                "a list of texts is expected here",
                "write [\"one\", \"two\"]",
            );
            return Vec::new();
        };
        let texts = items.iter().filter_map(|item| match &item.value {
            Value::Text(text) => Some(text.clone()),
            _ => self.wrong(
                key,
                "a list of texts is expected here",
                "write [\"one\", \"two\"]",
            ),
        });
        texts.collect()
    }

    /// A day.
    pub(super) fn date(&self, key: &str) -> Option<NaiveDate> {
        let date = match &self.node(key)?.value {
            Value::Date(text) | Value::Text(text) => text.parse().ok(),
            _ => None,
        };
        date.or_else(|| self.wrong(key, "a day is expected here", "write it as 2026-11-23"))
    }

    /// A non-negative number. Text and TOML numbers are read alike, digit by digit.
    pub(super) fn amount(&self, key: &str) -> Option<Decimal> {
        let amount = match &self.node(key)?.value {
            Value::Number(text) | Value::Text(text) => exact(text),
            _ => None,
        };
        match amount {
            Some(amount) if amount < Decimal::ZERO => {
                self.wrong(key, format!("{amount} is negative"), "write zero or more")
            }
            None => self.wrong(
                key,
                "a number is expected here",
                "write a plain decimal such as 0.10",
            ),
            some => some,
        }
    }

    /// A whole number.
    pub(super) fn count(&self, key: &str) -> Option<u64> {
        let amount = self.amount(key)?;
        u64::try_from(amount.normalize())
            .ok()
            .filter(|_| amount.fract().is_zero())
            .or_else(|| {
                self.wrong(
                    key,
                    "a whole number is expected here",
                    "write it without decimals",
                )
            })
    }

    /// One of several keywords.
    pub(super) fn choice<T: Copy>(&self, key: &str, choices: &[(&str, T)]) -> Option<T> {
        let names: Vec<&str> = choices.iter().map(|&(name, _)| name).collect();
        let remedy = format!("write one of: {}", names.join(", "));
        let Value::Text(text) = &self.node(key)?.value else {
            return self.wrong(key, "a word is expected here", remedy);
        };
        match choices.iter().find(|(name, _)| name == text) {
            Some(&(_, choice)) => Some(choice),
            None => self.wrong(key, format!("`{text}` is unknown"), remedy),
        }
    }

    /// A subtable.
    pub(super) fn section(&self, key: &str) -> Option<Section<'a>> {
        let node = self.node(key)?;
        match &node.value {
            Value::Table(table) => Some(self.within(self.path_of(key), node, table)),
            _ => self.wrong(
                key,
                "a table is expected here",
                format!("write [{}]", self.path_of(key)),
            ),
        }
    }

    /// All subtables by name, for tables whose keys the user chooses.
    pub(super) fn named_sections(&self) -> Vec<(String, Section<'a>)> {
        let keys = self.table.keys();
        keys.filter_map(|key| self.section(key).map(|section| (key.clone(), section)))
            .collect()
    }

    /// A list of tables.
    pub(super) fn sections(&self, key: &str) -> Option<Vec<Section<'a>>> {
        let node = self.node(key)?;
        let Value::List(items) = &node.value else {
            return self.wrong(
                key,
                "a list of tables is expected here",
                format!("write [[{}]]", self.path_of(key)),
            );
        };
        let mut sections = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let Value::Table(table) = &item.value else {
                return self.wrong(key, "a list of tables is expected here", "write [[…]] or {…}");
            };
            sections.push(self.within(format!("{}[{index}]", self.path_of(key)), item, table));
        }
        Some(sections)
    }

    /// Reports every key that has not been read.
    pub(super) fn finish(self) {
        self.report_unknown();
    }

    /// Reports every key that has not been read so far.
    pub(super) fn report_unknown(&self) {
        let asked = self.asked.borrow().clone();
        for key in self.table.keys().filter(|key| !asked.contains(*key)) {
            let known: Vec<&str> = asked.iter().map(String::as_str).collect();
            self.fault(
                key,
                "this key is unknown",
                format!("write one of: {}", known.join(", ")),
            );
        }
    }

    fn wrong<T>(&self, key: &str, problem: impl Into<String>, remedy: impl Into<String>) -> Option<T> {
        self.fault(key, problem, remedy);
        None
    }
}

/// A decimal with every digit that was written; `None` if it does not fit.
pub(super) fn exact(text: &str) -> Option<Decimal> {
    let plain = text.trim().trim_start_matches('+');
    Decimal::from_str_exact(plain)
        .or_else(|_| Decimal::from_scientific(plain))
        .ok()
}
