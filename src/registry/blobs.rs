use bytes::Bytes;
use reqwest::Method;
use reqwest::header::HeaderValue;

use super::auth::TokenScope;
use super::client::Client;
use super::manifests::check;
use super::request::Request;
use super::{RegistryError, limits};
use crate::http::declared_length;
use crate::oci::{Digest, RepositoryName};
use crate::units::ByteCount;

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
        let request = self.blob_request(&about, Method::GET, repository, digest, limits::CONFIG);
        let answer = self.session.send(request).await?;
        check(digest, &answer.body).map_err(|reason| RegistryError::new(about(), reason))?;
        Ok(answer.body)
    }

    /// Asks how large a blob is, without fetching it. `None` if the registry does not say.
    ///
    /// # Errors
    /// Why it could not be asked for; `NotFound` if the registry does not have the blob (any more).
    pub async fn blob_size(
        &self,
        repository: &RepositoryName,
        digest: &Digest,
    ) -> Result<Option<ByteCount>, RegistryError> {
        let about = || format!("asking for the size of {digest} of {repository}");
        // The answer has no body, so its length may be any.
        let request = self.blob_request(&about, Method::HEAD, repository, digest, usize::MAX);
        let answer = self.session.send(request).await?;
        let length = declared_length(&answer.headers);
        Ok(length.and_then(|length| ByteCount::try_from(length).ok()))
    }

    fn blob_request<'q>(
        &self,
        about: &'q (dyn Fn() -> String + Sync),
        method: Method,
        repository: &'q RepositoryName,
        digest: &Digest,
        limit: usize,
    ) -> Request<'q> {
        Request {
            about,
            method,
            url: self
                .session
                .connection
                .url(&format!("{repository}/blobs/{digest}")),
            accept: HeaderValue::from_static("*/*"),
            scope: TokenScope::Pull(repository),
            limit,
            follows_redirects: true,
            verbatim: true,
            slow: false,
            most_attempts: u32::MAX,
        }
    }
}
