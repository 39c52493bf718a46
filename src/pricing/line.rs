use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use crate::units::{Currency, Money};

use super::error::PricingError;
use super::meter::{self, BandUsage, Billionths};

/// The kind of charge in a line of a bill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Charge {
    /// The flat fee of the plan.
    Fee,
    /// The flat fee of a replica in another region.
    ReplicaFee,
    /// Stored bytes within the quota, free of charge.
    IncludedStorage,
    /// Stored bytes that are charged.
    Storage,
    /// A replica's bytes within its quota, free of charge.
    IncludedReplicaStorage,
    /// A replica's bytes that are charged.
    ReplicaStorage,
    /// Bytes retrieved from another storage class.
    Retrieval,
    /// Bytes moved within the free allowance, free of charge.
    IncludedTransfer,
    /// Bytes moved that are charged.
    Transfer,
}

impl Charge {
    /// The kind as a word, as in serialized bills.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Whether the charge depends on stored bytes.
    pub const fn is_storage(self) -> bool {
        matches!(
            self,
            Self::IncludedStorage | Self::Storage | Self::IncludedReplicaStorage | Self::ReplicaStorage
        )
    }

    /// Whether the charge is a flat fee.
    pub const fn is_fee(self) -> bool {
        matches!(self, Self::Fee | Self::ReplicaFee)
    }

    /// Whether the charge depends on moved bytes.
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
    /// The kind of charge.
    pub charge: Charge,
    /// The meter's name on the seller's bill, as FOCUS's SkuMeter.
    pub meter: String,
    /// The region of a replica, the zone of moved bytes or the storage class; null for the default class.
    pub place: Option<String>,
    /// The quantity, to at most nine decimals.
    pub quantity: Decimal,
    /// The unit of the quantity, as FOCUS's PricingUnit: `GiB-Days`, `GB-Months`, `GB`, `Days`, `User-Months`.
    pub unit: String,
    /// The price of one unit.
    pub unit_price: Money,
    /// The exact cost.
    pub cost: Money,
    /// For included quantities: what they would have cost without quota or allowance.
    pub worth: Option<Money>,
}

/// The common properties of the lines of one meter.
#[derive(Debug, Clone, Copy)]
pub(super) struct Meter<'a> {
    pub(super) name: &'a str,
    pub(super) place: Option<&'a str>,
    pub(super) unit: &'a str,
    pub(super) currency: Currency,
    /// The charge for included and for paid quantities.
    pub(super) included: Charge,
    pub(super) paid: Charge,
}

impl Meter<'_> {
    /// A line of a quantity in billionths at a price.
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

    /// A line for each band with a quantity. Bands with the same price stay separate, as on an invoice.
    pub(super) fn lines(&self, counted: &[BandUsage]) -> Result<Vec<Line>, PricingError> {
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
