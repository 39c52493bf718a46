//! What a crawl of an unchanged Azure registry costs, and what its own listings prove.

use tare::crawl::{CrawlPlan, CrawlStatus, Known};
use tare::inventory::{Fault, FaultKind, Finding, ManifestListing, RepositoryListing, SoftDeleted};
use tare::registry::{ClientSettings, Credentials};

use super::harness::{Saved, client_of, crawl_by, quick};
use crate::support::faulty_registry::{
    Content, FaultyRegistry, Request, Spoil, TokenServer, image, signature_of,
};

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
    let settings = ClientSettings {
        is_azure: true,
        ..quick()
    };
    let plan = CrawlPlan {
        untagged: true,
        ..CrawlPlan::default()
    };
    let client = client_of(registry.url(), Credentials::Anonymous, settings);
    let crawled = crawl_by(&client, &plan, known, usize::MAX).await;
    (crawled.findings, crawled.summary.status)
}

/// How many repositories were asked what Azure counts in them.
fn attributes_asked(registry: &FaultyRegistry) -> usize {
    let requests = registry.requests();
    let asks =
        |path: &str| path.starts_with("/acr/v1/") && !path.contains("/_") && !path.contains("_deleted");
    requests.iter().filter(|request| asks(&request.path)).count()
}

fn faults(findings: &[Finding]) -> Vec<&Fault> {
    let faults = findings.iter().filter_map(|finding| match finding {
        Finding::Fault(fault) => Some(fault),
        _ => None,
    });
    faults.collect()
}

fn listing<'a>(findings: &'a [Finding], repository: &str) -> &'a RepositoryListing {
    let mut listings = findings.iter().filter_map(|finding| match finding {
        Finding::Repository(listing) if listing.repository.as_str() == repository => Some(listing),
        _ => None,
    });
    listings.next().expect("each repository is reported")
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
        assert_eq!(attributes_asked(&registry), 0);
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
        .spoil(Spoil::with(|_: &Request, answer| {
            let mut body: serde_json::Value = serde_json::from_slice(&answer.content()).unwrap();
            body["manifests"][0]["tags"].as_array_mut().unwrap().truncate(10);
            answer.bytes(body.to_string().into_bytes())
        }));
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

/// Vendors: Azure.
#[tokio::test]
async fn deleted_repositories_that_are_still_stored_are_counted_where_that_may_be_asked() {
    let registry = FaultyRegistry::holding(|content| {
        many(content);
        content.soft_delete("team/app-0", "2026-11-20T08:00:00Z");
        content.soft_delete("team/app-1", "2026-11-18T08:00:00Z");
    })
    .listing_manifests()
    .start();
    let kept = |findings: &[Finding]| {
        findings.iter().find_map(|finding| match finding {
            Finding::SoftDeleted(deleted) => Some(*deleted),
            _ => None,
        })
    };
    let (findings, status) = crawl_azure(&registry, &Known::default()).await;
    assert_eq!(status, CrawlStatus::Complete);
    assert_eq!(
        kept(&findings),
        Some(SoftDeleted {
            repositories: 2,
            since: Some("2026-11-18T08:00:00Z".parse().unwrap()),
        })
    );
    for refusal in [401, 403, 404, 500] {
        registry.heal();
        registry
            .on(|request| request.path.contains("/_deleted/"))
            .spoil(Spoil::Status(refusal));
        let (findings, status) = crawl_azure(&registry, &Known::default()).await;
        assert_eq!(status, CrawlStatus::Complete, "{refusal}");
        assert!(faults(&findings).is_empty(), "{refusal}: {:?}", faults(&findings));
        assert_eq!(kept(&findings), None, "{refusal}");
    }
}

/// Vendors: Azure.
#[tokio::test]
async fn a_listing_with_fewer_manifests_than_azure_counts_is_partial_and_ends_nothing() {
    let registry = FaultyRegistry::holding(|content| {
        let repository = content.repository("app");
        for tag in 0..6 {
            repository.tag(&format!("v{tag}"), image().layer(&format!("{tag}"), 5));
        }
    })
    .listing_manifests()
    .start();
    let mut saved = Saved::default();
    let (findings, _) = crawl_azure(&registry, &saved.known()).await;
    saved.add(&findings);
    assert_eq!(attributes_asked(&registry), 1, "a new repository is counted once");
    assert!(matches!(
        &listing(&findings, "app").manifests,
        ManifestListing::Listed(rows) if rows.len() == 6
    ));

    registry
        .on(|request| request.is_get("/_manifests"))
        .spoil(Spoil::with(|_: &Request, answer| {
            let mut body: serde_json::Value = serde_json::from_slice(&answer.content()).unwrap();
            body["manifests"].as_array_mut().unwrap().truncate(2);
            answer.bytes(body.to_string().into_bytes())
        }));
    let (findings, status) = crawl_azure(&registry, &saved.known()).await;
    let found = faults(&findings);
    let [fault] = &found[..] else {
        panic!("one fault: {found:?}")
    };
    assert_eq!(fault.kind, FaultKind::Unlisted);
    assert!(
        fault.fault.contains("counts 6 manifests and lists 2"),
        "{}",
        fault.fault
    );
    assert_eq!(status, CrawlStatus::Complete);
    let listed = listing(&findings, "app");
    assert_eq!(listed.tags.len(), 6, "the listing of tags is asked");
    assert!(matches!(&listed.manifests, ManifestListing::Partial(rows) if rows.len() == 2));
}

/// Vendors: Azure.
#[tokio::test]
async fn tags_of_a_new_repository_that_azure_counts_and_does_not_list_are_said() {
    let registry = FaultyRegistry::holding(|content| {
        let repository = content.repository("app");
        repository
            .tag("1", image().layer("1", 5))
            .tag("2", image().layer("2", 5));
        repository.hide("1");
    })
    .listing_manifests()
    .start();
    let (findings, status) = crawl_azure(&registry, &Known::default()).await;
    assert_eq!(status, CrawlStatus::Complete);
    let found = faults(&findings);
    assert!(
        found.len() == 1 && found[0].fault.contains("counts 2 tags and lists 1"),
        "{found:?}"
    );
    assert!(!listing(&findings, "app").listed_to_the_end);
}

/// Vendors: Azure.
#[tokio::test]
async fn repositories_that_an_identity_may_not_read_cost_two_requests_and_make_one_fault() {
    let names: Vec<String> = (0..30).map(|number| format!("team/app-{number:02}")).collect();
    let denied: Vec<&str> = names.iter().skip(5).take(20).map(String::as_str).collect();
    let registry = FaultyRegistry::holding(|content| {
        for name in &names {
            content.repository(name).tag("1", image().layer(name, 5));
        }
    })
    .listing_manifests()
    .tokens(TokenServer::default().denying(&denied))
    .start();
    let (findings, status) = crawl_azure(&registry, &Known::default()).await;
    assert_eq!(status, CrawlStatus::Incomplete, "the totals lack something");
    let found = faults(&findings);
    let [fault] = &found[..] else {
        panic!("one fault: {found:?}")
    };
    assert_eq!((fault.kind, fault.repository.as_ref()), (FaultKind::Denied, None));
    assert!(
        fault
            .fault
            .contains("20 of the listed repositories: team/app-05, ")
            && fault.fault.contains("and 15 more"),
        "{}",
        fault.fault
    );
    for name in denied {
        let asked = registry.requests();
        let asked = asked.iter().filter(|request| {
            !request.path.starts_with("/token") && request.path.contains(&format!("/{name}/"))
        });
        let asked = asked.count();
        // A group of which no repository can be read costs one more for each, since nothing shows that its token works.
        assert!(asked <= 4, "{name}: {asked} requests");
        assert!(!listing(&findings, name).listed_to_the_end);
    }
    assert!(tokens(&registry) <= 4 + 3 + 2 * 20, "{}", tokens(&registry));
}
