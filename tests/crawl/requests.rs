//! How many requests a crawl makes.

use std::time::Duration;

use tare::crawl::CrawlStatus;

use super::harness::{Saved, crawl_all};
use crate::support::faulty_registry::{Content, FaultyRegistry, Links, Spoil, image, index};

/// Three repositories, seven tags, six different manifests and four different configurations.
fn company(content: &mut Content) {
    let app = image().layer("base", 100).layer("app", 20).build();
    let other = image().platform("linux/arm64").layer("arm base", 90).build();
    let web = content.repository("team-a/web");
    web.tag("1", app.clone()).tag("latest", app.clone());
    web.tag("multi", index().child(app.clone()).child(other.clone()));
    let api = content.repository("team-b/api");
    api.tag("1", image().docker().layer("base", 100).layer("api", 7));
    api.tag("2", index().docker().child(image().docker().layer("api 2", 8)));
    content.repository("copy").tag("a", app).tag("b", other);
}

fn started(page_size: usize, links: Links) -> FaultyRegistry {
    FaultyRegistry::holding(company)
        .page_size(page_size)
        .links(links)
        .start()
}

#[tokio::test]
async fn a_first_crawl_asks_for_each_tag_and_for_each_unknown_digest_once() {
    let registry = started(1000, Links::Relative);
    let mut saved = Saved::default();
    let crawled = crawl_all(&registry, &mut saved).await;
    assert_eq!(crawled.summary.status, CrawlStatus::Complete);
    assert!(crawled.summary.catalogue_complete);
    assert_eq!((crawled.summary.repositories, crawled.summary.tags), (3, 7));
    assert_eq!((crawled.summary.manifests, crawled.summary.configs), (6, 4));

    assert_eq!(registry.count("GET", "/_catalog"), 1);
    assert_eq!(registry.count("GET", "/tags/list"), 3);
    let by_digest = registry.count("GET", "/manifests/sha256:");
    assert_eq!(registry.count("GET", "/manifests/") - by_digest, 7);
    // Which of the children come with a tag's answer and which are asked for depends on who is first.
    assert!((1..=3).contains(&by_digest), "{by_digest}");
    assert_eq!(registry.count("GET", "/blobs/"), 4);
    assert_eq!(registry.count("GET", "/referrers/"), 1);
    let expected = 1 + 3 + 7 + by_digest + 4 + 1;
    assert_eq!(registry.requests().len(), expected);
}

#[tokio::test]
async fn a_second_crawl_of_an_unchanged_registry_asks_for_what_tags_point_to_and_nothing_else() {
    for (page_size, links) in [
        (1000, Links::Relative),
        (2, Links::Relative),
        (2, Links::Absolute),
        (1, Links::Opaque),
    ] {
        let registry = started(page_size, links);
        let mut saved = Saved::default();
        crawl_all(&registry, &mut saved).await;
        let first = saved.accounting();
        registry.forget_requests();
        let crawled = crawl_all(&registry, &mut saved).await;
        assert_eq!(crawled.summary.status, CrawlStatus::Complete);
        assert_eq!((crawled.summary.manifests, crawled.summary.configs), (0, 0));
        let pages = |entries: usize| entries.div_ceil(page_size);
        let listings = pages(3) + pages(3) + pages(2) + pages(2);
        assert_eq!(registry.count("HEAD", "/manifests/"), 7);
        assert_eq!(registry.requests().len(), listings + 7, "{links:?} {page_size}");
        assert_eq!(saved.accounting(), first);
    }
}

#[tokio::test]
async fn after_a_change_only_what_is_new_is_fetched() {
    let registry = started(1000, Links::Relative);
    let mut saved = Saved::default();
    crawl_all(&registry, &mut saved).await;
    registry.change(|content| {
        let old = image().layer("base", 100).layer("app", 20).build();
        let new = image().layer("base", 100).layer("app 2", 30).build();
        // One tag moves to new content, one is new and points to old content.
        content
            .repository("team-a/web")
            .tag("latest", index().child(old.clone()).child(new));
        content.repository("team-b/api").tag("3", old);
    });
    registry.forget_requests();
    let crawled = crawl_all(&registry, &mut saved).await;
    assert_eq!((crawled.summary.manifests, crawled.summary.configs), (2, 1));
    assert_eq!(registry.count("HEAD", "/manifests/"), 8);
    assert_eq!(registry.count("GET", "/manifests/"), 2);
    assert_eq!(registry.count("GET", "/blobs/"), 1);
    assert_eq!(registry.count("GET", "/referrers/"), 1);
    assert_eq!(registry.requests().len(), 1 + 3 + 8 + 2 + 1 + 1);
}

/// Vendors: JFrog.
#[tokio::test]
async fn a_registry_that_does_not_say_digests_is_asked_for_content() {
    let registry = FaultyRegistry::holding(company).without_digest_header().start();
    let mut saved = Saved::default();
    crawl_all(&registry, &mut saved).await;
    registry.forget_requests();
    let crawled = crawl_all(&registry, &mut saved).await;
    assert_eq!(crawled.summary.status, CrawlStatus::Complete);
    assert_eq!(crawled.summary.manifests, 0);
    assert_eq!(registry.count("GET", "/manifests/"), 7);
    assert_eq!(registry.count("GET", "/blobs/"), 0);
}

#[tokio::test]
async fn many_tags_of_one_image_fetch_its_content_once() {
    let registry = FaultyRegistry::holding(|content| {
        let both = index()
            .child(image().layer("a", 1))
            .child(image().platform("linux/arm64").layer("b", 2));
        let both = both.build();
        for name in 0..5 {
            let repository = content.repository(&format!("app-{name}"));
            for tag in 0..20 {
                repository.tag(&format!("v{tag}"), both.clone());
            }
        }
    })
    .start();
    let crawled = crawl_all(&registry, &mut Saved::default()).await;
    assert_eq!(crawled.summary.tags, 100);
    assert_eq!(registry.count("GET", "/manifests/sha256:"), 2);
    assert_eq!(registry.count("GET", "/blobs/"), 2);
    let progress = crawled.progress;
    assert_eq!((progress.repositories_listed, progress.repositories_done), (5, 5));
    assert_eq!(
        (progress.tags_listed, progress.tags_done, progress.faults),
        (100, 100, 0)
    );
}

#[tokio::test]
async fn the_client_bounds_what_is_under_way() {
    let registry = FaultyRegistry::holding(|content| {
        for name in 0..20 {
            let repository = content.repository(&format!("app-{name}"));
            for tag in 0..20 {
                repository.tag(&format!("v{tag}"), image().layer(&format!("{name} {tag}"), 1));
            }
        }
    })
    .start();
    let while_others_come = Spoil::Stall(Duration::from_millis(5));
    registry.on(|_| true).spoil(while_others_come);
    let crawled = crawl_all(&registry, &mut Saved::default()).await;
    assert_eq!(crawled.summary.tags, 400);
    // The plan would have 128 tags walked side by side.
    let most = registry.most_in_flight();
    assert!((2..=16).contains(&most), "{most}");
}
