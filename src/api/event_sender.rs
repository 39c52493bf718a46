//! Who sends events: a key like everywhere else, or the secret of the registry, in the places where vendors can send one.

use std::collections::HashMap;

use actix_web::HttpRequest;
use actix_web::http::header;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::Api;
use super::problem::Problem;
use crate::identity::{Caller, Scope, Visible};
use crate::oci::RegistryName;

/// The header in which GitHub signs its webhooks.
const SIGNATURE: &str = "x-hub-signature-256";

/// The secrets that registries send with their events.
#[derive(Debug, Clone, Default)]
pub struct EventSecrets(HashMap<RegistryName, SecretString>);

impl EventSecrets {
    /// The secret of a registry.
    fn of(&self, registry: &RegistryName) -> Option<&SecretString> {
        self.0.get(registry)
    }
}

impl FromIterator<(RegistryName, SecretString)> for EventSecrets {
    fn from_iter<Secrets: IntoIterator<Item = (RegistryName, SecretString)>>(secrets: Secrets) -> Self {
        Self(secrets.into_iter().collect())
    }
}

/// Who sends events, as far as the head of the request says.
pub(super) enum EventSender {
    /// A known caller.
    Known(Caller),
    /// The body decides: it is signed.
    Signed {
        /// The registry whose secret must have made the signature.
        registry: RegistryName,
        signature: Vec<u8>,
    },
}

impl Api {
    /// Who sends events for the registry in the path. A registry's secret is accepted in place of a key, as a bearer
    /// credential, as the password of Basic authentication, as the whole header `Authorization`, as the parameter `key`, or
    /// as the key of GitHub's signature. If a registry has one, events of it need a credential even if the service is open.
    ///
    /// # Errors
    /// If a credential is needed and missing, or the one that was sent is not accepted.
    pub(super) async fn event_sender(
        &self,
        request: &HttpRequest,
        registry: Option<&RegistryName>,
    ) -> Result<EventSender, Problem> {
        let secret = registry.and_then(|registry| self.settings.event_secrets.of(registry));
        let offered = offered(request);
        if let Some(secret) = secret
            && offered.iter().any(|text| is_equal(text, secret))
        {
            return Ok(EventSender::Known(registrys_caller()));
        }
        if let (Some(_), Some(registry), Some(signature)) = (secret, registry, signature(request)) {
            let registry = registry.clone();
            return Ok(EventSender::Signed { registry, signature });
        }
        match (offered.first(), secret) {
            (Some(key), _) => {
                let address = request.peer_addr().map(|address| address.ip());
                let caller = self.authenticator.authenticate(Some(key), address).await;
                caller
                    .map(EventSender::Known)
                    .map_err(|rejection| self.rejected(rejection))
            }
            (None, Some(_)) => Err(Problem::unauthenticated(
                "events of this registry need its secret or a key, and the request has neither",
            )),
            (None, None) => self.caller(request).await.map(EventSender::Known),
        }
    }

    /// The sender of a signed body.
    ///
    /// # Errors
    /// If the signature is wrong.
    pub(super) fn signer(
        &self,
        request: &HttpRequest,
        registry: &RegistryName,
        signature: &[u8],
        body: &[u8],
    ) -> Result<Caller, Problem> {
        let secret = self.settings.event_secrets.of(registry);
        let is_right = secret.is_some_and(|secret| {
            let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret().as_bytes());
            hmac::verify(&key, body, signature).is_ok()
        });
        if is_right {
            return Ok(registrys_caller());
        }
        let address = request.peer_addr().map(|address| address.ip());
        Err(match self.authenticator.note_failed_login(address) {
            Some(seconds) => Problem::too_many_attempts(seconds),
            None => Problem::invalid_token("the signature in X-Hub-Signature-256 does not match the body"),
        })
    }
}

/// A registry may send events, and nothing else. Its secret is compared for the registry in the path only.
fn registrys_caller() -> Caller {
    Caller::new("the registry", vec![Scope::Ingest], Visible::All, Visible::All)
}

/// The texts in a request that may be a key or a secret, most specific first.
fn offered(request: &HttpRequest) -> Vec<String> {
    let mut offered = Vec::new();
    if let Some(whole) = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
    {
        match whole.split_once(' ') {
            Some((scheme, bearer)) if scheme.eq_ignore_ascii_case("bearer") => {
                offered.push(bearer.trim().to_owned());
            }
            Some((scheme, encoded)) if scheme.eq_ignore_ascii_case("basic") => {
                offered.extend(password(encoded.trim()));
            }
            _ => {}
        }
        // Harbor sends whatever was configured.
        offered.push(whole.to_owned());
    }
    let parameters = url::form_urlencoded::parse(request.query_string().as_bytes());
    let keys = parameters.filter(|(name, _)| name == "key");
    offered.extend(keys.map(|(_, key)| key.into_owned()));
    offered.retain(|text| !text.is_empty());
    offered
}

/// The password in the credentials of Basic authentication.
fn password(encoded: &str) -> Option<String> {
    let text = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    text.split_once(':').map(|(_, password)| password.to_owned())
}

/// GitHub's signature of the body.
fn signature(request: &HttpRequest) -> Option<Vec<u8>> {
    let text = request.headers().get(SIGNATURE)?.to_str().ok()?;
    hex::decode(text.strip_prefix("sha256=")?).ok()
}

/// Compares in a time that depends on neither text.
fn is_equal(offered: &str, secret: &SecretString) -> bool {
    let digest = |text: &str| Sha256::digest(text.as_bytes());
    digest(offered)[..]
        .ct_eq(&digest(secret.expose_secret())[..])
        .into()
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_secret_is_found_wherever_a_vendor_can_put_it() {
        let sent = |header: Option<&str>, uri: &str| {
            let mut request = TestRequest::with_uri(uri);
            if let Some(header) = header {
                request = request.insert_header((header::AUTHORIZATION, header));
            }
            let secret = SecretString::from("s3cret word");
            offered(&request.to_http_request())
                .iter()
                .any(|text| is_equal(text, &secret))
        };
        assert!(sent(Some("Bearer s3cret word"), "/"));
        assert!(sent(Some("s3cret word"), "/"));
        assert!(sent(
            Some(&format!("Basic {}", STANDARD.encode("any:s3cret word"))),
            "/"
        ));
        assert!(sent(None, "/?key=s3cret%20word"));
        for wrong in ["Bearer s3cret", "Bearer", "Basic !", "Basic czNjcmV0", ""] {
            assert!(!sent(Some(wrong), "/?key=&other=s3cret%20word"), "{wrong}");
        }
    }
}
