//! Who sends a request: by a key of ours, or by a token of an identity provider.

use std::net::IpAddr;
use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::http::header;

use super::Api;
use super::access::Caller;
use super::oidc::{self, Refusal};
use super::problem::Problem;
use super::settings::AccessMode;

impl Api {
    /// Who sends a request.
    ///
    /// # Errors
    /// Where a credential is needed and there is none, or the one there is is not accepted.
    pub(super) async fn caller(self: &Arc<Self>, request: &HttpRequest) -> Result<Caller, Problem> {
        let Some(authorization) = request.headers().get(header::AUTHORIZATION) else {
            return match self.settings.access {
                AccessMode::Anonymous => Ok(Caller::anonymous()),
                AccessMode::Credentials => Err(Problem::unauthenticated(match self.issuers.is_empty() {
                    true => "this needs a key, and the request has none",
                    false => "this needs a key or an access token, and the request has neither",
                })),
            };
        };
        let bearer = authorization.to_str().ok().and_then(|text| {
            let (scheme, bearer) = text.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then_some(bearer.trim())
        });
        let address = request.peer_addr().map(|address| address.ip());
        match bearer {
            Some(token) if !self.issuers.is_empty() && oidc::is_token(token) => {
                let caller = oidc::caller(token, &self.issuers, &*self.clock, &self.runtime).await;
                caller.map_err(|refusal| self.refused(&refusal, address))
            }
            Some(key) => self.bearer_of(key, address).await,
            None => Err(self.failed(
                address,
                "the header Authorization is not Bearer with a key or token",
            )),
        }
    }

    /// Whose key this is.
    async fn bearer_of(self: &Arc<Self>, key: &str, address: Option<IpAddr>) -> Result<Caller, Problem> {
        let now = self.clock.now();
        if let Some(caller) = self.keys.find(key, now) {
            return Ok(caller);
        }
        if self.keys.may_look_again() {
            let api = Arc::clone(self);
            self.ask(|_| async move { api.keys.reload(&api.store).await })
                .await?;
            if let Some(caller) = self.keys.find(key, now) {
                return Ok(caller);
            }
        }
        Err(self.failed(
            address,
            "this key is not accepted: it is unknown, expired or revoked",
        ))
    }

    /// Counts a refused token, says why in the log, and gives the answer.
    fn refused(&self, refusal: &Refusal, address: Option<IpAddr>) -> Problem {
        self.counters.count_refused_token(refusal.label());
        let problem = match refusal {
            // That an issuer is away, the log says already.
            Refusal::NoKeys => return Problem::unavailable(refusal.told(), 5),
            Refusal::NoRule(expected) => Problem::no_right(expected),
            _ => match self.attempts.failed(address) {
                // No longer said, or the log would grow as fast as somebody likes.
                Some(seconds) => return Problem::too_many_attempts(seconds),
                None => Problem::invalid_token(refusal.told()),
            },
        };
        tracing::info!(reason = refusal.label(), detail = %refusal, "access token refused");
        problem
    }

    /// Notes a failed attempt, and gives the answer.
    fn failed(&self, address: Option<IpAddr>, detail: &str) -> Problem {
        match self.attempts.failed(address) {
            Some(seconds) => Problem::too_many_attempts(seconds),
            None => Problem::invalid_token(detail),
        }
    }
}
