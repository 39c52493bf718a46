use crate::units::{ByteCount, Period};

use super::book::{Pool, PriceBook, StorageCharge};
use super::error::PricingError;
use super::history::ByteHistory;
use super::line::{Charge, Line, Meter};
use super::meter::{Counter, MeterInterval, billionths};
use super::usage::UsageHistory;

/// The charges for storage: the default class, its replicas, other classes and retrieval.
pub(super) fn lines(
    book: &PriceBook,
    usage: &UsageHistory,
    period: Period,
) -> Result<Vec<Line>, PricingError> {
    let ordinary = (Charge::IncludedStorage, Charge::Storage);
    let mut lines = kept(book, &book.storage, &usage.stored, usage, period, None, ordinary)?;
    if let (false, None) = (usage.replicas.is_empty(), &book.replicas) {
        return Err(PricingError::NoReplicas {
            book: book.id.clone(),
        });
    }
    if let Some(charge) = book
        .replicas
        .as_ref()
        .and_then(|replicas| replicas.storage.as_ref())
    {
        let copy = (Charge::IncludedReplicaStorage, Charge::ReplicaStorage);
        for region in &usage.replicas {
            lines.extend(kept(
                book,
                charge,
                &usage.stored,
                usage,
                period,
                Some(region),
                copy,
            )?);
        }
    }
    for (name, history) in &usage.classes {
        let class = book.class(name).ok_or_else(|| unknown_class(book, name))?;
        lines.extend(kept(
            book,
            &class.charge,
            history,
            usage,
            period,
            Some(name),
            ordinary,
        )?);
    }
    lines.extend(retrieved(book, usage, period)?);
    Ok(lines)
}

/// The storage counted by one meter, window by window.
fn kept(
    book: &PriceBook,
    charge: &StorageCharge,
    history: &ByteHistory,
    usage: &UsageHistory,
    period: Period,
    place: Option<&str>,
    (included, paid): (Charge, Charge),
) -> Result<Vec<Line>, PricingError> {
    // Only the default class shares its quota with other registries: their replicas are not known.
    let elsewhere = match (charge.pool, place) {
        (Pool::Account, None) => usage.stored_elsewhere,
        _ => ByteCount::ZERO,
    };
    let mut counter = Counter::new(&charge.rate);
    for piece in period.split(charge.window) {
        let whole = charge.window.around(piece.start()).unwrap_or(piece);
        let seconds = u128::from(whole.seconds());
        let begin = whole.epoch_seconds().0;
        let (from, until) = piece.epoch_seconds();
        let before = u128::from(elsewhere.get()) * seconds;
        let reading = |at| {
            before
                .checked_add(history.byte_seconds(begin, at))
                .ok_or(PricingError::Overflow)
        };
        let unit_seconds = book.month.seconds_per(charge.per, piece.start());
        counter.add(MeterInterval {
            readings: (reading(from)?, reading(until)?),
            counts_per_byte: seconds,
            counts_per_unit: u128::from(book.unit.bytes()) * u128::from(unit_seconds),
        })?;
    }
    let unit = format!("{}-{}", book.unit.name(), charge.per.name());
    let meter = Meter {
        name: &charge.meter,
        place,
        unit: &unit,
        currency: book.currency,
        included,
        paid,
    };
    meter.lines(&counter.finish())
}

/// Retrieved bytes, at the price of their class.
fn retrieved(book: &PriceBook, usage: &UsageHistory, period: Period) -> Result<Vec<Line>, PricingError> {
    let mut lines = Vec::new();
    for retrieved in usage
        .retrieved
        .iter()
        .filter(|retrieved| period.contains(retrieved.day))
    {
        let class = book
            .class(&retrieved.class)
            .ok_or_else(|| unknown_class(book, &retrieved.class))?;
        let meter = Meter {
            name: "Retrieval",
            place: Some(&class.name),
            unit: book.unit.name(),
            currency: book.currency,
            included: Charge::Retrieval,
            paid: Charge::Retrieval,
        };
        let quantity = billionths(retrieved.bytes, u128::from(book.unit.bytes()))?;
        lines.push(meter.line(Charge::Retrieval, quantity, class.retrieval)?);
    }
    Ok(lines)
}

fn unknown_class(book: &PriceBook, class: &str) -> PricingError {
    PricingError::UnknownClass {
        book: book.id.clone(),
        class: class.to_owned(),
        known: book.classes.iter().map(|class| class.name.clone()).collect(),
    }
}
