//! Particulars of Google Artifact Registry.
//!
//! Its listing of tags also contains every manifest of the repository, tagged or not, with its tags and times, and
//! comes in a single page (google/go-containerregistry, `pkg/v1/google/list.go`, August 2026).

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::entry::ListedManifest;
use crate::oci::Digest;

/// Domains of Google's registries (Google documentation, 2026).
const DOMAINS: [&str; 2] = [".pkg.dev", ".gcr.io"];

/// Whether a host is a registry of Google.
pub(super) fn is_google_registry(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    host == "gcr.io" || DOMAINS.iter().any(|domain| host.ends_with(domain))
}

/// A registry that redirects every request, listings too, to one of Google's (oras-go issue 633, 2023; Kubernetes'
/// registry.k8s.io, 2026).
const FACADE: &str = "registry.k8s.io";

/// Whether a host redirects its listings to a registry of Google.
pub(super) fn is_google_facade(host: &str) -> bool {
    host.eq_ignore_ascii_case(FACADE)
}

/// The member `manifest` of a listing of tags.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum GoogleManifests {
    Listed(BTreeMap<String, GoogleManifest>),
    /// Not there, or of another form.
    Other(IgnoredAny),
}

impl Default for GoogleManifests {
    fn default() -> Self {
        Self::Other(IgnoredAny)
    }
}

/// A manifest by its digest. Numbers are sent as text.
#[derive(Deserialize)]
pub(super) struct GoogleManifest {
    #[serde(default)]
    tag: Vec<String>,
    #[serde(default, rename = "timeUploadedMs")]
    uploaded: Option<String>,
}

impl GoogleManifests {
    /// The manifests; `None` if the registry is not Google's. A map with an invalid digest is not its listing.
    pub fn listed(self) -> Option<Vec<ListedManifest>> {
        let Self::Listed(manifests) = self else {
            return None;
        };
        let mut listed = Vec::with_capacity(manifests.len());
        for (digest, manifest) in manifests {
            let digest: Digest = digest.parse().ok()?;
            let uploaded = manifest.uploaded.as_deref().and_then(milliseconds);
            listed.push(ListedManifest {
                digest,
                is_locked: false,
                tags: manifest.tag.iter().filter_map(|tag| tag.parse().ok()).collect(),
                created: uploaded,
                updated: uploaded,
            });
        }
        Some(listed)
    }
}

/// The member `child` of a listing of tags: what is directly below a repository.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum GoogleChildren {
    Listed(Vec<String>),
    /// Not there, or of another form.
    Other(IgnoredAny),
}

impl Default for GoogleChildren {
    fn default() -> Self {
        Self::Other(IgnoredAny)
    }
}

impl GoogleChildren {
    /// The names; `None` if the registry is not Google's.
    pub fn listed(self) -> Option<Vec<String>> {
        match self {
            Self::Listed(names) => Some(names),
            Self::Other(_) => None,
        }
    }
}

/// A time in milliseconds since 1970.
fn milliseconds(text: &str) -> Option<DateTime<Utc>> {
    text.parse().ok().and_then(DateTime::from_timestamp_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Vendors: Google.
    #[test]
    fn googles_registries_are_told_by_their_hosts() {
        for (host, is_google) in [
            ("europe-west1-docker.pkg.dev", true),
            ("gcr.io", true),
            ("eu.gcr.io", true),
            ("pkg.dev", false),
            ("gcr.io.evil.example", false),
            ("evilgcr.io", false),
        ] {
            assert_eq!(is_google_registry(host), is_google, "{host}");
        }
    }

    /// Vendors: Google.
    #[test]
    fn the_map_of_manifests_is_read_and_anything_else_is_none() {
        let digest = Digest::sha256_of(b"x");
        let text = format!(
            r#"{{"{digest}":{{"imageSizeBytes":"7","tag":["1","../x"],"timeUploadedMs":"1793491200000"}}}}"#
        );
        let manifests: GoogleManifests = serde_json::from_str(&text).unwrap();
        let [manifest] = &manifests.listed().unwrap()[..] else {
            panic!("there is one manifest")
        };
        assert_eq!(manifest.digest, digest);
        assert_eq!(manifest.tags.len(), 1);
        assert_eq!(manifest.created.unwrap().timestamp(), 1_793_491_200);
        for other in ["null", "7", r#"{"x":{}}"#, r#"[]"#] {
            let manifests: GoogleManifests = serde_json::from_str(other).unwrap();
            assert!(manifests.listed().is_none(), "{other}");
        }
    }
}
