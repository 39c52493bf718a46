//! Manifests of all kinds, and those that are made to be misread.

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

#[test]
fn kinds_are_told_apart() {
    let oci_config = "application/vnd.oci.image.config.v1+json";
    let tar = "application/vnd.oci.image.layer.v1.tar+zstd";
    let in_toto = "application/vnd.in-toto+json";
    let helm = "application/vnd.cncf.helm.config.v1+json";
    let mut alias = image(oci_config, tar);
    alias["layers"] = json!([alias["config"]]);
    let mut new_attestation = image("application/vnd.oci.empty.v1+json", in_toto);
    new_attestation["artifactType"] = json!("application/vnd.docker.attestation.manifest.v1+json");
    for (document, kind) in [
        (image(oci_config, tar), ManifestKind::Image),
        (image(oci_config, in_toto), ManifestKind::Attestation),
        (
            image(oci_config, "application/vnd.dev.cosign.simplesigning.v1+json"),
            ManifestKind::Artifact,
        ),
        (
            image(oci_config, "application/vnd.ollama.image.model"),
            ManifestKind::Artifact,
        ),
        (image(oci_config, "application/yaml"), ManifestKind::Artifact),
        (alias, ManifestKind::Artifact),
        (new_attestation, ManifestKind::Attestation),
        (
            image(helm, "application/vnd.cncf.helm.chart.content.v1.tar+gzip"),
            ManifestKind::Artifact,
        ),
        (
            json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []}),
            ManifestKind::Index,
        ),
        (json!({"schemaVersion": 2, "manifests": []}), ManifestKind::Index),
        (
            json!({"schemaVersion": 1, "name": "x", "fsLayers": []}),
            ManifestKind::Schema1,
        ),
        (
            json!({"mediaType": "application/vnd.oci.artifact.manifest.v1+json", "blobs": []}),
            ManifestKind::Artifact,
        ),
    ] {
        assert_eq!(
            parse(&document).map(|manifest| manifest.kind),
            Ok(kind),
            "{document}"
        );
    }
    let chart = parse(&image(helm, tar)).unwrap();
    assert_eq!(
        chart.artifact_type.as_deref(),
        Some(helm),
        "a chart is named by its config's type"
    );
}

#[test]
fn foreign_layers_are_not_stored() {
    let foreign = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";
    let manifest = parse(&image("application/vnd.docker.container.image.v1+json", foreign)).unwrap();
    assert_eq!(manifest.layers.len(), 1);
    assert!(!manifest.layers[0].is_stored());
}

#[test]
fn a_document_that_two_clients_read_differently_is_refused() {
    let mut both = image("application/vnd.oci.image.config.v1+json", "x");
    both["manifests"] = json!([]);
    assert_eq!(parse(&both), Err(ManifestError::Ambiguous));

    let index = json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []}).to_string();
    let served = format!("{OCI_INDEX}; charset=utf-8");
    assert!(
        Manifest::parse(index.as_bytes(), Some(&served)).is_ok(),
        "parameters do not matter"
    );
    assert!(matches!(
        Manifest::parse(index.as_bytes(), Some(OCI_MANIFEST)),
        Err(ManifestError::MediaTypeMismatch { .. })
    ));
}

#[test]
fn a_layer_without_a_sound_size_does_not_hide_the_others() {
    for size in [json!(-1), json!(1.5), json!(u64::MAX), json!("1"), json!(null)] {
        let mut document = image("application/vnd.oci.image.config.v1+json", "x");
        document["layers"] = json!([
            descriptor("tar", "a", 7),
            descriptor("tar", "b", 8),
            descriptor("tar", "c", 9)
        ]);
        document["layers"][1]["size"] = size.clone();
        let manifest = parse(&document).unwrap();
        let sizes: Vec<u64> = manifest.layers.iter().map(|layer| layer.size.get()).collect();
        assert_eq!((sizes, manifest.left_out_layers), (vec![7, 9], 1), "{size}");

        let mut index = json!({"schemaVersion": 2, "mediaType": OCI_INDEX,
                               "manifests": [descriptor(OCI_MANIFEST, "a", 7), descriptor(OCI_MANIFEST, "b", 8)]});
        index["manifests"][0]["size"] = size.clone();
        let sizes: Vec<u64> = parse(&index)
            .unwrap()
            .children
            .iter()
            .map(|child| child.size.get())
            .collect();
        assert_eq!(sizes, [0, 8], "{size}");
    }
}

#[test]
fn hostile_numbers_are_refused() {
    let mut document = image("application/vnd.oci.image.config.v1+json", "x");
    document["config"]["size"] = json!(-1);
    assert!(matches!(parse(&document), Err(ManifestError::Syntax(_))));
    let mut overflowing = image("application/vnd.oci.image.config.v1+json", "x");
    let largest = Manifest::LARGEST_SIZE.get();
    let layers: Vec<Value> = (0..8_192)
        .map(|number| descriptor("x", &number.to_string(), largest))
        .collect();
    overflowing["layers"] = json!(layers);
    assert_eq!(parse(&overflowing), Err(ManifestError::Overflow(ByteOverflow)));
    let mut contradicting = image("application/vnd.oci.image.config.v1+json", "x");
    contradicting["layers"] = json!([descriptor("x", "a", 1), descriptor("x", "a", 2)]);
    assert!(matches!(
        parse(&contradicting),
        Err(ManifestError::ConflictingSizes(_))
    ));
}

#[test]
fn fan_out_is_bounded() {
    let children: Vec<_> = (0..=Manifest::MAX_CHILDREN)
        .map(|n| descriptor(OCI_MANIFEST, &n.to_string(), 1))
        .collect();
    let wide = json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": children});
    assert!(matches!(parse(&wide), Err(ManifestError::TooMany { .. })));
}

#[test]
fn only_allow_listed_annotations_are_kept() {
    let mut document = image("application/vnd.oci.image.config.v1+json", "x");
    document["annotations"] =
        json!({"org.opencontainers.image.base.name": "node:22", "com.example.token": "hunter2"});
    let manifest = parse(&document).unwrap();
    assert_eq!(
        manifest.annotations.keys().collect::<Vec<_>>(),
        ["org.opencontainers.image.base.name"]
    );
}
