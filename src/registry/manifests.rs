use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};

use super::answer::Question;
use super::auth::Scope;
use super::client::Client;
use super::error::Reason;
use super::{RegistryError, limits, schema1};
use crate::http::declared_length;
use crate::oci::{ACCEPTED_MANIFESTS, Digest, MediaType, Reference, RepositoryName};
use crate::units::ByteCount;

/// What a registry says of a manifest without sending it. Older registries leave parts out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestHead {
    /// Its digest.
    pub digest: Option<Digest>,
    /// Its length.
    pub size: Option<ByteCount>,
    /// Its media type.
    pub media_type: Option<String>,
}

/// A manifest as fetched, not parsed yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchedManifest {
    /// The digest of its bytes, checked against what was asked for and against what the registry said.
    pub digest: Digest,
    /// Its length.
    pub size: ByteCount,
    /// The bytes.
    pub content: Bytes,
    /// The media type it was served with.
    pub content_type: Option<String>,
}

impl Client {
    /// What a reference points to, without its content.
    ///
    /// # Errors
    /// What kept us from knowing; `NotFound` where the registry has no such manifest (any more).
    pub async fn head_manifest(
        &self,
        repository: &RepositoryName,
        reference: &Reference,
    ) -> Result<ManifestHead, RegistryError> {
        let about = || format!("asking for {reference} of {repository}");
        let question = self.manifest_question(&about, Method::HEAD, repository, reference);
        let headers = match self.inner.ask(question).await {
            Ok(answer) => answer.headers,
            // A registry that does not know HEAD leaves the caller to GET.
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
            Err(error) => return Err(error),
        };
        Ok(ManifestHead {
            digest: claimed_digest(&headers).ok().flatten(),
            size: declared_length(&headers).and_then(|length| ByteCount::try_from(length).ok()),
            media_type: content_type(&headers),
        })
    }

    /// A manifest or index, its digest verified.
    ///
    /// # Errors
    /// What kept us from reading it; `NotFound` where the registry has no such manifest (any more), and
    /// `Invalid` where its bytes are not those of its digest.
    pub async fn get_manifest(
        &self,
        repository: &RepositoryName,
        reference: &Reference,
    ) -> Result<FetchedManifest, RegistryError> {
        let about = || format!("reading {reference} of {repository}");
        let question = self.manifest_question(&about, Method::GET, repository, reference);
        let answer = self.inner.ask(question).await?;
        let content_type = content_type(&answer.headers);
        let digest = verified(reference, &answer.headers, content_type.as_deref(), &answer.body)
            .map_err(|reason| RegistryError::new(about(), reason))?;
        Ok(FetchedManifest {
            digest,
            // A body is at most a few MiB, far below what a count holds.
            size: ByteCount::try_from(answer.body.len() as u64).unwrap_or(ByteCount::MAX),
            content: answer.body,
            content_type,
        })
    }

    fn manifest_question<'q>(
        &self,
        about: &'q (dyn Fn() -> String + Sync),
        method: Method,
        repository: &'q RepositoryName,
        reference: &Reference,
    ) -> Question<'q> {
        Question {
            about,
            url: self.inner.url(&format!("{repository}/manifests/{reference}")),
            accept: HeaderValue::from_static(ACCEPTED_MANIFESTS),
            scope: Scope::Pull(repository),
            limit: limits::MANIFEST,
            follows_redirects: true,
            // The length that HEAD tells must be that of the manifest, not of a compressed form.
            verbatim: method == Method::HEAD,
            method,
            slow: false,
            most_attempts: u32::MAX,
        }
    }
}

/// The digest of a manifest's bytes, checked against the reference and against the registry's own claim.
fn verified(
    reference: &Reference,
    headers: &HeaderMap,
    content_type: Option<&str>,
    content: &[u8],
) -> Result<Digest, Reason> {
    // What is signed in a schema 1 manifest is not its bytes but the payload within them.
    let payload = content_type
        .filter(|content_type| MediaType::of(content_type) == MediaType::Schema1)
        .and_then(|_| schema1::payload(content));
    let content = payload.as_deref().unwrap_or(content);
    let expected = match reference {
        Reference::Digest(digest) => Some(*digest),
        Reference::Tag(_) => None,
    };
    for expected in [expected, claimed_digest(headers)?].into_iter().flatten() {
        check(&expected, content)?;
    }
    Ok(expected.unwrap_or_else(|| Digest::sha256_of(content)))
}

/// Refuses content that is not what its digest says.
pub(super) fn check(expected: &Digest, content: &[u8]) -> Result<(), Reason> {
    if expected.matches(content) {
        return Ok(());
    }
    Err(Reason::WrongDigest {
        expected: Box::new(*expected),
        found: Box::new(Digest::sha256_of(content)),
    })
}

/// What the registry says the digest is.
fn claimed_digest(headers: &HeaderMap) -> Result<Option<Digest>, Reason> {
    let Some(value) = headers.get("docker-content-digest") else {
        return Ok(None);
    };
    value
        .to_str()
        .ok()
        .and_then(|text| text.parse().ok())
        .map(Some)
        .ok_or_else(|| Reason::Malformed("the registry's digest of the manifest cannot be read".into()))
}

/// The media type an answer was served with, unless it is absurdly long.
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
