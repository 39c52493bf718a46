use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use url::{Host, Url};

use crate::identity::{Scope, Visible};
use crate::oci::RegistryPattern;

/// An identity provider whose tokens are accepted.
#[derive(Debug, Clone)]
pub struct IssuerSettings {
    /// The issuer, as its tokens name it in `iss`; its discovery document is below it.
    pub issuer: IssuerUrl,
    /// The audiences of this service: a token has one of them in `aud`.
    pub audiences: Vec<String>,
    /// What claims allow. The first rule that matches a token applies.
    pub rules: Vec<ClaimRule>,
    /// How people log in at the provider with a browser; `None` if they cannot.
    pub login: Option<LoginSettings>,
    /// The claim with the name of the caller; `sub` if a token lacks it.
    pub name_claim: String,
    /// PEM files with certificates of authorities to trust besides those of the system.
    pub extra_ca: Vec<PathBuf>,
    /// A proxy for requests to the issuer, which may hold a password.
    pub proxy: Option<SecretString>,
}

/// Tare as a client of an identity provider, for logins with a browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginSettings {
    /// The id under which Tare is registered at the provider; ID tokens have it as their audience.
    pub client_id: String,
    /// A file with the client's secret in its first line; `None` for a public client.
    pub client_secret_file: Option<PathBuf>,
    /// The scopes to ask for; `openid` is among them.
    pub scopes: Vec<String>,
}

/// What tokens with a claim allow.
#[derive(Debug, Clone)]
pub struct ClaimRule {
    /// The name of the claim; dots lead into objects.
    pub claim: String,
    /// The value of the claim, or one of its values if it is a list.
    pub value: String,
    /// What the token may be used for.
    pub scopes: Vec<Scope>,
    /// The registries that the token may see.
    pub registries: Visible<RegistryPattern>,
    /// The cost centres whose repositories it may see.
    pub cost_centres: Visible<String>,
}

/// An issuer exactly as its tokens name it. Issuers are compared letter by letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct IssuerUrl {
    text: String,
    url: Url,
}

/// Why a text is not an issuer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0}; expected the issuer as its tokens have it in \"iss\", such as https://login.example.com/realms/staff"
)]
pub struct InvalidIssuer(&'static str);

impl IssuerUrl {
    /// The issuer as tokens name it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The host of the issuer, with the port unless it is the default of the scheme.
    pub fn host(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        match self.url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }

    /// The URL of its discovery document (OpenID Connect Discovery 1.0, section 4).
    pub fn document(&self) -> String {
        let base = self.text.trim_end_matches('/');
        format!("{base}/.well-known/openid-configuration")
    }

    /// The same as a URL to ask.
    pub(super) fn document_url(&self) -> Url {
        let mut url = self.url.clone();
        let path = format!(
            "{}/.well-known/openid-configuration",
            self.url.path().trim_end_matches('/')
        );
        url.set_path(&path);
        url
    }

    /// Whether it is reached without TLS, which is allowed only on this machine.
    pub(super) fn is_plain(&self) -> bool {
        self.url.scheme() == "http"
    }
}

/// Whether a URL leads to this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

impl FromStr for IssuerUrl {
    type Err = InvalidIssuer;

    fn from_str(text: &str) -> Result<Self, InvalidIssuer> {
        let url = Url::parse(text).map_err(|_| InvalidIssuer("this is no URL"))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(InvalidIssuer("an issuer has no user name and no password"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(InvalidIssuer("an issuer has nothing after ? or #"));
        }
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&url) => {}
            "http" => {
                return Err(InvalidIssuer(
                    "an issuer is reached by https, because anyone who changes its keys on the way can sign tokens; \
                     http is allowed only for one on this machine",
                ));
            }
            _ => return Err(InvalidIssuer("an issuer is reached by https")),
        }
        Ok(Self {
            text: text.to_owned(),
            url,
        })
    }
}

impl TryFrom<String> for IssuerUrl {
    type Error = InvalidIssuer;

    fn try_from(text: String) -> Result<Self, InvalidIssuer> {
        text.parse()
    }
}

impl From<IssuerUrl> for String {
    fn from(issuer: IssuerUrl) -> Self {
        issuer.text
    }
}

impl fmt::Display for IssuerUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_kept_to_the_letter_and_has_its_document_below_it() {
        for (text, document) in [
            (
                "https://login.example.com/realms/staff",
                "https://login.example.com/realms/staff/.well-known/openid-configuration",
            ),
            (
                "https://Tenant.example.com/",
                "https://Tenant.example.com/.well-known/openid-configuration",
            ),
            (
                "http://127.0.0.1:8081",
                "http://127.0.0.1:8081/.well-known/openid-configuration",
            ),
        ] {
            let issuer: IssuerUrl = text.parse().unwrap();
            assert_eq!((issuer.as_str(), issuer.document().as_str()), (text, document));
            assert!(issuer.document_url().as_str().eq_ignore_ascii_case(document));
        }
    }

    #[test]
    fn an_issuer_that_others_could_speak_for_is_refused() {
        for (text, words) in [
            ("http://login.example.com", "by https"),
            ("http://localhost.example.com", "by https"),
            ("ftp://login.example.com", "by https"),
            ("https://me:hunter2@login.example.com", "no password"),
            ("https://login.example.com?x=1", "after ?"),
            ("login.example.com", "no URL"),
        ] {
            let error = text.parse::<IssuerUrl>().unwrap_err().to_string();
            assert!(error.contains(words) && !error.contains("hunter2"), "{error}");
        }
        assert!("http://localhost:1".parse::<IssuerUrl>().is_ok());
        assert!("http://[::1]:1".parse::<IssuerUrl>().is_ok());
    }
}
