use chrono::NaiveDate;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::units::{ByteCount, Currency, Window};

use super::unit::{ByteUnit, MonthConvention, Per};

/// A seller's prices for storing and moving bytes: one plan in one currency over one span of time.
///
/// Read by [`PriceBooks`](super::PriceBooks), which accepts only valid books: tiers without gaps, no negative prices,
/// dates in order. Bills rely on that. A book is saved whole (serde) with a closed month, so that the month can be
/// reproduced even if the file is edited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(description = "A price book in one edition.")]
pub struct PriceBook {
    /// The id by which settings and other books refer to it, such as `aws-ecr`.
    pub id: String,
    /// The edition of the book.
    pub version: String,
    /// The name for people.
    pub title: String,
    /// The seller, as FOCUS's ProviderName.
    pub provider: String,
    /// The product, as FOCUS's ServiceName.
    pub service: String,
    /// The product family. A registry can move between plans of one family.
    pub family: String,
    /// The currency of every price in the book.
    pub currency: Currency,
    /// Where the prices were read.
    pub source: String,
    /// The day they were read.
    pub source_date: NaiveDate,
    /// The first day the prices are valid.
    pub valid_from: NaiveDate,
    /// The last day they are known to be valid. Later use adds a warning.
    pub valid_until: NaiveDate,
    /// The unit of stored bytes.
    pub unit: ByteUnit,
    /// The length of the month in a price per month.
    pub month: MonthConvention,
    /// The flat fee of the plan; null if there is none.
    pub fee: Option<Fee>,
    /// The price of stored bytes.
    pub storage: StorageCharge,
    /// Other storage classes, such as an archive.
    pub classes: Vec<StorageClass>,
    /// The price of a replica in another region; null if the plan offers none.
    pub replicas: Option<ReplicaCharge>,
    /// The price of bytes moved out.
    pub transfer: TransferCharge,
    /// The limits of the plan.
    pub limits: Limits,
    /// The plan's features that other plans may lack, in the seller's words.
    pub features: Vec<String>,
    /// Notes for readers of the bill.
    pub notes: Vec<String>,
}

/// A flat fee, independent of how much is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Fee {
    /// The amount, in the book's currency.
    pub price: Decimal,
    /// The interval. A fee per month is for a calendar month, whatever the convention for storage.
    pub per: Per,
    /// What it is multiplied by.
    pub each: FeeBasis,
}

/// What a flat fee is multiplied by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FeeBasis {
    /// Charged once per registry.
    Registry,
    /// Charged per user.
    Seat,
    /// Charged once for all registries of an account.
    Account,
}

/// The scope over which usage is summed before quota and tiers apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Pool {
    /// Each registry on its own.
    Registry,
    /// All registries (for transfer: all services) of the account together.
    Account,
}

/// One tier of a price list: `from` ≤ level < `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tier {
    /// The start of the tier, in bytes.
    pub from: u64,
    /// The end of the tier, in bytes; null for the last tier.
    pub to: Option<u64>,
    /// The price of a unit within the tier, in the book's currency.
    pub price: Decimal,
}

/// Prices by level. Everything below `included` is free, whichever tier it falls into.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Rate {
    /// The quota or free allowance, in bytes.
    pub included: u64,
    /// The tiers from zero upwards without gap or overlap; the last has no end.
    pub tiers: Vec<Tier>,
}

/// The price of stored bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StorageCharge {
    /// The meter's name on the seller's bill.
    pub meter: String,
    /// The interval of the price.
    pub per: Per,
    /// The span over which the level is averaged before quota and tiers apply.
    pub window: Window,
    /// The scope over which the level is summed.
    pub pool: Pool,
    /// The prices.
    pub rate: Rate,
}

/// A storage class other than the default one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StorageClass {
    /// The name by which usage refers to it.
    pub name: String,
    /// The prices of storage.
    pub charge: StorageCharge,
    /// The price of retrieving a unit.
    pub retrieval: Decimal,
    /// How many days each byte is charged for at least. Stated but not computed: deletions are not tracked.
    pub minimum_days: u32,
}

/// The price of a replica in another region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReplicaCharge {
    /// The flat fee of each region beyond the first; null if there is none.
    pub fee: Option<Fee>,
    /// The price of the replica's bytes; null if replicas are charged by the fee alone.
    pub storage: Option<StorageCharge>,
}

/// The price of bytes moved out of the registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TransferCharge {
    /// The unit of traffic.
    pub unit: ByteUnit,
    /// The scope over which traffic is summed, per calendar month.
    pub pool: Pool,
    /// The destinations. Every shipped book has `same-region`, `other-region` and `internet`.
    pub zones: Vec<Zone>,
}

/// A destination of traffic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Zone {
    /// The name by which usage refers to it.
    pub name: String,
    /// The meter's name on the seller's bill.
    pub meter: String,
    /// The prices per unit, by the traffic to this destination in the calendar month.
    pub rate: Rate,
}

/// The limits of a plan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Limits {
    /// Stored bytes; null if there is no limit.
    pub storage: Option<ByteCount>,
    /// Number of repositories; null if there is no limit.
    pub repositories: Option<u64>,
}

impl PriceBook {
    /// The storage class with this name.
    pub fn class(&self, name: &str) -> Option<&StorageClass> {
        self.classes.iter().find(|class| class.name == name)
    }

    /// The zone with this name.
    pub fn zone(&self, name: &str) -> Option<&Zone> {
        self.transfer.zones.iter().find(|zone| zone.name == name)
    }
}
