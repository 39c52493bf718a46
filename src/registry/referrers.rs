use std::sync::atomic::Ordering;

use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use serde::Deserialize;

use super::auth::TokenScope;
use super::client::Client;
use super::page::next_link;
use super::request::Request;
use super::{Reason, RegistryError, limits};
use crate::oci::text::quoted;
use crate::oci::{Descriptor, Digest, MediaType, RepositoryName};

#[derive(Deserialize)]
struct Index {
    manifests: Option<Vec<Descriptor>>,
}

const INDEX: &str = "application/vnd.oci.image.index.v1+json";

impl Client {
    /// The referrers of a manifest. `None` if the registry has no referrers API; it is then not asked again.
    ///
    /// # Errors
    /// Why they could not be read.
    pub async fn referrers(
        &self,
        repository: &RepositoryName,
        subject: &Digest,
    ) -> Result<Option<Vec<Descriptor>>, RegistryError> {
        if self.session.no_referrers.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let about = || format!("listing the referrers of {subject} of {repository}");
        let mut url = self
            .session
            .connection
            .url(&format!("{repository}/referrers/{subject}"));
        let mut found = Vec::new();
        let mut pages = 0;
        loop {
            let request = Request {
                about: &about,
                method: Method::GET,
                url: url.clone(),
                accept: HeaderValue::from_static(INDEX),
                scope: TokenScope::Pull(repository),
                limit: limits::MANIFEST,
                follows_redirects: false,
                verbatim: false,
                slow: false,
                most_attempts: u32::MAX,
            };
            let answer = match self.session.send(request).await {
                Ok(answer) if is_index(&answer.headers) => answer,
                // A web server in front that answers everything with a page of its own.
                Ok(_) => return Ok(None),
                Err(error) => return self.without_referrers(error),
            };
            let fail = |reason| Err(RegistryError::new(about(), reason));
            let index: Index = match serde_json::from_slice(&answer.body) {
                Ok(index) => index,
                Err(error) => {
                    return fail(Reason::Malformed(format!(
                        "the list of referrers cannot be parsed: {}",
                        quoted(&error.to_string())
                    )));
                }
            };
            let before = found.len();
            found.extend(index.manifests.unwrap_or_default());
            pages += 1;
            let next = match next_link(&answer.headers) {
                Ok(None) => return Ok(Some(found)),
                Ok(Some(link)) => self.session.connection.url_policy.next_page(&url, &link),
                Err(reason) => Err(reason),
            };
            if found.len() > limits::REFERRERS || pages > limits::REFERRERS || found.len() == before {
                return fail(Reason::Endless(format!(
                    "{} referrers on {pages} pages",
                    found.len()
                )));
            }
            url = match next {
                Ok(next) if next == url => return fail(Reason::Endless("a page links to itself".into())),
                Ok(next) => next,
                Err(reason) => return fail(reason),
            };
        }
    }

    /// Tells a registry without the API from one that has the API but not this repository: the former does not know
    /// the path, so it sends no distribution error.
    fn without_referrers(&self, error: RegistryError) -> Result<Option<Vec<Descriptor>>, RegistryError> {
        match error.reason() {
            Reason::Status { status: 404, said } if said.contains("NAME_UNKNOWN") => Ok(None),
            Reason::Status {
                status: 404 | 405 | 501,
                ..
            } => {
                self.session.no_referrers.store(true, Ordering::Relaxed);
                Ok(None)
            }
            Reason::Status { status: 400, said } if said.contains("UNSUPPORTED") => Ok(None),
            _ => Err(error),
        }
    }
}

fn is_index(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|text| {
            MediaType::from_text(text) == MediaType::Index || text.starts_with("application/json")
        })
}
