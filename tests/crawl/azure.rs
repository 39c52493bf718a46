//! What a crawl of an unchanged Azure registry costs, and what its own listings prove.

use std::sync::Arc;
use std::time::Duration;

use tare::clock::SystemClock;
use tare::crawl::{CrawlPlan, CrawlStatus, Known, Progress, StopFlag, crawl};
use tare::inventory::Finding;
use tare::registry::{Client, ClientSettings, Credentials, Origin};
use tokio::sync::mpsc;

use super::harness::Saved;
use crate::support::faulty_registry::{Content, FaultyRegistry, Request, TokenServer, image, signature_of};

fn many(content: &mut Content) {
    for repository in 0..25 {
        let repository = content.repository(&format!("team/app-{repository}"));
        for tag in 0..8 {
            repository.tag(&format!("v{tag}"), image().layer(&format!("{tag}"), 5));
        }
    }
}

/// Crawls as of a registry of Azure's, with tokens, and returns the findings and how it ended.
async fn crawl_azure(registry: &FaultyRegistry, known: &Known) -> (Vec<Finding>, CrawlStatus) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let settings = ClientSettings {
        requests_per_minute: 0,
        max_attempts: 2,
        retry_base_delay: Duration::from_millis(1),
        is_azure: true,
        ..ClientSettings::default()
    };
    let origin = Origin::parse(registry.url()).unwrap();
    let client = Client::new(origin, Credentials::Anonymous, settings, Arc::new(SystemClock)).unwrap();
    let plan = CrawlPlan {
        untagged: true,
        ..CrawlPlan::default()
    };
    let (sender, mut receiver) = mpsc::channel(1);
    let (stop, progress) = (StopFlag::new(), Progress::default());
    let mut findings = Vec::new();
    let collect = async {
        while let Some(finding) = receiver.recv().await {
            findings.push(finding);
        }
    };
    let crawling = crawl(&client, &plan, known.clone(), &progress, sender, &stop);
    let (summary, ()) = tokio::join!(crawling, collect);
    (findings, summary.status)
}

fn tokens(registry: &FaultyRegistry) -> usize {
    registry.count("GET", "/token")
}

/// Vendors: Azure.
#[tokio::test]
async fn an_unchanged_registry_costs_pages_and_tokens() {
    for (server, most_tokens) in [
        (TokenServer::default().granting_wildcard(), 1),
        // The catalogue, and ten repositories a token; and the wildcard that was of no use.
        (TokenServer::default(), 1 + 1 + 3),
    ] {
        let registry = FaultyRegistry::holding(many)
            .listing_manifests()
            .with_referrers()
            .tokens(server)
            .start();
        let mut saved = Saved::default();
        let (findings, status) = crawl_azure(&registry, &saved.known()).await;
        saved.add(&findings);
        assert_eq!(status, CrawlStatus::Complete);
        assert_eq!(saved.tags.len(), 200);
        assert_eq!(
            registry.count("GET", "/referrers/"),
            0,
            "the listing leads to what is attached"
        );

        registry.forget_requests();
        let (_, status) = crawl_azure(&registry, &saved.known()).await;
        assert_eq!(status, CrawlStatus::Complete);
        assert_eq!(registry.count("HEAD", "/"), 0);
        assert!(tokens(&registry) <= most_tokens, "{}", tokens(&registry));
        let refused = registry.requests().len() - 1 - 25 - tokens(&registry);
        assert!(refused <= 25, "{refused} requests besides pages and tokens");
    }
}

/// Vendors: Azure.
#[tokio::test]
async fn more_tags_on_a_manifest_than_azure_lists_with_it_are_found() {
    let registry = FaultyRegistry::holding(|content| {
        let repository = content.repository("app");
        for tag in 0..15 {
            repository.tag(&format!("v{tag}"), image().layer("one", 5));
        }
    })
    .listing_manifests()
    .start();
    registry
        .on(|request| request.is_get("/_manifests"))
        .spoil(crate::support::faulty_registry::Spoil::with(
            |_: &Request, answer| {
                let mut body: serde_json::Value = serde_json::from_slice(&answer.content()).unwrap();
                body["manifests"][0]["tags"].as_array_mut().unwrap().truncate(10);
                answer.bytes(body.to_string().into_bytes())
            },
        ));
    let mut saved = Saved::default();
    let (findings, status) = crawl_azure(&registry, &saved.known()).await;
    saved.add(&findings);
    assert_eq!((status, saved.tags.len()), (CrawlStatus::Complete, 15));
    registry.forget_requests();
    crawl_azure(&registry, &saved.known()).await;
    assert_eq!(registry.count("GET", "/_tags"), 1);
    assert_eq!(registry.count("HEAD", "/"), 0);
}

/// Vendors: Azure.
#[tokio::test]
async fn a_hidden_tag_is_kept_and_a_deleted_one_is_not() {
    let registry = FaultyRegistry::holding(|content| {
        let repository = content.repository("app");
        for tag in ["1", "2", "3"] {
            repository.tag(tag, image().layer(tag, 5));
        }
    })
    .listing_manifests()
    .start();
    let mut saved = Saved::default();
    saved.add(&crawl_azure(&registry, &saved.known()).await.0);
    registry.change(|content| {
        content.repository("app").hide("1").untag("2");
    });
    let (findings, status) = crawl_azure(&registry, &saved.known()).await;
    assert_eq!(status, CrawlStatus::Complete);
    let listing = findings.iter().find_map(|finding| match finding {
        Finding::Repository(listing) => Some(listing),
        _ => None,
    });
    let mut tags: Vec<_> = listing.unwrap().tags.iter().map(tare::oci::Tag::as_str).collect();
    tags.sort_unstable();
    assert_eq!(tags, ["1", "3"]);
}

/// Vendors: Azure.
#[tokio::test]
async fn what_is_attached_later_is_found_in_the_listing() {
    let app = image().layer("app", 50).build();
    let registry = FaultyRegistry::holding(|content| _ = content.repository("app").tag("1", app.clone()))
        .listing_manifests()
        .with_referrers()
        .start();
    let mut saved = Saved::default();
    saved.add(&crawl_azure(&registry, &saved.known()).await.0);
    let before = saved.accounting().registry.stored_bytes;
    registry.change(|content| _ = content.repository("app").store(signature_of(&app)));
    saved.tags.clear();
    saved.add(&crawl_azure(&registry, &saved.known()).await.0);
    assert!(saved.accounting().registry.stored_bytes > before);
    assert_eq!(registry.count("GET", "/referrers/"), 0);
}
