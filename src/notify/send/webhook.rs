use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use ring::hmac;
use secrecy::ExposeSecret as _;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use url::Host;

use super::error::SendError;
use crate::http::{HttpClient, HttpSettings, OutgoingRequest};
use crate::notify::message::Message;
use crate::notify::receiver::{WebhookReceiver, WebhookStyle};
use crate::notify::templates::Templates;
use crate::oci::text::excerpt;
use crate::registry::address_guard::{AddressGuard, GuardedResolver};

/// The time limits of a connection and of an answer. Our choice: Slack, Teams and others answer within seconds.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// The most bytes of an answer that are read, for the log. Our choice.
const LARGEST_ANSWER: usize = 4096;

/// The header with the signature: `sha256=` and the HMAC-SHA256 of the body in hexadecimal, as GitHub's
/// `X-Hub-Signature-256`.
const SIGNATURE: HeaderName = HeaderName::from_static("x-tare-signature-256");
/// The header with the kind of event.
const EVENT: HeaderName = HeaderName::from_static("x-tare-event");
/// The header by which a repeated request can be told.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Sends a message by an HTTP request.
pub(super) async fn send(
    receiver: &WebhookReceiver,
    message: &Message,
    key: &str,
    templates: &Templates,
) -> Result<(), SendError> {
    let permanent = |error: &dyn std::fmt::Display| SendError::Permanent(error.to_string());
    let body = match &receiver.style {
        WebhookStyle::Slack => templates.slack(message)?.to_string(),
        WebhookStyle::Teams => templates.teams(message)?.to_string(),
        WebhookStyle::Json { .. } => serde_json::to_string(message).map_err(|error| permanent(&error))?,
    };
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(EVENT, HeaderValue::from_static(message.event.as_str()));
    headers.insert(
        IDEMPOTENCY_KEY,
        HeaderValue::from_str(key).map_err(|error| permanent(&error))?,
    );
    if let WebhookStyle::Json { secret: Some(secret) } = &receiver.style {
        let signature = signature(secret.expose_secret().as_bytes(), body.as_bytes());
        headers.insert(
            SIGNATURE,
            HeaderValue::from_str(&signature).map_err(|error| permanent(&error))?,
        );
    }
    let client = client(receiver)?;
    let request = OutgoingRequest {
        method: Method::POST,
        url: &receiver.url,
        headers,
        form: Some(body),
        first_byte_timeout: ANSWER_TIMEOUT,
        deadline: Instant::now() + ANSWER_TIMEOUT,
    };
    let host = receiver.url.host_str().unwrap_or_default();
    let temporary = |error: &dyn std::fmt::Display| SendError::Temporary(format!("{host}: {error}"));
    let answer = client.send(request).await.map_err(|error| temporary(&error))?;
    let status = answer.status();
    if status.is_success() {
        return Ok(());
    }
    let retry_after = answer.headers().contains_key(RETRY_AFTER);
    let deadline = Instant::now() + ANSWER_TIMEOUT;
    let text = match client.read(answer, LARGEST_ANSWER, deadline, |_| {}).await {
        Ok(text) => excerpt(&String::from_utf8_lossy(&text)),
        Err(error) => error.to_string(),
    };
    let text = format!("{host} answers {status}: {text}");
    // A request that the server calls wrong would be wrong again; 408, 425 and 429 ask for another attempt.
    let is_permanent =
        status.is_client_error() && !matches!(status.as_u16(), 408 | 425 | 429) && !retry_after
            || status.is_redirection();
    Err(if is_permanent {
        SendError::Permanent(text)
    } else {
        SendError::Temporary(text)
    })
}

/// Connects to the receiver's host. With TLS, the root of the host is requested, which checks the certificate; the
/// receiver's own path, which may be a secret, is not.
pub(super) async fn reach(receiver: &WebhookReceiver) -> Result<String, SendError> {
    let host = receiver.url.host_str().unwrap_or_default();
    let temporary = |error: &dyn std::fmt::Display| SendError::Temporary(format!("{host}: {error}"));
    let client = client(receiver)?;
    if receiver.url.scheme() == "http" {
        let port = receiver.url.port_or_known_default().unwrap_or_default();
        let address = host.trim_start_matches('[').trim_end_matches(']');
        let connected = timeout(CONNECT_TIMEOUT, TcpStream::connect((address, port))).await;
        connected
            .map_err(|_| temporary(&"does not answer in time"))?
            .map_err(|error| temporary(&error))?;
        return Ok(format!("{host}:{port} answers without encryption"));
    }
    let root = receiver.url.join("/").map_err(|error| temporary(&error))?;
    let request = OutgoingRequest {
        method: Method::HEAD,
        url: &root,
        headers: HeaderMap::new(),
        form: None,
        first_byte_timeout: ANSWER_TIMEOUT,
        deadline: Instant::now() + ANSWER_TIMEOUT,
    };
    client.send(request).await.map_err(|error| temporary(&error))?;
    Ok(format!("{host} answers with TLS"))
}

/// A client that connects only to addresses that are as public as the one that the receiver's host had at first, and never
/// to link-local ones, where clouds keep secrets.
fn client(receiver: &WebhookReceiver) -> Result<HttpClient, SendError> {
    let host = receiver.url.host_str().unwrap_or_default();
    let address = match receiver.url.host() {
        Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
        Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
        _ => None,
    };
    let guard = Arc::new(AddressGuard::new(host, address, Vec::new()));
    if address.is_some_and(|address| !guard.allows(address)) {
        return Err(SendError::Permanent(format!(
            "{host} is not an address for messages"
        )));
    }
    HttpClient::new(&HttpSettings {
        user_agent: concat!("tare/", env!("CARGO_PKG_VERSION")).to_owned(),
        connect_timeout: CONNECT_TIMEOUT,
        read_timeout: ANSWER_TIMEOUT,
        max_idle_connections: 1,
        extra_ca: receiver.extra_ca.clone(),
        proxy: None,
        allows_plain_http: receiver.url.scheme() == "http",
        resolver: Some(Arc::new(GuardedResolver {
            guard,
            connect_to: None,
        })),
    })
    .map_err(|error| SendError::Permanent(error.to_string()))
}

/// The signature of a body.
fn signature(secret: &[u8], body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    format!("sha256={}", hex::encode(hmac::sign(&key, body)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example in GitHub's documentation of webhooks.
    #[test]
    fn the_signature_is_that_of_github() {
        assert_eq!(
            signature(b"It's a Secret to Everybody", b"Hello, World!"),
            "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
        );
    }
}
