use super::book::{Fee, FeeBasis, PriceBook};
use super::error::PricingError;
use super::line::{Charge, Line, Meter};
use super::meter::{Billionths, UNIT, billionths};
use super::unit::Per;
use super::usage::UsageHistory;
use crate::units::{Period, Window};

/// The flat fees of the plan and of each replica.
pub(super) fn lines(
    book: &PriceBook,
    usage: &UsageHistory,
    period: Period,
) -> Result<Vec<Line>, PricingError> {
    let mut lines = Vec::new();
    let is_due = |fee: &Fee| fee.each != FeeBasis::Account || !usage.fee_elsewhere;
    if let Some(fee) = book.fee.filter(is_due) {
        lines.push(line(book, fee, usage, period, Charge::Fee, None)?);
    }
    let replica_fee = book.replicas.as_ref().and_then(|replicas| replicas.fee);
    for region in &usage.replicas {
        if let Some(fee) = replica_fee {
            lines.push(line(book, fee, usage, period, Charge::ReplicaFee, Some(region))?);
        }
    }
    Ok(lines)
}

fn line(
    book: &PriceBook,
    fee: Fee,
    usage: &UsageHistory,
    period: Period,
    charge: Charge,
    region: Option<&str>,
) -> Result<Line, PricingError> {
    let (times, prefix) = match fee.each {
        FeeBasis::Registry | FeeBasis::Account => (1, ""),
        FeeBasis::Seat => (u128::from(usage.seats), "User-"),
    };
    let quantity = quantity(fee.per, period, times)?;
    let unit = format!("{prefix}{}", fee.per.name());
    let meter = Meter {
        name: &book.title,
        place: region,
        unit: &unit,
        currency: book.currency,
        included: charge,
        paid: charge,
    };
    meter.line(charge, quantity, fee.price)
}

/// The days or calendar months of a period, multiplied by `times`. A part of a month counts as its share of the
/// month's days.
fn quantity(per: Per, period: Period, times: u128) -> Result<Billionths, PricingError> {
    if per == Per::Day {
        return Ok(u128::from(period.days()) * times * UNIT);
    }
    let mut sum = 0;
    for piece in period.split(Window::Month) {
        let whole = Window::Month.around(piece.start()).unwrap_or(piece);
        let until = |day| -> Result<Billionths, PricingError> {
            let days = Period::new(whole.start(), day).map_or(0, Period::days);
            billionths(u128::from(days) * times, u128::from(whole.days()))
        };
        sum += until(piece.end())? - until(piece.start())?;
    }
    Ok(sum)
}
