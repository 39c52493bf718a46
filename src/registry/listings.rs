use reqwest::Method;
use reqwest::header::HeaderValue;
use serde::Deserialize;
use url::Url;

use super::auth::TokenScope;
use super::client::Client;
use super::entry::{ListEntry, ListedManifest, ListedTag};
use super::google::{is_google_facade, is_google_registry};
use super::page::{self, Listing, Page, PageLink};
use super::request::Request;
use super::session::Session;
use super::{Reason, RegistryError, limits};
use crate::oci::RepositoryName;

/// Page sizes tried in turn if a page of the catalogue or of manifests fails. The cost of such a page depends on
/// the objects below it: a huge registry may manage five repositories at a time but not a hundred. Our choice.
const SMALLER_PAGES: [u32; 3] = [100, 20, 5];

/// What Azure Container Registry counts in a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct AzureCounts {
    /// Its tags.
    #[serde(default, rename = "tagCount")]
    pub tags: Option<u64>,
    /// Its manifests, tagged or not.
    #[serde(default, rename = "manifestCount")]
    pub manifests: Option<u64>,
}

impl Client {
    /// One page of the registry's repositories: the first, or the one that an earlier page links to.
    ///
    /// # Errors
    /// Why it could not be read. A listing that was not read to its end says nothing about missing entries.
    pub async fn catalog_page(&self, next: Option<PageLink>) -> Result<Page<RepositoryName>, RegistryError> {
        self.session
            .listing(
                Listing::Catalog,
                TokenScope::Catalog,
                "_catalog",
                "/v2/_catalog",
                next,
            )
            .await
    }

    /// One page of a repository's tags: the first, or the one that an earlier page links to.
    ///
    /// # Errors
    /// Why it could not be read; `NotFound` if the repository does not exist (any more).
    pub async fn tags_page(
        &self,
        repository: &RepositoryName,
        next: Option<PageLink>,
    ) -> Result<Page<ListedTag>, RegistryError> {
        let name = format!("{repository}/tags/list");
        let path = format!("/v2/{name}");
        self.session
            .listing(Listing::Tags, TokenScope::Pull(repository), &name, &path, next)
            .await
    }

    /// One page of a repository's tags with the manifests that they point to: the first, or the one that an earlier page
    /// links to. Only Azure Container Registry has such a listing (`GET /acr/v1/NAME/_tags`, Azure REST API
    /// specification 2021-07-01).
    ///
    /// # Errors
    /// Why it could not be read; `NotFound` if the repository does not exist or the registry has no such listing,
    /// `Denied` if the credentials may not read metadata.
    pub async fn azure_tags_page(
        &self,
        repository: &RepositoryName,
        next: Option<PageLink>,
    ) -> Result<Page<ListedTag>, RegistryError> {
        let name = format!("{repository}/_tags");
        let path = format!("/acr/v1/{name}");
        self.session
            .listing(
                Listing::AzureTags,
                TokenScope::Metadata(repository),
                &name,
                &path,
                next,
            )
            .await
    }

    /// One page of all manifests of a repository, tagged or not: the first, or the one that an earlier page links to.
    /// Only Azure Container Registry has such a listing (`GET /acr/v1/NAME/_manifests`, Azure REST API specification
    /// 2021-07-01).
    ///
    /// # Errors
    /// Why it could not be read; `NotFound` if the repository does not exist or the registry has no such listing,
    /// `Denied` if the credentials may not read metadata.
    pub async fn manifests_page(
        &self,
        repository: &RepositoryName,
        next: Option<PageLink>,
    ) -> Result<Page<ListedManifest>, RegistryError> {
        let name = format!("{repository}/_manifests");
        let path = format!("/acr/v1/{name}");
        self.session
            .listing(
                Listing::Manifests,
                TokenScope::Metadata(repository),
                &name,
                &path,
                next,
            )
            .await
    }
}

impl Client {
    /// How many tags and manifests Azure Container Registry has in a repository, hidden ones included
    /// (`GET /acr/v1/NAME`, Azure REST API specification 2021-07-01).
    ///
    /// # Errors
    /// Why it could not be read.
    pub async fn azure_counts(&self, repository: &RepositoryName) -> Result<AzureCounts, RegistryError> {
        let about = || format!("reading the attributes of {repository}");
        let request = Request {
            about: &about,
            method: Method::GET,
            url: self.session.connection.url_at(&format!("/acr/v1/{repository}")),
            accept: HeaderValue::from_static("application/json"),
            scope: TokenScope::Metadata(repository),
            limit: limits::ERROR,
            follows_redirects: false,
            verbatim: false,
            slow: false,
            most_attempts: u32::MAX,
        };
        let answer = self.session.send(request).await?;
        serde_json::from_slice(&answer.body).map_err(|_| {
            let reason = Reason::Malformed("the attributes of the repository cannot be parsed".into());
            RegistryError::new(about(), reason)
        })
    }
}

impl Session {
    /// Reads a page of the listing at `path`. `name` describes it in messages.
    async fn listing<T: ListEntry>(
        &self,
        listing: Listing,
        scope: TokenScope<'_>,
        name: &str,
        path: &str,
        mut link: Option<PageLink>,
    ) -> Result<Page<T>, RegistryError> {
        let learned = &self.learned;
        let size = (!learned.no_page_size.is_set()).then_some(self.connection.settings.page_size);
        let mut url = match &link {
            Some(link) => link.url.clone(),
            None => page::with_page_size(&self.connection.url_at(path), size),
        };
        let (is_first, is_guess) = (link.is_none(), link.as_ref().is_some_and(|link| link.is_guess));
        let mut refused = None;
        let mut smaller = SMALLER_PAGES.into_iter();
        loop {
            let error = match self.listing_page(listing, scope, name, &url, link.clone()).await {
                Ok(page) => {
                    if refused == Some(404) {
                        learned.no_page_size.set();
                    }
                    return Ok(page);
                }
                Err(error) => error,
            };
            let size = page::page_size(&url);
            match error.reason() {
                // No page was announced, and the registry has none.
                Reason::Status {
                    status: 400 | 404 | 405 | 410 | 416 | 422,
                    ..
                } if is_guess => return Ok(Page::end()),
                // The page size may exceed the registry's maximum (AWS ECR answers 405), or the registry may answer 404
                // to parameters that it does not know. Without one, the registry chooses.
                Reason::Status {
                    status: 400 | 405, ..
                } if size.is_some() => {
                    refused = Some(400);
                    url = page::with_page_size(&url, None);
                }
                Reason::Status { status: 404, said }
                    if size.is_some()
                        && is_first
                        && matches!(listing, Listing::Catalog | Listing::Tags)
                        && !said.contains("NAME_UNKNOWN") =>
                {
                    refused = Some(404);
                    url = page::with_page_size(&url, None);
                }
                Reason::Status {
                    status: 500..=599, ..
                }
                | Reason::Timeout(_)
                    if listing.is_expensive() =>
                {
                    let next = smaller.find(|smaller| size.is_none_or(|size| *smaller < size));
                    let Some(next) = next else { return Err(error) };
                    url = page::with_page_size(&url, Some(next));
                    link = link.map(|link| link.with_page_size(next));
                }
                _ => return Err(error),
            }
        }
    }

    async fn listing_page<T: ListEntry>(
        &self,
        listing: Listing,
        scope: TokenScope<'_>,
        name: &str,
        url: &Url,
        link: Option<PageLink>,
    ) -> Result<Page<T>, RegistryError> {
        let about = || format!("listing {name}");
        let can_shrink = listing.is_expensive() && page::page_size(url).is_none_or(|size| size > 5);
        let request = Request {
            about: &about,
            method: Method::GET,
            url: url.clone(),
            accept: HeaderValue::from_static("application/json"),
            scope,
            limit: self.listing_limit(listing),
            follows_redirects: listing == Listing::Tags && self.host().is_some_and(is_google_facade),
            verbatim: false,
            slow: listing == Listing::Catalog,
            most_attempts: if can_shrink { 2 } else { u32::MAX },
        };
        let answer = self.send(request).await?;
        page::read(
            listing,
            url,
            link,
            &answer.headers,
            &answer.body,
            &self.connection.url_policy,
            &self.connection.settings,
        )
        .map_err(|reason| RegistryError::new(about(), reason))
    }

    fn host(&self) -> Option<&str> {
        self.connection.url_policy.origin.url().host_str()
    }

    fn listing_limit(&self, listing: Listing) -> usize {
        let sends_manifests = |host: &str| is_google_registry(host) || is_google_facade(host);
        match listing {
            Listing::Tags if self.host().is_some_and(sends_manifests) => limits::LISTING_WITH_MANIFESTS,
            _ => limits::LISTING,
        }
    }
}
