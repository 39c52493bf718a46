//! Manifests that are not images: charts, signatures, attestations, and forms that have died out.

use serde_json::{Value, json};
use tare::oci::Digest;

use super::Document;
use super::image::{OCI_CONFIG, OCI_MANIFEST, layer};

const EMPTY_CONFIG: &str = "application/vnd.oci.empty.v1+json";
const IN_TOTO: &str = "application/vnd.in-toto+json";

fn artifact(config_type: &str, config: &[u8], layers: &[Value]) -> Value {
    json!({
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": {"mediaType": config_type, "digest": Digest::sha256_of(config), "size": config.len()},
        "layers": layers,
    })
}

fn with_config(document: &Value, config: &[u8]) -> Document {
    let mut built = Document::new(OCI_MANIFEST, document);
    built.blobs.push(config.to_vec());
    built
}

/// A Helm chart of so many bytes.
pub fn helm_chart(name: &str, size: u64) -> Document {
    let config = json!({"name": name, "version": "1.0.0"}).to_string();
    let chart = layer("application/vnd.cncf.helm.chart.content.v1.tar+gzip", name, size);
    with_config(
        &artifact(
            "application/vnd.cncf.helm.config.v1+json",
            config.as_bytes(),
            &[chart],
        ),
        config.as_bytes(),
    )
}

/// A signature as cosign attaches it: an artifact with a `subject`.
pub fn signature_of(subject: &Document) -> Document {
    let payload = layer(
        "application/vnd.dev.cosign.simplesigning.v1+json",
        &subject.digest().hex(),
        240,
    );
    let mut document = artifact(EMPTY_CONFIG, b"{}", &[payload]);
    document["artifactType"] = json!("application/vnd.dev.cosign.artifact.sig.v1+json");
    document["subject"] = subject.descriptor();
    with_config(&document, b"{}")
}

/// BuildKit's attestation in its older form: looks like an image, and only its index tells.
pub fn attestation_of(subject: &Document) -> Document {
    let name = format!("provenance of {}", subject.digest().short());
    let config = json!({"os": "unknown", "architecture": "unknown", "rootfs": {"diff_ids": []}, "of": name});
    let config = config.to_string();
    let document = artifact(OCI_CONFIG, config.as_bytes(), &[layer(IN_TOTO, &name, 900)]);
    listed_as_attestation(with_config(&document, config.as_bytes()), subject)
}

/// BuildKit's attestation in its newer form: an artifact with a `subject`.
pub fn oci_attestation_of(subject: &Document) -> Document {
    let name = format!("provenance of {}", subject.digest().short());
    let mut document = artifact(EMPTY_CONFIG, b"{}", &[layer(IN_TOTO, &name, 900)]);
    document["artifactType"] = json!("application/vnd.docker.attestation.manifest.v1+json");
    document["subject"] = subject.descriptor();
    listed_as_attestation(with_config(&document, b"{}"), subject)
}

fn listed_as_attestation(mut attestation: Document, subject: &Document) -> Document {
    let listed = json!({
        "platform": {"os": "unknown", "architecture": "unknown"},
        "annotations": {
            "vnd.docker.reference.type": "attestation-manifest",
            "vnd.docker.reference.digest": subject.digest(),
        },
    });
    attestation.listed = listed.as_object().expect("written as an object").clone();
    attestation
}

/// The OCI artifact manifest, withdrawn before 1.1.
pub fn artifact_manifest_of(subject: &Document, size: u64) -> Document {
    let media_type = "application/vnd.oci.artifact.manifest.v1+json";
    Document::new(
        media_type,
        &json!({
            "mediaType": media_type,
            "artifactType": "application/vnd.example.sbom",
            "blobs": [layer("application/spdx+json", "sbom", size)],
            "subject": subject.descriptor(),
        }),
    )
}

/// Docker schema 1, which names layers without their sizes.
pub fn schema1(name: &str) -> Document {
    Document::new(
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
        &json!({
            "schemaVersion": 1,
            "name": name,
            "tag": "old",
            "architecture": "amd64",
            "fsLayers": [{"blobSum": super::layer_digest("old", 1)}],
            "history": [{"v1Compatibility": "{}"}],
            "signatures": [],
        }),
    )
}
