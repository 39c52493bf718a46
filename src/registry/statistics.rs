use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::units::RequestCounts;

/// The requests a client has made so far. Every request on the wire counts, including those for tokens and after
/// redirects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestStatistics {
    /// How many requests were sent.
    pub requests: RequestCounts,
    /// Bytes of bodies received, after content decoding.
    pub bytes_received: u64,
    /// How long requests waited for the registry's limits, summed over all requests.
    pub waited: Duration,
    /// Responses by HTTP status.
    pub by_status: BTreeMap<u16, u64>,
}

/// The status codes that are counted: 100 to 599 (RFC 9110).
const FIRST_STATUS: u16 = 100;
const STATUSES: usize = 500;

/// The counters behind [`RequestStatistics`].
pub(super) struct Counters {
    get: AtomicU64,
    head: AtomicU64,
    other: AtomicU64,
    retried: AtomicU64,
    rate_limited: AtomicU64,
    bytes_received: AtomicU64,
    waited_nanoseconds: AtomicU64,
    by_status: [AtomicU64; STATUSES],
}

impl Counters {
    pub fn new() -> Self {
        let zero = || AtomicU64::new(0);
        Self {
            get: zero(),
            head: zero(),
            other: zero(),
            retried: zero(),
            rate_limited: zero(),
            bytes_received: zero(),
            waited_nanoseconds: zero(),
            by_status: std::array::from_fn(|_| AtomicU64::new(0)),
        }
    }

    pub fn count_request(&self, method: &reqwest::Method) {
        let counter = match method.as_str() {
            "GET" => &self.get,
            "HEAD" => &self.head,
            _ => &self.other,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub fn count_status(&self, status: u16) {
        if let Some(counter) = status
            .checked_sub(FIRST_STATUS)
            .and_then(|index| self.by_status.get(usize::from(index)))
        {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub fn count_retry(&self) {
        self.retried.fetch_add(1, Ordering::Relaxed);
    }

    pub fn count_rate_limited(&self) {
        self.rate_limited.fetch_add(1, Ordering::Relaxed);
    }

    pub fn count_bytes(&self, bytes: usize) {
        self.bytes_received.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub fn count_waited(&self, waited: Duration) {
        let nanoseconds = u64::try_from(waited.as_nanos()).unwrap_or(u64::MAX);
        self.waited_nanoseconds.fetch_add(nanoseconds, Ordering::Relaxed);
    }

    pub fn snapshot(&self) -> RequestStatistics {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let (get, head) = (read(&self.get), read(&self.head));
        RequestStatistics {
            requests: RequestCounts {
                total: get + head + read(&self.other),
                get,
                head,
                retried: read(&self.retried),
                rate_limited: read(&self.rate_limited),
            },
            bytes_received: read(&self.bytes_received),
            waited: Duration::from_nanos(read(&self.waited_nanoseconds)),
            by_status: (FIRST_STATUS..)
                .zip(&self.by_status)
                .map(|(status, counter)| (status, read(counter)))
                .filter(|(_, count)| *count > 0)
                .collect(),
        }
    }
}
