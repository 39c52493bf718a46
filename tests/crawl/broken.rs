//! Registries that lose what a tag leads to.

use tare::crawl::CrawlStatus;
use tare::inventory::FaultKind;

use super::harness::{Saved, crawl_all};
use crate::support::faulty_registry::{Document, FaultyRegistry, image, index};

fn children() -> [Document; 2] {
    [
        image().layer("amd64", 3_000_000).build(),
        image().platform("linux/arm64").layer("arm64", 3_000_000).build(),
    ]
}

fn both() -> Document {
    let [amd64, arm64] = children();
    index().child(amd64).child(arm64).build()
}

fn registry() -> FaultyRegistry {
    FaultyRegistry::holding(|content| _ = content.repository("app").tag("1", both())).start()
}

fn lose_children(registry: &FaultyRegistry) {
    registry.change(|content| {
        for child in children() {
            content.repository("app").lose(child.digest());
        }
    });
}

/// Vendors: Distribution.
#[tokio::test]
async fn children_of_a_known_index_that_are_gone_are_noticed_and_two_stores_agree() {
    let registry = registry();
    let mut old = Saved::default();
    crawl_all(&registry, &mut old).await;
    lose_children(&registry);
    let mut fresh = Saved::default();
    let crawled = crawl_all(&registry, &mut fresh).await;
    assert_eq!(crawled.summary.status, CrawlStatus::Complete);
    let stored = fresh.accounting().registry.stored_bytes;
    assert!(stored.get() < 10_000);

    let mut broken = Vec::new();
    for _ in 0..8 {
        let crawled = crawl_all(&registry, &mut old).await;
        assert_eq!(crawled.summary.status, CrawlStatus::Complete);
        broken = crawled
            .faults()
            .iter()
            .map(|fault| (fault.kind, fault.fault.contains("1 is broken")))
            .collect();
    }
    assert_eq!(broken, [(FaultKind::Broken, true); 2]);
    assert_eq!(old.accounting().registry.stored_bytes, stored);

    // Pushed again, they are counted again.
    registry.change(|content| _ = content.repository("app").tag("1", both()));
    crawl_all(&registry, &mut old).await;
    assert!(old.accounting().registry.stored_bytes.get() > 6_000_000);
    assert!(old.missing.is_empty());
}

#[tokio::test]
async fn looking_again_costs_little() {
    let registry = registry();
    let mut saved = Saved::default();
    let mut heads = 0;
    for _ in 0..9 {
        registry.forget_requests();
        crawl_all(&registry, &mut saved).await;
        heads += registry.count("HEAD", "/manifests/sha256:");
    }
    assert!(
        (1..=2).contains(&heads),
        "one child in every fourth crawl: {heads}"
    );
}

#[tokio::test]
async fn what_passes_for_an_image_and_is_none_is_no_fault() {
    let registry = FaultyRegistry::holding(|content| {
        content
            .repository("app")
            .tag("file", image().layer("file", 50).config("kind: Service\n"));
    })
    .start();
    let mut saved = Saved::default();
    for _ in 0..2 {
        let crawled = crawl_all(&registry, &mut saved).await;
        assert_eq!(crawled.summary.status, CrawlStatus::Complete);
        assert!(
            crawled
                .faults()
                .iter()
                .all(|fault| fault.kind == FaultKind::Unsupported)
        );
    }
}
