use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::Serialize;

use super::PriceBook;
use crate::units::Currency;

/// What a list says of a price book. Keys of its JSON are added, never renamed or removed.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
pub struct BookSummary<'a> {
    /// The identifier that settings and other books use, such as `aws-ecr`.
    pub id: &'a str,
    /// Its edition.
    pub version: &'a str,
    /// Its name for people.
    pub title: &'a str,
    /// Who sells it.
    pub provider: &'a str,
    /// What is sold.
    pub service: &'a str,
    /// The currency of every price.
    pub currency: Currency,
    /// Where its prices were read.
    pub source: &'a str,
    /// When its prices were read.
    pub source_date: NaiveDate,
    /// The first day its prices hold.
    pub valid_from: NaiveDate,
    /// The last day its prices are known to hold.
    pub valid_until: NaiveDate,
}

impl PriceBook {
    /// What a list says of it.
    pub fn summary(&self) -> BookSummary<'_> {
        BookSummary {
            id: &self.id,
            version: &self.version,
            title: &self.title,
            provider: &self.provider,
            service: &self.service,
            currency: self.currency,
            source: &self.source,
            source_date: self.source_date,
            valid_from: self.valid_from,
            valid_until: self.valid_until,
        }
    }
}
