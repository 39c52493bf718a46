//! Which repositories and platforms are read.

use tare::crawl::{CrawlPlan, CrawlStatus, Known, RepositoryChoice};

use super::harness::{Saved, crawl_with};
use crate::support::faulty_registry::{
    Content, FaultyRegistry, Spoil, attestation_of, image, index, oci_attestation_of,
};

fn choosing(patterns: &[&str]) -> CrawlPlan {
    CrawlPlan {
        repositories: RepositoryChoice::matching(patterns).unwrap(),
        ..CrawlPlan::default()
    }
}

fn four_repositories(content: &mut Content) {
    for name in ["node", "team-a/api", "team-a/x/deep", "team-b/api"] {
        content.repository(name).tag("1", image().layer(name, 10));
    }
}

#[tokio::test]
async fn only_chosen_repositories_are_asked_for() {
    let registry = FaultyRegistry::holding(four_repositories).page_size(2).start();
    let crawled = crawl_with(&registry, &choosing(&["team-a/*"]), &Known::default()).await;
    assert_eq!(crawled.summary.repositories, 1);
    assert_eq!(registry.count("GET", "/_catalog"), 2);
    assert_eq!(registry.count("GET", "/tags/list"), 1);
    assert_eq!(crawled.listing("team-a/api").tags.len(), 1);
    assert_eq!(crawled.progress.repositories_listed, 1);
}

#[tokio::test]
async fn repositories_that_are_named_need_no_catalogue() {
    let registry = FaultyRegistry::holding(four_repositories).start();
    registry
        .on(|request| request.is_get("/_catalog"))
        .spoil(Spoil::Status(403));
    let crawled = crawl_with(&registry, &choosing(&["node", "team-b/api"]), &Known::default()).await;
    assert_eq!(crawled.summary.status, CrawlStatus::Complete);
    assert!(crawled.summary.catalogue_complete);
    assert_eq!(crawled.summary.repositories, 2);
    assert_eq!(registry.count("GET", "/_catalog"), 0);

    // With a pattern the catalogue is needed; what is named is read all the same.
    let crawled = crawl_with(&registry, &choosing(&["node", "team-*/api"]), &Known::default()).await;
    assert_eq!(crawled.summary.status, CrawlStatus::Incomplete);
    assert!(!crawled.summary.catalogue_complete);
    assert_eq!(crawled.summary.repositories, 1);
    assert!(crawled.faults()[0].fault.contains("name the repositories"));
}

#[tokio::test]
async fn chosen_tags_are_read_as_far_as_they_are_there() {
    let registry = FaultyRegistry::holding(|content| {
        content
            .repository("node")
            .tag("22", image().layer("old", 10))
            .tag("24", image().layer("new", 10));
    })
    .start();
    let tags = [("node", vec!["22", "23"]), ("python", vec!["3"])];
    let plan = CrawlPlan {
        tags: Some(
            tags.into_iter()
                .map(|(repository, tags)| {
                    let tags = tags.into_iter().map(|tag| tag.parse().unwrap());
                    (repository.parse().unwrap(), tags.collect())
                })
                .collect(),
        ),
        ..choosing(&["node", "python"])
    };
    let crawled = crawl_with(&registry, &plan, &Known::default()).await;
    assert_eq!(crawled.summary.status, CrawlStatus::Complete);
    assert_eq!(crawled.summary.tags, 1);
    assert_eq!(registry.count("GET", "/manifests/24"), 0);
    let listing = crawled.listing("node");
    assert_eq!(listing.tags.len(), 1);
    assert!(
        !listing.listed_to_the_end,
        "the tags that are left out are not missing"
    );
}

#[tokio::test]
async fn children_for_other_platforms_are_skipped_with_their_attestations() {
    for attest in [attestation_of, oci_attestation_of] {
        let registry = FaultyRegistry::holding(|content| {
            let amd = image().layer("amd", 10).build();
            let arm = image().platform("linux/arm/v7").layer("arm", 11).build();
            let both = index().child(amd.clone()).child(arm.clone());
            let with_attestations = both.child(attest(&amd)).child(attest(&arm));
            content.repository("app").tag("1", with_attestations);
        })
        .start();
        let mut plan = CrawlPlan {
            platforms: vec!["linux/amd64".parse().unwrap()],
            ..CrawlPlan::default()
        };
        let mut saved = Saved::default();
        let crawled = crawl_with(&registry, &plan, &saved.known()).await;
        assert_eq!(crawled.summary.status, CrawlStatus::Complete);
        assert_eq!((crawled.summary.manifests, crawled.summary.configs), (3, 1));

        // Choosing more later fetches what is missing, and not the index again.
        for finding in &crawled.findings {
            saved.keep(finding);
        }
        registry.forget_requests();
        plan.platforms.push("linux/arm".parse().unwrap());
        let crawled = crawl_with(&registry, &plan, &saved.known()).await;
        assert_eq!((crawled.summary.manifests, crawled.summary.configs), (2, 1));
        assert_eq!(registry.count("GET", "/manifests/"), 2);
        assert_eq!(registry.count("HEAD", "/manifests/"), 1);
    }
}

#[tokio::test]
async fn a_repository_that_is_named_and_not_there_is_missed() {
    let registry = FaultyRegistry::holding(four_repositories).start();
    let plan = choosing(&["node", "nodd"]);
    let mut saved = Saved::default();
    let crawled = crawl_with(&registry, &plan, &saved.known()).await;
    assert_eq!(
        crawled.summary.status,
        CrawlStatus::Incomplete,
        "a slip of the pen must not pass for success"
    );
    assert!(crawled.faults()[0].fault.contains("no such repository"));
    for finding in &crawled.findings {
        saved.keep(finding);
    }

    // A tag that existed before has been deleted, which is not an error.
    let emptied = FaultyRegistry::holding(|_| {}).start();
    let crawled = crawl_with(&emptied, &choosing(&["node"]), &saved.known()).await;
    assert_eq!(crawled.summary.status, CrawlStatus::Complete);
}
