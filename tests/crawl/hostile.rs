//! Content made to harm its readers.

use serde_json::json;
use tare::crawl::CrawlStatus;
use tare::inventory::FaultKind;

use super::harness::{Saved, crawl_all};
use crate::support::faulty_registry::{Document, FaultyRegistry, Spoil, image, index};

/// Crawls a repository with one honest tag and one that points to this document.
async fn read_beside_an_honest_tag(document: Document) -> (super::harness::Crawled, Saved, FaultyRegistry) {
    let registry = FaultyRegistry::holding(|content| {
        content
            .repository("app")
            .tag("honest", image().layer("a", 1))
            .tag("odd", document);
    })
    .start();
    let mut saved = Saved::default();
    let crawled = crawl_all(&registry, &mut saved).await;
    assert_eq!(crawled.summary.status, CrawlStatus::Incomplete);
    assert!(saved.tags.keys().any(|(_, tag)| tag.as_str() == "honest"));
    assert!(
        crawled
            .faults()
            .iter()
            .all(|fault| fault.kind == FaultKind::Invalid)
    );
    (crawled, saved, registry)
}

#[tokio::test]
async fn sizes_that_overflow_are_a_fault_each_time_and_hide_nothing_else() {
    for size in [
        json!(i64::MAX),
        json!(u64::MAX),
        json!(-1),
        json!("9"),
        json!(1e30),
    ] {
        let image = image().layer("a", 10).layer("b", 20).build();
        let is_sum = size == json!(i64::MAX);
        let overflowing = image.edited(|manifest| manifest["layers"][0]["size"] = size);
        let (crawled, mut saved, registry) = read_beside_an_honest_tag(overflowing).await;
        let faults = [("app".into(), "odd".into(), FaultKind::Invalid)];
        assert_eq!(crawled.fault_kinds(), faults);
        // A sum that overflows has no sound part; a layer without a size hides only itself.
        assert_eq!(saved.tags.len(), if is_sum { 1 } else { 2 });
        let bytes = saved.accounting().registry.stored_bytes;
        for _ in 0..2 {
            let again = crawl_all(&registry, &mut saved).await;
            assert_eq!(
                again.summary.status,
                CrawlStatus::Incomplete,
                "the same each time"
            );
            assert_eq!(again.fault_kinds(), faults);
            assert_eq!(saved.accounting().registry.stored_bytes, bytes);
        }
    }
}

#[tokio::test]
async fn a_size_that_is_not_true_is_a_fault_and_the_true_one_counts() {
    let child = image().layer("a", 10).build();
    let lying = index().child(child.clone()).build();
    let lying = lying.edited(|index| index["manifests"][0]["size"] = json!(1));
    let (crawled, saved, _) = read_beside_an_honest_tag(lying).await;
    assert_eq!(crawled.faults().len(), 1);
    assert_eq!(saved.tags.len(), 2);
    assert_eq!(saved.manifests[&child.digest()].size.get(), child.size());

    let lying = image().layer("a", 10).build();
    let lying = lying.edited(|manifest| manifest["config"]["size"] = json!(1));
    let (crawled, saved, _) = read_beside_an_honest_tag(lying).await;
    assert_eq!(crawled.faults().len(), 1);
    assert_eq!(saved.tags.len(), 2);
}

#[tokio::test]
async fn indexes_within_each_other_end_somewhere() {
    let mut nested = image().layer("deep", 1).build();
    for _ in 0..6 {
        nested = index().child(nested).build();
    }
    let (crawled, saved, registry) = read_beside_an_honest_tag(nested).await;
    assert!(
        crawled.faults()[0].fault.contains("a depth of 4"),
        "{:?}",
        crawled.faults()
    );
    // The tag's own and four levels below it, besides the honest one.
    assert_eq!(saved.manifests.len(), 5 + 1);
    assert_eq!(registry.count("GET", "/manifests/sha256:"), 4);
}

#[tokio::test]
async fn an_index_of_too_many_children_is_not_followed() {
    let mut wide = index();
    for child in 0..1_001 {
        wide = wide.child(image().layer(&format!("{child}"), 1));
    }
    let (_, saved, registry) = read_beside_an_honest_tag(wide.build()).await;
    assert_eq!(saved.tags.len(), 1);
    assert_eq!(registry.count("GET", "/manifests/"), 2);
}

#[tokio::test]
async fn documents_that_mean_two_things_are_refused_once_for_each_tag() {
    let both = index()
        .child(image())
        .build()
        .edited(|document| document["layers"] = json!([]));
    let registry = FaultyRegistry::holding(|content| {
        content.repository("app").tag("1", both.clone()).tag("2", both);
    })
    .start();
    let crawled = crawl_all(&registry, &mut Saved::default()).await;
    let invalid = |tag: &str| ("app".to_owned(), tag.to_owned(), FaultKind::Invalid);
    assert_eq!(crawled.fault_kinds(), [invalid("1"), invalid("2")]);
    assert_eq!(registry.count("GET", "/manifests/sha256:"), 0);
}

#[tokio::test]
async fn names_that_are_none_are_reported_and_never_asked_for() {
    let registry = FaultyRegistry::holding(|content| {
        content
            .repository("app")
            .tag("1", image())
            .tag("../../evil", image())
            .tag("a b", image());
        content.repository("../../v1/secrets").tag("1", image());
        content.repository("\u{1b}[31mred").tag("1", image());
        for number in 0..40 {
            content.repository(&format!("UPPER{number}"));
        }
    })
    .start();
    let mut saved = Saved::default();
    let crawled = crawl_all(&registry, &mut saved).await;
    assert_eq!(crawled.summary.status, CrawlStatus::Incomplete);
    assert_eq!((crawled.summary.repositories, crawled.summary.tags), (1, 1));
    let listing = crawled.listing("app");
    assert!(listing.listed_to_the_end && !listing.complete);
    // Two tags, twenty repositories by name, and the rest of them as a number.
    assert_eq!(crawled.faults().len(), 2 + 20 + 1);
    for fault in crawled.faults() {
        assert_eq!(fault.kind, FaultKind::Invalid);
        assert!(!format!("{:?}", fault.reference).contains('\u{1b}'));
    }
    assert_eq!(registry.requests().len(), 1 + 1 + 1 + 1 + 1);
}

#[tokio::test]
async fn a_manifest_of_another_digest_is_not_taken() {
    let child = image().layer("a", 1).build();
    let other = image().layer("b", 2).build();
    let registry = FaultyRegistry::holding(|content| {
        content.repository("app").tag("1", index().child(child.clone()));
    })
    .start();
    let digest = child.digest().to_string();
    registry
        .on(move |request| request.is_get(&digest))
        .spoil(Spoil::Body(other.bytes.clone()));
    let mut saved = Saved::default();
    let crawled = crawl_all(&registry, &mut saved).await;
    assert_eq!(
        crawled.fault_kinds(),
        [("app".into(), child.digest().to_string(), FaultKind::Invalid)]
    );
    assert!(!saved.manifests.contains_key(&other.digest()));
    assert_eq!(saved.tags.len(), 1);
}
