use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::Resolve;
use secrecy::SecretString;

/// How an [`super::HttpClient`] reaches servers.
pub struct HttpSettings {
    /// What the client calls itself.
    pub user_agent: String,
    /// How long a connection may take to be made, TLS included.
    pub connect_timeout: Duration,
    /// How long a server may pause within an answer.
    pub read_timeout: Duration,
    /// Idle connections that are kept for each host.
    pub max_idle_connections: usize,
    /// Files of PEM certificates to trust besides those of the system.
    pub extra_ca: Vec<PathBuf>,
    /// A proxy for all requests, as a URL, which may hold a password. The environment's proxy variables are not read.
    pub proxy: Option<SecretString>,
    /// Whether plain HTTP may be spoken. If not, a request to an `http` URL fails.
    pub allows_plain_http: bool,
    /// Resolves the names of hosts instead of the system, for example to refuse some addresses.
    pub resolver: Option<Arc<dyn Resolve>>,
}
