use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::units::{Money, Period};

use super::bill::{Bill, bill};
use super::book::PriceBook;
use super::error::PricingError;
use super::library::PriceBooks;
use super::usage::UsageHistory;
use super::warning::{self, Warning};

/// A cheaper plan of the same product that fits the usage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CheaperPlan {
    /// The id of its price book.
    pub book: String,
    /// Its name for people.
    pub title: String,
    /// The cost of the period on this plan.
    pub total: Money,
    /// How much more the current plan costs.
    pub saving: Money,
    /// Features of the current plan that this one lacks.
    pub features_lost: Vec<String>,
    /// The warnings of its bill.
    pub warnings: Vec<Warning>,
}

/// The plans of the same family that would cost less for this usage, cheapest first.
///
/// A plan fits if the usage stays within its limits on every day of the period, and if it offers replicas and storage
/// classes if they are used. Pass the usage on Alpine to see which plans would fit then.
///
/// # Errors
/// As for [`bill`](super::bill).
pub fn cheaper_plans(
    current: &PriceBook,
    books: &PriceBooks,
    usage: &UsageHistory,
    period: Period,
) -> Result<Vec<CheaperPlan>, PricingError> {
    let now = bill(current, usage, period)?.total;
    let mut plans = Vec::new();
    let others: BTreeSet<&str> = books
        .iter()
        .filter(|book| book.family == current.family && book.id != current.id)
        .map(|book| book.id.as_str())
        .collect();
    for book in others
        .into_iter()
        .filter_map(|id| books.get(id, period.start()).ok())
    {
        if book.currency != current.currency || !fits(book, usage, period) {
            continue;
        }
        let Bill { total, warnings, .. } = bill(book, usage, period)?;
        if total.amount() < now.amount() {
            let lost = current
                .features
                .iter()
                .filter(|feature| !book.features.contains(feature));
            plans.push(CheaperPlan {
                book: book.id.clone(),
                title: book.title.clone(),
                total,
                saving: now.checked_sub(total)?,
                features_lost: lost.cloned().collect(),
                warnings,
            });
        }
    }
    plans.sort_by(|one, other| {
        one.total
            .amount()
            .cmp(&other.total.amount())
            .then(one.book.cmp(&other.book))
    });
    Ok(plans)
}

fn fits(book: &PriceBook, usage: &UsageHistory, period: Period) -> bool {
    let replicated = usage.replicas.is_empty() || book.replicas.is_some();
    let classed = usage.classes.keys().all(|class| book.class(class).is_some());
    let zoned = usage.moved.iter().all(|moved| book.zone(&moved.zone).is_some());
    replicated && classed && zoned && warning::exceeded(book, usage, period).is_empty()
}
