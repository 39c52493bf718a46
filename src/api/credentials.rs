//! Who sends a request, and how a credential that is not accepted is answered.

use actix_web::HttpRequest;
use actix_web::http::header;

use super::Api;
use super::login::BrowserLogins;
use super::problem::Problem;
use super::settings::AccessMode;
use crate::identity::{Caller, Refusal, Rejection};

impl Api {
    /// Who sends a request.
    ///
    /// # Errors
    /// If a credential is needed and missing, or the one that was sent is not accepted.
    pub(super) async fn caller(&self, request: &HttpRequest) -> Result<Caller, Problem> {
        let caller = self.authenticated(request).await;
        caller.map_err(|problem| {
            problem.offering(|| {
                self.browser_logins
                    .as_ref()
                    .map(BrowserLogins::offers)
                    .unwrap_or_default()
            })
        })
    }

    async fn authenticated(&self, request: &HttpRequest) -> Result<Caller, Problem> {
        let Some(authorization) = request.headers().get(header::AUTHORIZATION) else {
            if self.settings.access == AccessMode::Anonymous {
                return Ok(Caller::anonymous());
            }
            if let Some(logins) = &self.browser_logins
                && let Some(caller) = logins.caller(request).await?
            {
                return Ok(caller);
            }
            return Err(Problem::unauthenticated(
                match self.authenticator.issuers().is_empty() {
                    true => "this needs a key, and the request has none",
                    false => "this needs a key or an access token, and the request has neither",
                },
            ));
        };
        let bearer = authorization.to_str().ok().and_then(|text| {
            let (scheme, bearer) = text.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then_some(bearer.trim())
        });
        let address = request.peer_addr().map(|address| address.ip());
        let authenticated = self.authenticator.authenticate(bearer, address).await;
        authenticated.map_err(|rejection| self.rejected(rejection))
    }

    /// Counts a refused token, logs why, and gives the answer.
    pub(super) fn rejected(&self, rejection: Rejection) -> Problem {
        if let Some(refusal) = rejection.refusal() {
            self.counters.count_refused_token(refusal.label());
        }
        match rejection {
            // Not logged, or the log would grow as fast as a stranger likes.
            Rejection::TooManyFailures { wait_seconds, .. } => Problem::too_many_attempts(wait_seconds),
            Rejection::Token(refusal) => {
                let problem = match &refusal {
                    // The log says already that an issuer is away.
                    Refusal::NoKeys => return Problem::unavailable(refusal.public_message(), 5),
                    Refusal::NoRule(expected) => Problem::no_right(expected),
                    _ => Problem::invalid_token(refusal.public_message()),
                };
                tracing::info!(reason = refusal.label(), detail = %refusal, "access token refused");
                problem
            }
            Rejection::NotBearer | Rejection::UnknownKey => Problem::invalid_token(&rejection.to_string()),
            Rejection::Store(error) => error.into(),
            Rejection::Interrupted(error) => Problem::internal(error),
        }
    }
}
