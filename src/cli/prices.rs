//! `tare prices`: the price books that are known, and files checked or made from a seller's own answer.

use std::fs;
use std::path::Path;

use anyhow::Context as _;

use super::arguments::{PricesCommand, PricesOptions};
use super::context::Context;
use super::outcome::{Outcome, UsageError, print};
use crate::clock::{Clock, SystemClock};
use crate::oci::text::printable;
use crate::pricing::{PriceBook, PriceBooks, RetailChoice, import_retail_prices};

/// Does what `tare prices` was asked.
pub(super) fn prices(options: &PricesOptions, context: &Context) -> anyhow::Result<Outcome> {
    let console = &context.console;
    let books = context
        .settings
        .price_books()
        .map_err(|error| UsageError(error.to_string()))?;
    match &options.command {
        PricesCommand::List => print(&list(&books))?,
        PricesCommand::Check { file } => {
            let book = books
                .check(&file.display().to_string(), &read(file)?)
                .map_err(|faults| UsageError(faults.to_string()))?;
            print(&format!(
                "{}: valid price book: {}\n",
                file.display(),
                described(&book)
            ))?;
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

fn read(file: &Path) -> anyhow::Result<String> {
    fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}

fn list(books: &PriceBooks) -> String {
    let mut lines: Vec<String> = books.iter().map(described).collect();
    lines.sort();
    lines.join("\n") + "\n"
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
