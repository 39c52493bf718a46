//! Google Artifact Registry, which lists all manifests with the tags.

use tare::crawl::{CrawlPlan, CrawlStatus, Known, RepositoryChoice};
use tare::inventory::{Finding, ManifestListing};

use super::harness::{Saved, crawl_all, crawl_with};
use crate::support::faulty_registry::{Content, Document, FaultyRegistry, Spoil, image};

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

/// Vendors: Google.
#[tokio::test]
async fn repositories_below_a_path_are_found_without_a_catalogue() {
    let registry = FaultyRegistry::holding(|content| {
        for name in ["project/repo/api", "project/repo/team/web", "project/other/api"] {
            content.repository(name).tag("1", app(name));
        }
    })
    .listing_as_google()
    .start();
    registry
        .on(|request| request.path.contains("_catalog"))
        .spoil(Spoil::Status(404));
    let crawl_of = async |patterns: &[&str]| {
        let plan = CrawlPlan {
            repositories: RepositoryChoice::matching(patterns).unwrap(),
            ..CrawlPlan::default()
        };
        let crawled = crawl_with(&registry, &plan, &Known::default()).await;
        let mut found: Vec<String> = crawled
            .findings
            .iter()
            .filter_map(|finding| match finding {
                Finding::Repository(listing) => Some(listing.repository.to_string()),
                _ => None,
            })
            .collect();
        found.sort();
        (found, crawled.summary.status, crawled.summary.catalogue_complete)
    };
    let complete = CrawlStatus::Complete;
    let (found, status, listed) = crawl_of(&["project/repo/**"]).await;
    assert_eq!(found, ["project/repo/api", "project/repo/team/web"]);
    assert_eq!((status, listed), (complete, true));
    let (found, status, _) = crawl_of(&["project/repo/*", "project/other/api"]).await;
    assert_eq!(found, ["project/other/api", "project/repo/api"]);
    assert_eq!(status, complete);
    // A path that does not exist, and a pattern without a path, are faults.
    for patterns in [&["project/none/**"][..], &["**/api"]] {
        let (found, status, listed) = crawl_of(patterns).await;
        assert!(found.is_empty() && !listed, "{patterns:?}");
        assert_eq!(status, CrawlStatus::Incomplete, "{patterns:?}");
    }
}
