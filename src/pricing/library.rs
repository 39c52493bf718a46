use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::book::PriceBook;
use super::document::{self, Node, Table, Value};
use super::fault::{BookFault, BookFaults};
use super::parse;
use super::shipped;
use crate::units::Period;
use crate::wording::nearest_by_words;

/// The available price books: the shipped ones, and the user's own, which take precedence.
#[derive(Debug, Clone, Default)]
pub struct PriceBooks {
    documents: Vec<BookFile>,
    books: Vec<PriceBook>,
}

/// There is no book with the requested id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no price book `{id}`; {}", self.remedy())]
pub struct UnknownBook {
    /// The requested id.
    pub id: String,
    /// The available ids.
    pub known: Vec<String>,
}

impl UnknownBook {
    /// The available book that was probably meant; `None` if none is like it.
    pub fn nearest(&self) -> Option<&str> {
        nearest_by_words(&self.id, self.known.iter().map(String::as_str))
    }

    fn remedy(&self) -> String {
        let known = self.known.join(", ");
        match self.nearest() {
            Some(book) => format!("did you mean `{book}`? All price books: {known}"),
            None => format!("there are {known}"),
        }
    }
}

/// A book's file before its base is merged in.
#[derive(Debug, Clone)]
struct BookFile {
    file: String,
    table: Table,
}

impl PriceBooks {
    /// The shipped books, from `config/price-books/`.
    pub fn shipped() -> Result<Self, BookFaults> {
        Self::default().with(shipped::FILES.iter().copied())
    }

    /// Adds books, each given as file name and text.
    ///
    /// A book with the id of an existing one replaces it in all its editions, and may still extend it. Several files with
    /// one id are editions, which must not be valid on the same day.
    ///
    /// # Errors
    /// All faults of all files.
    pub fn with<'a>(&self, files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, BookFaults> {
        let mut faults = Vec::new();
        let mut new = Vec::new();
        for (file, text) in files {
            match document::parse(file, text) {
                Ok(table) => new.push(BookFile {
                    file: file.to_owned(),
                    table,
                }),
                Err(fault) => faults.push(fault),
            }
        }
        let mut books: Vec<PriceBook> = Vec::new();
        let mut editions: BTreeMap<String, Vec<(usize, &BookFile)>> = BTreeMap::new();
        for document in &new {
            let whole = self.resolve(document, &new);
            match whole.and_then(|table| parse::book(&document.file, &table)) {
                Ok(book) => {
                    editions
                        .entry(book.id.clone())
                        .or_default()
                        .push((books.len(), document));
                    books.push(book);
                }
                Err(BookFaults(more)) => faults.extend(more),
            }
        }
        for editions in editions.values() {
            faults.extend(overlaps(&books, editions));
        }
        if !faults.is_empty() {
            faults.sort();
            faults.dedup();
            return Err(BookFaults(faults));
        }
        let kept = self
            .books
            .iter()
            .filter(|old| books.iter().all(|book| book.id != old.id))
            .cloned();
        let books = kept.chain(books.iter().cloned()).collect();
        let documents = self.documents.iter().cloned().chain(new).collect();
        Ok(Self { documents, books })
    }

    /// Checks one more file against these books without adding it.
    ///
    /// # Errors
    /// All its faults.
    pub fn check(&self, file: &str, text: &str) -> Result<PriceBook, BookFaults> {
        let document = BookFile {
            file: file.to_owned(),
            table: document::parse(file, text).map_err(single_fault)?,
        };
        let table = self.resolve(&document, &[])?;
        parse::book(file, &table)
    }

    /// All books in all editions.
    pub fn iter(&self) -> impl Iterator<Item = &PriceBook> {
        self.books.iter()
    }

    /// The edition of a book for a day: the one valid then, else the last before it, else the first.
    ///
    /// # Errors
    /// If there is no such book.
    pub fn get(&self, id: &str, day: NaiveDate) -> Result<&PriceBook, UnknownBook> {
        let editions = || self.books.iter().filter(|book| book.id == id);
        let begun = editions()
            .filter(|book| book.valid_from <= day)
            .max_by_key(|book| book.valid_from);
        begun
            .or_else(|| editions().min_by_key(|book| book.valid_from))
            .ok_or_else(|| self.unknown(id))
    }

    /// All editions of a book, in no particular order.
    ///
    /// # Errors
    /// If there is no such book.
    pub fn editions(&self, id: &str) -> Result<Vec<&PriceBook>, UnknownBook> {
        let editions: Vec<&PriceBook> = self.books.iter().filter(|book| book.id == id).collect();
        if editions.is_empty() {
            return Err(self.unknown(id));
        }
        Ok(editions)
    }

    fn unknown(&self, id: &str) -> UnknownBook {
        let mut known: Vec<String> = self.books.iter().map(|book| book.id.clone()).collect();
        known.sort();
        known.dedup();
        UnknownBook {
            id: id.to_owned(),
            known,
        }
    }

    /// The editions of a book over a period, which is cut where one replaces another.
    ///
    /// # Errors
    /// If there is no such book.
    pub fn over(&self, id: &str, period: Period) -> Result<Vec<(Period, &PriceBook)>, UnknownBook> {
        let mut pieces = Vec::new();
        let mut start = period.start();
        let mut begins: Vec<NaiveDate> = self
            .books
            .iter()
            .filter(|book| book.id == id)
            .map(|book| book.valid_from)
            .collect();
        begins.retain(|&day| period.start() < day && day < period.end());
        begins.sort();
        begins.push(period.end());
        for end in begins {
            let book = self.get(id, start)?;
            if let Ok(piece) = Period::new(start, end) {
                pieces.push((piece, book));
            }
            start = end;
        }
        Ok(pieces)
    }

    /// A document merged with the books it extends.
    fn resolve(&self, document: &BookFile, siblings: &[BookFile]) -> Result<Table, BookFaults> {
        let mut chain = vec![document];
        let mut current = document;
        while let Some(node) = current.table.get("extends") {
            let Value::Text(id) = &node.value else {
                return Err(single_fault(extends_fault(
                    current,
                    node,
                    "a text is expected here",
                    "name a book's id",
                )));
            };
            let found = self.base(id, &chain, siblings);
            let base = found.ok_or_else(|| {
                let known: Vec<&str> = self
                    .documents
                    .iter()
                    .filter_map(|known| text(&known.table, "id"))
                    .collect();
                let problem = format!("there is no book `{id}` to extend, or it extends this one");
                single_fault(extends_fault(
                    current,
                    node,
                    &problem,
                    &format!("name one of: {}", known.join(", ")),
                ))
            })?;
            chain.push(base);
            current = base;
        }
        let mut whole = Table::new();
        for document in chain.iter().rev() {
            whole = document::merge(whole, document.table.clone());
        }
        // Each edition states its own name and version.
        for key in ["id", "version"] {
            if !document.table.contains_key(key) {
                whole.remove(key);
            }
        }
        let faults = foreign_prices(document, &chain, &whole);
        if faults.is_empty() {
            Ok(whole)
        } else {
            Err(BookFaults(faults))
        }
    }

    /// The book to extend: a new one first, else an existing one; the latest edition; never one that is being extended
    /// already.
    fn base<'a>(&'a self, id: &str, chain: &[&BookFile], siblings: &'a [BookFile]) -> Option<&'a BookFile> {
        let free = |document: &&BookFile| {
            text(&document.table, "id") == Some(id)
                && chain.iter().all(|used| !std::ptr::eq(*used, *document))
        };
        let latest = |documents: &'a [BookFile]| {
            documents
                .iter()
                .filter(free)
                .max_by_key(|document| text(&document.table, "valid_from"))
        };
        latest(siblings).or_else(|| latest(&self.documents))
    }
}

/// Prices inherited from a book in another currency. There are no exchange rates.
fn foreign_prices(document: &BookFile, chain: &[&BookFile], whole: &Table) -> Vec<BookFault> {
    let currency = text(whole, "currency");
    let foreign: Vec<&str> = chain
        .iter()
        .enumerate()
        // The currency of a document's prices is stated by itself or by its base.
        .filter(|(index, _)| {
            chain[*index..]
                .iter()
                .find_map(|below| text(&below.table, "currency"))
                != currency
        })
        .map(|(_, document)| document.file.as_str())
        .collect();
    let mut inherited = Vec::new();
    walk(whole, "", &mut |key, node| {
        if key.ends_with("price") && foreign.contains(&&*node.file) {
            inherited.push(key.to_owned());
        }
    });
    let place = document.table.get("currency");
    inherited
        .into_iter()
        .map(|key| BookFault {
            file: document.file.clone(),
            line: place.map_or(1, |node| node.line),
            problem: format!(
                "this price is taken over from a book that is not in {}",
                currency.unwrap_or("this currency")
            ),
            remedy: "give this price too; no exchange rate is assumed".to_owned(),
            key,
        })
        .collect()
}

fn walk(table: &Table, path: &str, visit: &mut impl FnMut(&str, &Node)) {
    for (key, node) in table {
        let path = if path.is_empty() {
            key.clone()
        } else {
            format!("{path}.{key}")
        };
        match &node.value {
            Value::Table(inner) => walk(inner, &path, visit),
            Value::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    if let Value::Table(inner) = &item.value {
                        walk(inner, &format!("{path}[{index}]"), visit);
                    }
                }
            }
            _ => visit(&path, node),
        }
    }
}

/// Editions of one book that are valid on the same day.
fn overlaps(books: &[PriceBook], editions: &[(usize, &BookFile)]) -> Vec<BookFault> {
    let mut sorted: Vec<(&PriceBook, &BookFile)> = editions
        .iter()
        .map(|&(index, document)| (&books[index], document))
        .collect();
    sorted.sort_by_key(|(book, _)| book.valid_from);
    let pairs = sorted
        .windows(2)
        .filter(|pair| pair[1].0.valid_from <= pair[0].0.valid_until);
    pairs
        .map(|pair| {
            let ((earlier, first), (later, second)) = (pair[0], pair[1]);
            BookFault {
                file: second.file.clone(),
                line: second.table.get("valid_from").map_or(1, |node| node.line),
                key: "valid_from".to_owned(),
                problem: format!(
                    "`{}` of {} is valid until {}, and this edition already from {}",
                    earlier.id, first.file, earlier.valid_until, later.valid_from
                ),
                remedy: "let one edition end the day before the next begins, or give one another id"
                    .to_owned(),
            }
        })
        .collect()
}

fn text<'a>(table: &'a Table, key: &str) -> Option<&'a str> {
    match &table.get(key)?.value {
        Value::Text(text) | Value::Date(text) => Some(text),
        _ => None,
    }
}

fn extends_fault(document: &BookFile, node: &Node, problem: &str, remedy: &str) -> BookFault {
    BookFault {
        file: document.file.clone(),
        line: node.line,
        key: "extends".to_owned(),
        problem: problem.to_owned(),
        remedy: remedy.to_owned(),
    }
}

fn single_fault(fault: BookFault) -> BookFaults {
    BookFaults(vec![fault])
}
