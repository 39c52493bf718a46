//! Exact quantities: bytes, money, billing periods in whole days, counts of requests, milliseconds.
//!
//! No value in this room is ever a float, and every sum is checked: if a registry claims sizes that overflow, the
//! result is an error and not a small total. Money keeps every digit until it is formatted.

mod apportion;
mod byte_count;
mod byte_text;
mod currency;
mod exact;
mod money;
mod period;
mod request_counts;
mod requested_window;
mod significant;

pub use apportion::{NoWeight, apportion, apportion_signed};
pub use byte_count::{ByteCount, ByteOverflow};
pub use currency::{Currency, UnknownCurrency};
pub use exact::{Inexact, exact_product, exact_sum};
pub use money::{Money, MoneyError, round_rows};
pub use period::{EmptyPeriod, Period, SECONDS_PER_DAY, Window};
pub use request_counts::RequestCounts;
pub use requested_window::{FutureMonth, InvalidWindow, WINDOW_FORMS};
pub use significant::two_digits;

/// A duration in whole milliseconds, for logs and answers; at most [`u64::MAX`].
pub fn milliseconds(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
