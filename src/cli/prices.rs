//! `tare prices`: the price books that are known, and files checked or made from a seller's own answer.

use std::fs;
use std::path::Path;

use super::arguments::{PricesCommand, PricesOptions, TextOrJson};
use super::context::Context;
use super::outcome::{Outcome, UsageError, print};
use crate::clock::{Clock, SystemClock};
use crate::oci::text::printable;
use crate::pricing::{BookSummary, PriceBook, PriceBooks, RetailChoice, import_retail_prices};
use crate::report::{self, Column, TextTable};

/// Does what `tare prices` was asked.
pub(super) fn prices(options: &PricesOptions, context: &Context) -> anyhow::Result<Outcome> {
    let console = &context.console;
    let books = context
        .settings
        .price_books()
        .map_err(|error| UsageError(error.to_string()))?;
    match &options.command {
        PricesCommand::List(options) => print(&match options.format {
            TextOrJson::Table => list(&books, context.widths.output),
            TextOrJson::Json => report::json(&rows(&books))?,
        })?,
        PricesCommand::Check { file, format } => {
            let book = books
                .check(&file.display().to_string(), &read(file)?)
                .map_err(|faults| UsageError(faults.to_string()))?;
            print(&match format {
                TextOrJson::Table => format!("{}: valid price book: {}\n", file.display(), described(&book)),
                TextOrJson::Json => report::json(&book.summary())?,
            })?;
        }
        PricesCommand::Import { file, plan, region } => {
            let choice = RetailChoice {
                plan: (*plan).into(),
                region: region.clone(),
                read_on: SystemClock.now().date_naive(),
            };
            let imported = import_retail_prices(&file.display().to_string(), &read(file)?, &choice)
                .map_err(|error| UsageError(error.to_string()))?;
            for warning in &imported.warnings {
                console.complain(&format!("warning: {}", printable(warning)));
            }
            print(&imported.toml)?;
        }
    }
    Ok(Outcome::Complete)
}

fn read(file: &Path) -> Result<String, UsageError> {
    fs::read_to_string(file).map_err(|error| UsageError(format!("cannot read {}: {error}", file.display())))
}

fn rows(books: &PriceBooks) -> Vec<BookSummary<'_>> {
    let mut rows: Vec<BookSummary<'_>> = books.iter().map(PriceBook::summary).collect();
    rows.sort_by_key(|book| (book.id, book.valid_from));
    rows
}

fn list(books: &PriceBooks, width: usize) -> String {
    let mut table = TextTable::new([
        Column::text("PRICE BOOK"),
        Column::text("TITLE").shortened_to(30).optional(1),
        Column::text("CURRENCY").optional(3),
        Column::text("VALID FROM").optional(4),
        Column::text("UNTIL").optional(2),
    ]);
    for book in rows(books) {
        table.add([
            printable(book.id),
            printable(book.title),
            book.currency.to_string(),
            book.valid_from.to_string(),
            book.valid_until.to_string(),
        ]);
    }
    table.text(width)
}

/// A book in one line: what it is, in which currency, and for how long its prices are known to hold.
fn described(book: &PriceBook) -> String {
    format!(
        "{}  {} ({}, {} to {}, read on {})",
        printable(&book.id),
        printable(&book.title),
        book.currency,
        book.valid_from,
        book.valid_until,
        book.source_date
    )
}
