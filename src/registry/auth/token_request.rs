//! Requests to token services, with retries of transient faults. Redirects are not followed and bodies are bounded.

use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use reqwest::StatusCode;
use tokio::time::sleep;

use crate::registry::retry::{Attempts, retry_after};
use crate::registry::statistics::Counters;
use crate::registry::transport::{Outgoing, Transport};
use crate::registry::{ClientSettings, Reason, limits};

/// Why a request failed, and the `Retry-After` delay if the service gave one.
pub(super) type Failure = (Reason, Option<Duration>);

/// Sends one request. `said` turns the body of an error into an explanation without secrets.
pub(super) async fn fetch(
    transport: &Transport,
    outgoing: Outgoing<'_>,
    now: DateTime<Utc>,
    said: impl Fn(&[u8]) -> String,
) -> Result<Bytes, Failure> {
    let deadline = outgoing.deadline;
    let response = transport.send(outgoing).await.map_err(|reason| (reason, None))?;
    let status = response.status();
    if status == StatusCode::OK {
        let body = transport.read(response, limits::TOKEN, deadline).await;
        return body.map_err(|reason| (reason, None));
    }
    if status.is_redirection() {
        let reason = Reason::Refused {
            what: "token service's redirect",
            target: "another URL".into(),
            why: "credentials must not be forwarded",
        };
        return Err((reason, None));
    }
    let asked = retry_after(response.headers(), now);
    let body = transport.read(response, limits::ERROR, deadline).await;
    let reason = Reason::Status {
        status: status.as_u16(),
        said: said(&body.unwrap_or_default()),
    };
    Err((reason, asked))
}

/// Repeats a request until it succeeds or fails for good, and returns the last reason.
pub(super) async fn with_retries<T, F>(
    settings: &ClientSettings,
    counters: &Counters,
    request: impl Fn() -> F,
) -> Result<T, Reason>
where
    F: Future<Output = Result<T, Failure>>,
{
    let mut attempts = Attempts::new(settings);
    loop {
        let (reason, asked) = match request().await {
            Ok(answer) => return Ok(answer),
            Err(failure) => failure,
        };
        let delay = match reason {
            Reason::Connection(_) | Reason::Timeout(_) => attempts.after_fault(),
            Reason::Status { status: 429, .. } => attempts.after_throttling(asked),
            Reason::Status { status: 503, .. } if asked.is_some() => attempts.after_throttling(asked),
            Reason::Status {
                status: 408 | 425 | 500..=599,
                ..
            } => attempts.after_fault(),
            _ => None,
        };
        let Some(delay) = delay else { return Err(reason) };
        sleep(delay).await;
        counters.count_retry();
    }
}
