//! The order of lists: each list names its sort keys, and all are sorted in the same way.

use std::cmp::Ordering;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;

use super::parameter::{Form, Parameter};
use crate::units::{ByteCount, Money};

/// The value that a row is sorted by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SortValue {
    /// A number.
    Number(Decimal),
    /// A text.
    Text(String),
    /// No value: the row comes last in both directions.
    Nothing,
}

impl From<Option<SortValue>> for SortValue {
    fn from(value: Option<SortValue>) -> Self {
        value.unwrap_or(Self::Nothing)
    }
}

impl From<usize> for SortValue {
    fn from(count: usize) -> Self {
        Self::Number(count.into())
    }
}

impl From<i64> for SortValue {
    fn from(number: i64) -> Self {
        Self::Number(number.into())
    }
}

impl From<ByteCount> for SortValue {
    fn from(bytes: ByteCount) -> Self {
        Self::Number(bytes.get().into())
    }
}

impl From<Money> for SortValue {
    fn from(money: Money) -> Self {
        Self::Number(money.amount())
    }
}

impl From<DateTime<Utc>> for SortValue {
    fn from(moment: DateTime<Utc>) -> Self {
        Self::Number(moment.timestamp_micros().into())
    }
}

impl From<NaiveDate> for SortValue {
    fn from(day: NaiveDate) -> Self {
        Self::Text(day.to_string())
    }
}

impl From<&str> for SortValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// The name of a sort key, and its value in a row.
type Order<Row> = (&'static str, fn(&Row) -> SortValue);

/// The sort keys of a list.
pub(super) struct Orders<Row: 'static>(pub &'static [Order<Row>]);

impl<Row> Orders<Row> {
    /// The parameter that chooses among them.
    pub(super) fn parameter(&self, about: &'static str) -> Parameter {
        let names = self.0.iter().map(|(name, _)| *name).collect();
        Parameter::new("sort", Form::Order(names), about)
    }

    /// Sorts rows by a key, with `-` in descending order; equal rows are sorted by `name`.
    pub(super) fn sort(&self, rows: &mut Vec<Row>, order: &str, name: impl Fn(&Row) -> String) {
        self.sort_items(rows, order, |row| row, name);
    }

    /// Sorts items that each have a row, in the same way.
    pub(super) fn sort_items<Item>(
        &self,
        items: &mut Vec<Item>,
        order: &str,
        row: impl Fn(&Item) -> &Row,
        name: impl Fn(&Row) -> String,
    ) {
        let (is_falling, key) = match order.strip_prefix('-') {
            Some(key) => (true, key),
            None => (false, order),
        };
        let Some((_, value)) = self.0.iter().find(|(known, _)| *known == key) else {
            return;
        };
        let keyed = items.drain(..).map(|item| {
            let row = row(&item);
            (value(row), name(row), item)
        });
        let mut keyed: Vec<(SortValue, String, Item)> = keyed.collect();
        keyed.sort_by(|one, other| compare(&one.0, &other.0, is_falling).then_with(|| one.1.cmp(&other.1)));
        items.extend(keyed.into_iter().map(|(_, _, item)| item));
    }
}

fn compare(one: &SortValue, other: &SortValue, is_falling: bool) -> Ordering {
    match (one, other) {
        (SortValue::Nothing, _) | (_, SortValue::Nothing) => one.cmp(other),
        _ if is_falling => other.cmp(one),
        _ => one.cmp(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_without_a_value_come_last_in_both_directions_and_equal_rows_by_name() {
        type Row = (&'static str, Option<i64>);
        let orders: Orders<Row> = Orders(&[
            ("size", |row| row.1.map(SortValue::from).into()),
            ("name", |row| row.0.into()),
        ]);
        let sorted = |order: &str| {
            let mut rows: Vec<Row> = vec![("b", Some(1)), ("c", None), ("d", Some(10)), ("a", Some(1))];
            orders.sort(&mut rows, order, |row| row.0.to_owned());
            rows.into_iter().map(|row| row.0).collect::<String>()
        };
        assert_eq!(sorted("size"), "abdc");
        assert_eq!(sorted("-size"), "dabc");
        assert_eq!(sorted("-name"), "dcba");
    }
}
