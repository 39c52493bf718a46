use std::time::Duration;

use crate::units::{ByteCount, RequestCounts};

/// What a crawl, or a worker's part in it, cost the registry.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CrawlCost {
    /// How many requests were sent.
    pub requests: RequestCounts,
    /// Bytes of bodies received.
    pub bytes_received: ByteCount,
    /// How long the crawl waited because the registry asked it to.
    pub waited: Duration,
    /// How the registry answered.
    pub answers: Answers,
}

/// How many answers there were of each kind. A request that nobody answered is in none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Answers {
    /// With a status from 200 to 299.
    pub successes: u64,
    /// With a status from 300 to 399.
    pub redirections: u64,
    /// With a status from 400 to 499.
    pub refusals: u64,
    /// With a status of 500 or above.
    pub failures: u64,
}

impl CrawlCost {
    /// How long it waited, as it is written in the store.
    pub(super) fn waited_milliseconds(&self) -> i64 {
        i64::try_from(self.waited.as_millis()).unwrap_or(i64::MAX)
    }
}

/// A count as the database holds it.
pub(super) fn stored(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
