//! Artifacts as their tools push them: BuildKit's attestations, cosign's signatures, Helm's charts.

use serde_json::{Value, json};

use super::blueprint::Signing;
use super::content::Document;
use super::generated;
use super::image::{OCI_CONFIG, OCI_MANIFEST};
use crate::oci::Digest;

// Media types of artifacts, as their tools write them (OCI image specification 1.1, Helm, BuildKit and cosign, 2026).
const EMPTY_CONFIG: &str = "application/vnd.oci.empty.v1+json";
const HELM_CONFIG: &str = "application/vnd.cncf.helm.config.v1+json";
const ATTESTATION: &str = "application/vnd.docker.attestation.manifest.v1+json";
const SIGNATURE: &str = "application/vnd.dev.cosign.artifact.sig.v1+json";

/// An artifact that is pushed beside images.
pub(super) struct Artifact {
    pub config: Document,
    pub manifest: Document,
    /// Its entry in an index, or in an answer of the referrers API.
    pub descriptor: Value,
    /// Its layers, which are never requested: digest and bytes.
    pub layers: Vec<(Digest, u64)>,
}

/// Provenance and an SBOM for one manifest: in the form of current BuildKit for half of the repositories, and in the
/// older form, which looks like an image, for the others.
pub(super) fn attestation(repository: &str, manifest: &Document) -> Artifact {
    let mut layers = Vec::new();
    let statements: Vec<Value> = [
        ("https://slsa.dev/provenance/v1", 24_576),
        ("https://spdx.dev/Document", 905_216),
    ]
    .iter()
    .map(|(predicate, bytes)| {
        let key = format!("{predicate} of {}", manifest.digest);
        let (digest, bytes) = (generated::digest(&key), generated::jitter(*bytes, &key));
        layers.push((digest, bytes));
        json!({
            "mediaType": "application/vnd.in-toto+json",
            "size": bytes,
            "digest": digest,
            "annotations": {"in-toto.io/predicate-type": predicate},
        })
    })
    .collect();
    let mut document = json!({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "layers": statements});
    let config = if generated::number(repository, 2) == 0 {
        document["artifactType"] = json!(ATTESTATION);
        document["subject"] = manifest.descriptor();
        Document::new(EMPTY_CONFIG, &json!({}))
    } else {
        let diff_ids: Vec<&Value> = statements.iter().map(|statement| &statement["digest"]).collect();
        let rootfs = json!({"type": "layers", "diff_ids": diff_ids});
        Document::new(
            OCI_CONFIG,
            &json!({"architecture": "unknown", "os": "unknown", "config": {}, "rootfs": rootfs}),
        )
    };
    document["config"] = config.descriptor();
    let attestation = Document::new(OCI_MANIFEST, &document);
    let mut descriptor = attestation.descriptor();
    descriptor["platform"] = json!({"architecture": "unknown", "os": "unknown"});
    descriptor["annotations"] = json!({
        "vnd.docker.reference.type": "attestation-manifest",
        "vnd.docker.reference.digest": manifest.digest,
    });
    Artifact {
        config,
        manifest: attestation,
        descriptor,
        layers,
    }
}

/// A signature of a manifest or an index.
pub(super) fn signature(subject: &Document, signing: Signing) -> Artifact {
    /// The size of a payload that cosign signs.
    const PAYLOAD_BYTES: u64 = 255;
    let key = format!("signature of {}", subject.digest);
    let digest = generated::digest(&key);
    let payload = json!({
        "mediaType": "application/vnd.dev.cosign.simplesigning.v1+json",
        "size": PAYLOAD_BYTES,
        "digest": digest,
        "annotations": {"dev.cosignproject.cosign/signature": generated::digest(&format!("{key}'s value")).hex()},
    });
    let mut manifest = json!({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "layers": [payload]});
    let config = match signing {
        Signing::Referrers => {
            manifest["artifactType"] = json!(SIGNATURE);
            manifest["subject"] = subject.descriptor();
            Document::new(EMPTY_CONFIG, &json!({}))
        }
        Signing::Tag => {
            let rootfs = json!({"type": "layers", "diff_ids": [digest]});
            Document::new(
                OCI_CONFIG,
                &json!({"architecture": "", "os": "", "config": {}, "rootfs": rootfs}),
            )
        }
    };
    manifest["config"] = config.descriptor();
    let manifest = Document::new(OCI_MANIFEST, &manifest);
    let mut descriptor = manifest.descriptor();
    descriptor["artifactType"] = json!(SIGNATURE);
    Artifact {
        config,
        manifest,
        descriptor,
        layers: vec![(digest, PAYLOAD_BYTES)],
    }
}

/// A version of a Helm chart of about this size.
pub(super) fn chart(repository: &str, version: &str, bytes: u64) -> Artifact {
    let key = format!("{repository} {version}");
    let config = Document::new(
        HELM_CONFIG,
        &json!({"name": "norrwind-service", "version": version, "apiVersion": "v2", "type": "application"}),
    );
    let (digest, bytes) = (generated::digest(&key), generated::jitter(bytes, &key));
    let manifest = Document::new(
        OCI_MANIFEST,
        &json!({
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": config.descriptor(),
            "layers": [{
                "mediaType": "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
                "size": bytes,
                "digest": digest,
            }],
        }),
    );
    let descriptor = manifest.descriptor();
    Artifact {
        config,
        manifest,
        descriptor,
        layers: vec![(digest, bytes)],
    }
}
