use std::collections::BTreeSet;

use super::book::{Pool, PriceBook, Rate, Tier, Zone};
use super::error::PricingError;
use super::line::{Charge, Line, Meter};
use super::meter::{Counter, MeterInterval};
use super::usage::UsageHistory;
use crate::units::{Period, Window};

/// The charges for moved bytes, by destination. Tiers fill over the calendar month.
pub(super) fn lines(
    book: &PriceBook,
    usage: &UsageHistory,
    period: Period,
) -> Result<Vec<Line>, PricingError> {
    let mut lines = Vec::new();
    let zones: BTreeSet<&str> = usage.moved.iter().map(|moved| moved.zone.as_str()).collect();
    for name in zones {
        let zone = book.zone(name).ok_or_else(|| PricingError::UnknownZone {
            book: book.id.clone(),
            zone: name.to_owned(),
            known: book.transfer.zones.iter().map(|zone| zone.name.clone()).collect(),
        })?;
        lines.extend(moved_to(book, zone, usage, period)?);
    }
    Ok(lines)
}

fn moved_to(
    book: &PriceBook,
    zone: &Zone,
    usage: &UsageHistory,
    period: Period,
) -> Result<Vec<Line>, PricingError> {
    let marginal = usage.transfer_price.get(&zone.name).map(|&price| Rate {
        included: 0,
        tiers: vec![Tier {
            from: 0,
            to: None,
            price,
        }],
    });
    let elsewhere = match book.transfer.pool {
        Pool::Account => usage
            .moved_elsewhere
            .get(&zone.name)
            .map_or(0, |bytes| u128::from(bytes.get())),
        Pool::Registry => 0,
    };
    let mut counter = Counter::new(marginal.as_ref().unwrap_or(&zone.rate));
    for piece in period.split(Window::Month) {
        let whole = Window::Month.around(piece.start()).unwrap_or(piece);
        let reading = |end| {
            let moved = usage.moved.iter().filter(|moved| moved.zone == zone.name);
            moved
                .filter(|moved| whole.start() <= moved.day && moved.day < end)
                .try_fold(elsewhere, |sum: u128, moved| sum.checked_add(moved.bytes))
                .ok_or(PricingError::Overflow)
        };
        counter.add(MeterInterval {
            readings: (reading(piece.start())?, reading(piece.end())?),
            counts_per_byte: 1,
            counts_per_unit: u128::from(book.transfer.unit.bytes()),
        })?;
    }
    let meter = Meter {
        name: &zone.meter,
        place: Some(&zone.name),
        unit: book.transfer.unit.name(),
        currency: book.currency,
        included: Charge::IncludedTransfer,
        paid: Charge::Transfer,
    };
    meter.lines(&counter.finish())
}
