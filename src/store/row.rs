//! Rows into values: a value that this program never writes is an error that names table, row and column.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;

use super::StoreError;
use crate::units::{ByteCount, Currency, Money};

/// A row that is being read.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    table: &'static str,
    key: &'a dyn fmt::Display,
}

impl<'a> Row<'a> {
    /// A row of a table, with what tells it from others.
    pub(super) fn new(table: &'static str, key: &'a dyn fmt::Display) -> Self {
        Self { table, key }
    }

    /// The error for a column of this row.
    pub(super) fn error(&self, column: &str, problem: impl fmt::Display) -> StoreError {
        StoreError::inconsistent(
            self.table,
            format!("row {}, column {column}: {problem}", self.key),
        )
    }

    /// A count, which is never negative.
    pub(super) fn count<T: TryFrom<i64>>(&self, column: &str, value: i64) -> Result<T, StoreError> {
        T::try_from(value).map_err(|_| self.error(column, format!("{value} is no count")))
    }

    /// A number of bytes.
    pub(super) fn bytes(&self, column: &str, value: i64) -> Result<ByteCount, StoreError> {
        ByteCount::try_from(value).map_err(|problem| self.error(column, format!("{value}: {problem}")))
    }

    /// A number of bytes that may be null.
    pub(super) fn maybe_bytes(
        &self,
        column: &str,
        value: Option<i64>,
    ) -> Result<Option<ByteCount>, StoreError> {
        value.map(|value| self.bytes(column, value)).transpose()
    }

    /// A text that stands for a value: a name, a digest, a word.
    pub(super) fn parse<T: FromStr<Err: fmt::Display>>(
        &self,
        column: &str,
        text: &str,
    ) -> Result<T, StoreError> {
        text.parse()
            .map_err(|problem| self.error(column, format!("{text:?}: {problem}")))
    }

    /// The currency of the row's amounts.
    pub(super) fn currency(&self, code: Option<&str>) -> Result<Option<Currency>, StoreError> {
        code.map(|code| self.parse("currency", code)).transpose()
    }

    /// An amount in the row's currency.
    pub(super) fn money(
        &self,
        column: &str,
        amount: Option<Decimal>,
        currency: Option<Currency>,
    ) -> Result<Option<Money>, StoreError> {
        match (amount, currency) {
            (Some(amount), Some(currency)) => Ok(Some(Money::new(amount, currency))),
            (Some(amount), None) => Err(self.error(column, format!("{amount} has no currency"))),
            (None, _) => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_is_never_written_is_refused_with_its_place() {
        let row = Row::new("report", &12);
        for (result, words) in [
            (
                row.count::<u64>("tags", -1).map(drop),
                "row 12, column tags: -1 is no count",
            ),
            (
                row.bytes("stored_bytes", -1).map(drop),
                "column stored_bytes: -1: ",
            ),
            (
                row.currency(Some("dollars")).map(drop),
                "column currency: \"dollars\": ",
            ),
            (
                row.money("monthly_cost", Some(Decimal::ONE), None).map(drop),
                "column monthly_cost: 1 has no currency",
            ),
        ] {
            let error = result.unwrap_err().to_string();
            assert!(error.contains("table report") && error.contains(words), "{error}");
        }
    }
}
