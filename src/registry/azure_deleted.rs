//! What Azure Container Registry keeps of deleted repositories (soft delete).

use chrono::{DateTime, Utc};
use reqwest::Method;
use reqwest::header::HeaderValue;
use serde::Deserialize;

use super::auth::TokenScope;
use super::client::Client;
use super::next_link::next_link;
use super::request::Request;
use super::{Reason, RegistryError, limits, page};

/// The most pages that are read. Our choice: only the number of repositories is of interest.
const MAX_PAGES: usize = 1000;

/// A deleted repository that the registry still stores.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct DeletedRepository {
    /// When it was deleted, if the registry says.
    #[serde(default, rename = "deletedAt")]
    pub deleted_at: Option<DateTime<Utc>>,
}

#[derive(Deserialize)]
struct DeletedCatalog {
    repositories: Option<Vec<DeletedRepository>>,
}

impl Client {
    /// The deleted repositories that Azure Container Registry still stores (`GET /acr/v1/_deleted/_catalog`, as
    /// azure-cli's `acr repository list-deleted` asks for them, 2026).
    ///
    /// # Errors
    /// Why they could not be listed: `Denied` without the permission `registries/deleted/read`, which AcrPull does not
    /// contain, `NotFound` from any other registry.
    pub async fn deleted_repositories(&self) -> Result<Vec<DeletedRepository>, RegistryError> {
        let about = || "listing deleted repositories".to_owned();
        let failed = |reason| RegistryError::new(about(), reason);
        let connection = &self.session.connection;
        let url = connection.url_at("/acr/v1/_deleted/_catalog");
        let mut url = page::with_page_size(&url, Some(connection.settings.page_size));
        let mut found = Vec::new();
        for _ in 0..MAX_PAGES {
            let request = Request {
                about: &about,
                method: Method::GET,
                url: url.clone(),
                accept: HeaderValue::from_static("application/json"),
                scope: TokenScope::DeletedCatalog,
                limit: limits::LISTING,
                follows_redirects: false,
                verbatim: false,
                slow: false,
                most_attempts: 2,
            };
            let answer = self.session.send(request).await?;
            let listed: DeletedCatalog = serde_json::from_slice(&answer.body)
                .map_err(|_| failed(Reason::Malformed("the listing cannot be parsed".into())))?;
            found.extend(listed.repositories.unwrap_or_default());
            match next_link(&answer.headers).map_err(failed)? {
                Some(link) => url = connection.url_policy.next_page(&url, &link).map_err(failed)?,
                None => return Ok(found),
            }
        }
        Err(failed(Reason::Endless(format!("more than {MAX_PAGES} pages"))))
    }
}
