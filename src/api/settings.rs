use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::event_sender::EventSecrets;
use super::public_url::{InvalidPublicUrl, PublicUrl};
use crate::export::BillingAccounts;
use crate::identity::{IssuerError, IssuerSettings};
use crate::metrics::MetricsSettings;
use crate::page::GrafanaUrl;

/// The settings of the service.
#[derive(Clone)]
pub struct ApiSettings {
    /// Whether callers must authenticate.
    pub access: AccessMode,
    /// The identity providers whose tokens are accepted beside keys.
    pub issuers: Vec<IssuerSettings>,
    /// The address at which users reach the service, if it is known: its path is removed from requests, and its host
    /// is accepted like `hosts`.
    pub public_url: Option<PublicUrl>,
    /// The dashboard that the page links to.
    pub grafana_url: Option<GrafanaUrl>,
    /// Host names, in addition to those of this machine, that are accepted without access control. Requests for other
    /// names are refused, so that a foreign web page cannot read through a user's browser.
    pub hosts: Vec<String>,
    /// Whether every host name is accepted without access control.
    pub is_open_to_all_hosts: bool,
    /// The certificate chain and its key, as PEM files that are reloaded when they change.
    pub tls: Option<TlsFiles>,
    /// How long a login lasts, however often it is used.
    pub session_lifetime: Duration,
    /// How long a login lasts without a request.
    pub session_idle_timeout: Duration,
    /// How often the store is polled for newer figures and keys.
    pub refresh_every: Duration,
    /// The time limit for requests in progress after the service was told to stop.
    pub shutdown_timeout: Duration,
    /// The age at which figures are too old for the service to be ready; `None` for no limit.
    pub oldest_figures: Option<Duration>,
    /// Whether `/metrics` needs no key although everything else does.
    pub has_open_metrics: bool,
    /// The metrics for Prometheus.
    pub metrics: MetricsSettings,
    /// The accounts that registries are billed to, for exports.
    pub accounts: BillingAccounts,
    /// The secrets that registries send with their events.
    pub event_secrets: EventSecrets,
}

/// Whether callers must authenticate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessMode {
    /// Everything but health and documentation needs a key, or a token or login of an issuer.
    Credentials,
    /// Every caller may do everything.
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

/// The reasons why the service does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address is not available.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// The error of the operating system.
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
    /// The service does not know its own address.
    #[error("serve.public_url: {0}")]
    Address(InvalidPublicUrl),
    /// An identity provider cannot be used.
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
