//! What no tag reaches, of a registry that lists all its manifests as Azure Container Registry does.

use tare::crawl::{CrawlPlan, CrawlStatus};
use tare::inventory::{FaultKind, ManifestListing};

use super::harness::{Crawled, Saved, crawl_with};
use crate::support::faulty_registry::{Content, Document, FaultyRegistry, Spoil, image, index, signature_of};

const LISTING: &str = "/acr/v1/app/_manifests";

fn plan() -> CrawlPlan {
    CrawlPlan {
        untagged: true,
        ..CrawlPlan::default()
    }
}

async fn crawl(registry: &FaultyRegistry, saved: &mut Saved) -> Crawled {
    let crawled = crawl_with(registry, &plan(), &saved.known()).await;
    saved.add(&crawled.findings);
    crawled
}

fn app(version: &str) -> Document {
    image()
        .layer("base", 1000)
        .layer(&format!("app {version}"), 50)
        .build()
}

/// What an image stores of its own beside the base that all share.
fn own(document: &Document) -> u64 {
    document.size() + document.blobs[0].len() as u64 + 50
}

/// Bytes and manifests that no tag reaches.
fn untagged(saved: &Saved) -> Option<(u64, usize)> {
    let registry = saved.accounting().registry;
    registry
        .untagged_bytes
        .map(tare::units::ByteCount::get)
        .zip(registry.untagged_manifests)
}

/// A tag on the third version; the first two have lost theirs.
fn three_versions(content: &mut Content) {
    let repository = content.repository("app");
    repository.store(app("1")).store(app("2")).tag("latest", app("3"));
}

/// Vendors: Azure.
#[tokio::test]
async fn what_no_tag_reaches_is_fetched_once_and_counted_without_what_is_shared() {
    let registry = FaultyRegistry::holding(three_versions)
        .listing_manifests()
        .page_size(2)
        .start();
    let mut saved = Saved::default();
    let crawled = crawl(&registry, &mut saved).await;
    assert_eq!(crawled.summary.status, CrawlStatus::Complete);
    assert_eq!(untagged(&saved), Some((own(&app("1")) + own(&app("2")), 2)));
    let totals = saved.accounting().registry;
    assert_eq!(totals.stored_bytes.get(), own(&app("3")) + 1000);
    // Two pages of manifests, each manifest once, and no configuration of an untagged image.
    assert_eq!(registry.count("GET", LISTING), 2);
    assert_eq!(registry.count("GET", "/manifests/"), 3);
    assert_eq!(registry.count("GET", "/blobs/"), 1);

    registry.forget_requests();
    crawl(&registry, &mut saved).await;
    let asked: Vec<_> = registry
        .requests()
        .into_iter()
        .map(|request| request.method)
        .collect();
    // The catalogue, and the manifests with their tags on two pages.
    assert_eq!(asked, ["GET", "GET", "GET"]);
    assert_eq!(untagged(&saved).map(|(_, manifests)| manifests), Some(2));
}

/// Vendors: Azure.
#[tokio::test]
async fn children_and_attachments_of_tagged_manifests_are_not_untagged() {
    let linux = image().layer("base", 1000).layer("app 1", 50).build();
    let arm = image().platform("linux/arm64").layer("arm", 70).build();
    let both = index().child(linux.clone()).child(arm.clone()).build();
    let signature = signature_of(&both);
    let registry = FaultyRegistry::holding(|content| {
        let repository = content.repository("app");
        repository.tag("1", both.clone()).store(signature.clone());
        // Of another index that lost its tag.
        repository.store(index().child(app("2")).child(linux.clone()));
    })
    .listing_manifests()
    .start();
    let mut saved = Saved::default();
    let crawled = crawl(&registry, &mut saved).await;
    assert_eq!(crawled.faults(), Vec::<&tare::inventory::Fault>::new());
    let lost = index().child(app("2")).child(linux.clone()).build();
    assert_eq!(untagged(&saved), Some((lost.size() + own(&app("2")), 2)));
    // The signature is known to belong to the image though no referrers API said so.
    let config = |document: &Document| document.blobs[0].len() as u64;
    let reached = both.size() + own(&linux) + 1000 + arm.size() + config(&arm) + 70;
    let attached = signature.size() + 2 + 240;
    assert_eq!(saved.accounting().registry.stored_bytes.get(), reached + attached);
}

#[tokio::test]
async fn a_manifest_that_loses_its_tag_gets_it_back_and_is_deleted() {
    let registry = FaultyRegistry::holding(three_versions)
        .listing_manifests()
        .start();
    let mut saved = Saved::default();
    crawl(&registry, &mut saved).await;
    let before = untagged(&saved).unwrap();

    registry.change(|content| _ = content.repository("app").tag("latest", app("2")));
    saved.tags.clear();
    registry.forget_requests();
    crawl(&registry, &mut saved).await;
    assert_eq!(untagged(&saved).unwrap().1, 2, "the first and the third version");
    // It was read already; only its configuration is new, now that it is an image with a name.
    assert_eq!(registry.count("GET", "/manifests/sha256"), 0);
    assert_eq!(registry.count("GET", "/blobs/"), 1);
    assert_ne!(untagged(&saved), Some((0, 0)));

    registry.change(|content| {
        let repository = content.repository("app");
        repository.tag("latest", app("3")).lose(app("1").digest());
    });
    saved.tags.clear();
    crawl(&registry, &mut saved).await;
    assert_eq!(untagged(&saved), Some((own(&app("2")), 1)));
    assert!(untagged(&saved).unwrap().0 < before.0);

    registry.change(|content| _ = content.repository("app").lose(app("2").digest()));
    crawl(&registry, &mut saved).await;
    assert_eq!(untagged(&saved), Some((0, 0)));
}

#[tokio::test]
async fn a_repository_without_a_tag_is_one_all_the_same() {
    let registry = FaultyRegistry::holding(|content| {
        content.repository("app").store(app("1")).dead();
    })
    .listing_manifests()
    .start();
    let mut saved = Saved::default();
    let crawled = crawl(&registry, &mut saved).await;
    assert_eq!(untagged(&saved), Some((own(&app("1")) + 1000, 1)));
    assert_eq!(crawled.summary.status, CrawlStatus::Complete);
    assert!(crawled.faults().is_empty(), "{:?}", crawled.faults());
}

/// Vendors: Azure.
#[tokio::test]
async fn what_is_listed_and_gone_or_locked_costs_nothing_else() {
    let registry = FaultyRegistry::holding(|content| {
        three_versions(content);
        content.repository("app").lock(app("2").digest());
    })
    .listing_manifests()
    .start();
    let gone = app("1").digest().to_string();
    registry
        .on(move |request| request.path.ends_with(&gone))
        .spoil(Spoil::Status(404));
    let mut saved = Saved::default();
    let crawled = crawl(&registry, &mut saved).await;
    assert_eq!(crawled.summary.status, CrawlStatus::Complete);
    assert_eq!(
        crawled.fault_kinds(),
        [
            ("app".to_owned(), "_manifests".to_owned(), FaultKind::Unlisted),
            (
                "app".to_owned(),
                app("1").digest().to_string(),
                FaultKind::Vanished
            ),
        ]
    );
    assert_eq!(untagged(&saved), Some((0, 0)));
    let ManifestListing::Listed(there) = &crawled.listing("app").manifests else {
        panic!("it was listed");
    };
    let there: Vec<_> = there.iter().map(|row| row.digest).collect();
    assert!(!there.contains(&app("1").digest()) && there.contains(&app("2").digest()));
}

/// Vendors: Azure.
#[tokio::test]
async fn a_refusal_is_said_once_and_the_crawl_is_complete() {
    for status in [403, 404] {
        let registry = FaultyRegistry::holding(|content| {
            for name in ["app", "b", "c", "d", "e", "f"] {
                content.repository(name).tag("1", app(name));
            }
        })
        .listing_manifests()
        .start();
        registry
            .on(|request| request.path.contains("/acr/v1/"))
            .spoil(Spoil::Status(status));
        let mut saved = Saved::default();
        let one_by_one = CrawlPlan {
            concurrent_repositories: 1,
            ..plan()
        };
        let crawled = crawl_with(&registry, &one_by_one, &saved.known()).await;
        saved.add(&crawled.findings);
        assert_eq!(crawled.summary.status, CrawlStatus::Complete);
        assert_eq!(untagged(&saved), None);
        let faults = crawled.faults();
        assert_eq!(faults.len(), 1, "{status}");
        assert_eq!(faults[0].kind, FaultKind::Unlisted);
        assert!(
            faults[0].fault.contains("untagged = \"never\""),
            "{}",
            faults[0].fault
        );
        assert_eq!(
            registry.count("GET", "/_manifests"),
            3,
            "no further requests are made"
        );
        assert_eq!(crawled.listing("app").manifests, ManifestListing::Unavailable);
    }
}

#[tokio::test]
async fn a_list_that_breaks_off_leaves_what_was_known() {
    let registry = FaultyRegistry::holding(three_versions)
        .listing_manifests()
        .page_size(1)
        .start();
    let mut saved = Saved::default();
    crawl(&registry, &mut saved).await;
    let before = untagged(&saved);
    let second = |request: &crate::support::faulty_registry::Request| {
        request.is_get(LISTING) && request.parameter("last").is_some()
    };
    let hostile = Spoil::Header("Link", "<https://evil.example/x?n=1>; rel=\"next\"".to_owned());
    for (spoil, kind) in [
        (Spoil::Status(500), FaultKind::Unavailable),
        (Spoil::Body(b"{}".to_vec()), FaultKind::Invalid),
        (Spoil::Oversize(64 << 20), FaultKind::Invalid),
        (
            Spoil::Redirect(307, "https://evil.example/".to_owned()),
            FaultKind::Invalid,
        ),
        (hostile, FaultKind::Invalid),
    ] {
        registry.heal();
        registry.on(second).spoil(spoil);
        let crawled = crawl(&registry, &mut saved).await;
        let expected = ("app".to_owned(), "_manifests".to_owned(), kind);
        assert_eq!(crawled.fault_kinds(), [expected]);
        assert_eq!(crawled.summary.status, CrawlStatus::Incomplete);
        assert_eq!(untagged(&saved), before);
    }
    registry.heal();
    let crawled = crawl(&registry, &mut saved).await;
    assert_eq!(crawled.summary.status, CrawlStatus::Complete);
}

#[tokio::test]
async fn a_list_that_fails_on_large_pages_is_read_in_smaller_ones() {
    let registry = FaultyRegistry::holding(three_versions)
        .listing_manifests()
        .start();
    registry
        .on(|request| {
            let size = request.parameter("n").and_then(|n| n.parse::<u32>().ok());
            request.is_get(LISTING) && size.is_none_or(|size| size > 20)
        })
        .spoil(Spoil::Status(502));
    let mut saved = Saved::default();
    let crawled = crawl(&registry, &mut saved).await;
    assert_eq!(crawled.summary.status, CrawlStatus::Complete);
    assert_eq!(untagged(&saved).unwrap().1, 2);
}

#[tokio::test]
async fn rows_that_make_no_sense_are_told_and_do_not_hide_the_others() {
    let registry = FaultyRegistry::holding(three_versions)
        .listing_manifests()
        .start();
    let rows = format!(
        r#"{{"manifests":[7,null,{{"tags":["x"]}},{{"digest":"../../etc"}},
            {{"digest":"{}","imageSize":"huge","tags":{{}},"changeableAttributes":[1]}}]}}"#,
        app("1").digest()
    );
    registry
        .on(|request| request.is_get(LISTING))
        .spoil(Spoil::Body(rows.into_bytes()));
    let mut saved = Saved::default();
    let crawled = crawl(&registry, &mut saved).await;
    assert_eq!(crawled.summary.status, CrawlStatus::Incomplete);
    assert_eq!(crawled.faults().len(), 4);
    assert_eq!(untagged(&saved), Some((own(&app("1")), 1)));
}

#[tokio::test]
async fn platforms_that_are_left_out_are_not_read_for_being_listed() {
    let both = index()
        .child(app("1"))
        .child(image().platform("linux/arm64").layer("arm", 70));
    let registry = FaultyRegistry::holding(|content| {
        content.repository("app").tag("1", both).store(app("2"));
    })
    .listing_manifests()
    .start();
    let plan = CrawlPlan {
        platforms: vec!["linux/amd64".parse().unwrap()],
        ..plan()
    };
    let mut saved = Saved::default();
    for manifests in [3, 0] {
        registry.forget_requests();
        let crawled = crawl_with(&registry, &plan, &saved.known()).await;
        crawled.findings.iter().for_each(|finding| saved.keep(finding));
        assert_eq!(registry.count("GET", "/manifests/"), manifests);
        assert_eq!(untagged(&saved), Some((own(&app("2")), 1)));
    }
}

/// Vendors: Azure, Google.
#[tokio::test]
async fn a_registry_of_another_kind_is_not_asked() {
    let registry = FaultyRegistry::holding(three_versions)
        .listing_manifests()
        .start();
    let mut saved = Saved::default();
    let crawled = crawl_with(&registry, &CrawlPlan::default(), &saved.known()).await;
    saved.add(&crawled.findings);
    assert_eq!((registry.count("GET", "/acr/"), untagged(&saved)), (0, None));
    assert_eq!(crawled.listing("app").manifests, ManifestListing::Unavailable);
}
