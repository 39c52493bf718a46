use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Settings;
use super::section::Section;
use super::values::{duration, listen, maybe_duration};
use crate::api::{AccessMode, ApiSettings, EventSecrets, GrafanaUrl, PublicUrl, TlsFiles};

/// `[serve]`: the service.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServeSection {
    /// The address to listen on.
    #[serde(deserialize_with = "listen")]
    pub listen: SocketAddr,
    /// The address at which users reach the service, its path included.
    pub public_url: Option<PublicUrl>,
    /// The dashboard that the page links to.
    pub grafana_url: Option<GrafanaUrl>,
    /// Whether callers must authenticate. If unset, they must if there are issuers; else they must
    /// not, and only a loopback address will do.
    pub access: Option<ServeAccess>,
    /// Names that the service may be asked by, where it asks for no keys.
    pub hosts: Vec<String>,
    /// A certificate chain as a PEM file, and its key.
    pub tls_certificate: Option<PathBuf>,
    /// The key of the certificate.
    pub tls_key: Option<PathBuf>,
    /// Whether `/metrics` needs no key though all else does.
    pub open_metrics: bool,
    /// What this process does.
    pub role: ServeRole,
    /// How long a login lasts.
    #[serde(with = "duration")]
    pub session_lifetime: Duration,
    /// How long a login lasts without a request.
    #[serde(with = "duration")]
    pub session_idle_timeout: Duration,
    /// How often the store is asked for newer figures and keys.
    #[serde(with = "duration")]
    pub refresh: Duration,
    /// From which age on the figures are too old for `/readyz`.
    #[serde(with = "maybe_duration")]
    pub oldest_figures: Option<Duration>,
    /// How long requests under way may take once the service was told to stop.
    #[serde(with = "duration")]
    pub shutdown_timeout: Duration,
}

/// Whether callers must authenticate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServeAccess {
    /// Everything but health and documentation needs a key, or a token of an issuer where there are issuers.
    Keys,
    /// Every caller may do everything.
    Anonymous,
}

/// What a process of the service does. Several may share one database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServeRole {
    /// It answers, and crawls nothing.
    Api,
    /// It crawls and does not listen.
    Crawler,
    /// Both.
    All,
}

impl Default for ServeSection {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            public_url: None,
            grafana_url: None,
            access: None,
            hosts: Vec::new(),
            tls_certificate: None,
            tls_key: None,
            open_metrics: false,
            role: ServeRole::All,
            session_lifetime: Duration::from_secs(12 * 3600),
            session_idle_timeout: Duration::from_secs(2 * 3600),
            refresh: Duration::from_secs(5),
            oldest_figures: None,
            shutdown_timeout: Duration::from_secs(30),
        }
    }
}

impl Section for ServeSection {
    const NAME: &'static str = "serve";

    fn problems(&self, _: &[Self]) -> Vec<(&'static str, String)> {
        let lengths = [
            ("session_lifetime", self.session_lifetime),
            ("session_idle_timeout", self.session_idle_timeout),
        ];
        lengths
            .into_iter()
            .filter(|(_, length)| length.is_zero())
            .map(|(setting, _)| (setting, "expected more than 0, such as \"2h\"".to_owned()))
            .collect()
    }
}

/// A service that would not be what its operator wants.
#[derive(Debug, thiserror::Error)]
pub enum UnsoundService {
    /// One of a certificate and its key is missing.
    #[error("serve.tls_certificate and serve.tls_key go together: give both or none")]
    HalfTls,
    /// Strangers could reach it.
    #[error(
        "{0} can be reached from other machines, and no keys are asked for: set serve.access to \"keys\" (and make \
         one with `tare key create`), or name your identity provider in [[oidc]], or say --allow-anonymous if \
         anyone who can connect may read everything and start crawls"
    )]
    OpenToStrangers(SocketAddr),
    /// Identity providers would not know where to send people back.
    #[error(
        "[[oidc]] has a client_id, so that people can log in, and the service listens on {0}: set serve.public_url to \
         the address at which they reach it, such as https://tare.example.com/"
    )]
    NoPublicUrl(SocketAddr),
    /// Rules without access control.
    #[error(
        "serve.access is \"anonymous\" (as --allow-anonymous has it), so that everybody may do everything, and [[oidc]] \
         says who may do what: remove one of the two"
    )]
    AnonymousBesideIssuers,
}

impl ServeSection {
    fn check(&self, has_issuers: bool, has_logins: bool) -> Result<(), UnsoundService> {
        if self.tls_certificate.is_some() != self.tls_key.is_some() {
            return Err(UnsoundService::HalfTls);
        }
        if self.access == Some(ServeAccess::Anonymous) && has_issuers {
            return Err(UnsoundService::AnonymousBesideIssuers);
        }
        if self.access.is_none() && !has_issuers && !self.listen.ip().is_loopback() {
            return Err(UnsoundService::OpenToStrangers(self.listen));
        }
        if has_logins && self.public_url.is_none() && !self.listen.ip().is_loopback() {
            return Err(UnsoundService::NoPublicUrl(self.listen));
        }
        Ok(())
    }
}

impl Settings {
    /// Checks that the service may be run as it is set up.
    ///
    /// # Errors
    /// If the settings contradict each other, or would let strangers in without saying so.
    pub fn check_service(&self) -> Result<(), UnsoundService> {
        let has_logins = self.oidc.iter().any(|section| section.client_id.is_some());
        self.serve.check(!self.oidc.is_empty(), has_logins)
    }

    /// Whether callers of the service must authenticate.
    pub fn asks_for_credentials(&self) -> bool {
        match self.serve.access {
            Some(access) => access == ServeAccess::Keys,
            None => !self.oidc.is_empty(),
        }
    }

    /// How the service is run.
    ///
    /// # Errors
    /// As with [`Self::check_service`].
    pub fn api(&self) -> Result<ApiSettings, UnsoundService> {
        let serve = &self.serve;
        self.check_service()?;
        let access = match self.asks_for_credentials() {
            true => AccessMode::Credentials,
            false => AccessMode::Anonymous,
        };
        let files = serve.tls_certificate.clone().zip(serve.tls_key.clone());
        Ok(ApiSettings {
            access,
            issuers: self.issuers(),
            public_url: serve.public_url.clone(),
            grafana_url: serve.grafana_url.clone(),
            hosts: serve.hosts.clone(),
            is_open_to_all_hosts: !serve.listen.ip().is_loopback(),
            tls: files.map(|(certificate, key)| TlsFiles { certificate, key }),
            session_lifetime: serve.session_lifetime,
            session_idle_timeout: serve.session_idle_timeout,
            refresh_every: serve.refresh,
            shutdown_timeout: serve.shutdown_timeout,
            oldest_figures: serve.oldest_figures,
            has_open_metrics: serve.open_metrics,
            metrics: self.metrics(),
            accounts: self.billing_accounts(),
            event_secrets: EventSecrets::default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_refused(listen: &str, access: Option<ServeAccess>, has_issuers: bool) -> bool {
        let section = ServeSection {
            listen: listen.parse().unwrap(),
            access,
            ..ServeSection::default()
        };
        section.check(has_issuers, false).is_err()
    }

    #[test]
    fn strangers_are_let_in_only_where_that_was_said() {
        let (keys, anonymous) = (Some(ServeAccess::Keys), Some(ServeAccess::Anonymous));
        assert!(!is_refused("127.0.0.1:8080", None, false) && !is_refused("[::1]:8080", None, false));
        assert!(is_refused("0.0.0.0:8080", None, false));
        assert!(!is_refused("0.0.0.0:8080", keys, false));
        assert!(!is_refused("0.0.0.0:8080", anonymous, false));
        assert!(!is_refused("0.0.0.0:8080", None, true));
        assert!(!is_refused("0.0.0.0:8080", keys, true));
    }

    #[test]
    fn rules_that_nobody_would_be_held_to_are_refused() {
        assert!(is_refused("127.0.0.1:8080", Some(ServeAccess::Anonymous), true));
    }

    #[test]
    fn logins_need_the_address_to_which_people_come_back() {
        let mut section = ServeSection {
            listen: "0.0.0.0:8080".parse().unwrap(),
            ..ServeSection::default()
        };
        let refused = section.check(true, true).unwrap_err().to_string();
        assert!(refused.contains("serve.public_url"), "{refused}");
        section.public_url = Some("https://tare.example.com/".parse().unwrap());
        assert!(section.check(true, true).is_ok());
        assert!(
            ServeSection::default().check(true, true).is_ok(),
            "its own address will do"
        );
    }

    #[test]
    fn a_certificate_needs_its_key() {
        let section = ServeSection {
            tls_certificate: Some("/etc/tare/tls.crt".into()),
            ..ServeSection::default()
        };
        assert!(matches!(
            section.check(false, false),
            Err(UnsoundService::HalfTls)
        ));
    }
}
