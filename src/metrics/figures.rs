//! A figure is a name, what it means, and where its value stands in a row. Which there are is said in
//! tables, beside what they are told of.

use crate::units::Money;

/// A whole number that a row has: bytes, or how many there are of something.
pub(super) struct Count<Row> {
    /// The end of the name, with its unit.
    pub(super) name: &'static str,
    /// What it means.
    pub(super) help: &'static str,
    /// The value; none where it is not known.
    pub(super) of: fn(&Row) -> Option<i64>,
}

/// An amount of money that a row has.
pub(super) struct Amount<Row> {
    /// The end of the name but for the currency.
    pub(super) name: &'static str,
    /// What it means.
    pub(super) help: &'static str,
    /// The value; none where it is not known.
    pub(super) of: fn(&Row) -> Option<Money>,
}

/// A part of a row's costs, as the label `component` calls it.
pub(super) struct Component<Row> {
    /// The label's value.
    pub(super) name: &'static str,
    /// The value; none where it is not known.
    pub(super) of: fn(&Row) -> Option<Money>,
}

/// The number as Prometheus knows it: exact below 2⁵³, which is 8 PiB.
pub(super) fn float(count: i128) -> f64 {
    count as f64
}

/// A count of things, of which nobody has more than 2⁶³.
pub(super) fn whole(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
