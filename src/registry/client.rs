use std::sync::Arc;

use bytes::Bytes;

use super::error::Reason;
use super::statistics::Counters;
use super::{
    ClientError, ClientSettings, Credentials, FetchedManifest, ManifestHead, Origin, Page, PageLink,
    RegistryError, RequestStatistics,
};
use crate::clock::Clock;
use crate::oci::{Descriptor, Digest, Reference, RepositoryName, Tag};

/// A careful client of one registry. Clones share everything: connections, tokens, limits, statistics.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    origin: Origin,
    counters: Counters,
}

impl Client {
    /// Makes a client; asks the registry nothing yet.
    ///
    /// # Errors
    /// Certificates that cannot be read, or settings that cannot be used.
    pub fn new(
        origin: Origin,
        credentials: Credentials,
        settings: ClientSettings,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ClientError> {
        let _ = (credentials, settings, clock);
        Ok(Self {
            inner: Arc::new(Inner {
                origin,
                counters: Counters::new(),
            }),
        })
    }

    /// The registry this client speaks to.
    pub fn origin(&self) -> &Origin {
        &self.inner.origin
    }

    /// What the client has cost the registry so far.
    pub fn statistics(&self) -> RequestStatistics {
        self.inner.counters.snapshot()
    }

    /// One page of the registry's repositories: the first, or the one that an earlier page links to.
    pub async fn catalog_page(&self, next: Option<PageLink>) -> Result<Page<RepositoryName>, RegistryError> {
        let _ = next;
        Err(RegistryError::new(
            "catalog",
            Reason::Malformed("skeleton".into()),
        ))
    }

    /// One page of a repository's tags: the first, or the one that an earlier page links to.
    pub async fn tags_page(
        &self,
        repository: &RepositoryName,
        next: Option<PageLink>,
    ) -> Result<Page<Tag>, RegistryError> {
        let _ = (repository, next);
        Err(RegistryError::new("tags", Reason::Malformed("skeleton".into())))
    }

    /// What a reference points to, without its content.
    pub async fn head_manifest(
        &self,
        repository: &RepositoryName,
        reference: &Reference,
    ) -> Result<ManifestHead, RegistryError> {
        let _ = (repository, reference);
        Err(RegistryError::new("head", Reason::Malformed("skeleton".into())))
    }

    /// A manifest or index, its digest verified.
    pub async fn get_manifest(
        &self,
        repository: &RepositoryName,
        reference: &Reference,
    ) -> Result<FetchedManifest, RegistryError> {
        let _ = (repository, reference);
        Err(RegistryError::new(
            "manifest",
            Reason::Malformed("skeleton".into()),
        ))
    }

    /// A configuration, its digest verified.
    pub async fn get_config(
        &self,
        repository: &RepositoryName,
        digest: &Digest,
    ) -> Result<Bytes, RegistryError> {
        let _ = (repository, digest);
        Err(RegistryError::new("config", Reason::Malformed("skeleton".into())))
    }

    /// What is attached to a manifest; `None` where the registry has no referrers API.
    pub async fn referrers(
        &self,
        repository: &RepositoryName,
        subject: &Digest,
    ) -> Result<Option<Vec<Descriptor>>, RegistryError> {
        let _ = (repository, subject);
        Err(RegistryError::new(
            "referrers",
            Reason::Malformed("skeleton".into()),
        ))
    }
}
