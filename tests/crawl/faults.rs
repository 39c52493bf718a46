//! What goes wrong is part of the result, and costs nothing but itself.

use tare::crawl::{CrawlPlan, CrawlStatus, Known};
use tare::inventory::FaultKind;

use super::harness::{Saved, crawl_all, crawl_with};
use crate::support::faulty_registry::{Answer, Content, FaultyRegistry, Spoil, image, index};

fn two_repositories(content: &mut Content) {
    for name in ["good", "bad"] {
        let repository = content.repository(name);
        for tag in ["1", "2", "3"] {
            repository.tag(tag, image().layer("base", 100).layer(&format!("{name} {tag}"), 5));
        }
    }
}

#[tokio::test]
async fn what_has_vanished_is_no_loss() {
    let registry = FaultyRegistry::holding(|content| {
        two_repositories(content);
        let (kept, lost) = (
            image().layer("kept", 1).build(),
            image().platform("linux/arm64").build(),
        );
        let half = index().child(kept).child(lost.clone()).build();
        let repository = content.repository("bad");
        repository.vanished_tag("gone");
        repository
            .tag("half", half.clone())
            .tag("half again", half)
            .untag("half again");
        repository.lose(lost.digest());
        content.repository("dead").dead();
        content.repository("empty").null_tags();
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
    assert_eq!(crawled.faults().len(), 2);
    assert!(
        crawled
            .faults()
            .iter()
            .all(|fault| matches!(fault.kind, FaultKind::Vanished | FaultKind::Broken))
    );
    assert_eq!(crawled.summary.tags, 7);
    for name in ["dead", "empty"] {
        let listing = crawled.listing(name);
        assert!(
            listing.tags.is_empty() && listing.listed_to_the_end && listing.complete,
            "{name}"
        );
    }
    assert_eq!(crawled.listing("bad").tags.len(), 5);
}

#[tokio::test]
async fn a_child_that_has_vanished_is_asked_for_once_in_each_repository() {
    let lost = image().platform("linux/arm64").build();
    let registry = FaultyRegistry::holding(|content| {
        let half = index()
            .child(image().layer("kept", 1))
            .child(lost.clone())
            .build();
        for name in ["a", "b"] {
            let repository = content.repository(name);
            for tag in 0..10 {
                repository.tag(&format!("v{tag}"), half.clone());
            }
            repository.lose(lost.digest());
        }
        // One repository has what the others have lost.
        content.repository("c").tag("whole", half);
    })
    .start();
    let mut saved = Saved::default();
    let crawled = crawl_all(&registry, &mut saved).await;
    assert_eq!(crawled.summary.tags, 21);
    assert!(saved.manifests.contains_key(&lost.digest()));
    assert!(registry.count("GET", &lost.digest().to_string()) <= 3);
}

#[tokio::test]
async fn a_faulty_repository_does_not_sink_the_crawl() {
    for (part, lost_tags) in [
        ("/v2/bad/tags/list", 3),
        ("/v2/bad/manifests/2", 1),
        ("/v2/bad/blobs/", 0),
    ] {
        for spoil in [
            Spoil::Status(500),
            Spoil::Status(403),
            Spoil::Drop,
            Spoil::Body(b"{".to_vec()),
        ] {
            let registry = FaultyRegistry::holding(two_repositories).start();
            registry.on(move |request| request.is_get(part)).spoil(spoil);
            let mut saved = Saved::default();
            let crawled = crawl_all(&registry, &mut saved).await;
            assert_eq!(crawled.summary.status, CrawlStatus::Incomplete);
            assert_eq!(
                crawled.summary.tags,
                6 - lost_tags,
                "{part}: {:?}",
                crawled.faults()
            );
            assert!(crawled.listing("good").complete && !crawled.listing("bad").complete);
            assert_eq!(crawled.listing("bad").listed_to_the_end, lost_tags < 3);
            for fault in crawled.faults() {
                assert_eq!(fault.repository.as_ref().unwrap().as_str(), "bad");
                assert!(fault.kind.is_loss(), "{fault:?}");
            }
            // Healed, the next crawl fetches what was missing and nothing else.
            registry.heal();
            let crawled = crawl_all(&registry, &mut saved).await;
            assert_eq!(crawled.summary.status, CrawlStatus::Complete);
            assert_eq!(
                (saved.manifests.len(), saved.configs.len(), saved.tags.len()),
                (6, 6, 6)
            );
        }
    }
}

#[tokio::test]
async fn faults_are_told_apart() {
    for (spoil, kind) in [
        (Spoil::Status(403), FaultKind::Denied),
        (Spoil::Status(503), FaultKind::Unavailable),
        (Spoil::Status(404), FaultKind::Vanished),
        (Spoil::Body(b"[]".to_vec()), FaultKind::Invalid),
    ] {
        let registry = FaultyRegistry::holding(two_repositories).start();
        registry
            .on(|request| request.is_get("/bad/manifests/2"))
            .spoil(spoil);
        let crawled = crawl_all(&registry, &mut Saved::default()).await;
        assert_eq!(crawled.fault_kinds(), [("bad".into(), "2".into(), kind)]);
    }
}

#[tokio::test]
async fn a_catalogue_that_breaks_off_leaves_what_it_listed() {
    let registry = FaultyRegistry::holding(two_repositories).page_size(1).start();
    registry
        .on(|request| request.is_get("/_catalog?last"))
        .spoil(Spoil::Status(500));
    let crawled = crawl_all(&registry, &mut Saved::default()).await;
    assert_eq!(crawled.summary.status, CrawlStatus::Incomplete);
    assert!(!crawled.summary.catalogue_complete);
    assert_eq!(crawled.summary.repositories, 1);
    let kinds = crawled.fault_kinds();
    assert_eq!(
        kinds,
        [(String::new(), "_catalog".into(), FaultKind::Unavailable)]
    );
}

#[tokio::test]
async fn a_tag_list_that_breaks_off_does_not_claim_to_be_whole() {
    let registry = FaultyRegistry::holding(two_repositories).page_size(2).start();
    registry
        .on(|request| request.is_get("/bad/tags/list?last"))
        .spoil(Spoil::with(|_, _| Answer::error(404, "NAME_UNKNOWN")));
    let crawled = crawl_with(&registry, &CrawlPlan::default(), &Known::default()).await;
    let listing = crawled.listing("bad");
    assert!(!listing.listed_to_the_end);
    assert_eq!(listing.tags.len(), 2);
    assert_eq!(crawled.summary.tags, 5);
}

#[tokio::test]
async fn if_the_first_to_claim_a_digest_fails_the_next_one_tries() {
    let shared = image().layer("shared", 9).build();
    let registry = FaultyRegistry::holding(|content| {
        for tag in ["1", "2", "3", "4"] {
            let own = image().platform("linux/arm64").layer(tag, 1);
            content
                .repository("app")
                .tag(tag, index().child(shared.clone()).child(own));
        }
    })
    .start();
    let digest = shared.digest().to_string();
    // Two attempts each for the first two that want it.
    registry
        .on(move |request| request.is_get(&digest))
        .times(4)
        .spoil(Spoil::Status(500));
    let mut saved = Saved::default();
    let crawled = crawl_all(&registry, &mut saved).await;
    assert_eq!(crawled.faults().len(), 2);
    assert_eq!(crawled.summary.tags, 4);
    assert!(saved.manifests.contains_key(&shared.digest()));
    assert_eq!(registry.count("GET", &shared.digest().to_string()), 5);
    // The two that failed came to nothing worse: all they reach has been found by the others.
    registry.forget_requests();
    let crawled = crawl_all(&registry, &mut saved).await;
    assert_eq!(crawled.summary.status, CrawlStatus::Complete);
    assert_eq!(registry.count("GET", "/manifests/"), 0);
}
