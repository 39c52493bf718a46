use std::sync::Arc;

use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Method, StatusCode};
use tokio::time::Instant;
use url::Url;

use super::ClientSettings;
use super::throttle::Throttle;
use super::transport::{Outgoing, Transport};
use super::url_policy::UrlPolicy;
use crate::clock::Clock;

/// How a registry is reached, without authentication: its URLs, the transport, the rate limit, the settings.
pub(super) struct Connection {
    pub url_policy: UrlPolicy,
    pub transport: Transport,
    pub throttle: Throttle,
    pub settings: ClientSettings,
    pub clock: Arc<dyn Clock>,
}

impl Connection {
    /// The URL of a path of the distribution API. Callers build the path of checked names only.
    pub fn url(&self, path: &str) -> Url {
        self.url_at(&format!("/v2/{path}"))
    }

    /// The URL of a path below the registry's root. Callers build the path of checked names only.
    pub fn url_at(&self, path: &str) -> Url {
        let mut url = self.url_policy.origin.url().clone();
        url.set_path(path);
        url
    }

    /// Sends an anonymous request to the registry's root and returns the headers of its challenge. `None` if the
    /// registry does not ask for credentials or does not answer.
    pub async fn probe_challenge(&self) -> Option<HeaderMap> {
        let url = self.url("");
        let permit = self.throttle.acquire(&self.transport.counters).await;
        let outgoing = Outgoing {
            method: Method::GET,
            url: &url,
            accept: HeaderValue::from_static("*/*"),
            authorization: None,
            extra: None,
            form: None,
            verbatim: true,
            patience: self.settings.read_timeout,
            deadline: Instant::now() + self.settings.attempt_timeout,
        };
        let response = self.transport.send(outgoing).await.ok()?;
        drop(permit);
        (response.status() == StatusCode::UNAUTHORIZED).then(|| response.headers().clone())
    }
}
