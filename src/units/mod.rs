//! Exact quantities: bytes, money and billing periods in whole days.
//!
//! Nothing in this room is ever a float, and every sum is checked: a registry that claims sizes which
//! overflow gets an error, not a small total. Money keeps every digit until it is shown.

mod apportion;
mod byte_count;
mod currency;
mod exact;
mod money;
mod period;

pub use apportion::{NoWeight, apportion, apportion_signed};
pub use byte_count::{ByteCount, ByteOverflow};
pub use currency::{Currency, UnknownCurrency};
pub use exact::{Inexact, exact_product, exact_sum};
pub use money::{Money, MoneyError, round_rows};
pub use period::{EmptyPeriod, Period, SECONDS_PER_DAY, Window};
