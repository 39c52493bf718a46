//! Asking a token service.

use reqwest::header::HeaderValue;
use reqwest::{Method, StatusCode};
use secrecy::ExposeSecret;
use tokio::time::{Instant, sleep};
use url::form_urlencoded;

use super::token::Token;
use super::{Service, repeats};
use crate::registry::answer::explanation;
use crate::registry::client::Inner;
use crate::registry::destination::origin_of;
use crate::registry::retry::{Attempts, retry_after};
use crate::registry::transport::Outgoing;
use crate::registry::{Credentials, Reason, limits};

/// What we call ourselves to token services that want a name.
const CLIENT_ID: &str = "registry-tare";

impl Inner {
    /// Fetches a token: by GET, with the user's name and password if there are any, or by POST where we have
    /// a refresh token. Redirects are not followed.
    pub(super) async fn fetch_token(&self, service: &Service, scope: &str) -> Result<Token, Reason> {
        let mut attempts = Attempts::new(&self.settings);
        loop {
            let (reason, delay) = match self.ask_for_token(service, scope).await {
                Ok(token) => return Ok(token),
                Err((reason @ (Reason::Connection(_) | Reason::Timeout(_)), _)) => {
                    (reason, attempts.after_fault())
                }
                Err((reason @ Reason::Status { status: 429, .. }, asked)) => {
                    (reason, attempts.after_throttling(asked))
                }
                Err((reason @ Reason::Status { status: 503, .. }, asked @ Some(_))) => {
                    (reason, attempts.after_throttling(asked))
                }
                Err((
                    reason @ Reason::Status {
                        status: 408 | 425 | 500..=599,
                        ..
                    },
                    _,
                )) => (reason, attempts.after_fault()),
                Err((
                    Reason::Status {
                        status: status @ (400 | 401 | 403),
                        said,
                    },
                    _,
                )) => {
                    let host = origin_of(&service.realm);
                    return Err(Reason::Unauthorized(format!(
                        "the token service {host} refuses us a token ({status}{said})"
                    )));
                }
                Err((reason, _)) => return Err(reason),
            };
            let Some(delay) = delay else {
                return Err(at_token_service(service, reason));
            };
            sleep(delay).await;
            self.transport.counters.count_retry();
        }
    }

    async fn ask_for_token(
        &self,
        service: &Service,
        scope: &str,
    ) -> Result<Token, (Reason, Option<std::time::Duration>)> {
        let mut url = service.realm.clone();
        let mut form = None;
        let mut authorization = None;
        if let Credentials::IdentityToken(refresh_token) = &self.auth.credentials {
            let mut fields = form_urlencoded::Serializer::new(String::new());
            fields
                .append_pair("grant_type", "refresh_token")
                .append_pair("service", service.name.as_deref().unwrap_or_default())
                .append_pair("client_id", CLIENT_ID)
                .append_pair("refresh_token", refresh_token.expose_secret());
            for part in scope.split(' ') {
                fields.append_pair("scope", part);
            }
            form = Some(fields.finish());
        } else {
            let mut query = url.query_pairs_mut();
            if let Some(name) = &service.name {
                query.append_pair("service", name);
            }
            for part in scope.split(' ') {
                query.append_pair("scope", part);
            }
            drop(query);
            authorization = self.auth.fixed.clone();
        }
        let deadline = Instant::now() + self.settings.attempt_timeout;
        let outgoing = Outgoing {
            method: if form.is_some() { Method::POST } else { Method::GET },
            url: &url,
            accept: HeaderValue::from_static("application/json"),
            authorization,
            form,
            verbatim: false,
            patience: self.settings.read_timeout,
            deadline,
        };
        let response = self
            .transport
            .send(outgoing)
            .await
            .map_err(|reason| (reason, None))?;
        let status = response.status();
        if status == StatusCode::OK {
            let body = self.transport.read(response, limits::TOKEN, deadline).await;
            return body
                .and_then(|body| Token::read(&body, self.clock.now()))
                .map_err(|reason| (reason, None));
        }
        if status.is_redirection() {
            let reason = Reason::Refused {
                what: "token service's redirect",
                target: "another place".into(),
                why: "credentials must not travel on",
            };
            return Err((reason, None));
        }
        let asked = retry_after(response.headers(), self.clock.now());
        let body = self
            .transport
            .read(response, limits::ERROR, deadline)
            .await
            .unwrap_or_default();
        let said = explanation(&body, |text| self.auth.repeats_secret(text));
        Err((
            Reason::Status {
                status: status.as_u16(),
                said,
            },
            asked,
        ))
    }
}

impl super::Auth {
    /// Whether a text repeats one of our secrets.
    fn repeats_secret(&self, text: &str) -> bool {
        match &self.credentials {
            Credentials::Anonymous => false,
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

/// Says of a failure that it was the token service's, not the registry's.
fn at_token_service(service: &Service, reason: Reason) -> Reason {
    match reason {
        Reason::Status { status, said } => Reason::Connection(format!(
            "the token service {} answered {status}{said}",
            origin_of(&service.realm)
        )),
        other => other,
    }
}
