//! Fetches access tokens from the token service that a registry names.

use reqwest::Method;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;
use url::form_urlencoded;

use super::Auth;
use super::secrets::repeats;
use super::token::Token;
use super::token_request::{Failure, fetch, with_retries};
use super::token_scope::CATALOG_SCOPE;
use super::token_service::TokenService;
use crate::registry::connection::Connection;
use crate::registry::explanation::explanation;
use crate::registry::transport::Outgoing;
use crate::registry::url_policy::origin_of;
use crate::registry::{Credentials, Reason};

/// Our client id for token services that require one.
const CLIENT_ID: &str = "registry-tare";

impl Auth {
    /// Fetches a token: by GET, with Basic credentials if there are any, or by POST with a refresh token. Redirects
    /// are not followed.
    pub(super) async fn fetch_token(
        &self,
        connection: &Connection,
        service: &TokenService,
        scope: &str,
    ) -> Result<Token, Reason> {
        let Some(login) = &self.entra else {
            let own = match &self.credentials {
                Credentials::IdentityToken(refresh_token) => Some(refresh_token),
                _ => None,
            };
            return self.token_with(connection, service, scope, own).await;
        };
        let refresh_token = login.refresh_token(connection, service).await?;
        match self
            .token_with(connection, service, scope, Some(&refresh_token.secret))
            .await
        {
            // The refresh token may have been revoked early.
            Err(Reason::Unauthorized(_))
                if login.invalidate_if_old(&refresh_token, connection.clock.now()) =>
            {
                let another = login.refresh_token(connection, service).await?;
                self.token_with(connection, service, scope, Some(&another.secret))
                    .await
            }
            other => other,
        }
    }

    async fn token_with(
        &self,
        connection: &Connection,
        service: &TokenService,
        scope: &str,
        refresh_token: Option<&SecretString>,
    ) -> Result<Token, Reason> {
        let ask = async |scope: &str| {
            let request = || self.ask_for_token(connection, service, scope, refresh_token);
            with_retries(&connection.settings, &connection.transport.counters, request).await
        };
        let token = match ask(scope).await {
            // Quay's service knows scopes of repositories only, and its catalogue wants none (quay issue tracker and
            // source, `endpoints/v2/v2auth.py`, August 2026).
            Err(refused @ Reason::Status { status: 400, .. }) if scope == CATALOG_SCOPE => {
                ask("").await.map_err(|_| refused)
            }
            other => other,
        };
        token.map_err(|reason| match reason {
            Reason::Status {
                status: status @ (400 | 401 | 403),
                said,
            } => Reason::Unauthorized(format!(
                "the token service {} refused to issue a token ({status}{said})",
                origin_of(&service.realm)
            )),
            Reason::Status { status, said } => Reason::Connection(format!(
                "the token service {} answered {status}{said}",
                origin_of(&service.realm)
            )),
            other => other,
        })
    }

    async fn ask_for_token(
        &self,
        connection: &Connection,
        service: &TokenService,
        scope: &str,
        refresh_token: Option<&SecretString>,
    ) -> Result<Token, Failure> {
        let mut url = service.realm.clone();
        let mut form = None;
        let mut authorization = None;
        if let Some(refresh_token) = refresh_token {
            let mut fields = form_urlencoded::Serializer::new(String::new());
            fields
                .append_pair("grant_type", "refresh_token")
                .append_pair("service", service.name.as_deref().unwrap_or_default())
                .append_pair("client_id", CLIENT_ID)
                .append_pair("refresh_token", refresh_token.expose_secret());
            if !scope.is_empty() {
                // One field with all scopes, as OAuth 2 wants it (RFC 6749, 3.3); a URL repeats the parameter.
                fields.append_pair("scope", scope);
            }
            form = Some(fields.finish());
        } else {
            let mut query = url.query_pairs_mut();
            if let Some(name) = &service.name {
                query.append_pair("service", name);
            }
            for part in scope.split(' ').filter(|part| !part.is_empty()) {
                query.append_pair("scope", part);
            }
            drop(query);
            authorization = self.fixed.clone();
        }
        let outgoing = Outgoing {
            method: if form.is_some() { Method::POST } else { Method::GET },
            url: &url,
            accept: HeaderValue::from_static("application/json"),
            authorization,
            extra: None,
            form,
            verbatim: false,
            patience: connection.settings.read_timeout,
            deadline: Instant::now() + connection.settings.attempt_timeout,
        };
        let said = |body: &[u8]| {
            explanation(body, |text| {
                let repeats_token = refresh_token.is_some_and(|token| repeats(text, token.expose_secret()));
                repeats_token || self.repeats_secret(text)
            })
        };
        let body = fetch(&connection.transport, outgoing, connection.clock.now(), said).await?;
        Token::read(&body, connection.clock.now()).map_err(|reason| (reason, None))
    }

    /// Whether a text repeats one of our secrets.
    fn repeats_secret(&self, text: &str) -> bool {
        match &self.credentials {
            Credentials::Anonymous | Credentials::Azure { .. } => false,
            Credentials::Basic { password, .. } => {
                let encoded = self.fixed.as_ref().and_then(|header| header.to_str().ok());
                let encoded = encoded
                    .and_then(|header| header.split_once(' '))
                    .map(|(_, encoded)| encoded);
                repeats(text, password.expose_secret())
                    || encoded.is_some_and(|encoded| repeats(text, encoded))
            }
            Credentials::IdentityToken(token) | Credentials::BearerToken(token) => {
                repeats(text, token.expose_secret())
            }
        }
    }
}
