use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, Request, Response};
use secrecy::ExposeSecret as _;
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::certificates::read_certificates;
use super::error::{HttpSetupError, RequestError, root_cause};
use super::{HttpSettings, install_tls_provider};

/// A request as it goes out.
#[derive(Debug)]
pub struct OutgoingRequest<'a> {
    /// The method.
    pub method: Method,
    /// The address.
    pub url: &'a Url,
    /// All headers but those that the connection needs.
    pub headers: HeaderMap,
    /// A body to send: an encoded form, unless the headers have another `Content-Type`.
    pub form: Option<String>,
    /// How long the server may take to begin its answer.
    pub first_byte_timeout: Duration,
    /// When the attempt ends, whatever has arrived.
    pub deadline: Instant,
}

/// Sends requests and reads answers, both bounded. Clones share connections.
#[derive(Debug, Clone)]
pub struct HttpClient {
    http: reqwest::Client,
    read_timeout: Duration,
}

impl HttpClient {
    /// Makes a client; sends nothing yet.
    ///
    /// # Errors
    /// If a file of certificates or the proxy cannot be used.
    pub fn new(settings: &HttpSettings) -> Result<Self, HttpSetupError> {
        install_tls_provider();
        let builder = || {
            let mut builder = reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never())
                .referer(false)
                .user_agent(&settings.user_agent)
                .connect_timeout(settings.connect_timeout)
                .pool_max_idle_per_host(settings.max_idle_connections.max(1))
                .tcp_nodelay(true)
                .https_only(!settings.allows_plain_http)
                .no_proxy();
            if let Some(resolver) = &settings.resolver {
                builder = builder.dns_resolver(std::sync::Arc::clone(resolver));
            }
            if let Some(proxy) = &settings.proxy {
                // The library's error would repeat the URL, which may hold a password.
                let proxy = reqwest::Proxy::all(proxy.expose_secret()).map_err(|_| HttpSetupError::Proxy)?;
                builder = builder.proxy(proxy);
            }
            Ok::<_, HttpSetupError>(builder)
        };
        let extra = read_certificates(&settings.extra_ca)?;
        let http = match builder()?.tls_certs_merge(extra).build() {
            // A machine without any certificates can still speak plain HTTP.
            Err(_) if settings.allows_plain_http => builder()?.tls_certs_only([]).build(),
            built => built,
        };
        Ok(Self {
            http: http.map_err(|error| HttpSetupError::Library(root_cause(&error)))?,
            read_timeout: settings.read_timeout,
        })
    }

    /// Sends a request and returns the head of the answer, whatever its status. Redirects are not followed.
    ///
    /// # Errors
    /// If no answer begins in time, or the connection fails.
    pub async fn send(&self, outgoing: OutgoingRequest<'_>) -> Result<Response, RequestError> {
        let mut request = Request::new(outgoing.method, outgoing.url.clone());
        *request.headers_mut() = outgoing.headers;
        if let Some(form) = outgoing.form {
            request
                .headers_mut()
                .entry(CONTENT_TYPE)
                .or_insert(HeaderValue::from_static("application/x-www-form-urlencoded"));
            *request.body_mut() = Some(form.into());
        }
        let begins = outgoing
            .deadline
            .min(Instant::now() + outgoing.first_byte_timeout);
        timeout_at(begins, self.http.execute(request))
            .await
            .map_err(|_| RequestError::Timeout(outgoing.first_byte_timeout))?
            .map_err(RequestError::Connection)
    }

    /// Reads a body, up to `limit` bytes after content decoding. `received` is told the bytes of each piece.
    ///
    /// # Errors
    /// If the body is larger, pauses for too long or breaks off, or the deadline passes.
    pub async fn read(
        &self,
        mut response: Response,
        limit: usize,
        deadline: Instant,
        mut received: impl FnMut(usize),
    ) -> Result<Bytes, RequestError> {
        if declared_length(response.headers()).is_some_and(|length| length > limit as u64) {
            return Err(RequestError::TooLarge(limit));
        }
        let mut whole = Bytes::new();
        // Small bodies come in one piece, which is passed on as it is.
        let mut pieces = BytesMut::new();
        loop {
            let ends = deadline.min(Instant::now() + self.read_timeout);
            let piece = timeout_at(ends, response.chunk())
                .await
                .map_err(|_| RequestError::Timeout(self.read_timeout))?
                .map_err(RequestError::Connection)?;
            let Some(piece) = piece else { break };
            received(piece.len());
            if whole.len() + pieces.len() + piece.len() > limit {
                return Err(RequestError::TooLarge(limit));
            }
            if whole.is_empty() && pieces.is_empty() {
                whole = piece;
            } else {
                pieces.extend_from_slice(&std::mem::take(&mut whole));
                pieces.extend_from_slice(&piece);
            }
        }
        Ok(if pieces.is_empty() { whole } else { pieces.freeze() })
    }
}

/// The length that an answer claims in `Content-Length`, in bytes. It is compared, never allocated.
pub fn declared_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
