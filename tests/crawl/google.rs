//! Google Artifact Registry, which lists all manifests with the tags.

use tare::crawl::{CrawlPlan, CrawlStatus};
use tare::inventory::ManifestListing;

use super::harness::{Saved, crawl_all, crawl_with};
use crate::support::faulty_registry::{Content, Document, FaultyRegistry, image};

fn app(version: &str) -> Document {
    image()
        .layer("base", 1000)
        .layer(&format!("app {version}"), 50)
        .build()
}

fn three_versions(content: &mut Content) {
    let repository = content.repository("project/app");
    repository.store(app("1")).store(app("2")).tag("latest", app("3"));
}

/// Vendors: Google.
#[tokio::test]
async fn what_no_tag_reaches_is_counted_and_tags_are_not_asked_for_again() {
    let registry = FaultyRegistry::holding(three_versions)
        .listing_as_google()
        .start();
    let mut saved = Saved::default();
    let crawled = crawl_all(&registry, &mut saved).await;
    assert_eq!(crawled.summary.status, CrawlStatus::Complete);
    let own = |document: &Document| document.size() + document.blobs[0].len() as u64 + 50;
    let totals = saved.accounting().registry;
    assert_eq!(totals.untagged_manifests, Some(2));
    assert_eq!(
        totals.untagged_bytes.unwrap().get(),
        own(&app("1")) + own(&app("2"))
    );
    assert_eq!(totals.stored_bytes.get(), own(&app("3")) + 1000);

    registry.forget_requests();
    let crawled = crawl_all(&registry, &mut saved).await;
    assert_eq!(crawled.summary.status, CrawlStatus::Complete);
    assert_eq!(registry.requests().len(), 2, "the catalogue and the tags");
}

/// Vendors: Google.
#[tokio::test]
async fn untagged_manifests_are_left_out_on_request() {
    let registry = FaultyRegistry::holding(three_versions)
        .listing_as_google()
        .start();
    let plan = CrawlPlan {
        listed_manifests: false,
        ..CrawlPlan::default()
    };
    let mut saved = Saved::default();
    let crawled = crawl_with(&registry, &plan, &saved.known()).await;
    saved.add(&crawled.findings);
    assert_eq!(saved.accounting().registry.untagged_bytes, None);
    assert_eq!(
        crawled.listing("project/app").manifests,
        ManifestListing::Unavailable
    );
    assert_eq!(registry.count("GET", "/manifests/"), 1);
}
