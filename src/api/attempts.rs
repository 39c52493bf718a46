//! How often who tried to come in in vain.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How many failed attempts an address has in a window before it is told to wait.
const FAILURES_ALLOWED: u32 = 100;
const FAILURE_WINDOW: Duration = Duration::from_secs(60);
/// How many addresses with failed attempts are remembered.
const ADDRESSES_REMEMBERED: usize = 10_000;

/// The failed attempts of late, by address.
#[derive(Default)]
pub(super) struct Attempts {
    failures: Mutex<HashMap<IpAddr, (Instant, u32)>>,
}

impl Attempts {
    /// Notes a failed attempt, and says for how many seconds to wait where there were too many. Who comes in is never
    /// held up by the failures of others at its address.
    pub(super) fn failed(&self, address: Option<IpAddr>) -> Option<u64> {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() >= ADDRESSES_REMEMBERED {
            failures.retain(|_, (since, _)| since.elapsed() < FAILURE_WINDOW);
        }
        if failures.len() >= ADDRESSES_REMEMBERED {
            failures.clear();
        }
        let (since, count) = failures.entry(address?).or_insert((Instant::now(), 0));
        if since.elapsed() >= FAILURE_WINDOW {
            (*since, *count) = (Instant::now(), 0);
        }
        *count += 1;
        let left = FAILURE_WINDOW.saturating_sub(since.elapsed()).as_secs() + 1;
        (*count > FAILURES_ALLOWED).then_some(left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_failures_of_one_address_are_told_to_wait() {
        let attempts = Attempts::default();
        let failed = |address: [u8; 4]| attempts.failed(Some(address.into()));
        for _ in 0..FAILURES_ALLOWED {
            assert_eq!(failed([10, 0, 0, 1]), None);
        }
        assert!(failed([10, 0, 0, 1]).is_some_and(|seconds| seconds <= 61));
        assert_eq!(failed([10, 0, 0, 2]), None);
        assert_eq!(attempts.failed(None), None);
    }
}
