//! The distribution protocol, spoken by a careful client.
//!
//! The registry is not trusted. What it sends is bounded, every digest is recomputed, links, redirects and
//! token realms are followed only where they may lead, and credentials go to the registry's own origin and
//! to the token service it may name, nowhere else.
//!
//! The client is polite and stubborn: it bounds concurrency and requests a minute, obeys `Retry-After`, and
//! retries what may pass. Callers ask in terms of [`crate::oci`] and get a value or a [`RegistryError`].

mod answer;
mod auth;
mod azure;
mod blobs;
mod challenge;
mod client;
pub mod credentials;
mod destination;
mod docker_config;
mod domain;
mod entry;
mod error;
mod limits;
mod listings;
mod manifests;
mod origin;
mod pace;
mod page;
mod reach;
mod referrers;
mod retry;
mod schema1;
mod settings;
mod statistics;
mod transport;

pub use azure::{AzureIdentity, is_azure_registry};
pub use client::Client;
pub use credentials::{Credentials, CredentialsError};
pub use entry::ListedManifest;
pub use error::{ClientError, ErrorKind, Reason, RegistryError};
pub use manifests::{FetchedManifest, ManifestHead};
pub use origin::{InvalidOrigin, Origin};
pub use page::{Page, PageLink};
pub use settings::ClientSettings;
pub use statistics::RequestStatistics;
