//! A metric is a name, a help text and a function from a row to its value. The tables of metrics are next to the rows
//! they read.

use crate::units::Money;

/// An integer metric of a row: bytes, or a count.
pub(super) struct Count<Row> {
    /// The last part of the name, with the unit.
    pub(super) name: &'static str,
    /// The help text.
    pub(super) help: &'static str,
    /// The value; `None` if it is not known.
    pub(super) of: fn(&Row) -> Option<i64>,
}

/// A money metric of a row.
pub(super) struct Amount<Row> {
    /// The last part of the name, without the currency.
    pub(super) name: &'static str,
    /// The help text.
    pub(super) help: &'static str,
    /// The value; `None` if it is not known.
    pub(super) of: fn(&Row) -> Option<Money>,
}

/// A part of a row's costs, with its value of the label `component`.
pub(super) struct Component<Row> {
    /// The label's value.
    pub(super) name: &'static str,
    /// The value; `None` if it is not known.
    pub(super) of: fn(&Row) -> Option<Money>,
}

/// The number as a float: exact below 2⁵³, which is 8 PiB.
pub(super) fn float(count: i128) -> f64 {
    count as f64
}

/// A count as an integer. It never exceeds 2⁶³.
pub(super) fn whole(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
