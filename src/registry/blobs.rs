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
    /// A configuration, its digest verified. It is the only blob that is ever fetched; layers are not.
    ///
    /// # Errors
    /// What kept us from reading it; `NotFound` where the registry has no such blob (any more), and `Invalid`
    /// where it is larger than a configuration may be or not what its digest says.
    pub async fn get_config(
        &self,
        repository: &RepositoryName,
        digest: &Digest,
    ) -> Result<Bytes, RegistryError> {
        let about = || format!("reading the config {digest} of {repository}");
        let request = Request {
            about: &about,
            method: Method::GET,
            url: self.inner.url(&format!("{repository}/blobs/{digest}")),
            accept: HeaderValue::from_static("*/*"),
            scope: TokenScope::Pull(repository),
            limit: limits::CONFIG,
            follows_redirects: true,
            verbatim: true,
            slow: false,
            most_attempts: u32::MAX,
        };
        let answer = self.inner.send(request).await?;
        check(digest, &answer.body).map_err(|reason| RegistryError::new(about(), reason))?;
        Ok(answer.body)
    }
}
