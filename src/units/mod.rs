//! Exact quantities: bytes, money, counts of requests.
//!
//! Nothing in this room is ever a float, and every sum is checked: a registry that claims sizes which
//! overflow gets an error, not a small total. Money keeps every digit until it is shown.

mod apportion;
mod byte_count;
mod currency;
mod exact;
mod money;
mod request_counts;

pub use apportion::{NoWeight, apportion, apportion_signed};
pub use byte_count::{ByteCount, ByteOverflow};
pub use currency::{Currency, UnknownCurrency};
pub use exact::{Inexact, exact_product, exact_sum};
pub use money::{Money, MoneyError, round_rows};
pub use request_counts::RequestCounts;
