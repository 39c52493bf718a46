use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use crate::units::{Currency, Money, exact_sum};

use super::error::PricingError;
use super::meter::{self, Band, Billionths};

/// What a line of a bill is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Charge {
    /// The flat fee of the plan.
    Fee,
    /// The flat fee of a copy in another region.
    ReplicaFee,
    /// Stored bytes within the quota, at no price.
    IncludedStorage,
    /// Stored bytes that are paid for.
    Storage,
    /// Bytes of a copy within its quota, at no price.
    IncludedReplicaStorage,
    /// Bytes of a copy that are paid for.
    ReplicaStorage,
    /// Bytes read back from another class of storage.
    Retrieval,
    /// Bytes moved within the free allowance, at no price.
    IncludedTransfer,
    /// Bytes moved that are paid for.
    Transfer,
}

impl Charge {
    /// The word for it, as in serialized bills.
    pub const fn as_str(self) -> &'static str {
        self.into_str()
    }

    /// Whether the charge follows from stored bytes.
    pub const fn is_storage(self) -> bool {
        matches!(
            self,
            Self::IncludedStorage | Self::Storage | Self::IncludedReplicaStorage | Self::ReplicaStorage
        )
    }

    /// Whether the charge is the same however much is stored or moved.
    pub const fn is_fee(self) -> bool {
        matches!(self, Self::Fee | Self::ReplicaFee)
    }

    /// Whether the charge follows from moved bytes.
    pub const fn is_transfer(self) -> bool {
        matches!(self, Self::IncludedTransfer | Self::Transfer)
    }

    /// Whether the line is quota or free allowance.
    pub const fn is_included(self) -> bool {
        matches!(
            self,
            Self::IncludedStorage | Self::IncludedReplicaStorage | Self::IncludedTransfer
        )
    }
}

/// One line of a bill. `cost` is `unit_price` × `quantity` to the last digit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// What it is for.
    pub charge: Charge,
    /// The name of the meter on the seller's bill, as FOCUS's SkuMeter.
    pub meter: String,
    /// The region of a copy, the zone of moved bytes, the class of storage; none for the ordinary.
    pub place: Option<String>,
    /// How much, to at most nine decimals.
    pub quantity: Decimal,
    /// Of what, as FOCUS's PricingUnit: `GiB-Days`, `GB-Months`, `GB`, `Days`, `User-Months`.
    pub unit: String,
    /// The price of one unit.
    pub unit_price: Money,
    /// The exact cost.
    pub cost: Money,
    /// Of what is included: what it would have cost had nothing been included.
    pub worth: Option<Money>,
}

/// What the lines of one meter have in common.
#[derive(Debug, Clone, Copy)]
pub(super) struct Meter<'a> {
    pub(super) name: &'a str,
    pub(super) place: Option<&'a str>,
    pub(super) unit: &'a str,
    pub(super) currency: Currency,
    /// The charge of what is included and of what is paid.
    pub(super) included: Charge,
    pub(super) paid: Charge,
}

impl Meter<'_> {
    /// A line of so many billionths at a price.
    pub(super) fn line(
        &self,
        charge: Charge,
        quantity: Billionths,
        price: Decimal,
    ) -> Result<Line, PricingError> {
        let quantity = meter::decimal(quantity)?;
        let unit_price = Money::new(price, self.currency);
        Ok(Line {
            charge,
            meter: self.name.to_owned(),
            place: self.place.map(str::to_owned),
            quantity,
            unit: self.unit.to_owned(),
            unit_price,
            cost: unit_price.checked_mul(quantity)?,
            worth: None,
        })
    }

    /// A line for each band in which something was counted. Bands of one price stay apart, because an
    /// invoice shows them so.
    pub(super) fn lines(&self, counted: &[Counted]) -> Result<Vec<Line>, PricingError> {
        let mut lines = Vec::new();
        for count in counted.iter().filter(|count| count.quantity > 0) {
            let charge = if count.band.included {
                self.included
            } else {
                self.paid
            };
            let mut line = self.line(charge, count.quantity, count.band.price)?;
            if count.band.included {
                line.worth = Some(Money::new(count.worth, self.currency));
            }
            lines.push(line);
        }
        Ok(lines)
    }
}

/// What a meter counted within a band.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counted {
    pub(super) band: Band,
    pub(super) quantity: Billionths,
    /// Of an included band: what it would have cost by the tiers it pushed aside.
    pub(super) worth: Decimal,
}

impl Counted {
    pub(super) fn nothing(band: Band) -> Self {
        Self {
            band,
            quantity: 0,
            worth: Decimal::ZERO,
        }
    }

    pub(super) fn add(&mut self, quantity: Billionths, worth: Decimal) -> Result<(), PricingError> {
        self.quantity = self
            .quantity
            .checked_add(quantity)
            .ok_or(PricingError::Overflow)?;
        self.worth = exact_sum(self.worth, worth)?;
        Ok(())
    }
}
