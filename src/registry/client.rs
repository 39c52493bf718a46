use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::address_guard::AddressGuard;
use super::auth::Auth;
use super::connection::Connection;
use super::session::Session;
use super::throttle::Throttle;
use super::transport::Transport;
use super::url_policy::UrlPolicy;
use super::{ClientError, ClientSettings, Credentials, Origin, RequestStatistics};
use crate::clock::Clock;
use crate::oci::host_without_port;

/// A client of one registry. Clones share connections, tokens, limits and statistics.
#[derive(Clone)]
pub struct Client {
    pub(super) session: Arc<Session>,
}

impl Client {
    /// Creates a client. Sends no request yet.
    ///
    /// # Errors
    /// If certificates cannot be read, or settings or credentials cannot be used.
    pub fn new(
        origin: Origin,
        credentials: Credentials,
        settings: ClientSettings,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ClientError> {
        let host = origin.url().host_str().unwrap_or_default();
        let trusted = settings.trusted_realm_hosts.iter();
        let trusted_names = trusted
            .map(|host| host_without_port(host).to_ascii_lowercase())
            .collect();
        let guard = Arc::new(AddressGuard::new(host, origin.address(), trusted_names));
        let transport = Transport::new(&settings, origin.is_plain_http(), Arc::clone(&guard))?;
        Ok(Self {
            session: Arc::new(Session {
                auth: Auth::new(credentials, &origin, &settings)?,
                connection: Connection {
                    url_policy: UrlPolicy::new(origin, &settings.trusted_realm_hosts, guard),
                    transport,
                    throttle: Throttle::new(&settings),
                    settings,
                    clock,
                },
                no_referrers: AtomicBool::new(false),
            }),
        })
    }

    /// The registry this client talks to.
    pub fn origin(&self) -> &Origin {
        &self.session.connection.url_policy.origin
    }

    /// The requests made so far.
    pub fn statistics(&self) -> RequestStatistics {
        self.session.connection.transport.counters.snapshot()
    }
}
