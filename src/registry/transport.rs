//! The requests of one registry's client: counted, kept to addresses that the registry may lead to, and with reasons in
//! the registry's words. The HTTP client itself is in [`crate::http`].

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Response};
use tokio::time::Instant;
use url::Url;

use super::address_guard::{AddressGuard, AddressRefused, GuardedResolver};
use super::error::Reason;
use super::statistics::Counters;
use super::url_policy::origin_of;
use super::{ClientError, ClientSettings};
use crate::http::{HttpClient, HttpSettings, OutgoingRequest, RequestError, root_cause};

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
    http: HttpClient,
    pub counters: Arc<Counters>,
}

impl Transport {
    pub fn new(
        settings: &ClientSettings,
        plain_http: bool,
        guard: Arc<AddressGuard>,
    ) -> Result<Self, ClientError> {
        let http = HttpClient::new(&HttpSettings {
            user_agent: settings.user_agent.clone(),
            connect_timeout: settings.connect_timeout,
            read_timeout: settings.read_timeout,
            max_idle_connections: settings.max_concurrent_requests,
            extra_ca: settings.extra_ca.clone(),
            proxy: settings.proxy.clone(),
            allows_plain_http: plain_http,
            resolver: Some(Arc::new(GuardedResolver {
                guard,
                connect_to: settings.connect_to,
            })),
        })?;
        Ok(Self {
            http,
            counters: Arc::new(Counters::new()),
        })
    }

    /// Sends one request and returns the head of the answer, whatever its status.
    pub async fn send(&self, outgoing: Outgoing<'_>) -> Result<Response, Reason> {
        let mut headers = HeaderMap::new();
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
        self.counters.count_request(&outgoing.method);
        let request = OutgoingRequest {
            method: outgoing.method,
            url: outgoing.url,
            headers,
            form: outgoing.form,
            first_byte_timeout: outgoing.patience,
            deadline: outgoing.deadline,
        };
        let response = self
            .http
            .send(request)
            .await
            .map_err(|error| reason_of(error, outgoing.url))?;
        self.counters.count_status(response.status().as_u16());
        Ok(response)
    }

    /// Reads a body, up to `limit` bytes after content decoding.
    pub async fn read(&self, response: Response, limit: usize, deadline: Instant) -> Result<Bytes, Reason> {
        let url = response.url().clone();
        self.http
            .read(response, limit, deadline, |bytes| {
                self.counters.count_bytes(bytes);
            })
            .await
            .map_err(|error| reason_of(error, &url))
    }
}

/// What went wrong with a request, without its URL.
fn reason_of(error: RequestError, url: &Url) -> Reason {
    match error {
        RequestError::Timeout(waited) => Reason::Timeout(waited),
        RequestError::TooLarge(limit) => Reason::TooLarge(limit),
        RequestError::Connection(error) => connection_reason(&error, url),
    }
}

/// Whether TLS failed because the server answered with something else, which is almost always plain HTTP.
fn is_plain_http(error: &(dyn Error + 'static)) -> bool {
    // Errors of the system wrap each other, and are no causes of each other then.
    let mut inner = error;
    while let Some(wrapped) = inner
        .downcast_ref::<std::io::Error>()
        .and_then(|error| error.get_ref())
    {
        inner = wrapped;
    }
    matches!(
        inner.downcast_ref::<rustls::Error>(),
        Some(rustls::Error::InvalidMessage(
            rustls::InvalidMessage::InvalidContentType
        ))
    )
}

/// The server speaks http where https was asked for, or the reverse.
pub(super) fn other_scheme(url: &Url) -> Reason {
    let host = url.host_str().unwrap_or_default();
    let host = match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    let (asked, answered) = match url.scheme() {
        "https" => ("https", "http"),
        _ => ("http", "https"),
    };
    Reason::OtherScheme {
        host,
        asked,
        answered,
    }
}

fn connection_reason(error: &reqwest::Error, url: &Url) -> Reason {
    let mut cause: Option<&(dyn Error + 'static)> = error.source();
    while let Some(inner) = cause {
        if inner.is::<AddressRefused>() {
            return Reason::Refused {
                what: "name",
                target: origin_of(url),
                why: AddressRefused::WHY,
            };
        }
        if is_plain_http(inner) {
            return other_scheme(url);
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
            let guard = Arc::new(AddressGuard::new(
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
