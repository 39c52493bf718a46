//! Values that several commands take.

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
