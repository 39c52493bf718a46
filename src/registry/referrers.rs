use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use serde::Deserialize;

use super::auth::TokenScope;
use super::client::Client;
use super::next_link::next_link;
use super::request::Request;
use super::{ErrorKind, Reason, RegistryError, limits};
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
        let learned = &self.session.learned;
        if learned.no_referrers.is_set() {
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
            let counters = &self.session.connection.transport.counters;
            let _turn = match &self.session.referrers_pace {
                Some(pace) => Some(pace.acquire(counters).await),
                None => None,
            };
            let answer = match self.session.send(request).await {
                Ok(answer) if is_index(&answer.headers) => answer,
                // A web server in front that answers everything with a page of its own.
                Ok(_) => {
                    learned.no_referrers.set();
                    return Ok(None);
                }
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
            learned.has_referrers.set();
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

    /// Tells a registry without the API from one that has the API but cannot answer now. Registries without it say so
    /// in many ways: 404, 405 and 501, but also 400, 401, 403, 406, 500 (go-containerregistry issue 1962, Quay issue
    /// 3071), and GHCR redirects to a web page. After a first answer, such a status is a fault.
    fn without_referrers(&self, error: RegistryError) -> Result<Option<Vec<Descriptor>>, RegistryError> {
        let learned = &self.session.learned;
        let is_final = match error.reason() {
            // It has the API, but not this repository.
            Reason::Status { status: 404, said } if said.contains("NAME_UNKNOWN") => false,
            Reason::Status {
                status: 404 | 405 | 501,
                ..
            }
            | Reason::UnexpectedRedirect => true,
            Reason::Status { status: 400, said } if said.contains("UNSUPPORTED") => false,
            _ if learned.has_referrers.is_set() => return Err(error),
            Reason::Status {
                status: 400 | 401 | 403 | 406 | 500,
                ..
            } => false,
            _ if error.kind() == ErrorKind::Denied => false,
            _ => return Err(error),
        };
        if is_final && !learned.has_referrers.is_set() {
            learned.no_referrers.set();
        }
        Ok(None)
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
