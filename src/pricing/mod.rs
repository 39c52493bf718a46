//! Bytes to money: price books, bills, and what follows from them.
//!
//! A [`PriceBook`] says what a seller asks, a [`UsageHistory`] what was stored and moved, and [`bill`] draws
//! up what that costs over a [`Period`]. Arithmetic is exact: quantities are integers cut once to nine
//! decimals, and a cost is its unit price times its quantity to the last digit. Nothing is rounded to cents
//! here; see [`Money`](crate::units::Money) for how it is shown.

mod bill;
mod book;
mod error;
mod fee;
mod history;
mod line;
mod meter;
mod period;
mod storage;
mod transfer;
mod unit;
mod usage;
mod warning;

pub use bill::{Bill, bill};
pub use book::{
    Fee, FeeBasis, Limits, Pool, PriceBook, Rate, ReplicaCharge, StorageCharge, StorageClass, Tier,
    TransferCharge, Zone,
};
pub use error::PricingError;
pub use history::{ByteHistory, NoReading};
pub use line::{Charge, Line};
pub use meter::QUANTITY_DECIMALS;
pub use period::{EmptyPeriod, Period, SECONDS_PER_DAY, Window};
pub use unit::{ByteUnit, MonthConvention, Per};
pub use usage::{MovedBytes, RetrievedBytes, UsageHistory};
pub use warning::Warning;
