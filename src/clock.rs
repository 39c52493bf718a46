//! The current time, behind a trait.
//!
//! All code that records or compares times takes a [`Clock`], so that tests can choose the time and a closed month can
//! be computed again.

use chrono::{DateTime, Utc};

/// Provides the current time.
pub trait Clock: Send + Sync {
    /// The current time, in UTC.
    fn now(&self) -> DateTime<Utc>;

    /// Whether it is a machine's own clock, which may be wrong, and not a time that was chosen.
    fn can_be_wrong(&self) -> bool {
        false
    }
}

/// The system clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the machine's clock"
    )]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    fn can_be_wrong(&self) -> bool {
        true
    }
}

/// A clock with a fixed time, for tests and for statements as of a given day.
#[derive(Debug, Clone, Copy)]
pub struct FixedClock(pub DateTime<Utc>);

impl Clock for FixedClock {
    fn now(&self) -> DateTime<Utc> {
        self.0
    }
}
