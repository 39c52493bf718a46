use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

/// Settings of a [`super::Client`]. The defaults are our choice and suit a registry in production use.
#[derive(Debug, Clone)]
pub struct ClientSettings {
    /// The most concurrent requests.
    pub max_concurrent_requests: usize,
    /// The most requests per minute; 0 for no limit.
    pub requests_per_minute: u32,
    /// The time limit for a connection, TLS included.
    pub connect_timeout: Duration,
    /// The longest silence within a response. A catalogue page may take four times as long to start, because
    /// registries on object storage walk all of it.
    pub read_timeout: Duration,
    /// The time limit of one attempt, so that a slow trickle of bytes blocks nothing.
    pub attempt_timeout: Duration,
    /// The most attempts after transient faults. Throttling is counted separately and may happen four times as
    /// often.
    pub max_attempts: u32,
    /// The delay before the first retry; later ones double.
    pub retry_base_delay: Duration,
    /// The longest delay before a retry that the registry did not ask for.
    pub retry_max_delay: Duration,
    /// The longest `Retry-After` that is obeyed.
    pub max_retry_after: Duration,
    /// PEM files with certificates to trust besides the system's.
    pub extra_ca: Vec<PathBuf>,
    /// The URL of a proxy for all requests. It may contain a password. The environment's proxy variables are not
    /// read.
    pub proxy: Option<SecretString>,
    /// The address to connect to instead of the ones that the registry's name resolves to.
    pub connect_to: Option<SocketAddr>,
    /// Hosts (`HOST` or `HOST:PORT`) outside the registry's domain that may act as its token service.
    pub trusted_realm_hosts: Vec<String>,
    /// The requested page size of listings. The registry may send fewer or more entries.
    pub page_size: u32,
    /// The most pages read of one listing.
    pub max_listing_pages: u32,
    /// The most entries read of one listing.
    pub max_listing_entries: u64,
    /// Whether this is Azure Container Registry behind another host name. Its own hosts are recognised.
    pub is_azure: bool,
    /// Whether this is AWS ECR behind another host name. Its own hosts are recognised.
    pub is_ecr: bool,
    /// The `User-Agent`, so that operators can tell Tare's requests from others.
    pub user_agent: String,
}

impl Default for ClientSettings {
    fn default() -> Self {
        Self {
            max_concurrent_requests: 16,
            requests_per_minute: 3000,
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(30),
            attempt_timeout: Duration::from_secs(300),
            max_attempts: 5,
            retry_base_delay: Duration::from_millis(250),
            retry_max_delay: Duration::from_secs(20),
            max_retry_after: Duration::from_secs(120),
            extra_ca: Vec::new(),
            proxy: None,
            connect_to: None,
            trusted_realm_hosts: Vec::new(),
            page_size: 1000,
            max_listing_pages: 100_000,
            max_listing_entries: 2_000_000,
            is_azure: false,
            is_ecr: false,
            user_agent: concat!("registry-tare/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}
