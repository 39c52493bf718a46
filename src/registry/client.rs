use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use url::Url;

use super::address_guard::AddressGuard;
use super::auth::Auth;
use super::throttle::Throttle;
use super::transport::Transport;
use super::url_policy::UrlPolicy;
use super::{ClientError, ClientSettings, Credentials, Origin, RequestStatistics};
use crate::clock::Clock;
use crate::oci::host_without_port;

/// A client of one registry. Clones share connections, tokens, limits and statistics.
#[derive(Clone)]
pub struct Client {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub url_policy: UrlPolicy,
    pub transport: Transport,
    pub throttle: Throttle,
    pub auth: Auth,
    pub settings: ClientSettings,
    pub clock: Arc<dyn Clock>,
    /// Whether the registry has said that it has no referrers API.
    pub no_referrers: AtomicBool,
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
            inner: Arc::new(Inner {
                auth: Auth::new(credentials, &origin, &settings)?,
                url_policy: UrlPolicy::new(origin, &settings.trusted_realm_hosts, guard),
                transport,
                throttle: Throttle::new(&settings),
                settings,
                clock,
                no_referrers: AtomicBool::new(false),
            }),
        })
    }

    /// The registry this client talks to.
    pub fn origin(&self) -> &Origin {
        &self.inner.url_policy.origin
    }

    /// The requests made so far.
    pub fn statistics(&self) -> RequestStatistics {
        self.inner.transport.counters.snapshot()
    }
}

impl Inner {
    /// The URL of a path of the distribution API. Callers build the path of checked names only.
    pub fn url(&self, path: &str) -> Url {
        self.url_at(&format!("/v2/{path}"))
    }

    /// The URL of a path below the registry's root. Callers build the path of checked names only.
    pub fn url_at(&self, path: &str) -> Url {
        let mut url = self.url_policy.origin.url().clone();
        url.set_path(path);
        url
    }
}
