//! Failed logins by address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// Failed logins that an address may have in a window before it is told to wait. Our choice: far more than a
/// misconfigured script needs to be noticed, far fewer than guessing a key takes.
const FAILURES_ALLOWED: u32 = 100;
/// The length of that window. Our choice: a user who has to wait is not locked out for long.
const FAILURE_WINDOW: Duration = Duration::from_secs(60);
/// The most addresses that are remembered, which bounds the memory. Our choice: about a megabyte.
const ADDRESSES_REMEMBERED: usize = 10_000;

/// Failed logins in the current window, by address.
#[derive(Debug, Default)]
pub(super) struct FailedLogins {
    failures: Mutex<HashMap<IpAddr, (Instant, u32)>>,
}

impl FailedLogins {
    /// Counts a failed login. Returns the seconds to wait if the address has had too many. A login that succeeds is
    /// never delayed by failures from the same address.
    pub fn note(&self, address: Option<IpAddr>) -> Option<u64> {
        let mut failures = self.failures.lock();
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
        let logins = FailedLogins::default();
        let failed = |address: [u8; 4]| logins.note(Some(address.into()));
        for _ in 0..FAILURES_ALLOWED {
            assert_eq!(failed([10, 0, 0, 1]), None);
        }
        assert!(failed([10, 0, 0, 1]).is_some_and(|seconds| seconds <= 61));
        assert_eq!(failed([10, 0, 0, 2]), None);
        assert_eq!(logins.note(None), None);
    }
}
