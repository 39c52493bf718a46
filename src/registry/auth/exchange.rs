//! Logs in to Azure Container Registry: exchanges a token of Entra ID for a refresh token of the registry
//! (`POST /oauth2/exchange`, Azure REST API specification 2021-07-01).
//!
//! A token of Entra ID opens every registry that the identity may read. So it is sent only over TLS, and only to
//! Azure's own registries or to one that the operator vouches for.

use std::net::IpAddr;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Method;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::time::Instant;
use url::{Url, form_urlencoded};

use super::entra::Entra;
use super::secrets::repeats;
use super::token::{Expiring, TokenCache, expiry_within};
use super::token_request::{Failure, fetch, with_retries};
use super::token_service::TokenService;
use crate::registry::azure::{AzureIdentity, is_azure_registry};
use crate::registry::connection::Connection;
use crate::registry::explanation::explanation;
use crate::registry::transport::Outgoing;
use crate::registry::{ClientError, ClientSettings, Origin, Reason};

/// The lifetime of a refresh token without an expiry. Azure's last three hours (Azure documentation, "Authenticate
/// with Azure Container Registry", 2026); one hour is our cautious choice.
const DEFAULT_LIFETIME: TimeDelta = TimeDelta::hours(1);
/// The longest lifetime that is accepted; the documented three hours.
const MAX_LIFETIME: TimeDelta = TimeDelta::hours(3);
/// A refresh token younger than this is not renewed after a refusal: its age is not the cause. Our choice.
const MIN_AGE_TO_RENEW: TimeDelta = TimeDelta::seconds(30);

/// Logs in to one registry with an identity of Entra ID.
pub(super) struct EntraLogin {
    entra: Entra,
    url: Url,
    cache: TokenCache<RefreshToken>,
}

/// A refresh token of a registry.
pub(super) struct RefreshToken {
    pub secret: SecretString,
    obtained: DateTime<Utc>,
    renew_at: DateTime<Utc>,
}

impl Expiring for RefreshToken {
    fn renew_at(&self) -> DateTime<Utc> {
        self.renew_at
    }
}

#[derive(Deserialize)]
struct Exchanged {
    refresh_token: String,
}

impl EntraLogin {
    /// Prepares the login. Sends no request yet.
    ///
    /// # Errors
    /// If the registry must not see the identity's token.
    pub fn new(
        identity: AzureIdentity,
        any_host: bool,
        origin: &Origin,
        settings: &ClientSettings,
    ) -> Result<Self, ClientError> {
        check_host(origin, any_host)?;
        let mut url = origin.url().clone();
        url.set_path("/oauth2/exchange");
        Ok(Self {
            entra: Entra::new(identity, settings)?,
            url,
            cache: TokenCache::default(),
        })
    }

    /// The current refresh token, renewed before it expires. Concurrent callers share one.
    pub async fn refresh_token(
        &self,
        connection: &Connection,
        service: &TokenService,
    ) -> Result<Arc<RefreshToken>, Reason> {
        let now = connection.clock.now();
        match self.cache.current(now) {
            Some(token) => Ok(token),
            None => self.cache.renew(now, || self.exchange(connection, service)).await,
        }
    }

    /// Discards a refused refresh token unless it is new. Returns whether it was discarded.
    pub fn invalidate_if_old(&self, refused: &Arc<RefreshToken>, now: DateTime<Utc>) -> bool {
        let is_old = now - refused.obtained > MIN_AGE_TO_RENEW;
        if is_old {
            self.cache.invalidate(refused);
        }
        is_old
    }

    async fn exchange(
        &self,
        connection: &Connection,
        service: &TokenService,
    ) -> Result<RefreshToken, Reason> {
        let token = self.entra.token(connection.clock.now()).await?;
        let request = || self.request_token(connection, service, &token);
        let exchanged = with_retries(&connection.settings, &connection.transport.counters, request).await;
        exchanged.map_err(|reason| match reason {
            Reason::Status {
                status: status @ 400..=499,
                said,
            } => Reason::Unauthorized(format!(
                "the registry refuses the identity of Entra ID ({status}{said}): give that \
                 identity the role AcrPull on the registry, or where the registry goes by attributes (ABAC) the roles \
                 Container Registry Repository Reader and Container Registry Repository Catalog Lister"
            )),
            Reason::Status { status, said } => Reason::Connection(format!(
                "the registry answered {status}{said} to a token of Entra ID"
            )),
            other => other,
        })
    }

    async fn request_token(
        &self,
        connection: &Connection,
        service: &TokenService,
        token: &SecretString,
    ) -> Result<RefreshToken, Failure> {
        let host = self.url.host_str().unwrap_or_default();
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "access_token")
            .append_pair("service", service.name.as_deref().unwrap_or(host))
            .extend_pairs(self.entra.tenant().map(|tenant| ("tenant", tenant)))
            .append_pair("access_token", token.expose_secret())
            .finish();
        let outgoing = Outgoing {
            method: Method::POST,
            url: &self.url,
            accept: HeaderValue::from_static("application/json"),
            authorization: None,
            extra: None,
            form: Some(form),
            verbatim: false,
            patience: connection.settings.read_timeout,
            deadline: Instant::now() + connection.settings.attempt_timeout,
        };
        let now = connection.clock.now();
        let said = |body: &[u8]| explanation(body, |text| repeats(text, token.expose_secret()));
        let body = fetch(&connection.transport, outgoing, now, said).await?;
        RefreshToken::read(&body, now).map_err(|reason| (reason, None))
    }
}

impl RefreshToken {
    fn read(body: &[u8], now: DateTime<Utc>) -> Result<Self, Reason> {
        let exchanged: Option<Exchanged> = serde_json::from_slice(body).ok();
        let secret = exchanged
            .map(|exchanged| exchanged.refresh_token)
            .filter(|token| !token.is_empty())
            .map(SecretString::from)
            .ok_or_else(|| Reason::Malformed("the registry's response contains no refresh token".into()))?;
        let life = expiry_within(secret.expose_secret())
            .and_then(|expiry| DateTime::from_timestamp(expiry, 0))
            .map(|expiry| expiry - now)
            .filter(|life| *life > TimeDelta::zero())
            .map_or(DEFAULT_LIFETIME, |life| life.min(MAX_LIFETIME));
        Ok(Self {
            secret,
            obtained: now,
            // Renewed at four fifths of its life: access tokens fetched with it outlive it.
            renew_at: now + life * 4 / 5,
        })
    }
}

/// Checks that the registry may receive a token of Entra ID.
fn check_host(origin: &Origin, any_host: bool) -> Result<(), ClientError> {
    let refuse = |problem: &str| {
        Err(ClientError::Setting {
            setting: "azure_identity",
            problem: format!("{} {problem}", origin.name()),
        })
    };
    let host = origin.url().host_str().unwrap_or_default();
    let is_here = origin
        .address()
        .is_some_and(|address: IpAddr| address.is_loopback());
    if !any_host && !is_azure_registry(host) {
        return refuse(
            "is not below a domain of Azure's registries such as azurecr.io, and a token of Entra ID is sent nowhere else; \
             if it is an Azure registry with a custom domain, set azure_custom_domain = true",
        );
    }
    if origin.is_plain_http() && !is_here {
        return refuse("uses plain http, where others could read the token; use https");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    #[test]
    fn the_token_of_entra_is_shown_to_azures_registries_or_to_whom_the_operator_vouches_for() {
        for (registry, any_host, allowed) in [
            ("https://contoso.azurecr.io", false, true),
            ("https://contoso.azurecr.cn", false, true),
            ("https://contoso.azurecr.us", false, true),
            ("http://contoso.azurecr.io", false, false),
            ("https://contoso.azurecr.io.evil.example", false, false),
            ("https://reg.example.com", false, false),
            ("https://reg.example.com", true, true),
            ("http://reg.example.com", true, false),
            ("http://127.0.0.1:5000", false, false),
            ("http://127.0.0.1:5000", true, true),
        ] {
            let origin = Origin::parse(registry).unwrap();
            assert_eq!(check_host(&origin, any_host).is_ok(), allowed, "{registry}");
        }
    }

    #[test]
    fn a_refresh_token_is_renewed_after_four_fifths_of_its_life() {
        let now = DateTime::from_timestamp(1_000_000, 0).unwrap();
        let minutes = |token: &str| {
            let body = format!(r#"{{"refresh_token":"{token}"}}"#);
            (RefreshToken::read(body.as_bytes(), now).unwrap().renew_at - now).num_minutes()
        };
        let jwt = |claims: &str| format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims));
        assert_eq!(minutes(&jwt(r#"{"exp":1006000}"#)), 80);
        assert_eq!(minutes(&jwt(r#"{"exp":9999999999}"#)), 144);
        assert_eq!(minutes("opaque"), 48);
        for body in ["", "{}", r#"{"refresh_token":""}"#, r#"{"refresh_token":7}"#] {
            assert!(RefreshToken::read(body.as_bytes(), now).is_err(), "{body}");
        }
    }
}
