use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use prometheus::proto::{Counter, Gauge, LabelPair, Metric, MetricFamily, MetricType};
use rust_decimal::prelude::ToPrimitive as _;

use crate::oci::text::printable;
use crate::units::{Currency, Money};

/// A label: name and value.
pub(super) type Label<'a> = (&'static str, &'a str);

/// The most characters of a label's value. Our choice: names of registries and repositories are shorter, but labels of
/// images can have any length.
const LONGEST_VALUE: usize = 256;

/// A gauge or a counter with all its series.
pub(super) struct Family {
    name: String,
    help: &'static str,
    kind: MetricType,
    metrics: Vec<Metric>,
}

impl Family {
    pub(super) fn new(name: impl Into<String>, help: &'static str) -> Self {
        Self {
            name: name.into(),
            help,
            kind: MetricType::GAUGE,
            metrics: Vec::new(),
        }
    }

    /// A counter, whose name ends with `_total`.
    pub(super) fn counter(name: &'static str, help: &'static str) -> Self {
        Self {
            kind: MetricType::COUNTER,
            ..Self::new(name, help)
        }
    }

    /// Adds a series.
    pub(super) fn set(&mut self, labels: &[Label<'_>], value: f64) {
        let labels = labels.iter().map(|&(name, value)| {
            let mut label = LabelPair::default();
            label.set_name(name.to_owned());
            label.set_value(printable(value).chars().take(LONGEST_VALUE).collect());
            label
        });
        let mut metric = Metric::from_label(labels.collect());
        if self.kind == MetricType::COUNTER {
            let mut counter = Counter::default();
            counter.set_value(value);
            metric.set_counter(counter);
        } else {
            let mut gauge = Gauge::default();
            gauge.set_value(value);
            metric.set_gauge(gauge);
        }
        self.metrics.push(metric);
    }

    /// The finished family; `None` if it has no series, because an empty family must not be written.
    pub(super) fn finish(self) -> Option<MetricFamily> {
        if self.metrics.is_empty() {
            return None;
        }
        let mut family = MetricFamily::default();
        family.set_name(self.name);
        family.set_help(self.help.to_owned());
        family.set_field_type(self.kind);
        family.set_metric(self.metrics);
        Some(family)
    }
}

/// A gauge of money: one family per currency, with the currency as the last part of the name.
pub(super) struct MoneyFamily {
    stem: String,
    help: &'static str,
    by_currency: BTreeMap<Currency, Family>,
}

impl MoneyFamily {
    pub(super) fn new(stem: impl Into<String>, help: &'static str) -> Self {
        Self {
            stem: stem.into(),
            help,
            by_currency: BTreeMap::new(),
        }
    }

    /// Adds a series.
    pub(super) fn set(&mut self, labels: &[Label<'_>], amount: Money) {
        let currency = amount.currency();
        // Every decimal has a nearest float.
        let value = amount.amount().to_f64().unwrap_or(f64::NAN);
        self.by_currency
            .entry(currency)
            .or_insert_with(|| {
                let name = format!("{}_{}", self.stem, currency.code().to_ascii_lowercase());
                Family::new(name, self.help)
            })
            .set(labels, value);
    }

    pub(super) fn finish(self) -> impl Iterator<Item = MetricFamily> {
        self.by_currency.into_values().filter_map(Family::finish)
    }
}

/// A moment in Unix seconds.
pub(super) fn timestamp(moment: DateTime<Utc>) -> f64 {
    moment.timestamp_millis() as f64 / 1000.0
}

/// Families with one series each, in the given order.
pub(super) fn single(
    name: &'static str,
    help: &'static str,
    labels: &[Label<'_>],
    value: f64,
) -> Option<MetricFamily> {
    let mut family = Family::new(name, help);
    family.set(labels, value);
    family.finish()
}
