use crate::units::{Currency, UnknownCurrency};

use super::book::PriceBook;
use super::document::Table;
use super::fault::BookFaults;
use super::price_reader::{Prices, UNITS};
use super::section::{Faults, Section};
use super::unit::MonthConvention;

/// The keywords of `month`.
const MONTHS: &[(&str, MonthConvention)] = &[
    ("calendar_days", MonthConvention::CalendarDays),
    ("hours_730", MonthConvention::Hours730),
    ("days_30.4", MonthConvention::Days30Point4),
];

/// Creates a book from a document, or returns all its faults.
pub(super) fn book(file: &str, document: &Table) -> Result<PriceBook, BookFaults> {
    let faults = Faults::default();
    let book = read(&Section::root(file, document, &faults));
    let mut faults = faults.into_inner();
    faults.sort();
    faults.dedup();
    match book {
        Some(book) if faults.is_empty() => Ok(book),
        _ => Err(BookFaults(faults)),
    }
}

/// Reads everything before it fails, so that all faults are found at once.
fn read(root: &Section<'_>) -> Option<PriceBook> {
    let text = |key| root.required(key, root.text(key), "give it as a text");
    let date = |key| root.required(key, root.date(key), "give it as 2026-11-23");
    // `extends` has already been resolved when the book is read.
    root.node("extends");
    let currency = currency(root);
    let unit = root.required(
        "unit",
        root.choice("unit", UNITS),
        "say GiB (2^30 bytes) or GB (10^9 bytes)",
    );
    let month = root.required(
        "month",
        root.choice("month", MONTHS),
        "say how long a month is: calendar_days, hours_730 or days_30.4",
    );
    let prices = Prices { currency, unit };
    let (valid_from, valid_until) = (date("valid_from"), date("valid_until"));
    if let (Some(from), Some(until)) = (valid_from, valid_until)
        && until < from
    {
        root.fault(
            "valid_until",
            format!("{until} is before valid_from ({from})"),
            "give a later day",
        );
    }
    let storage = root.required("storage", root.section("storage"), "add [storage] with its tiers");
    let transfer = root.required(
        "transfer",
        root.section("transfer"),
        "add [transfer] with its zones",
    );
    let (id, version, title) = (text("id"), text("version"), text("title"));
    let (provider, service, family) = (text("provider"), text("service"), text("family"));
    let (source, source_date) = (text("source"), date("source_date"));
    let fee = root.section("fee").map(|section| prices.fee(section));
    let storage = storage.map(|section| prices.storage(section));
    let classes = prices.classes(root);
    let replicas = root.section("replicas").map(|section| prices.replicas(section));
    let transfer = transfer.map(|section| prices.transfer(section));
    let limits = prices.limits(root);
    let (features, notes) = (root.texts("features"), root.texts("notes"));
    root.report_unknown();
    Some(PriceBook {
        id: id?,
        version: version?,
        title: title?,
        provider: provider?,
        service: service?,
        family: family?,
        currency: currency?,
        source: source?,
        source_date: source_date?,
        valid_from: valid_from?,
        valid_until: valid_until?,
        unit: unit?,
        month: month?,
        fee: fee.flatten(),
        storage: storage??,
        classes,
        replicas: replicas.flatten(),
        transfer: transfer??,
        limits,
        features,
        notes,
    })
}

fn currency(root: &Section<'_>) -> Option<Currency> {
    let code = root.required(
        "currency",
        root.text("currency"),
        "give an ISO 4217 code such as USD",
    )?;
    code.parse()
        .map_err(|error: UnknownCurrency| {
            root.fault(
                "currency",
                error.to_string(),
                "give the currency all prices are in",
            );
        })
        .ok()
}
