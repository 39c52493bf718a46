use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};

use super::auth::TokenScope;
use super::client::Client;
use super::error::Reason;
use super::pull_limit::pull_limit_reached;
use super::request::Request;
use super::{ErrorKind, RegistryError, limits, schema1};
use crate::http::declared_length;
use crate::oci::{ACCEPTED_MANIFESTS, Digest, MediaType, Reference, RepositoryName};
use crate::units::ByteCount;

/// The headers of a manifest. Older registries omit some.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ManifestHead {
    /// Its digest.
    pub digest: Option<Digest>,
    /// Its size.
    pub size: Option<ByteCount>,
    /// Its media type.
    pub media_type: Option<String>,
}

/// A fetched manifest, not parsed yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchedManifest {
    /// The digest of its bytes, checked against the reference and the registry's own header.
    pub digest: Digest,
    /// Its size.
    pub size: ByteCount,
    /// The bytes.
    pub content: Bytes,
    /// The `Content-Type` of the response.
    pub content_type: Option<String>,
}

impl Client {
    /// Resolves a reference without fetching the content. If the registry answers 404 although it has the manifest, as
    /// Sonatype Nexus does, HEAD is not used again and the answer is empty: the caller has to use GET.
    ///
    /// # Errors
    /// Why it could not be resolved; `NotFound` if the registry does not have the manifest (any more).
    pub async fn head_manifest(
        &self,
        repository: &RepositoryName,
        reference: &Reference,
    ) -> Result<ManifestHead, RegistryError> {
        let about = || format!("asking for {reference} of {repository}");
        let learned = &self.session.learned;
        if learned.head_is_wrong.is_set() {
            return Ok(ManifestHead::default());
        }
        let request = self.manifest_request(&about, Method::HEAD, repository, reference);
        let headers = match self.session.send(request).await {
            Ok(answer) => answer.headers,
            // A registry without HEAD: the caller has to use GET.
            Err(error)
                if matches!(
                    error.reason(),
                    Reason::Status {
                        status: 405 | 501,
                        ..
                    }
                ) =>
            {
                HeaderMap::new()
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let found = self.get_manifest(repository, reference).await?;
                learned.head_is_wrong.set();
                return Ok(ManifestHead {
                    digest: Some(found.digest),
                    size: Some(found.size),
                    media_type: found.content_type,
                });
            }
            Err(error) => return Err(error),
        };
        Ok(ManifestHead {
            digest: claimed_digest(&headers).ok().flatten(),
            size: declared_length(&headers).and_then(|length| ByteCount::try_from(length).ok()),
            media_type: content_type(&headers),
        })
    }

    /// Fetches a manifest or index and verifies its digest.
    ///
    /// # Errors
    /// Why it could not be read: `NotFound` if the registry does not have the manifest (any more), `Invalid` if its
    /// bytes do not match its digest.
    pub async fn get_manifest(
        &self,
        repository: &RepositoryName,
        reference: &Reference,
    ) -> Result<FetchedManifest, RegistryError> {
        let about = || format!("reading {reference} of {repository}");
        if self.session.learned.refuses_pulls() {
            return Err(RegistryError::new(about(), pull_limit_reached()));
        }
        let request = self.manifest_request(&about, Method::GET, repository, reference);
        let answer = self.session.send(request).await?;
        let content_type = content_type(&answer.headers);
        let digest = verified(reference, &answer.headers, content_type.as_deref(), &answer.body)
            .map_err(|reason| RegistryError::new(about(), reason))?;
        Ok(FetchedManifest {
            digest,
            // A body is at most a few MiB, far below the maximum of a count.
            size: ByteCount::try_from(answer.body.len() as u64).unwrap_or(ByteCount::MAX),
            content: answer.body,
            content_type,
        })
    }

    fn manifest_request<'q>(
        &self,
        about: &'q (dyn Fn() -> String + Sync),
        method: Method,
        repository: &'q RepositoryName,
        reference: &Reference,
    ) -> Request<'q> {
        Request {
            about,
            url: self
                .session
                .connection
                .url(&format!("{repository}/manifests/{reference}")),
            accept: HeaderValue::from_static(ACCEPTED_MANIFESTS),
            scope: TokenScope::Pull(repository),
            limit: limits::MANIFEST,
            follows_redirects: true,
            // The length in a HEAD response must be that of the manifest, not of a compressed form.
            verbatim: method == Method::HEAD,
            method,
            slow: false,
            most_attempts: u32::MAX,
        }
    }
}

/// The digest of a manifest's bytes, checked against the reference and the registry's own header.
fn verified(
    reference: &Reference,
    headers: &HeaderMap,
    content_type: Option<&str>,
    content: &[u8],
) -> Result<Digest, Reason> {
    // The digest of a schema 1 manifest covers the payload inside it, not its bytes.
    let payload = content_type
        .filter(|content_type| MediaType::from_text(content_type) == MediaType::Schema1)
        .and_then(|_| schema1::payload(content));
    let content = payload.as_deref().unwrap_or(content);
    let expected = match reference {
        Reference::Digest(digest) => Some(*digest),
        Reference::Tag(_) => None,
    };
    let claimed = claimed_digest(headers)?;
    // Hashing costs more than anything else here, so each digest is computed once.
    if let Some(expected) = expected {
        check(&expected, content)?;
    }
    if let Some(claimed) = claimed.filter(|claimed| expected != Some(*claimed)) {
        check(&claimed, content)?;
    }
    let checked = expected.or(claimed.filter(|claimed| matches!(claimed, Digest::Sha256(_))));
    Ok(checked.unwrap_or_else(|| Digest::sha256_of(content)))
}

/// Checks content against its digest.
pub(super) fn check(expected: &Digest, content: &[u8]) -> Result<(), Reason> {
    if expected.matches(content) {
        return Ok(());
    }
    Err(Reason::WrongDigest {
        expected: Box::new(*expected),
        found: Box::new(Digest::sha256_of(content)),
    })
}

/// The digest in the response's headers.
fn claimed_digest(headers: &HeaderMap) -> Result<Option<Digest>, Reason> {
    let Some(value) = headers.get("docker-content-digest") else {
        return Ok(None);
    };
    value
        .to_str()
        .ok()
        .and_then(|text| text.parse().ok())
        .map(Some)
        .ok_or_else(|| Reason::Malformed("the Docker-Content-Digest header cannot be parsed".into()))
}

/// The `Content-Type` of a response, unless it is absurdly long.
fn content_type(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    (text.len() <= 255).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(digest: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("docker-content-digest", digest.parse().unwrap());
        headers
    }

    #[test]
    fn bytes_must_be_those_of_the_reference_and_of_the_registrys_claim() {
        let (content, digest) = (b"{}", Digest::sha256_of(b"{}"));
        let other = Digest::sha256_of(b"other");
        let tag = Reference::Tag("latest".parse().unwrap());
        let nothing = HeaderMap::new();
        assert_eq!(verified(&tag, &nothing, None, content), Ok(digest));
        assert_eq!(
            verified(&Reference::Digest(digest), &nothing, None, content),
            Ok(digest)
        );
        assert_eq!(
            verified(&tag, &headers(&digest.to_string()), None, content),
            Ok(digest)
        );
        for (reference, headers) in [
            (Reference::Digest(other), nothing),
            (tag.clone(), headers(&other.to_string())),
            (Reference::Digest(digest), headers(&other.to_string())),
            (tag, headers("nonsense")),
        ] {
            assert!(
                verified(&reference, &headers, None, content).is_err(),
                "{reference}"
            );
        }
    }
}
