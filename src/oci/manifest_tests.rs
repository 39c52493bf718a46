//! Manifests that are made to be misread.

use serde_json::{Value, json};

use super::*;

const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";

fn descriptor(media_type: &str, content: &str, size: u64) -> Value {
    json!({"mediaType": media_type, "digest": Digest::sha256_of(content.as_bytes()), "size": size})
}

fn image(config_type: &str, layer_type: &str) -> Value {
    json!({
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": descriptor(config_type, "config", 10),
        "layers": [descriptor(layer_type, "layer", 100)],
    })
}

fn parse(document: &Value) -> Result<Manifest, ManifestError> {
    Manifest::parse(document.to_string().as_bytes(), None)
}

#[test]
fn a_header_does_not_turn_a_manifest_into_another_kind() {
    let mut document = image("application/vnd.oci.image.config.v1+json", "x");
    document.as_object_mut().unwrap().remove("mediaType");
    let content = document.to_string();
    for served in [
        OCI_INDEX,
        "application/vnd.oci.artifact.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
    ] {
        let refused = Manifest::parse(content.as_bytes(), Some(served)).unwrap_err();
        assert!(refused.is_of_the_answer(), "{served}: {refused}");
    }
    for served in [None, Some(OCI_MANIFEST), Some("text/plain")] {
        let manifest = Manifest::parse(content.as_bytes(), served).unwrap();
        assert_eq!(manifest.layers.len(), 1, "{served:?}");
    }
}

#[test]
fn a_child_counts_once_for_each_of_its_platforms() {
    let child = |variant: &str| {
        let mut child = descriptor(OCI_MANIFEST, "a", 1);
        child["platform"] = json!({"os": "linux", "architecture": "arm", "variant": variant});
        child
    };
    let index =
        json!({"schemaVersion": 2, "manifests": [child("v6"), child("v7"), child("v6"), child("v7")]});
    let children = parse(&index).unwrap().children;
    let variants: Vec<_> = children
        .iter()
        .filter_map(|child| child.platform.as_ref()?.variant.as_deref())
        .collect();
    assert_eq!(variants, ["v6", "v7"]);
}

#[test]
fn no_content_is_larger_than_a_registry_can_store() {
    let largest = Manifest::LARGEST_SIZE.get();
    for (size, is_accepted) in [(largest, true), (largest + 1, false), (i64::MAX as u64, false)] {
        for place in ["config", "layers"] {
            let mut document = image("application/vnd.oci.image.config.v1+json", "x");
            let claimed = descriptor("x", "a", size);
            document[place] = if place == "layers" {
                json!([claimed])
            } else {
                claimed
            };
            assert_eq!(parse(&document).is_ok(), is_accepted, "{place} {size}");
        }
        let index = json!({"schemaVersion": 2, "manifests": [descriptor(OCI_MANIFEST, "a", size)]});
        assert_eq!(parse(&index).is_ok(), is_accepted, "child {size}");
    }
}
