use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

/// How a [`super::Client`] behaves. The defaults suit a registry that is in use by others.
#[derive(Debug, Clone)]
pub struct ClientSettings {
    /// The most requests under way at a time.
    pub max_concurrent_requests: usize,
    /// The most requests a minute; 0 for no limit.
    pub requests_per_minute: u32,
    /// How long a connection may take to be made, TLS included.
    pub connect_timeout: Duration,
    /// How long the registry may stay silent within an answer. A catalogue page may take four times as long
    /// to begin, because registries on object stores walk all of it.
    pub read_timeout: Duration,
    /// How long one attempt may take in all, so that a registry that dribbles bytes holds nobody up.
    pub attempt_timeout: Duration,
    /// How often a request is attempted when it meets faults that may pass. Being throttled counts
    /// apart and is borne four times as often.
    pub max_attempts: u32,
    /// The first delay before a retry; later ones double.
    pub retry_base_delay: Duration,
    /// The longest delay before a retry that the registry did not ask for.
    pub retry_max_delay: Duration,
    /// The longest time a `Retry-After` is obeyed for at once.
    pub max_retry_after: Duration,
    /// Files of PEM certificates to trust besides those of the system.
    pub extra_ca: Vec<PathBuf>,
    /// A proxy for all requests, as a URL, which may hold a password. The environment's proxy variables are
    /// not read.
    pub proxy: Option<SecretString>,
    /// Hosts (`HOST` or `HOST:PORT`) that a registry may send us to for a token although they are not in its
    /// own domain.
    pub trusted_realm_hosts: Vec<String>,
    /// The entries asked for in one page of a listing; the registry may send fewer or more.
    pub page_size: u32,
    /// The most pages of one listing that are followed.
    pub max_listing_pages: u32,
    /// The most entries of one listing.
    pub max_listing_entries: u64,
    /// What the client calls itself, so that operators can tell its pulls from others.
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
            trusted_realm_hosts: Vec::new(),
            page_size: 1000,
            max_listing_pages: 100_000,
            max_listing_entries: 2_000_000,
            user_agent: concat!("registry-tare/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}
