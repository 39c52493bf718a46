//! A careful client of the OCI distribution protocol.
//!
//! The registry is not trusted. Response sizes are bounded and every digest is recomputed. Links, redirects and
//! token realms are followed only to allowed places. Credentials go to the registry's own origin and to the token
//! service it may name, nowhere else.
//!
//! The client is polite: it bounds concurrency and requests per minute, obeys `Retry-After`, and retries transient
//! faults. Callers use the types of [`crate::oci`] and get a value or a [`RegistryError`].
//!
//! Of the crate `oci-client` (formerly `oci-distribution`), this room uses the type of a registry's error document. In
//! the tests that crate is an independent client, and what it reads must equal what this one reads
//! (`tests/registry/oracle.rs`).

pub(crate) mod address_guard;
mod auth;
mod azure;
mod azure_deleted;
mod blobs;
mod challenge;
mod client;
mod connection;
pub mod credentials;
mod docker_config;
mod domain;
mod entry;
mod error;
mod explanation;
mod google;
mod limits;
mod listings;
mod manifests;
mod next_link;
mod origin;
mod page;
mod pull_limit;
mod referrers;
mod request;
mod retry;
mod schema1;
mod session;
mod settings;
mod statistics;
mod throttle;
mod transport;
mod url_policy;

pub use azure::{AzureIdentity, is_azure_registry};
pub use azure_deleted::DeletedRepository;
pub use client::Client;
pub use credentials::{Credentials, CredentialsError};
pub use entry::{ListedManifest, ListedTag};
pub use error::{ClientError, ErrorKind, Reason, RegistryError};
pub use listings::AzureCounts;
pub use manifests::{FetchedManifest, ManifestHead};
pub use origin::{InvalidOrigin, Origin};
pub use page::{Page, PageLink};
pub use settings::ClientSettings;
pub use statistics::RequestStatistics;
