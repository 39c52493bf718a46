use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use tokio::time::Instant;

use super::auth::Auth;
use super::connection::Connection;
use super::throttle::Throttle;

/// What a client and its clones share: the connection, the authentication state, and what was learned of the registry.
pub(super) struct Session {
    pub connection: Connection,
    pub auth: Auth,
    pub learned: Learned,
    /// The pace of requests for referrers, if it is slower than that of others.
    pub referrers_pace: Option<Throttle>,
}

/// What the registry has shown of itself.
#[derive(Debug, Default)]
pub(super) struct Learned {
    /// It has no referrers API.
    pub no_referrers: Flag,
    /// It has answered a request for referrers.
    pub has_referrers: Flag,
    /// It answers 404 to HEAD for manifests that it has (Sonatype Nexus, diun issue 1614, February 2026).
    pub head_is_wrong: Flag,
    /// It does not know the parameter `n` of listings (zuul-registry 1.3.0, 2024).
    pub no_page_size: Flag,
    /// Until when it refuses pulls, because its limit of pulls is used up (Docker Hub).
    pub pulls_refused_until: Mutex<Option<Instant>>,
}

/// Something that is learned once.
#[derive(Debug, Default)]
pub(super) struct Flag(AtomicBool);

impl Flag {
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    pub fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Learned {
    /// Whether a pull would be refused now.
    pub fn refuses_pulls(&self) -> bool {
        let until = *self.pulls_refused_until.lock();
        until.is_some_and(|until| Instant::now() < until)
    }

    /// Records that pulls are refused.
    pub fn refuse_pulls_until(&self, until: Instant) {
        *self.pulls_refused_until.lock() = Some(until);
    }
}
