//! Registries that answer 404 for content that they have.

use tare::crawl::CrawlStatus;
use tare::inventory::FaultKind;

use super::harness::{Saved, crawl_all};
use crate::support::faulty_registry::{Content, FaultyRegistry, Spoil, image};

fn twelve_tags(content: &mut Content) {
    for name in ["api", "web", "worker"] {
        for tag in ["1", "2", "3", "4"] {
            content
                .repository(name)
                .tag(tag, image().layer(&format!("{name} {tag}"), 5));
        }
    }
}

/// Vendors: Nexus.
#[tokio::test]
async fn a_head_that_answers_404_is_no_proof() {
    let registry = FaultyRegistry::holding(twelve_tags).start();
    registry
        .on(|request| request.method == "HEAD")
        .spoil(Spoil::Status(404));
    let mut saved = Saved::default();
    crawl_all(&registry, &mut saved).await;
    let bytes = saved.accounting().registry.stored_bytes;
    for _ in 0..3 {
        registry.forget_requests();
        let crawled = crawl_all(&registry, &mut saved).await;
        assert_eq!(crawled.summary.status, CrawlStatus::Complete);
        assert!(crawled.faults().is_empty(), "{:?}", crawled.faults());
        assert_eq!((crawled.summary.tags, crawled.summary.manifests), (12, 0));
        assert_eq!(saved.accounting().registry.stored_bytes, bytes);
        assert!(registry.count("HEAD", "/manifests/") <= 12);
        assert_eq!(registry.count("GET", "/manifests/"), 12);
    }
}

/// Vendors: ECR, Nexus.
#[tokio::test]
async fn most_known_tags_that_vanish_at_once_are_not_believed() {
    let registry = FaultyRegistry::holding(twelve_tags).start();
    let mut saved = Saved::default();
    crawl_all(&registry, &mut saved).await;
    registry
        .on(|request| request.path.contains("/manifests/") && !request.path.contains("/api/"))
        .spoil(Spoil::Status(404));
    let crawled = crawl_all(&registry, &mut saved).await;
    assert_eq!(crawled.summary.status, CrawlStatus::Incomplete);
    let faults = crawled.faults();
    let fault = faults.iter().find(|fault| fault.kind.is_loss()).unwrap();
    assert_eq!(
        (fault.repository.as_ref(), fault.kind),
        (None, FaultKind::Unavailable)
    );
    assert!(fault.fault.contains("8 of 12"), "{}", fault.fault);
    for (name, says_what_is_gone) in [("api", true), ("web", false), ("worker", false)] {
        assert_eq!(
            crawled.listing(name).listed_to_the_end,
            says_what_is_gone,
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_few_known_tags_that_vanish_are_believed() {
    let registry = FaultyRegistry::holding(twelve_tags).start();
    let mut saved = Saved::default();
    crawl_all(&registry, &mut saved).await;
    registry
        .on(|request| request.path.contains("/web/manifests/"))
        .spoil(Spoil::Status(404));
    let crawled = crawl_all(&registry, &mut saved).await;
    assert_eq!(crawled.summary.status, CrawlStatus::Complete);
    assert_eq!(crawled.faults().len(), 4);
    assert!(crawled.listing("web").listed_to_the_end);
}
