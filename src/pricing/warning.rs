use std::fmt;

use chrono::{DateTime, NaiveDate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::book::PriceBook;
use super::usage::UsageHistory;
use crate::units::Period;

/// A remark that must accompany an amount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[schemars(rename = "PriceWarning")]
pub enum Warning {
    /// The period extends past the last day for which the book's prices are known.
    BookExpired {
        /// The book's id.
        book: String,
        /// The last day its prices are known to be valid.
        valid_until: NaiveDate,
    },
    /// The period starts before the book's prices became valid.
    BookNotYetValid {
        /// The book's id.
        book: String,
        /// The first day its prices are valid.
        valid_from: NaiveDate,
    },
    /// Nothing was measured before this day; the first reading is assumed for earlier days.
    AssumedBefore {
        /// The day of the first reading.
        day: NaiveDate,
    },
    /// Nothing was measured after this day; the last reading is assumed for later days.
    AssumedAfter {
        /// The day of the last complete crawl.
        day: NaiveDate,
    },
    /// More was stored than the plan allows.
    LimitExceeded {
        /// The book's id.
        book: String,
        /// The exceeded limit, as a sentence.
        what: String,
    },
    /// The repositories are taken to be pulled more often than the whole registry was.
    PullsAboveTotal {
        /// How often they are taken to be pulled, all together.
        taken: u64,
        /// How often the registry says that it was.
        counted: u64,
    },
}

/// All warnings of a bill.
pub(super) fn for_bill(book: &PriceBook, usage: &UsageHistory, period: Period) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if period.start() < book.valid_from {
        warnings.push(Warning::BookNotYetValid {
            book: book.id.clone(),
            valid_from: book.valid_from,
        });
    }
    // The period's end is exclusive, so a book valid until its last day suffices.
    if period
        .end()
        .pred_opt()
        .is_some_and(|last| last > book.valid_until)
    {
        warnings.push(Warning::BookExpired {
            book: book.id.clone(),
            valid_until: book.valid_until,
        });
    }
    let (start, end) = period.epoch_seconds();
    if let Some((first, last)) = usage.stored.bounds() {
        if first > start {
            warnings.extend(day_of(first).map(|day| Warning::AssumedBefore { day }));
        }
        if last < end {
            warnings.extend(day_of(last).map(|day| Warning::AssumedAfter { day }));
        }
    }
    for what in exceeded(book, usage, period) {
        warnings.push(Warning::LimitExceeded {
            book: book.id.clone(),
            what,
        });
    }
    warnings
}

/// The limits of a plan that the usage exceeds, as sentences.
pub(super) fn exceeded(book: &PriceBook, usage: &UsageHistory, period: Period) -> Vec<String> {
    let mut exceeded = Vec::new();
    let peak = usage.stored.peak(period);
    if let Some(limit) = book.limits.storage.filter(|&limit| peak > limit) {
        exceeded.push(format!("it stores at most {limit}, and {peak} were stored"));
    }
    let repositories = usage.repositories;
    if let Some(limit) = book.limits.repositories.filter(|&limit| repositories > limit) {
        exceeded.push(format!(
            "it holds at most {limit} repositories, and there are {repositories}"
        ));
    }
    exceeded
}

fn day_of(epoch_seconds: i64) -> Option<NaiveDate> {
    DateTime::from_timestamp(epoch_seconds, 0).map(|moment| moment.date_naive())
}

impl fmt::Display for Warning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BookExpired { book, valid_until } => write!(
                formatter,
                "the prices of `{book}` are known only until {valid_until}; check them and set a later valid_until"
            ),
            Self::BookNotYetValid { book, valid_from } => {
                write!(
                    formatter,
                    "the prices of `{book}` hold from {valid_from}; earlier days may have cost other amounts"
                )
            }
            Self::AssumedBefore { day } => {
                write!(
                    formatter,
                    "nothing was measured before {day}; the first reading is taken to hold from the start"
                )
            }
            Self::AssumedAfter { day } => {
                write!(
                    formatter,
                    "nothing was measured after {day}; the last reading is taken to hold until the end"
                )
            }
            Self::LimitExceeded { book, what } => write!(formatter, "the plan `{book}` does not fit: {what}"),
            Self::PullsAboveTotal { taken, counted } => write!(
                formatter,
                "repositories are taken to be pulled {taken} times, but by its own metrics the registry was pulled {counted} times in all; \
                 lower the assumed pulls, since transfer is too high"
            ),
        }
    }
}
