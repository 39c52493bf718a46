use std::time::Duration;

use crate::units::{ByteCount, RequestCounts};

/// The requests of a crawl, or of one worker in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CrawlCost {
    /// How many requests were sent.
    pub requests: RequestCounts,
    /// Bytes of response bodies.
    pub bytes_received: ByteCount,
    /// How long requests waited for the registry's limits.
    pub waited: Duration,
    /// The responses by status class.
    pub answers: Answers,
}

/// Responses by status class. A request without a response is not counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Answers {
    /// Status 200 to 299.
    pub successes: u64,
    /// Status 300 to 399.
    pub redirections: u64,
    /// Status 400 to 499.
    pub refusals: u64,
    /// Status 500 and above.
    pub failures: u64,
}

impl CrawlCost {
    /// The waiting time in milliseconds, as stored.
    pub(super) fn waited_milliseconds(&self) -> i64 {
        i64::try_from(self.waited.as_millis()).unwrap_or(i64::MAX)
    }
}

/// A count as the database stores it.
pub(super) fn stored(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
