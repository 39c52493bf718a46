use chrono::NaiveDate;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::units::{ByteCount, Currency};

use super::period::{Period, Window};
use super::unit::{ByteUnit, MonthConvention, Per};

/// What a seller asks for keeping and moving bytes: one plan in one currency over one span of time.
///
/// Comes out of [`PriceBooks`](super::PriceBooks), which lets only sound ones through: tiers without a gap,
/// no negative price, dates in order. Bills rely on that. It can be kept whole (serde) with a
/// closed month, so that the month reproduces even if the file is edited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(description = "A price book in one edition.")]
pub struct PriceBook {
    /// The identifier that settings and other books use, such as `aws-ecr`.
    pub id: String,
    /// Its edition.
    pub version: String,
    /// Its name for people.
    pub title: String,
    /// Who sells it, as FOCUS's ProviderName.
    pub provider: String,
    /// What is sold, as FOCUS's ServiceName.
    pub service: String,
    /// Books of one family are plans of one product, between which a registry can move.
    pub family: String,
    /// The currency of every price in the book.
    pub currency: Currency,
    /// Where the prices were read.
    pub source: String,
    /// The day they were read.
    pub source_date: NaiveDate,
    /// The first day the prices hold.
    pub valid_from: NaiveDate,
    /// The last day they are known to hold. Later amounts carry a warning.
    pub valid_until: NaiveDate,
    /// The unit of stored bytes.
    pub unit: ByteUnit,
    /// What counts as a month where a price is per month.
    pub month: MonthConvention,
    /// The flat fee of the plan; null where it has none.
    pub fee: Option<Fee>,
    /// The price of stored bytes.
    pub storage: StorageCharge,
    /// Other classes of storage, such as an archive.
    pub classes: Vec<StorageClass>,
    /// What a copy in another region costs; null where the plan offers no copies.
    pub replicas: Option<ReplicaCharge>,
    /// The price of bytes moved out.
    pub transfer: TransferCharge,
    /// The limits of the plan.
    pub limits: Limits,
    /// What the plan can do that others may not, in the seller's words.
    pub features: Vec<String>,
    /// What a reader of the bill should know about these prices.
    pub notes: Vec<String>,
}

/// A flat fee, however little is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Fee {
    /// How much, in the book's currency.
    pub price: Decimal,
    /// The span of time that the fee is for. A month is a calendar month here, whatever `month` of the book says.
    pub per: Per,
    /// What the fee is charged for.
    pub each: FeeBasis,
}

/// What a flat fee is multiplied by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FeeBasis {
    /// Once for the registry.
    Registry,
    /// For each user.
    Seat,
}

/// What a seller adds up before quota and tiers apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Pool {
    /// Each registry by itself.
    Registry,
    /// All registries (or, for transfer, all services) of the account together.
    Account,
}

/// One step of a price list: it applies where `from` ≤ level < `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tier {
    /// Where the tier begins, in bytes.
    pub from: u64,
    /// Where the tier ends, in bytes; null for the last.
    pub to: Option<u64>,
    /// The price of a unit within it, in the book's currency.
    pub price: Decimal,
}

/// Prices by level. What lies below `included` costs nothing, whichever tier it falls into.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Rate {
    /// The quota or free allowance, in bytes.
    pub included: u64,
    /// From zero upwards without gap or overlap; the last has no end.
    pub tiers: Vec<Tier>,
}

/// The price of stored bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StorageCharge {
    /// The name of the meter on the seller's bill.
    pub meter: String,
    /// The span of time that a price is for.
    pub per: Per,
    /// The span over which the level is averaged before quota and tiers apply.
    pub window: Window,
    /// What the level is added up over.
    pub pool: Pool,
    /// The prices.
    pub rate: Rate,
}

/// A class of storage other than the ordinary one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StorageClass {
    /// The name by which usage refers to it.
    pub name: String,
    /// The prices of keeping.
    pub charge: StorageCharge,
    /// The price of reading a unit back.
    pub retrieval: Decimal,
    /// The number of days each byte is charged for at least. Amounts do not include it, because deletions are not tracked.
    pub minimum_days: u32,
}

/// What a copy in another region costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReplicaCharge {
    /// The flat fee of each region beyond the first; null where there is none.
    pub fee: Option<Fee>,
    /// The price of what a copy stores; null where copies are charged by the fee alone.
    pub storage: Option<StorageCharge>,
}

/// The price of bytes moved out of the registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TransferCharge {
    /// The unit of moved bytes.
    pub unit: ByteUnit,
    /// What traffic is added up over, each calendar month.
    pub pool: Pool,
    /// The places bytes go to. Every shipped book has `same-region`, `other-region` and `internet`.
    pub zones: Vec<Zone>,
}

/// A place bytes go to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Zone {
    /// The name by which usage refers to it.
    pub name: String,
    /// The name of the meter on the seller's bill.
    pub meter: String,
    /// The prices per unit, by what has been moved there in the calendar month.
    pub rate: Rate,
}

/// The limits of a plan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Limits {
    /// Stored bytes; null where there is no limit.
    pub storage: Option<ByteCount>,
    /// Repositories; null where there is no limit.
    pub repositories: Option<u64>,
}

impl PriceBook {
    /// The class of a name.
    pub fn class(&self, name: &str) -> Option<&StorageClass> {
        self.classes.iter().find(|class| class.name == name)
    }

    /// The zone of a name.
    pub fn zone(&self, name: &str) -> Option<&Zone> {
        self.transfer.zones.iter().find(|zone| zone.name == name)
    }

    /// Whether the prices are known to hold on every day of a period.
    pub fn is_valid_for(&self, period: Period) -> bool {
        self.valid_from <= period.start()
            && period.end() <= self.valid_until.succ_opt().unwrap_or(NaiveDate::MAX)
    }
}
