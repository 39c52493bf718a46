use std::sync::Arc;

use super::address_guard::AddressGuard;
use super::auth::Auth;
use super::azure::is_azure_registry;
use super::connection::Connection;
use super::google::is_google_registry;
use super::session::{Learned, Session};
use super::throttle::Throttle;
use super::transport::Transport;
use super::url_policy::UrlPolicy;
use super::{ClientError, ClientSettings, Credentials, Origin, RequestStatistics};
use crate::clock::Clock;
use crate::oci::{RepositoryName, Vendor, host_without_port};

/// How often Azure's plans Basic and Standard list referrers in a minute: 250 (Azure documentation, "Azure Container
/// Registry service tiers", 2026), less a little.
const AZURE_REFERRERS_PER_MINUTE: u32 = 240;

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
        let is_azure =
            settings.is_azure || matches!(credentials, Credentials::Azure { .. }) || is_azure_registry(host);
        let referrers_pace = is_azure.then(|| {
            Throttle::new(&ClientSettings {
                requests_per_minute: AZURE_REFERRERS_PER_MINUTE,
                ..settings.clone()
            })
        });
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
                learned: Learned::default(),
                referrers_pace,
            }),
        })
    }

    /// The registry this client talks to.
    pub fn origin(&self) -> &Origin {
        &self.session.connection.url_policy.origin
    }

    /// Whether the registry is AWS ECR, which lists archived images and answers 404 for them (AWS documentation, "Archiving
    /// an image in Amazon ECR", 2026).
    pub fn lists_archived_images(&self) -> bool {
        let connection = &self.session.connection;
        let host = connection.url_policy.origin.url().host_str();
        connection.settings.is_ecr || host.is_some_and(|host| Vendor::of(host) == Vendor::AmazonEcr)
    }

    /// Whether the registry is Google's, which has no dependable catalogue and lists what is below a repository.
    pub fn lists_children(&self) -> bool {
        let host = self.session.connection.url_policy.origin.url().host_str();
        host.is_some_and(is_google_registry)
    }

    /// Announces which repositories will be read, so that one token may serve several of them.
    pub fn expect_repositories(&self, repositories: &[RepositoryName]) {
        self.session.auth.expect(repositories);
    }

    /// The requests made so far.
    pub fn statistics(&self) -> RequestStatistics {
        self.session.connection.transport.counters.snapshot()
    }
}
