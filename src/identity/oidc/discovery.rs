//! The discovery document of an issuer (OpenID Connect Discovery 1.0, section 3), as far as it matters.

use serde::Deserialize;
use url::Url;

use super::error::IssuerError;
use super::settings::{IssuerUrl, is_loopback};
use crate::oci::text::excerpt;

#[derive(Deserialize)]
struct Document {
    issuer: String,
    jwks_uri: String,
    authorization_endpoint: Option<String>,
    token_endpoint: Option<String>,
    end_session_endpoint: Option<String>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

/// What a discovery document says.
#[derive(Debug)]
pub(super) struct Discovery {
    /// The URL of the keys.
    pub keys: Url,
    /// The endpoints for logins, or why there are none.
    pub login: Result<LoginEndpoints, IssuerError>,
}

/// Where people log in, and where their logins are checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LoginEndpoints {
    /// Where browsers are sent to log in.
    pub authorization: Url,
    /// Where codes are redeemed.
    pub token: Url,
    /// Where browsers are sent to log out, if the provider offers that.
    pub end_session: Option<Url>,
    /// Whether a client sends its secret in a header, and not in the form.
    pub takes_basic: bool,
}

impl Discovery {
    /// Reads the document of an issuer.
    ///
    /// URLs in it may be on any host: Google's keys are on another host than Google's issuer. The document came from the
    /// issuer over TLS, and the issuer decides what its tokens say anyway.
    ///
    /// # Errors
    /// If the document is that of another issuer, or the URL of its keys may not be asked.
    pub fn parse(document: &[u8], issuer: &IssuerUrl) -> Result<Self, IssuerError> {
        let document: Document = serde_json::from_slice(document).map_err(|_| IssuerError::NoDocument)?;
        if document.issuer != issuer.as_str() {
            return Err(IssuerError::OtherIssuer(excerpt(&document.issuer)));
        }
        let keys = allowed(&document.jwks_uri, issuer)
            .ok_or_else(|| IssuerError::KeysUrl(excerpt(&document.jwks_uri)))?;
        let login = LoginEndpoints::new(&document, issuer);
        Ok(Self { keys, login })
    }
}

impl LoginEndpoints {
    fn new(document: &Document, issuer: &IssuerUrl) -> Result<Self, IssuerError> {
        let endpoint = |url: &Option<String>| allowed(url.as_deref()?, issuer);
        // RFC 8414, section 2: the default is Basic.
        let methods = document.token_endpoint_auth_methods_supported.as_deref();
        Ok(Self {
            authorization: endpoint(&document.authorization_endpoint)
                .ok_or(IssuerError::NoLogin("authorization_endpoint"))?,
            token: endpoint(&document.token_endpoint).ok_or(IssuerError::NoLogin("token_endpoint"))?,
            end_session: endpoint(&document.end_session_endpoint),
            takes_basic: methods.is_none_or(|methods| methods.iter().any(|own| own == "client_secret_basic")),
        })
    }
}

/// A URL that may be asked: by HTTPS, or on this machine if its issuer is there, too.
fn allowed(text: &str, issuer: &IssuerUrl) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let is_allowed =
        url.scheme() == "https" || (url.scheme() == "http" && issuer.is_plain() && is_loopback(&url));
    (is_allowed && url.username().is_empty() && url.password().is_none()).then_some(url)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn place(issuer: &str, said: &str, keys: &str) -> Result<String, IssuerError> {
        let document = json!({"issuer": said, "jwks_uri": keys, "scopes_supported": ["openid"]});
        let issuer = issuer.parse().unwrap();
        let discovery = Discovery::parse(document.to_string().as_bytes(), &issuer);
        discovery.map(|discovery| discovery.keys.to_string())
    }

    #[test]
    fn logins_need_two_endpoints_that_are_reached_by_https() {
        let issuer = "https://login.example.com";
        let login = |changes: serde_json::Value| {
            let mut document = json!({
                "issuer": issuer, "jwks_uri": "https://login.example.com/keys",
                "authorization_endpoint": "https://login.example.com/authorize",
                "token_endpoint": "https://login.example.com/token",
            });
            for (name, value) in changes.as_object().unwrap() {
                document[name] = value.clone();
            }
            let issuer = issuer.parse().unwrap();
            Discovery::parse(document.to_string().as_bytes(), &issuer)
                .unwrap()
                .login
        };
        let plain = login(json!({})).unwrap();
        assert!(plain.takes_basic && plain.end_session.is_none());
        let post = json!({
            "token_endpoint_auth_methods_supported": ["private_key_jwt", "client_secret_post"],
            "end_session_endpoint": "https://login.example.com/logout",
        });
        let post = login(post).unwrap();
        assert!(!post.takes_basic && post.end_session.is_some());
        for (changes, missing) in [
            (json!({"authorization_endpoint": null}), "authorization_endpoint"),
            (
                json!({"token_endpoint": "http://login.example.com/token"}),
                "token_endpoint",
            ),
            (
                json!({"token_endpoint": "http://127.0.0.1/token"}),
                "token_endpoint",
            ),
        ] {
            assert_eq!(login(changes), Err(IssuerError::NoLogin(missing)));
        }
    }

    #[test]
    fn keys_may_be_on_another_host_but_by_https_alone() {
        let google = "https://accounts.google.com";
        let keys = "https://www.googleapis.com/oauth2/v3/certs";
        assert_eq!(place(google, google, keys).unwrap(), keys);
        for bad in [
            "http://accounts.google.com/keys",
            "http://127.0.0.1/keys",
            "file:///etc/passwd",
            "https://me:pw@accounts.google.com/keys",
            "/keys",
        ] {
            let refused = place(google, google, bad);
            assert!(matches!(refused, Err(IssuerError::KeysUrl(_))), "{bad}");
        }
        let here = "http://127.0.0.1:8081";
        assert!(place(here, here, "http://127.0.0.1:8081/keys").is_ok());
        assert!(place(here, here, "http://keys.example.com/").is_err());
    }

    #[test]
    fn the_document_must_be_of_the_very_issuer() {
        let issuer = "https://login.example.com/one";
        for other in ["https://login.example.com/two", "https://login.example.com/one/"] {
            let refused = place(issuer, other, "https://login.example.com/keys");
            assert_eq!(refused, Err(IssuerError::OtherIssuer(other.to_owned())));
        }
        let refused = Discovery::parse(b"<html>", &issuer.parse().unwrap());
        assert_eq!(refused.err(), Some(IssuerError::NoDocument));
    }
}
