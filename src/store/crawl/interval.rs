use std::time::Duration;

use sqlx::postgres::types::PgInterval;

/// A lease as the database reckons with it.
pub(in crate::store) fn interval(lease: Duration) -> PgInterval {
    PgInterval {
        months: 0,
        days: 0,
        microseconds: i64::try_from(lease.as_micros()).unwrap_or(i64::MAX),
    }
}
