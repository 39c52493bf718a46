//! All errors that a client can see, as RFC 9457 defines them.

use actix_web::HttpResponse;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;

use crate::analysis::AnalysisError;
use crate::identity::Scope;
use crate::store::StoreError;

/// The media type of a problem.
pub(super) const MEDIA_TYPE: &str = "application/problem+json";

/// A kind of problem: its name is the last part of the problem's `type`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Kind {
    pub name: &'static str,
    pub status: u16,
    pub title: &'static str,
    /// What a client can do about it; for the documentation.
    pub advice: &'static str,
}

macro_rules! kinds {
    ($($constant:ident = $status:literal $name:literal, $title:literal, $advice:literal;)+) => {
        $(pub(super) const $constant: Kind = Kind { name: $name, status: $status, title: $title, advice: $advice };)+
        /// All kinds, in the order of the documentation.
        pub(super) const KINDS: &[Kind] = &[$($constant),+];
    };
}

kinds! {
    INVALID_REQUEST = 400 "invalid-request", "Invalid request",
        "Correct what `errors` names; each parameter and body is described in /openapi.json.";
    UNAUTHENTICATED = 401 "unauthenticated", "A key is needed",
        "Send `Authorization: Bearer KEY` with a key created with `tare key create`, or with an access token of a configured identity provider; `detail` says why the one that was sent is not accepted.";
    FORBIDDEN = 403 "forbidden", "Not allowed",
        "Use a key or token with the scope that `detail` names.";
    NOT_FOUND = 404 "not-found", "Not found",
        "Check the path and the names in it; a key that is limited to some registries sees no other.";
    METHOD_NOT_ALLOWED = 405 "method-not-allowed", "Method not allowed",
        "Use one of the methods that the header `Allow` names.";
    NOT_ACCEPTABLE = 406 "not-acceptable", "Format not available",
        "Accept one of the media types that `detail` names.";
    TOO_SLOW = 408 "too-slow", "The body arrived too slowly",
        "Send the body without pauses; `detail` has the maximum time.";
    OUTDATED_CURSOR = 409 "outdated-cursor", "Invalid cursor",
        "Start again without a cursor: the figures, filters or order have changed.";
    CONFLICT = 409 "conflict", "Not possible at the moment",
        "`detail` says why, and what to do.";
    TOO_LARGE = 413 "too-large", "The body is too large",
        "Send a smaller body; `detail` has the maximum size.";
    UNSUPPORTED_MEDIA_TYPE = 415 "unsupported-media-type", "Unsupported media type",
        "Send `Content-Type: application/json`.";
    MISDIRECTED = 421 "misdirected", "Unknown host name",
        "Use 127.0.0.1 or localhost, or have the operator add the name to `hosts` in `[serve]` (environment variable TARE_SERVE_HOSTS), or set `public_url`.";
    INVALID_BODY = 422 "invalid-body", "Invalid body",
        "Correct what `errors` names.";
    TOO_MANY_REQUESTS = 429 "too-many-requests", "Too many attempts",
        "Wait as long as `Retry-After` says.";
    INTERNAL = 500 "internal", "Internal error",
        "The log has the cause under this `request_id`.";
    UNAVAILABLE = 503 "unavailable", "Not available at the moment",
        "Try again after as long as `Retry-After` says.";
}

/// A part of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema, strum::Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub(super) enum Place {
    Query,
    Header,
    Body,
}

/// A fault in one place of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "ProblemPlace")]
pub(super) struct Invalid {
    /// The part of the request.
    #[serde(rename = "in")]
    pub place: Place,
    /// The parameter or header, or the place in the body.
    pub name: String,
    /// What is wrong, and what would be right.
    pub detail: String,
}

/// The request that a problem answers.
pub(super) struct ProblemRequest<'a> {
    /// The path, without the base path.
    pub path: &'a str,
    /// The identifier in the log.
    pub request_id: &'a str,
    /// The path of the public URL.
    pub base_path: &'a str,
}

/// A place where people can log in with a browser.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct LoginOffer {
    /// The host of the identity provider.
    pub name: String,
    /// The address that begins the login. The parameter `return_to` names a place in the page, such as `?view=savings`.
    pub url: String,
}

/// An error as a client sees it.
#[derive(Debug)]
pub(super) struct Problem {
    kind: &'static Kind,
    detail: String,
    errors: Vec<Invalid>,
    logins: Vec<LoginOffer>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// An error as RFC 9457 defines it.
#[derive(Serialize, JsonSchema)]
pub(super) struct Document<'a> {
    /// The kind of problem, which /docs explains.
    r#type: String,
    /// The kind in words.
    title: &'a str,
    /// The HTTP status of the answer.
    #[schemars(with = "u32")]
    status: u16,
    /// What is wrong here, and what would be right.
    detail: &'a str,
    /// The path of the request.
    instance: &'a str,
    /// The identifier of the request in the log.
    request_id: &'a str,
    /// Each single fault, if there are several.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [Invalid],
    /// With status 401: where people can log in with a browser, if the service has such logins.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    logins: &'a [LoginOffer],
}

impl Problem {
    pub(super) fn new(kind: &'static Kind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
            errors: Vec::new(),
            logins: Vec::new(),
            headers: Vec::new(),
        }
    }

    /// The HTTP status.
    pub(super) fn status(&self) -> u16 {
        self.kind.status
    }

    /// What is wrong, and what would be right.
    pub(super) fn detail(&self) -> &str {
        &self.detail
    }

    /// Adds where people can log in, if that is what is missing.
    pub(super) fn offering(self, logins: impl FnOnce() -> Vec<LoginOffer>) -> Self {
        if *self.kind != UNAUTHENTICATED {
            return self;
        }
        let logins = logins();
        Self { logins, ..self }
    }

    pub(super) fn not_found(what: impl Into<String>) -> Self {
        Self::new(&NOT_FOUND, what)
    }

    /// A request with these faults.
    pub(super) fn invalid(kind: &'static Kind, errors: Vec<Invalid>) -> Self {
        let detail: Vec<String> = errors
            .iter()
            .map(|error| format!("{} {}: {}", error.place, error.name, error.detail))
            .collect();
        Self {
            errors,
            ..Self::new(kind, detail.join("; "))
        }
    }

    /// A request with a wrong value of a query parameter.
    pub(super) fn invalid_query(name: &str, detail: impl std::fmt::Display) -> Self {
        let error = Invalid {
            place: Place::Query,
            name: name.to_owned(),
            detail: detail.to_string(),
        };
        Self::invalid(&INVALID_REQUEST, vec![error])
    }

    /// The same problem of a request, which this query parameter caused. Problems of another kind stay as they are.
    pub(super) fn in_query(self, name: &str) -> Self {
        if self.kind == &INVALID_REQUEST && self.errors.is_empty() {
            Self::invalid_query(name, self.detail)
        } else {
            self
        }
    }

    pub(super) fn unauthenticated(detail: &str) -> Self {
        Self::new(&UNAUTHENTICATED, detail).with_header(header::WWW_AUTHENTICATE, "Bearer realm=\"tare\"")
    }

    /// The problem for a key or token that is not accepted. `detail` is also sent in a header if it is visible ASCII
    /// without quotes.
    pub(super) fn invalid_token(detail: &str) -> Self {
        let challenge =
            format!("Bearer realm=\"tare\", error=\"invalid_token\", error_description=\"{detail}\"");
        Self::new(&UNAUTHENTICATED, detail).with_header(header::WWW_AUTHENTICATE, &challenge)
    }

    /// The problem for a valid token whose claims give no rights; names the claims that would.
    pub(super) fn no_right(expected: &str) -> Self {
        let detail = format!("the token is valid, but its claims give no scope; expected {expected}");
        Self::new(&FORBIDDEN, detail).with_header(
            header::WWW_AUTHENTICATE,
            "Bearer realm=\"tare\", error=\"insufficient_scope\"",
        )
    }

    pub(super) fn too_many_attempts(seconds: u64) -> Self {
        Self::new(
            &TOO_MANY_REQUESTS,
            format!("too many attempts with keys or tokens that are not accepted; try again in {seconds} s"),
        )
        .retry_after(seconds)
    }

    pub(super) fn forbidden(scope: Scope) -> Self {
        let needed = format!(
            "this operation needs a key or token with the scope {}",
            scope.as_str()
        );
        let challenge = format!(
            "Bearer realm=\"tare\", error=\"insufficient_scope\", scope=\"{}\"",
            scope.as_str()
        );
        Self::new(&FORBIDDEN, needed).with_header(header::WWW_AUTHENTICATE, &challenge)
    }

    /// The problem for a key that is limited to a part.
    pub(super) fn limited_key() -> Self {
        Self::new(
            &FORBIDDEN,
            "this operation covers all data; the key or token is limited to some registries or cost centres",
        )
    }

    pub(super) fn method_not_allowed(method: &Method, allowed: &str) -> Self {
        Self::new(
            &METHOD_NOT_ALLOWED,
            format!("{method} is not allowed; use {allowed}"),
        )
        .with_header(header::ALLOW, allowed)
    }

    /// The problem for something that is temporarily unavailable. `retry_after` is in seconds.
    pub(super) fn unavailable(detail: impl Into<String>, seconds: u64) -> Self {
        Self::new(&UNAVAILABLE, detail).retry_after(seconds)
    }

    /// The problem for an internal error. Details go to the log only; the client gets the request id to find them.
    pub(super) fn internal(error: impl std::fmt::Display) -> Self {
        tracing::error!(error = format!("{error:#}"), "request failed");
        Self::new(&INTERNAL, "the log has the cause under this `request_id`")
    }

    pub(super) fn retry_after(self, seconds: u64) -> Self {
        self.with_header(header::RETRY_AFTER, &seconds.to_string())
    }

    fn with_header(mut self, name: HeaderName, value: &str) -> Self {
        // All values here are visible ASCII.
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
        self
    }

    /// The problem for a status that a lower layer answered without one.
    pub(super) fn from_status(status: StatusCode) -> Self {
        let kind = KINDS
            .iter()
            .find(|kind| kind.status == status.as_u16())
            .unwrap_or(if status.is_client_error() {
                &INVALID_REQUEST
            } else {
                &INTERNAL
            });
        Self::new(kind, status.canonical_reason().unwrap_or(kind.title))
    }

    /// The answer to a request.
    pub(super) fn respond(&self, to: &ProblemRequest<'_>) -> HttpResponse {
        let status = StatusCode::from_u16(self.kind.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = HttpResponse::build(status);
        for (name, value) in &self.headers {
            response.insert_header((name.clone(), value.clone()));
        }
        response.insert_header((header::CACHE_CONTROL, "no-store"));
        response.insert_header((header::CONTENT_TYPE, MEDIA_TYPE));
        let document = Document {
            r#type: format!("{}docs#{}", to.base_path, self.kind.name),
            title: self.kind.title,
            status: self.kind.status,
            detail: &self.detail,
            instance: to.path,
            request_id: to.request_id,
            errors: &self.errors,
            logins: &self.logins,
        };
        response.body(serde_json::to_vec(&document).unwrap_or_default())
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        if error.is_transient() {
            tracing::warn!(%error, "database not available");
            return Self::unavailable("the database is not available at the moment", 5);
        }
        Self::internal(error)
    }
}

impl From<AnalysisError> for Problem {
    fn from(error: AnalysisError) -> Self {
        match error {
            AnalysisError::Store(error) => error.into(),
            error @ (AnalysisError::BeforeHistory { .. } | AnalysisError::HistoryPruned { .. }) => {
                Self::new(&INVALID_REQUEST, error.to_string())
            }
            error => Self::internal(error),
        }
    }
}

impl From<crate::report::ReportError> for Problem {
    fn from(error: crate::report::ReportError) -> Self {
        Self::internal(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_a_name_of_its_own_and_no_operation_has_two_of_one_status() {
        for (place, kind) in KINDS.iter().enumerate() {
            assert!(StatusCode::from_u16(kind.status).is_ok());
            for other in &KINDS[place + 1..] {
                assert_ne!(kind.name, other.name);
            }
        }
        for operation in crate::api::resources::operations(false) {
            let statuses: Vec<u16> = operation.all_problems().iter().map(|kind| kind.status).collect();
            let mut distinct = statuses.clone();
            distinct.dedup();
            assert_eq!(statuses, distinct, "{}", operation.id);
        }
    }

    #[test]
    fn a_lost_database_is_worth_another_try_and_says_nothing_of_itself() {
        let problem: Problem = StoreError::Unavailable("db.internal:5432 refused".into()).into();
        assert_eq!(problem.kind.status, 503);
        assert!(!problem.detail.contains("5432"));
        let refused: Problem = StoreError::Refused("relation secret".into()).into();
        assert_eq!(
            (refused.kind.status, refused.detail.contains("secret")),
            (500, false)
        );
    }
}
