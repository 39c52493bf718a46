//! The discovery document of an issuer (OpenID Connect Discovery 1.0, section 3), of which two members matter.

use serde::Deserialize;
use url::Url;

use super::error::IssuerError;
use super::settings::{IssuerUrl, is_loopback};
use crate::oci::text::excerpt;

#[derive(Deserialize)]
struct Document {
    issuer: String,
    jwks_uri: String,
}

/// The URL of an issuer's keys, from its discovery document.
///
/// It may be on any host: Google's keys are on another host than Google's issuer. The document came from the issuer over
/// TLS, and the issuer decides what its tokens say anyway.
///
/// # Errors
/// If the document is that of another issuer, or the URL may not be asked.
pub(super) fn keys_url(document: &[u8], issuer: &IssuerUrl) -> Result<Url, IssuerError> {
    let document: Document = serde_json::from_slice(document).map_err(|_| IssuerError::NoDocument)?;
    if document.issuer != issuer.as_str() {
        return Err(IssuerError::OtherIssuer(excerpt(&document.issuer)));
    }
    let refused = || IssuerError::KeysUrl(excerpt(&document.jwks_uri));
    let url = Url::parse(&document.jwks_uri).map_err(|_| refused())?;
    let is_allowed =
        url.scheme() == "https" || (url.scheme() == "http" && issuer.is_plain() && is_loopback(&url));
    if !is_allowed || !url.username().is_empty() || url.password().is_some() {
        return Err(refused());
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn place(issuer: &str, said: &str, keys: &str) -> Result<String, IssuerError> {
        let document = json!({"issuer": said, "jwks_uri": keys, "scopes_supported": ["openid"]});
        let issuer = issuer.parse().unwrap();
        keys_url(document.to_string().as_bytes(), &issuer).map(|url| url.to_string())
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
        let refused = keys_url(b"<html>", &issuer.parse().unwrap());
        assert_eq!(refused, Err(IssuerError::NoDocument));
    }
}
