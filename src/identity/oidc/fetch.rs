//! Requests to an issuer: bounded in time and size, without redirects, which an issuer has no use for.

use std::time::Duration;

use bytes::Bytes;
use oauth2::{HttpRequest, HttpResponse};
use reqwest::Method;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use tokio::time::Instant;
use url::Url;

use super::discovery::{Discovery, LoginEndpoints};
use super::error::IssuerError;
use super::keys::KeySet;
use super::settings::{IssuerSettings, IssuerUrl};
use crate::http::{HttpClient, HttpSettings, HttpSetupError, OutgoingRequest, RequestError, root_cause};
use crate::oci::text::excerpt;

/// How long a connection may take to be made, and an answer to be there whole. Our choice: a request with a token that
/// names a new key waits for this.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// The most bytes of a document or a set of keys that are read. Those of large providers have up to some 30 kB.
const LARGEST_ANSWER: usize = 256 * 1024;

/// What an issuer publishes.
#[derive(Debug)]
pub(super) struct Published {
    /// The keys that check its tokens.
    pub keys: KeySet,
    /// Its endpoints for logins, or why there are none.
    pub login: Result<LoginEndpoints, IssuerError>,
}

/// Sends requests to one issuer. Clones share connections.
#[derive(Debug, Clone)]
pub(super) struct Fetcher {
    issuer: IssuerUrl,
    http: HttpClient,
}

impl Fetcher {
    /// Prepares requests, and sends none.
    ///
    /// # Errors
    /// If the certificates or the proxy in the settings cannot be used.
    pub fn new(settings: &IssuerSettings) -> Result<Self, IssuerError> {
        super::signatures::install();
        let http = HttpClient::new(&HttpSettings {
            user_agent: concat!("tare/", env!("CARGO_PKG_VERSION")).to_owned(),
            connect_timeout: CONNECT_TIMEOUT,
            read_timeout: ANSWER_TIMEOUT,
            max_idle_connections: 1,
            extra_ca: settings.extra_ca.clone(),
            proxy: settings.proxy.clone(),
            allows_plain_http: settings.issuer.is_plain(),
            resolver: None,
        });
        let setup = |error| {
            IssuerError::Setup(match error {
                HttpSetupError::Proxy => "its proxy is not the URL of one".to_owned(),
                HttpSetupError::Certificates { file, problem } => {
                    format!("extra_ca {}: {problem}", file.display())
                }
                HttpSetupError::Library(problem) => problem,
            })
        };
        Ok(Self {
            issuer: settings.issuer.clone(),
            http: http.map_err(setup)?,
        })
    }

    /// What the issuer publishes now.
    ///
    /// # Errors
    /// If it does not answer, or its answer cannot be used.
    pub async fn published(&self) -> Result<Published, IssuerError> {
        let document = self.get(&self.issuer.document_url()).await?;
        let Discovery { keys, login } = Discovery::parse(&document, &self.issuer)?;
        let keys = KeySet::parse(&self.get(&keys).await?)?;
        Ok(Published { keys, login })
    }

    async fn get(&self, url: &Url) -> Result<Bytes, IssuerError> {
        let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("application/json"))]);
        let (status, _, body) = self.send(Method::GET, url, headers, None).await?;
        if status != 200 {
            let url = excerpt(url.as_str());
            return Err(IssuerError::Status { url, status });
        }
        Ok(body)
    }

    /// Sends a request of the OAuth library and returns the answer, whatever its status.
    ///
    /// # Errors
    /// If no whole answer comes in time, or it is too large.
    pub async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, IssuerError> {
        let (parts, form) = request.into_parts();
        let url =
            Url::parse(&parts.uri.to_string()).map_err(|error| IssuerError::Setup(error.to_string()))?;
        // It is percent-encoded, so it is ASCII.
        let form = String::from_utf8_lossy(&form).into_owned();
        let (status, kind, body) = self.send(parts.method, &url, parts.headers, Some(form)).await?;
        let mut answer = HttpResponse::new(body.to_vec());
        *answer.status_mut() = oauth2::http::StatusCode::from_u16(status).unwrap_or_default();
        if let Some(kind) = kind {
            answer.headers_mut().insert(CONTENT_TYPE, kind);
        }
        Ok(answer)
    }

    async fn send(
        &self,
        method: Method,
        url: &Url,
        headers: HeaderMap,
        form: Option<String>,
    ) -> Result<(u16, Option<HeaderValue>, Bytes), IssuerError> {
        let failed = |error: RequestError| match error {
            RequestError::TooLarge(limit) => IssuerError::TooLarge {
                url: excerpt(url.as_str()),
                limit,
            },
            RequestError::Timeout(_) => unreachable(
                url,
                format!("there is no whole answer within {} s", ANSWER_TIMEOUT.as_secs()),
            ),
            RequestError::Connection(error) if error.is_connect() && error.is_timeout() => unreachable(
                url,
                format!("there is no connection within {} s", CONNECT_TIMEOUT.as_secs()),
            ),
            RequestError::Connection(error) => unreachable(url, root_cause(&error)),
        };
        let deadline = Instant::now() + ANSWER_TIMEOUT;
        let request = OutgoingRequest {
            method,
            url,
            headers,
            form,
            first_byte_timeout: ANSWER_TIMEOUT,
            deadline,
        };
        let answer = self.http.send(request).await.map_err(failed)?;
        let status = answer.status().as_u16();
        let kind = answer.headers().get(CONTENT_TYPE).cloned();
        let body = self.http.read(answer, LARGEST_ANSWER, deadline, |_| {}).await;
        Ok((status, kind, body.map_err(failed)?))
    }
}

fn unreachable(url: &Url, reason: String) -> IssuerError {
    IssuerError::Unreachable {
        url: excerpt(url.as_str()),
        reason,
    }
}
