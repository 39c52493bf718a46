//! Why a login failed, as people see it.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, Accept, Header as _};
use actix_web::{HttpRequest, HttpResponse};
use url::Url;

use crate::api::negotiate::preferred;
use crate::api::openapi::{content_security_policy, simple_page};
use crate::api::problem::{FORBIDDEN, MEDIA_TYPE, NOT_FOUND, Problem};
use crate::identity::{IssuerError, LoginError, Refusal, SessionError};

/// Seconds after which a provider that did not answer is worth another try. Our choice.
const RETRY_AFTER: u64 = 5;

/// The problem for a login that failed at this provider. What the provider says is shown; what the operator has to mend is
/// in the log.
pub(super) fn problem_of(error: SessionError, issuer: Option<&str>) -> Problem {
    let host = issuer
        .and_then(|issuer| Url::parse(issuer).ok())
        .and_then(|url| url.host_str().map(str::to_owned))
        .unwrap_or_else(|| "the identity provider".to_owned());
    let error = match error {
        SessionError::UnknownProvider(_) => return Problem::new(&NOT_FOUND, error.to_string()),
        SessionError::Store(error) => return error.into(),
        SessionError::Internal(_) => return Problem::internal(error),
        SessionError::Login(error) => error,
    };
    match error {
        LoginError::Issuer(IssuerError::ClientSecret(_)) => Problem::internal(error),
        LoginError::Issuer(IssuerError::NoLogin(_)) => Problem::internal(error),
        LoginError::Issuer(_) | LoginError::Answer(_) => {
            tracing::warn!(issuer, %error, "login failed");
            Problem::unavailable(
                format!("{host} does not answer as expected: {error}"),
                RETRY_AFTER,
            )
        }
        LoginError::Refused { .. } => {
            tracing::warn!(issuer, %error, "login refused by the provider");
            Problem::new(&FORBIDDEN, format!("{host} refused the login: {error}"))
        }
        LoginError::Token(refusal) => {
            tracing::info!(issuer, reason = refusal.label(), detail = %refusal, "login refused");
            match refusal {
                Refusal::NoKeys => Problem::unavailable(refusal.public_message(), RETRY_AFTER),
                Refusal::NoRule(expected) => Problem::new(
                    &FORBIDDEN,
                    format!(
                        "you have logged in at {host}, but nothing there gives you access to this service; ask for \
                         {expected}"
                    ),
                ),
                refusal => Problem::new(
                    &FORBIDDEN,
                    format!(
                        "the login at {host} is not accepted: {}",
                        refusal.public_message()
                    ),
                ),
            }
        }
    }
}

/// The problem as a page, if the client prefers one.
pub(super) fn failed_page(problem: &Problem, request: &HttpRequest, base_path: &str) -> Option<HttpResponse> {
    let accept = Accept::parse(request).unwrap_or_else(|_| Accept::star());
    if preferred(&accept, &[MEDIA_TYPE, "text/html"]) != Some(1) {
        return None;
    }
    let status = StatusCode::from_u16(problem.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let html = simple_page(
        "The login failed",
        problem.detail(),
        &[
            ("Log in again", &format!("{base_path}auth/login")),
            ("To the page", base_path),
        ],
    );
    Some(
        HttpResponse::build(status)
            .content_type("text/html; charset=utf-8")
            .insert_header((header::CONTENT_SECURITY_POLICY, content_security_policy()))
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .body(html),
    )
}
