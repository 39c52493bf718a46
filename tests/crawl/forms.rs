//! Every form of content that registries hold.

use serde_json::json;
use tare::crawl::CrawlStatus;
use tare::inventory::FaultKind;
use tare::oci::ManifestKind;

use super::harness::{Saved, crawl_all, repository};
use crate::support::faulty_registry::{
    Document, FaultyRegistry, artifact_manifest_of, attestation_of, helm_chart, image, index,
    oci_attestation_of, schema1, signature_of,
};

/// The kinds of manifests found, and the bytes stored, of one tag that points to a document.
async fn read(document: impl Into<Document>) -> (Vec<ManifestKind>, u64) {
    let document = document.into();
    let registry = FaultyRegistry::holding(|content| {
        content.repository("app").tag("1", document.clone());
    })
    .start();
    let mut saved = Saved::default();
    let crawled = crawl_all(&registry, &mut saved).await;
    assert_eq!(
        crawled.summary.status,
        CrawlStatus::Complete,
        "{:?}",
        crawled.faults()
    );
    let mut kinds: Vec<_> = saved.manifests.values().map(|fact| fact.manifest.kind).collect();
    kinds.sort();
    (kinds, saved.accounting().registry.stored_bytes.get())
}

fn size_with_configs(document: &Document) -> u64 {
    document.size() + document.blobs.iter().map(|blob| blob.len() as u64).sum::<u64>()
}

#[tokio::test]
async fn images_of_both_forms_and_of_every_compression() {
    for image in [
        image().docker().layer("a", 100).layer("b", 20),
        image().layer("a", 100).zstd_layer("b", 20),
    ] {
        let image = image.build();
        let expected = size_with_configs(&image) + 120;
        assert_eq!(read(image).await, (vec![ManifestKind::Image], expected));
    }
}

#[tokio::test]
async fn foreign_layers_are_neither_counted_nor_fetched() {
    let vendor = FaultyRegistry::holding(|_| {}).start();
    for start in [image(), image().docker()] {
        let url = format!("{}/layer", vendor.url());
        let windows = start
            .platform("windows/amd64")
            .foreign_layer("vendor", 5_000, &url);
        let windows = windows.layer("own", 30).build();
        let expected = size_with_configs(&windows) + 30;
        assert_eq!(read(windows).await, (vec![ManifestKind::Image], expected));
    }
    assert!(vendor.requests().is_empty());
}

#[tokio::test]
async fn indexes_nested_and_with_attestations_of_both_forms() {
    let amd = image().layer("amd", 100).build();
    let arm = image().docker().platform("linux/arm64").layer("arm", 90).build();
    let (old, new) = (attestation_of(&amd), oci_attestation_of(&arm));
    let inner = index().child(arm.clone()).child(new.clone()).build();
    let outer = index()
        .docker()
        .child(amd.clone())
        .child(old.clone())
        .child(inner.clone())
        .build();
    let expected = size_with_configs(&amd)
        + size_with_configs(&arm)
        + size_with_configs(&old)
        + size_with_configs(&new)
        + inner.size()
        + outer.size()
        + (100 + 90 + 900 + 900);
    let kinds = vec![
        ManifestKind::Image,
        ManifestKind::Image,
        ManifestKind::Index,
        ManifestKind::Index,
        ManifestKind::Attestation,
        ManifestKind::Attestation,
    ];
    assert_eq!(read(outer).await, (kinds, expected));
}

#[tokio::test]
async fn artifacts_are_stored_and_their_configurations_never_fetched() {
    let subject = image().layer("a", 1).build();
    let chart = helm_chart("app", 4_000);
    let withdrawn = artifact_manifest_of(&subject, 333);
    let signature = signature_of(&subject);
    for (artifact, layers) in [(chart, 4_000), (withdrawn, 333), (signature, 240)] {
        let registry = FaultyRegistry::holding(|content| {
            content.repository("app").tag("1", artifact.clone());
        })
        .start();
        let mut saved = Saved::default();
        let crawled = crawl_all(&registry, &mut saved).await;
        assert_eq!(crawled.summary.status, CrawlStatus::Complete);
        assert_eq!(registry.count("GET", "/blobs/"), 0);
        let totals = saved.accounting().registry;
        assert_eq!((totals.images, totals.manifests), (0, 1));
        assert_eq!(totals.stored_bytes.get(), size_with_configs(&artifact) + layers);
    }
}

#[tokio::test]
async fn schema_1_is_recognised_and_not_guessed_at() {
    let registry = FaultyRegistry::holding(|content| {
        content
            .repository("app")
            .tag("old", schema1("app"))
            .tag("new", image().layer("a", 1));
    })
    .start();
    let mut saved = Saved::default();
    let crawled = crawl_all(&registry, &mut saved).await;
    assert_eq!(crawled.summary.status, CrawlStatus::Complete);
    assert_eq!(
        crawled.fault_kinds(),
        [("app".into(), "old".into(), FaultKind::Unsupported)]
    );
    assert!(crawled.listing("app").complete);
    assert_eq!(saved.tags.len(), 2);
    assert_eq!(registry.count("GET", "/blobs/"), 1);
}

#[tokio::test]
async fn what_an_index_lists_besides_manifests_is_left_alone() {
    let image = image().layer("a", 1).build();
    let listed = index().child(image).build().edited(|index| {
        let other = json!({
            "mediaType": "application/vnd.example.data", "size": 12,
            "digest": "sha256:0000000000000000000000000000000000000000000000000000000000000000",
        });
        index["manifests"].as_array_mut().unwrap().push(other);
    });
    assert_eq!(read(listed).await.0, [ManifestKind::Image, ManifestKind::Index]);
}

#[tokio::test]
async fn a_configuration_that_cannot_be_read_leaves_the_tag_counted() {
    let odd = image()
        .layer("a", 70)
        .config(r#"{"rootfs": {"diff_ids": ["nonsense"]}}"#)
        .build();
    let expected = size_with_configs(&odd) + 70;
    let digest = odd.digest();
    let registry = FaultyRegistry::holding(|content| {
        content.repository("app").tag("1", odd.clone()).tag("2", odd);
    })
    .start();
    let mut saved = Saved::default();
    let crawled = crawl_all(&registry, &mut saved).await;
    assert_eq!(crawled.summary.status, CrawlStatus::Complete);
    assert_eq!(crawled.faults().len(), 1);
    assert_eq!(registry.count("GET", "/blobs/"), 1);
    assert_eq!(saved.tags[&(repository("app"), "2".parse().unwrap())], digest);
    assert_eq!(saved.accounting().registry.stored_bytes.get(), expected);
}

#[tokio::test]
async fn what_a_configuration_says_is_kept_without_its_secrets() {
    let registry = FaultyRegistry::holding(|content| {
        content
            .repository("app")
            .tag("1", image().platform("linux/arm/v7").layer("a", 1));
    })
    .start();
    let mut saved = Saved::default();
    crawl_all(&registry, &mut saved).await;
    let fact = saved.configs.values().next().unwrap();
    assert_eq!(fact.config.platform.to_string(), "linux/arm/v7");
    assert_eq!(fact.config.variables["NODE_VERSION"], "22.1.0");
    assert!(!format!("{fact:?}").contains("hunter2"));
}
