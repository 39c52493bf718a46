use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::export::BillingAccounts;
use crate::identity::{IssuerError, IssuerSettings};
use crate::metrics::MetricsSettings;

/// How the service is run.
#[derive(Clone)]
pub struct ApiSettings {
    /// Whether callers have to say who they are.
    pub access: AccessMode,
    /// The identity providers whose tokens are accepted beside keys.
    pub issuers: Vec<IssuerSettings>,
    /// Names beside those of this machine itself that the service may be asked by, where no keys are asked
    /// for: any other is refused, so that a page from elsewhere cannot read through somebody's browser.
    pub hosts: Vec<String>,
    /// Whether it may be asked by any name though no keys are asked for.
    pub is_open_to_all_hosts: bool,
    /// The certificate chain and its key, as PEM files, which are read again when they change.
    pub tls: Option<TlsFiles>,
    /// How often the store is asked whether there are newer figures, and which keys there are.
    pub refresh_every: Duration,
    /// How long requests under way may take after the service was told to stop.
    pub shutdown_timeout: Duration,
    /// Of which age on the figures are too old for the service to call itself ready; none for no limit.
    pub oldest_figures: Option<Duration>,
    /// Whether `/metrics` needs no key though all else does.
    pub has_open_metrics: bool,
    /// What Prometheus is told.
    pub metrics: MetricsSettings,
    /// The accounts that registries are billed to, for exports.
    pub accounts: BillingAccounts,
}

/// Whether callers have to say who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessMode {
    /// Everything but health and documentation needs a key, or a token of an issuer.
    Credentials,
    /// Whoever reaches the service may do everything.
    Anonymous,
}

/// A certificate chain and its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The chain, the server's own certificate first.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// Why the service does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address is not to be had.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// A certificate or key cannot be used.
    #[error("{}: {reason}", file.display())]
    Tls {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// An identity provider could not even be asked.
    #[error("issuer {issuer}: {source}; {advice}", advice = source.advice())]
    Issuer {
        /// The provider.
        issuer: String,
        /// Why not.
        source: IssuerError,
    },
    /// The counters of requests could not be set up.
    #[error("the counters for Prometheus: {0}")]
    Counters(String),
    /// The server ended by itself.
    #[error("the server failed: {0}")]
    Server(#[from] std::io::Error),
}
