use std::sync::atomic::AtomicBool;

use super::auth::Auth;
use super::connection::Connection;

/// What a client and its clones share: the connection, the authentication state, and what was learned of the registry.
pub(super) struct Session {
    pub connection: Connection,
    pub auth: Auth,
    /// Whether the registry has said that it has no referrers API.
    pub no_referrers: AtomicBool,
}
