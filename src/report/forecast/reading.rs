//! What a forecast reads, and why two readings cannot be compared.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;
use strum::IntoStaticStr;

use crate::units::Money;

/// What a registry cost at the level of one crawl, and what that amount rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CostReading {
    /// The moment of the crawl.
    pub as_of: DateTime<Utc>,
    /// The cost of a month at that level.
    pub cost: Money,
    /// The price book with its edition.
    pub price_book: String,
    /// The number of repositories.
    pub repositories: usize,
    /// How many of them had pulls, counted or assumed.
    pub pulled_repositories: usize,
}

/// Why a month cannot be compared with the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, IntoStaticStr, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum NotComparable {
    /// The pulls of many repositories became known, or are no longer known.
    Pulls,
    /// Another price book, or another edition of it, priced the month.
    PriceBook,
}
