use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use url::Url;

use super::auth::Auth;
use super::destination::Destinations;
use super::pace::Pace;
use super::reach::Guard;
use super::transport::Transport;
use super::{ClientError, ClientSettings, Credentials, Origin, RequestStatistics};
use crate::clock::Clock;
use crate::oci::host_without_port;

/// A careful client of one registry. Clones share everything: connections, tokens, limits, statistics.
#[derive(Clone)]
pub struct Client {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub destinations: Destinations,
    pub transport: Transport,
    pub pace: Pace,
    pub auth: Auth,
    pub settings: ClientSettings,
    pub clock: Arc<dyn Clock>,
    /// The registry has said that it has no referrers API.
    pub no_referrers: AtomicBool,
}

impl Client {
    /// Makes a client; asks the registry nothing yet.
    ///
    /// # Errors
    /// Certificates that cannot be read, or settings or credentials that cannot be used.
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
        let guard = Arc::new(Guard::new(host, origin.address(), trusted_names));
        let transport = Transport::new(&settings, origin.is_plain_http(), Arc::clone(&guard))?;
        Ok(Self {
            inner: Arc::new(Inner {
                auth: Auth::new(credentials, &origin, &settings)?,
                destinations: Destinations::new(origin, &settings.trusted_realm_hosts, guard),
                transport,
                pace: Pace::new(&settings),
                settings,
                clock,
                no_referrers: AtomicBool::new(false),
            }),
        })
    }

    /// The registry this client speaks to.
    pub fn origin(&self) -> &Origin {
        &self.inner.destinations.origin
    }

    /// What the client has cost the registry so far.
    pub fn statistics(&self) -> RequestStatistics {
        self.inner.transport.counters.snapshot()
    }
}

impl Inner {
    /// The URL of a path of the distribution protocol. The path is made of checked names only.
    pub fn url(&self, path: &str) -> Url {
        self.url_at(&format!("/v2/{path}"))
    }

    /// The URL of a path below the registry's root, made of checked names only.
    pub fn url_at(&self, path: &str) -> Url {
        let mut url = self.destinations.origin.url().clone();
        url.set_path(path);
        url
    }
}
