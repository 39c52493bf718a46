//! Getting a token from Entra ID, as the identity that Azure or a federation gives to the process.
//!
//! Own code, because it is three small requests: Microsoft's `azure_identity` brings an HTTP pipeline of its
//! own, which would follow other rules than this client's about redirects, sizes, addresses and retries.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::Method;
use reqwest::header::{HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::time::Instant;
use url::{Url, form_urlencoded};

use super::secrets::repeats;
use super::token_request::{Failure, fetch, with_retries};
use crate::oci::text::{excerpt, quoted};
use crate::registry::address_guard::AddressGuard;
use crate::registry::azure::AzureIdentity;
use crate::registry::transport::{Outgoing, Transport};
use crate::registry::url_policy::origin_of;
use crate::registry::{ClientError, ClientSettings, Reason};

/// What the token is for: the registries' own data and nothing else of Azure's. One for Azure's management
/// would do as well, and would be worth far more to a thief.
const AUDIENCE: &str = "https://containerregistry.azure.net";
/// The longest token of a federation that is read. Our choice: such tokens have a few kilobytes.
const MAX_ASSERTION_BYTES: u64 = 64 << 10;
/// The metadata service is on the machine's own link: it answers at once or is not there. Our
/// choice: long enough for a busy machine.
const METADATA_CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// Requests a token from Entra ID or its local endpoint.
pub(super) struct Entra {
    identity: AzureIdentity,
    transport: Transport,
    settings: ClientSettings,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
}

#[derive(Deserialize)]
struct Refused {
    #[serde(default)]
    error: String,
    #[serde(default)]
    error_description: String,
}

/// A request for a token.
struct TokenRequest {
    url: Url,
    extra: Option<(HeaderName, HeaderValue)>,
    form: Option<String>,
    /// A secret that no error may contain.
    secret: SecretString,
}

impl Entra {
    pub fn new(identity: AzureIdentity, settings: &ClientSettings) -> Result<Self, ClientError> {
        let mut settings = settings.clone();
        let endpoint = match &identity {
            AzureIdentity::Workload { authority, .. } => authority,
            AzureIdentity::Machine { endpoint, .. } | AzureIdentity::AppService { endpoint, .. } => {
                // What is on this machine is not behind a proxy.
                settings.proxy = None;
                settings.connect_timeout = settings.connect_timeout.min(METADATA_CONNECT_TIMEOUT);
                endpoint
            }
        };
        // The operator or the platform named it, so it may be anywhere.
        let host = endpoint.host_str().unwrap_or_default().to_owned();
        let guard = Arc::new(AddressGuard::new(&host, None, vec![host.clone()]));
        let transport = Transport::new(&settings, endpoint.scheme() == "http", guard)?;
        Ok(Self {
            identity,
            transport,
            settings,
        })
    }

    /// The directory that the identity is in, where that is known.
    pub fn tenant(&self) -> Option<&str> {
        match &self.identity {
            AzureIdentity::Workload { tenant, .. } => Some(tenant),
            AzureIdentity::Machine { .. } | AzureIdentity::AppService { .. } => None,
        }
    }

    /// A token for the registries' data.
    pub async fn token(&self, now: DateTime<Utc>) -> Result<SecretString, Reason> {
        let token_request = self.token_request().await?;
        let send = || self.send(&token_request, now);
        let answered = with_retries(&self.settings, &self.transport.counters, send).await;
        answered.map_err(|reason| self.in_words(reason, &token_request.url))
    }

    async fn token_request(&self) -> Result<TokenRequest, Reason> {
        let by_resource = |endpoint: &Url, path: Option<&str>, version: &str, client_id: Option<&str>| {
            let mut url = endpoint.clone();
            if let Some(path) = path {
                url.set_path(path);
            }
            url.query_pairs_mut()
                .append_pair("api-version", version)
                .append_pair("resource", AUDIENCE)
                .extend_pairs(client_id.map(|client_id| ("client_id", client_id)));
            url
        };
        Ok(match &self.identity {
            AzureIdentity::Workload {
                authority,
                tenant,
                client_id,
                token_file,
            } => {
                let assertion = assertion(token_file).await?;
                let mut url = authority.clone();
                url.set_path(&format!("/{tenant}/oauth2/v2.0/token"));
                let form = form_urlencoded::Serializer::new(String::new())
                    .append_pair("grant_type", "client_credentials")
                    .append_pair("client_id", client_id)
                    .append_pair("scope", &format!("{AUDIENCE}/.default"))
                    .append_pair(
                        "client_assertion_type",
                        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                    )
                    .append_pair("client_assertion", assertion.expose_secret())
                    .finish();
                TokenRequest {
                    url,
                    extra: None,
                    form: Some(form),
                    secret: assertion,
                }
            }
            AzureIdentity::Machine { endpoint, client_id } => TokenRequest {
                url: by_resource(
                    endpoint,
                    Some("/metadata/identity/oauth2/token"),
                    "2018-02-01",
                    client_id.as_deref(),
                ),
                extra: Some((
                    HeaderName::from_static("metadata"),
                    HeaderValue::from_static("true"),
                )),
                form: None,
                secret: SecretString::default(),
            },
            AzureIdentity::AppService {
                endpoint,
                header,
                client_id,
            } => {
                let mut value = HeaderValue::from_str(header.expose_secret()).map_err(|_| {
                    Reason::Unauthorized("IDENTITY_HEADER holds characters that cannot be sent".into())
                })?;
                value.set_sensitive(true);
                TokenRequest {
                    url: by_resource(endpoint, None, "2019-08-01", client_id.as_deref()),
                    extra: Some((HeaderName::from_static("x-identity-header"), value)),
                    form: None,
                    secret: header.clone(),
                }
            }
        })
    }

    async fn send(&self, token_request: &TokenRequest, now: DateTime<Utc>) -> Result<SecretString, Failure> {
        let outgoing = Outgoing {
            method: match token_request.form {
                Some(_) => Method::POST,
                None => Method::GET,
            },
            url: &token_request.url,
            accept: HeaderValue::from_static("application/json"),
            authorization: None,
            extra: token_request.extra.clone(),
            form: token_request.form.clone(),
            verbatim: false,
            patience: self.settings.read_timeout,
            deadline: Instant::now() + self.settings.attempt_timeout,
        };
        let said = |body: &[u8]| explanation(body, token_request.secret.expose_secret());
        let body = fetch(&self.transport, outgoing, now, said).await?;
        let granted: Option<Granted> = serde_json::from_slice(&body).ok();
        granted
            .map(|granted| granted.access_token)
            .filter(|token| !token.is_empty())
            .map(SecretString::from)
            .ok_or_else(|| (Reason::Malformed("Entra ID's answer holds no token".into()), None))
    }

    /// Adds to an error which identity failed and what to do.
    fn in_words(&self, reason: Reason, url: &Url) -> Reason {
        let origin = origin_of(url);
        let (who, advice) = match &self.identity {
            AzureIdentity::Workload {
                client_id, tenant, ..
            } => (
                format!(
                    "Entra ID ({origin}) refuses {} of the tenant {} a token",
                    quoted(client_id),
                    quoted(tenant)
                ),
                "check AZURE_CLIENT_ID and AZURE_TENANT_ID, and that the identity has a federated credential for the \
                 issuer and subject of the token in AZURE_FEDERATED_TOKEN_FILE",
            ),
            AzureIdentity::Machine { .. } | AzureIdentity::AppService { .. } => (
                format!("the metadata service ({origin}) refuses a token"),
                "give the machine or app a managed identity; where it has several, say which by azure_client_id",
            ),
        };
        match reason {
            Reason::Status {
                status: status @ 400..=499,
                said,
            } => Reason::Unauthorized(format!("{who} ({status}{said}): {advice}")),
            Reason::Status { status, said } => Reason::Connection(format!(
                "{origin}, asked for a token of Entra ID, answered {status}{said}"
            )),
            Reason::Connection(problem) if self.tenant().is_none() => Reason::Connection(format!(
                "{problem}: there is no metadata service of Azure's here; azure_identity = \"managed\" is for machines \
                 and apps in Azure"
            )),
            other => other,
        }
    }
}

/// The token of the federation that proves our identity.
async fn assertion(file: &Path) -> Result<SecretString, Reason> {
    let cannot = |problem: String| {
        Reason::Unauthorized(format!(
            "cannot read the token in {}, which AZURE_FEDERATED_TOKEN_FILE names: {problem}",
            file.display()
        ))
    };
    let about = tokio::fs::metadata(file)
        .await
        .map_err(|error| cannot(error.to_string()))?;
    if about.len() > MAX_ASSERTION_BYTES {
        return Err(cannot(format!("it is larger than {MAX_ASSERTION_BYTES} bytes")));
    }
    let text = tokio::fs::read_to_string(file)
        .await
        .map_err(|error| cannot(error.to_string()))?;
    match text.trim() {
        "" => Err(cannot("it is empty".into())),
        token => Ok(token.into()),
    }
}

/// Entra ID's own words for an error.
fn explanation(body: &[u8], secret: &str) -> String {
    let Ok(refused) = serde_json::from_slice::<Refused>(body) else {
        return String::new();
    };
    if repeats(&refused.error, secret) || repeats(&refused.error_description, secret) {
        return " and repeated our credentials in its explanation".into();
    }
    // The first line has the reason; the others are numbers for Microsoft's support.
    let line = refused.error_description.lines().next().unwrap_or_default();
    match (refused.error.as_str(), line) {
        ("", "") => String::new(),
        (error, "") => format!(": {}", excerpt(error)),
        (error, line) => format!(": {} {}", excerpt(error), quoted(line)),
    }
}

#[cfg(test)]
mod tests {
    use super::explanation;

    #[test]
    fn entras_explanations_are_shown_without_secrets_and_escapes() {
        let body = br#"{"error":"invalid_client","error_description":"AADSTS70021: No match.\u001b\r\nTrace ID: 1"}"#;
        assert_eq!(
            explanation(body, "jwt"),
            r": invalid_client 'AADSTS70021: No match.\u{1b}'"
        );
        let body = br#"{"error":"invalid_client","error_description":"you sent hunter2"}"#;
        assert!(!explanation(body, "hunter2").contains("hunter2"));
        for nothing in [&b""[..], b"<html>", b"{}", b"[]"] {
            assert_eq!(explanation(nothing, "jwt"), "");
        }
    }
}
