use reqwest::Method;
use reqwest::header::HeaderValue;
use url::Url;

use super::auth::TokenScope;
use super::client::Client;
use super::entry::{ListEntry, ListedManifest};
use super::page::{self, Listing, Page, PageLink};
use super::request::Request;
use super::session::Session;
use super::{Reason, RegistryError, limits};
use crate::oci::{RepositoryName, Tag};

/// Page sizes tried in turn if a page of the catalogue or of manifests fails. The cost of such a page depends on
/// the objects below it: a huge registry may manage five repositories at a time but not a hundred. Our choice.
const SMALLER_PAGES: [u32; 3] = [100, 20, 5];

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
    ) -> Result<Page<Tag>, RegistryError> {
        let name = format!("{repository}/tags/list");
        let path = format!("/v2/{name}");
        self.session
            .listing(Listing::Tags, TokenScope::Pull(repository), &name, &path, next)
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
        let mut url = match &link {
            Some(link) => link.url.clone(),
            None => page::with_page_size(
                &self.connection.url_at(path),
                Some(self.connection.settings.page_size),
            ),
        };
        let mut smaller = SMALLER_PAGES.into_iter();
        loop {
            let error = match self.listing_page(listing, scope, name, &url, link.clone()).await {
                Ok(page) => return Ok(page),
                Err(error) => error,
            };
            let size = page::page_size(&url);
            match error.reason() {
                // The page size may exceed the registry's maximum. Without one, the registry chooses.
                Reason::Status { status: 400, .. } if size.is_some() => {
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
            limit: limits::LISTING,
            follows_redirects: false,
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
}
