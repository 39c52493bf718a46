/// The `Accept` header of manifest requests: the four current types, then two that are only recognised (the withdrawn
/// OCI artifact manifest, which Azure still holds, and Docker's schema 1).
///
/// Without the first four, registries answer 404 for content they hold, or convert it.
pub const ACCEPTED_MANIFESTS: &str = "application/vnd.oci.image.index.v1+json, \
     application/vnd.oci.image.manifest.v1+json, \
     application/vnd.docker.distribution.manifest.list.v2+json, \
     application/vnd.docker.distribution.manifest.v2+json, \
     application/vnd.oci.artifact.manifest.v1+json, \
     application/vnd.docker.distribution.manifest.v1+prettyjws";

/// Media types that affect how a document is read or counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MediaType {
    /// An OCI index or a Docker manifest list.
    Index,
    /// An OCI image manifest or a Docker schema 2 manifest.
    Manifest,
    /// The OCI artifact manifest, withdrawn before 1.1 but held by some registries.
    ArtifactManifest,
    /// Docker schema 1, signed or not: it lists layers without sizes.
    Schema1,
    /// The configuration of a runnable image.
    ImageConfig,
    /// A layer that the registry does not store; its vendor does.
    ForeignLayer,
    /// An in-toto statement: the content of an attestation.
    InTotoStatement,
    /// Anything else.
    Other,
}

impl MediaType {
    /// Classifies a media type. Parameters after `;` and letter case are ignored.
    pub fn from_text(text: &str) -> Self {
        let name = text
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        match name.as_str() {
            "application/vnd.oci.image.index.v1+json"
            | "application/vnd.docker.distribution.manifest.list.v2+json" => Self::Index,
            "application/vnd.oci.image.manifest.v1+json"
            | "application/vnd.docker.distribution.manifest.v2+json" => Self::Manifest,
            "application/vnd.oci.artifact.manifest.v1+json" => Self::ArtifactManifest,
            "application/vnd.docker.distribution.manifest.v1+json"
            | "application/vnd.docker.distribution.manifest.v1+prettyjws" => Self::Schema1,
            "application/vnd.oci.image.config.v1+json" | "application/vnd.docker.container.image.v1+json" => {
                Self::ImageConfig
            }
            "application/vnd.in-toto+json" => Self::InTotoStatement,
            "application/vnd.docker.image.rootfs.foreign.diff.tar"
            | "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip" => Self::ForeignLayer,
            other if other.starts_with("application/vnd.oci.image.layer.nondistributable.v1.tar") => {
                Self::ForeignLayer
            }
            _ => Self::Other,
        }
    }

    /// Whether documents of this type are fetched from a registry's manifest endpoint.
    pub fn is_manifest(self) -> bool {
        matches!(
            self,
            Self::Index | Self::Manifest | Self::ArtifactManifest | Self::Schema1
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_and_case_do_not_matter() {
        assert_eq!(
            MediaType::from_text("Application/vnd.oci.image.index.v1+json; charset=utf-8"),
            MediaType::Index
        );
        for layer in ["tar", "tar+gzip", "tar+zstd"] {
            let foreign = format!("application/vnd.oci.image.layer.nondistributable.v1.{layer}");
            assert_eq!(MediaType::from_text(&foreign), MediaType::ForeignLayer);
            let stored = format!("application/vnd.oci.image.layer.v1.{layer}");
            assert_eq!(MediaType::from_text(&stored), MediaType::Other);
        }
    }

    #[test]
    fn every_accepted_type_is_a_manifest() {
        for name in ACCEPTED_MANIFESTS.split(',') {
            assert!(MediaType::from_text(name).is_manifest(), "{name}");
        }
    }
}
