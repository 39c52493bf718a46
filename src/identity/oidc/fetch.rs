//! Requests to an issuer: bounded in time and size, without redirects, which an issuer has no use for.

use std::time::Duration;

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{ACCEPT, HeaderMap, HeaderValue};
use tokio::time::Instant;
use url::Url;

use super::discovery::keys_url;
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

/// Fetches the keys of one issuer.
#[derive(Debug)]
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

    /// The keys that the issuer has now.
    ///
    /// # Errors
    /// If it does not answer, or its answer cannot be used.
    pub async fn keys(&self) -> Result<KeySet, IssuerError> {
        let document = self.get(&self.issuer.document_url()).await?;
        let keys = self.get(&keys_url(&document, &self.issuer)?).await?;
        Ok(KeySet::parse(&keys)?)
    }

    async fn get(&self, url: &Url) -> Result<Bytes, IssuerError> {
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
            method: Method::GET,
            url,
            headers: HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("application/json"))]),
            form: None,
            first_byte_timeout: ANSWER_TIMEOUT,
            deadline,
        };
        let answer = self.http.send(request).await.map_err(failed)?;
        let status = answer.status().as_u16();
        if status != 200 {
            let url = excerpt(url.as_str());
            return Err(IssuerError::Status { url, status });
        }
        let body = self.http.read(answer, LARGEST_ANSWER, deadline, |_| {}).await;
        body.map_err(failed)
    }
}

fn unreachable(url: &Url, reason: String) -> IssuerError {
    IssuerError::Unreachable {
        url: excerpt(url.as_str()),
        reason,
    }
}
