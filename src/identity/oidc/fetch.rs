//! Asking an issuer: bounded in time and size, without redirects, which an issuer has no use for.

use std::error::Error;
use std::time::Duration;

use reqwest::header::ACCEPT;
use reqwest::{Certificate, Client};
use secrecy::ExposeSecret as _;

use super::discovery::place_of_keys;
use super::error::IssuerError;
use super::keys::KeySet;
use super::settings::{IssuerSettings, IssuerUrl};
use crate::oci::text::excerpt;

/// How long a connection may take to come about, and an answer to be there whole.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// The most bytes of a document or a set of keys that are read. Those of large providers have up to some 30 kB.
const LARGEST_ANSWER: usize = 256 * 1024;

/// Asks one issuer.
#[derive(Debug)]
pub(super) struct Fetcher {
    issuer: IssuerUrl,
    http: Client,
}

impl Fetcher {
    /// Readies requests, and sends none.
    ///
    /// # Errors
    /// Where the certificates or the proxy that the settings name will not do.
    pub fn new(settings: &IssuerSettings) -> Result<Self, IssuerError> {
        // One that is there already is as good.
        drop(rustls::crypto::ring::default_provider().install_default());
        super::signatures::install();
        let builder = || {
            let builder = Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .referer(false)
                .user_agent(concat!("tare/", env!("CARGO_PKG_VERSION")))
                .connect_timeout(CONNECT_TIMEOUT)
                .timeout(ANSWER_TIMEOUT)
                .https_only(!settings.issuer.is_plain())
                .no_proxy();
            match &settings.proxy {
                Some(proxy) => reqwest::Proxy::all(proxy.expose_secret())
                    .map(|proxy| builder.proxy(proxy))
                    // The error would repeat the URL, which may hold a password.
                    .map_err(|_| IssuerError::Setup("its proxy is not the URL of one".to_owned())),
                None => Ok(builder),
            }
        };
        let http = match builder()?.tls_certs_merge(certificates(settings)?).build() {
            // A machine without any certificates can still ask one on itself.
            Err(_) if settings.issuer.is_plain() => builder()?.tls_certs_only([]).build(),
            built => built,
        };
        Ok(Self {
            issuer: settings.issuer.clone(),
            http: http.map_err(|error| IssuerError::Setup(root_cause(&error)))?,
        })
    }

    /// The keys that the issuer has now.
    ///
    /// # Errors
    /// Where it does not answer, or what it answers will not do.
    pub async fn keys(&self) -> Result<KeySet, IssuerError> {
        let document = self.get(&self.issuer.document()).await?;
        let keys = self.get(place_of_keys(&document, &self.issuer)?.as_str()).await?;
        Ok(KeySet::parse(&keys)?)
    }

    async fn get(&self, url: &str) -> Result<Vec<u8>, IssuerError> {
        let unreachable = |error: reqwest::Error| IssuerError::Unreachable {
            url: excerpt(url),
            reason: if error.is_timeout() {
                format!("there is no whole answer within {} s", ANSWER_TIMEOUT.as_secs())
            } else {
                root_cause(&error)
            },
        };
        let request = self.http.get(url).header(ACCEPT, "application/json");
        let mut answer = request.send().await.map_err(unreachable)?;
        let status = answer.status().as_u16();
        if status != 200 {
            let url = excerpt(url);
            return Err(IssuerError::Status { url, status });
        }
        let mut body = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(unreachable)? {
            if body.len() + piece.len() > LARGEST_ANSWER {
                return Err(IssuerError::TooLarge {
                    url: excerpt(url),
                    limit: LARGEST_ANSWER,
                });
            }
            body.extend_from_slice(&piece);
        }
        Ok(body)
    }
}

fn certificates(settings: &IssuerSettings) -> Result<Vec<Certificate>, IssuerError> {
    let mut certificates = Vec::new();
    for file in &settings.extra_ca {
        let fail = |problem: String| IssuerError::Setup(format!("extra_ca {}: {problem}", file.display()));
        let text = std::fs::read(file).map_err(|error| fail(error.to_string()))?;
        let found = Certificate::from_pem_bundle(&text).map_err(|error| fail(root_cause(&error)))?;
        if found.is_empty() {
            return Err(fail("it holds no PEM certificate".to_owned()));
        }
        certificates.extend(found);
    }
    Ok(certificates)
}

/// What is at the bottom of an error, without the URL that those above it repeat.
fn root_cause(error: &dyn Error) -> String {
    let mut deepest = error;
    while let Some(inner) = deepest.source() {
        deepest = inner;
    }
    excerpt(&deepest.to_string())
}
