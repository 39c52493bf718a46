//! A clock for tests.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use parking_lot::Mutex;
use tare::clock::Clock;

/// A clock that shows a fixed time until it is set to another.
pub struct SetClock(Mutex<DateTime<Utc>>);

impl SetClock {
    /// A clock that shows this time.
    pub fn new(time: DateTime<Utc>) -> Arc<Self> {
        Arc::new(Self(Mutex::new(time)))
    }

    /// Sets the clock.
    pub fn set(&self, time: DateTime<Utc>) {
        *self.0.lock() = time;
    }
}

impl Clock for SetClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock()
    }
}
