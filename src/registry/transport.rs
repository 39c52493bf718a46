//! HTTP itself: one connection pool, no redirects, no retries, bounded bodies.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue,
};
use reqwest::{Method, Request, Response};
use secrecy::ExposeSecret;
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::destination::origin_of;
use super::error::Reason;
use super::reach::{AddressRefused, Guard, GuardedResolver};
use super::statistics::Counters;
use super::{ClientError, ClientSettings};
use crate::oci::text::excerpt;

/// Chooses the one cryptography provider of this process. May be called any number of times; the first call
/// must come before any TLS is used.
pub fn install_tls_provider() {
    // An error means that a provider is installed already, which is what is wanted.
    drop(rustls::crypto::ring::default_provider().install_default());
}

/// One request as it goes out.
pub(super) struct Outgoing<'a> {
    pub method: Method,
    pub url: &'a Url,
    pub accept: HeaderValue,
    pub authorization: Option<HeaderValue>,
    /// A header beside the usual ones.
    pub extra: Option<(HeaderName, HeaderValue)>,
    /// A form to post.
    pub form: Option<String>,
    /// Whether the answer's bytes must come as they are stored.
    pub verbatim: bool,
    /// How long the registry may take to begin its answer.
    pub patience: Duration,
    /// When this attempt ends.
    pub deadline: Instant,
}

/// Sends requests and reads answers.
pub(super) struct Transport {
    http: reqwest::Client,
    pub counters: Arc<Counters>,
    silence: Duration,
}

impl Transport {
    pub fn new(settings: &ClientSettings, plain_http: bool, guard: Arc<Guard>) -> Result<Self, ClientError> {
        install_tls_provider();
        let builder = || {
            let mut builder = reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never())
                .referer(false)
                .user_agent(&settings.user_agent)
                .connect_timeout(settings.connect_timeout)
                .pool_max_idle_per_host(settings.max_concurrent_requests.max(1))
                .tcp_nodelay(true)
                .dns_resolver(Arc::new(GuardedResolver(Arc::clone(&guard))))
                .no_proxy();
            if let Some(proxy) = &settings.proxy {
                let proxy = reqwest::Proxy::all(proxy.expose_secret())
                    // The error would repeat the URL, which may hold a password.
                    .map_err(|_| ClientError::Setting {
                        setting: "proxy",
                        problem: "not a URL of a proxy".into(),
                    })?;
                builder = builder.proxy(proxy);
            }
            Ok::<_, ClientError>(builder)
        };
        let setup = |error: reqwest::Error| ClientError::Setup(root_cause(&error));
        let extra = read_certificates(settings)?;
        let http = match builder()?.tls_certs_merge(extra).build() {
            // A machine without any certificates can still speak plain HTTP.
            Err(_) if plain_http => builder()?.tls_certs_only([]).build(),
            other => other,
        }
        .map_err(setup)?;
        Ok(Self {
            http,
            counters: Arc::new(Counters::new()),
            silence: settings.read_timeout,
        })
    }

    /// Sends one request and returns the head of the answer, whatever its status.
    pub async fn send(&self, outgoing: Outgoing<'_>) -> Result<Response, Reason> {
        let mut request = Request::new(outgoing.method, outgoing.url.clone());
        let headers = request.headers_mut();
        headers.insert(ACCEPT, outgoing.accept);
        if outgoing.verbatim {
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        }
        if let Some(authorization) = outgoing.authorization {
            headers.insert(AUTHORIZATION, authorization);
        }
        if let Some((name, value)) = outgoing.extra {
            headers.insert(name, value);
        }
        if let Some(form) = outgoing.form {
            headers.insert(
                CONTENT_TYPE,
                HeaderValue::from_static("application/x-www-form-urlencoded"),
            );
            *request.body_mut() = Some(form.into());
        }
        self.counters.count_request(request.method());
        let begins = outgoing.deadline.min(Instant::now() + outgoing.patience);
        let response = timeout_at(begins, self.http.execute(request))
            .await
            .map_err(|_| Reason::Timeout(outgoing.patience))?
            .map_err(|error| reason_of(&error, outgoing.url))?;
        self.counters.count_status(response.status().as_u16());
        Ok(response)
    }

    /// Reads a body, up to `limit` bytes after content decoding.
    pub async fn read(
        &self,
        mut response: Response,
        limit: usize,
        deadline: Instant,
    ) -> Result<Bytes, Reason> {
        if declared_length(response.headers()).is_some_and(|length| length > limit as u64) {
            return Err(Reason::TooLarge(limit));
        }
        let url = response.url().clone();
        let mut whole = Bytes::new();
        // Small bodies come in one piece, which is passed on as it is.
        let mut pieces = BytesMut::new();
        loop {
            let ends = deadline.min(Instant::now() + self.silence);
            let piece = timeout_at(ends, response.chunk())
                .await
                .map_err(|_| Reason::Timeout(self.silence))?
                .map_err(|error| reason_of(&error, &url))?;
            let Some(piece) = piece else { break };
            self.counters.count_bytes(piece.len());
            if whole.len() + pieces.len() + piece.len() > limit {
                return Err(Reason::TooLarge(limit));
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

/// The length an answer claims. It is compared, never allocated.
pub(super) fn declared_length(headers: &HeaderMap) -> Option<u64> {
    headers
        .get(reqwest::header::CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}

fn read_certificates(settings: &ClientSettings) -> Result<Vec<reqwest::Certificate>, ClientError> {
    let mut certificates = Vec::new();
    for path in &settings.extra_ca {
        let fail = |problem: String| ClientError::Certificates {
            path: path.display().to_string(),
            problem,
        };
        let text = std::fs::read(path).map_err(|error| fail(error.to_string()))?;
        let found = reqwest::Certificate::from_pem_bundle(&text).map_err(|error| fail(root_cause(&error)))?;
        if found.is_empty() {
            return Err(fail("it holds no PEM certificate".into()));
        }
        certificates.extend(found);
    }
    Ok(certificates)
}

/// What went wrong beneath a request, without its URL.
fn reason_of(error: &reqwest::Error, url: &Url) -> Reason {
    let mut cause: Option<&(dyn Error + 'static)> = error.source();
    while let Some(inner) = cause {
        if inner.is::<AddressRefused>() {
            return Reason::Refused {
                what: "name",
                target: origin_of(url),
                why: AddressRefused::WHY,
            };
        }
        cause = inner.source();
    }
    let origin = origin_of(url);
    let cause = root_cause(error);
    Reason::Connection(if error.is_connect() {
        format!("cannot connect to {origin}: {cause}")
    } else if error.is_body() || error.is_decode() {
        format!("the answer of {origin} broke off: {cause}")
    } else {
        format!("the request to {origin} failed: {cause}")
    })
}

fn root_cause(error: &dyn Error) -> String {
    let mut deepest = error;
    while let Some(inner) = deepest.source() {
        deepest = inner;
    }
    excerpt(&deepest.to_string())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn a_name_is_judged_by_the_address_that_would_be_connected_to() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let url: Url = format!("http://localhost:{port}/").parse().unwrap();
        let asked = |registry: &'static str| {
            let guard = Arc::new(Guard::new(
                "reg.example.com",
                Some(registry.parse().unwrap()),
                Vec::new(),
            ));
            let settings = ClientSettings {
                read_timeout: Duration::from_millis(200),
                ..ClientSettings::default()
            };
            let transport = Transport::new(&settings, true, guard).unwrap();
            let url = &url;
            async move {
                let outgoing = Outgoing {
                    method: Method::GET,
                    url,
                    accept: HeaderValue::from_static("*/*"),
                    authorization: None,
                    extra: None,
                    form: None,
                    verbatim: false,
                    patience: settings.read_timeout,
                    deadline: Instant::now() + settings.attempt_timeout,
                };
                transport.send(outgoing).await.unwrap_err()
            }
        };
        for public in ["8.8.8.8", "10.0.0.1"] {
            let reason = asked(public).await;
            assert!(matches!(reason, Reason::Refused { .. }), "{reason}");
        }
        assert!(listener.accept().is_err(), "nothing was connected to");
        // For a registry on this machine the same name is fine; the listener just does not answer.
        assert!(matches!(asked("127.0.0.1").await, Reason::Timeout(_)));
        assert!(listener.accept().is_ok());
    }
}
