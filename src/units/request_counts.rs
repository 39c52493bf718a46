use std::ops::Sub;

use schemars::JsonSchema;
use serde::Serialize;

/// How many requests were sent to a registry, those for tokens and repeated ones included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RequestCounts {
    /// All requests.
    pub total: u64,
    /// GET requests among them.
    pub get: u64,
    /// HEAD requests among them.
    pub head: u64,
    /// Repeated requests, after a fault or throttling.
    pub retried: u64,
    /// Throttled responses (429, or 503 with `Retry-After`).
    pub rate_limited: u64,
}

impl Sub for RequestCounts {
    type Output = Self;

    /// What came between two moments; a count that went down counts as 0.
    fn sub(self, earlier: Self) -> Self {
        Self {
            total: self.total.saturating_sub(earlier.total),
            get: self.get.saturating_sub(earlier.get),
            head: self.head.saturating_sub(earlier.head),
            retried: self.retried.saturating_sub(earlier.retried),
            rate_limited: self.rate_limited.saturating_sub(earlier.rate_limited),
        }
    }
}
