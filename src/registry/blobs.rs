use bytes::Bytes;
use reqwest::Method;
use reqwest::header::HeaderValue;

use super::auth::TokenScope;
use super::client::Client;
use super::manifests::check;
use super::request::Request;
use super::{RegistryError, limits};
use crate::oci::{Digest, RepositoryName};

impl Client {
    /// Fetches an image configuration and verifies its digest. Configurations are the only blobs that are fetched;
    /// layers never are.
    ///
    /// # Errors
    /// Why it could not be read: `NotFound` if the registry does not have the blob (any more), `Invalid` if it is too
    /// large or does not match its digest.
    pub async fn get_config(
        &self,
        repository: &RepositoryName,
        digest: &Digest,
    ) -> Result<Bytes, RegistryError> {
        let about = || format!("reading the config {digest} of {repository}");
        let request = Request {
            about: &about,
            method: Method::GET,
            url: self
                .session
                .connection
                .url(&format!("{repository}/blobs/{digest}")),
            accept: HeaderValue::from_static("*/*"),
            scope: TokenScope::Pull(repository),
            limit: limits::CONFIG,
            follows_redirects: true,
            verbatim: true,
            slow: false,
            most_attempts: u32::MAX,
        };
        let answer = self.session.send(request).await?;
        check(digest, &answer.body).map_err(|reason| RegistryError::new(about(), reason))?;
        Ok(answer.body)
    }
}
