//! Converts bytes to money: price books, bills, and what follows from them.
//!
//! A [`PriceBook`] holds a seller's prices, a [`UsageHistory`] what was stored and moved, and [`bill`] computes the cost
//! over a [`Period`]. Arithmetic is exact: quantities are integers, cut once to nine decimals, and a cost is its unit
//! price times its quantity to the last digit. Nothing is rounded to cents here; see [`Money`](crate::units::Money).

mod allocation;
mod bill;
mod book;
mod document;
mod error;
mod fault;
mod fee;
mod history;
mod library;
mod line;
mod marginal;
mod meter;
mod parse;
mod plans;
mod price_reader;
mod pulls;
mod retail;
mod retail_book;
mod saving;
mod section;
mod shipped;
mod storage;
mod suggestion;
mod summary;
mod transfer;
mod unit;
mod usage;
mod warning;

pub use allocation::{
    AllocatedPart, AllocatedRow, Allocation, AllocationRules, AllocationTarget, AllocationTargets, Rule,
    allocate,
};
pub use bill::{Bill, bill};
pub use book::{
    Fee, FeeBasis, Limits, Pool, PriceBook, Rate, ReplicaCharge, StorageCharge, StorageClass, Tier,
    TransferCharge, Zone,
};
pub use error::PricingError;
pub use fault::{BookFault, BookFaults};
pub use history::{ByteHistory, NoReading};
pub use library::{PriceBooks, UnknownBook};
pub use line::{Charge, Line};
pub use marginal::{UnitCosts, unit_costs};
pub use meter::QUANTITY_DECIMALS;
pub use plans::{CheaperPlan, cheaper_plans};
pub use pulls::{Destinations, MovedEstimate, Pulls, Share, pull_milliseconds};
pub use retail::RetailError;
pub use retail_book::{AcrPlan, ImportedBook, RetailChoice, import_retail_prices};
pub use saving::{Effort, NoSaving, Payback, Saving, payback, saving};
pub use suggestion::suggested_book;
pub use summary::BookSummary;
pub use unit::{ByteUnit, MonthConvention, Per};
pub use usage::{MovedBytes, RetrievedBytes, UsageHistory};
pub use warning::Warning;

pub use crate::units::{EmptyPeriod, Period, SECONDS_PER_DAY, Window};

#[cfg(test)]
mod book_tests;
#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod retail_tests;
#[cfg(test)]
mod worked_bills;
