use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::units::{ByteCount, Currency, Window};

use super::unit::{ByteUnit, MonthConvention, Per};

/// What a seller asks for keeping and moving bytes: one plan in one currency over one span of time.
///
/// Comes out of [`PriceBooks`](super::PriceBooks), which lets only sound ones through: tiers without a gap,
/// no negative price, dates in order. Bills rely on that. It can be kept whole (serde) with a
/// closed month, so that the month reproduces even if the file is edited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceBook {
    /// The name by which settings and other books refer to it, such as `aws-ecr`.
    pub id: String,
    /// Which edition of the book it is; kept with every statement drawn up from it.
    pub version: String,
    /// The name for people.
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
    /// The last day they are known to hold; used beyond it only with a warning.
    pub valid_until: NaiveDate,
    /// How many bytes the seller's "GB" of storage has.
    pub unit: ByteUnit,
    /// How long the month of a price per month is.
    pub month: MonthConvention,
    /// The flat fee of the plan, if it has one.
    pub fee: Option<Fee>,
    /// The price of stored bytes.
    pub storage: StorageCharge,
    /// Other classes of storage, such as an archive.
    pub classes: Vec<StorageClass>,
    /// What a copy in another region costs; none where the plan offers no copies.
    pub replicas: Option<ReplicaCharge>,
    /// The price of bytes moved out.
    pub transfer: TransferCharge,
    /// What the plan does not allow to exceed.
    pub limits: Limits,
    /// What the plan can do that others may not, in the seller's words.
    pub features: Vec<String>,
    /// What a reader of the bill should know about these prices.
    pub notes: Vec<String>,
}

/// A flat fee, however little is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fee {
    /// How much, in the book's currency.
    pub price: Decimal,
    /// For how long. A fee per month is for a calendar month, whatever the convention for storage.
    pub per: Per,
    /// For what.
    pub each: FeeBasis,
}

/// What a flat fee is multiplied by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeeBasis {
    /// Once for the registry.
    Registry,
    /// For each user.
    Seat,
}

/// Over how much a seller adds up before looking at quota and tiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pool {
    /// Each registry by itself.
    Registry,
    /// All registries (or, for transfer, all services) of the account together.
    Account,
}

/// One step of a price list, by the level reached: `from` ≤ level < `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tier {
    /// Where the tier begins, in bytes.
    pub from: u64,
    /// Where it ends, in bytes; none for the last.
    pub to: Option<u64>,
    /// The price of a unit within it, in the book's currency.
    pub price: Decimal,
}

/// Prices by level. What lies below `included` costs nothing, whichever tier it falls into.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    /// The quota or free allowance, in bytes.
    pub included: u64,
    /// From zero upwards without gap or overlap; the last has no end.
    pub tiers: Vec<Tier>,
}

/// The price of stored bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StorageCharge {
    /// The name of the meter on the seller's bill.
    pub meter: String,
    /// For how long a price is.
    pub per: Per,
    /// Over which span the level is averaged before it is held against quota and tiers.
    pub window: Window,
    /// Over how much the level is added up.
    pub pool: Pool,
    /// The prices.
    pub rate: Rate,
}

/// A class of storage other than the ordinary one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StorageClass {
    /// The name by which usage refers to it.
    pub name: String,
    /// The prices of keeping.
    pub charge: StorageCharge,
    /// The price of reading a unit back.
    pub retrieval: Decimal,
    /// How many days each byte is charged for at least. Said, not reckoned with: deletions are not tracked.
    pub minimum_days: u32,
}

/// What a copy in another region costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplicaCharge {
    /// The flat fee of each region beyond the first.
    pub fee: Option<Fee>,
    /// The price of what a copy keeps; none where copies are charged by the fee alone.
    pub storage: Option<StorageCharge>,
}

/// The price of bytes moved out of the registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferCharge {
    /// How many bytes the seller's "GB" of traffic has.
    pub unit: ByteUnit,
    /// Over how much traffic is added up, each calendar month.
    pub pool: Pool,
    /// The places bytes go to. Every shipped book has `same-region`, `other-region` and `internet`.
    pub zones: Vec<Zone>,
}

/// A place bytes go to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Zone {
    /// The name by which usage refers to it.
    pub name: String,
    /// The name of the meter on the seller's bill.
    pub meter: String,
    /// The prices per unit, by what has been moved there in the calendar month.
    pub rate: Rate,
}

/// What a plan does not allow to exceed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Stored bytes.
    pub storage: Option<ByteCount>,
    /// Repositories.
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
}
