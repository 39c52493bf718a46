//! Values that several commands take.

use chrono::{DateTime, Utc};

use crate::cli::outcome::UsageError;
use crate::config::{InvalidAddress, RegistryAddress};
use crate::pricing::Period;

/// Reads a month, such as 2026-11.
pub(in crate::cli) fn month(text: &str) -> Result<Period, String> {
    let wrong = || "expected a month such as 2026-11".to_owned();
    let (year, month) = text.split_once('-').ok_or_else(wrong)?;
    if !text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
        return Err(wrong());
    }
    match (year.len(), month.len(), year.parse(), month.parse()) {
        (4, 2, Ok(year), Ok(month)) => Period::month(year, month).map_err(|_| wrong()),
        _ => Err(wrong()),
    }
}

/// Reads a whole number.
pub(in crate::cli) fn whole_number(text: &str) -> Result<usize, String> {
    text.parse()
        .map_err(|_| "expected a whole number, such as 20".to_owned())
}

/// Reads a whole number from `LOW` to `HIGH`.
pub(in crate::cli) fn whole<const LOW: u32, const HIGH: u32>(text: &str) -> Result<u32, String> {
    text.parse()
        .ok()
        .filter(|number| (LOW..=HIGH).contains(number))
        .ok_or_else(|| format!("expected a whole number from {LOW} to {HIGH}"))
}

/// Reads the number of a crawl.
pub(in crate::cli) fn id(text: &str) -> Result<i64, String> {
    text.parse()
        .map_err(|_| "expected the number of a crawl, such as 17".to_owned())
}

/// Reads a moment with its time zone, such as 2026-11-30T12:00:00Z.
pub(in crate::cli) fn moment(text: &str) -> Result<DateTime<Utc>, String> {
    text.parse()
        .map_err(|_| "expected a time with its zone, such as 2026-11-30T12:00:00Z".to_owned())
}

/// Parses addresses. Not done by clap, because its error message would repeat a password in one.
pub(in crate::cli) fn addresses(texts: &[String]) -> Result<Vec<RegistryAddress>, UsageError> {
    texts
        .iter()
        .map(|text| {
            text.parse()
                .map_err(|error: InvalidAddress| UsageError(error.to_string()))
        })
        .collect::<Result<_, _>>()
}
