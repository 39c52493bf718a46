//! Google Artifact Registry, which lists all manifests with the tags.

use tare::crawl::{CrawlPlan, CrawlStatus, Known, RepositoryChoice};
use tare::inventory::{Finding, ManifestListing};
use tare::registry::{ClientSettings, Credentials};

use super::harness::{Saved, client_of, crawl_all, crawl_by, crawl_with, quick};
use crate::support::faulty_registry::{Answer, Content, Document, FaultyRegistry, Spoil, image};

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

/// Vendors: registry.k8s.io.
#[tokio::test]
async fn a_facade_that_redirects_everything_to_google_is_read_without_its_credentials() {
    let google = FaultyRegistry::holding(three_versions)
        .listing_as_google()
        .start();
    let facade = FaultyRegistry::holding(|_| {}).start();
    let target = google.url().to_owned();
    facade
        .on(|request| request.path.starts_with("/v2/"))
        .spoil(Spoil::with(move |request, _| {
            Answer::new(307).with("Location", format!("{target}{}", request.path))
        }));
    let port = facade.url().rsplit(':').next().unwrap();
    let credentials = || Credentials::Basic {
        username: "robot".into(),
        password: "for the facade only".into(),
    };
    let crawl_of = async |host: &str, plan: &CrawlPlan| {
        let settings = ClientSettings {
            connect_to: Some("127.0.0.1:0".parse().unwrap()),
            ..quick()
        };
        let client = client_of(&format!("http://{host}:{port}"), credentials(), settings);
        crawl_by(&client, plan, &Known::default(), usize::MAX).await
    };
    let named = CrawlPlan {
        repositories: RepositoryChoice::matching(["project/app"]).unwrap(),
        ..CrawlPlan::default()
    };
    let crawled = crawl_of("registry.k8s.io", &named).await;
    assert_eq!(
        crawled.summary.status,
        CrawlStatus::Complete,
        "{:?}",
        crawled.faults()
    );
    let mut saved = Saved::default();
    saved.add(&crawled.findings);
    let totals = saved.accounting().registry;
    assert_eq!((totals.tags, totals.untagged_manifests), (1, Some(2)));
    let requests = google.requests();
    assert!(!requests.is_empty());
    assert!(
        requests
            .iter()
            .all(|request| request.header("authorization").is_none())
    );

    // A catalogue is never taken from another host, and a listing of tags only where that is known to be the vendor's way.
    google.forget_requests();
    for (host, plan) in [
        ("registry.k8s.io", &CrawlPlan::default()),
        ("registry.example.com", &CrawlPlan::default()),
        ("registry.example.com", &named),
    ] {
        let crawled = crawl_of(host, plan).await;
        assert_eq!(crawled.summary.status, CrawlStatus::Incomplete, "{host}");
        let faults = crawled.faults();
        assert!(
            faults.iter().any(|fault| fault.fault.contains("redirect")),
            "{host}: {faults:?}"
        );
    }
    assert!(
        google
            .requests()
            .iter()
            .all(|request| !request.path.contains("list") && !request.path.contains("_catalog"))
    );
}
