//! What is attached to images, by the referrers API and by tags.

use tare::crawl::{CrawlPlan, CrawlStatus, Known, ReferrersPolicy};
use tare::inventory::FaultKind;
use tare::oci::ManifestKind;

use super::harness::{Saved, crawl_all, crawl_with, repository};
use crate::support::faulty_registry::{
    Answer, Content, Document, FaultyRegistry, Spoil, artifact_manifest_of, image, index, signature_of,
};

fn app() -> Document {
    image().layer("app", 50).build()
}

fn signed(content: &mut Content) {
    let sbom = artifact_manifest_of(&app(), 70);
    let repository = content.repository("app");
    repository.tag("1", app()).tag("latest", app());
    repository
        .store(signature_of(&app()))
        .store(sbom.clone())
        .store(signature_of(&sbom));
}

fn asking(referrers: ReferrersPolicy) -> CrawlPlan {
    CrawlPlan {
        referrers,
        ..CrawlPlan::default()
    }
}

#[tokio::test]
async fn what_is_attached_to_a_tags_manifest_is_found_once_and_counted() {
    let registry = FaultyRegistry::holding(signed).with_referrers().start();
    let mut saved = Saved::default();
    let crawled = crawl_all(&registry, &mut saved).await;
    assert_eq!(crawled.summary.status, CrawlStatus::Complete);
    assert_eq!(registry.count("GET", "/referrers/"), 1);
    assert_eq!(registry.count("GET", "/blobs/"), 1);
    let (signature, sbom) = (signature_of(&app()), artifact_manifest_of(&app(), 70));
    let found: Vec<_> = saved.referrers.iter().map(|(_, _, digest)| *digest).collect();
    let mut expected = vec![signature.digest(), sbom.digest()];
    expected.sort();
    assert_eq!(found, expected);
    let totals = &saved.accounting().registry;
    let config = app().blobs[0].len() as u64;
    let attached = signature.size() + 2 + 240 + sbom.size() + 70;
    assert_eq!(totals.stored_bytes.get(), app().size() + config + 50 + attached);
    assert_eq!(totals.images, 1);

    registry.forget_requests();
    crawl_all(&registry, &mut saved).await;
    assert_eq!(registry.requests().len(), 1 + 1 + 2);
}

#[tokio::test]
async fn the_policy_says_for_what_the_api_is_asked() {
    let registry = FaultyRegistry::holding(signed).with_referrers().start();
    let off = crawl_with(&registry, &asking(ReferrersPolicy::Off), &Known::default()).await;
    assert_eq!(
        (registry.count("GET", "/referrers/"), off.summary.manifests),
        (0, 1)
    );

    registry.forget_requests();
    let mut saved = Saved::default();
    let all = crawl_with(&registry, &asking(ReferrersPolicy::All), &Known::default()).await;
    saved.add(&all.findings);
    // The image, its two attachments, and the attachment of one of those.
    assert_eq!(
        (registry.count("GET", "/referrers/"), all.summary.manifests),
        (4, 4)
    );
    assert_eq!(saved.referrers.len(), 3);

    // What is attached later is found by asking for everything each time, or when it is the manifest's turn.
    registry.change(|content| {
        content.repository("app").store(artifact_manifest_of(&app(), 71));
    });
    let tagged = crawl_with(&registry, &asking(ReferrersPolicy::Tagged), &saved.known()).await;
    assert_eq!(tagged.summary.manifests, 0);
    let all = crawl_with(&registry, &asking(ReferrersPolicy::All), &saved.known()).await;
    assert_eq!(all.summary.manifests, 1);
}

#[tokio::test]
async fn all_asks_for_the_children_of_an_index_too() {
    let both = index()
        .child(app())
        .child(image().platform("linux/arm64"))
        .build();
    let registry = FaultyRegistry::holding(|content| {
        content
            .repository("app")
            .tag("1", both.clone())
            .store(signature_of(&app()));
    })
    .with_referrers()
    .start();
    let crawled = crawl_with(&registry, &asking(ReferrersPolicy::All), &Known::default()).await;
    assert_eq!(registry.count("GET", "/referrers/"), 4);
    assert_eq!(crawled.summary.manifests, 4);
}

/// Vendors: Distribution, GitLab.
#[tokio::test]
async fn without_the_api_fallback_tags_are_read_and_are_no_images() {
    let registry = FaultyRegistry::holding(|content| {
        let repository = content.repository("app");
        repository
            .tag("1", app())
            .attach_by_tag(&app(), &signature_of(&app()));
        content.repository("other").tag("1", image().layer("other", 3));
    })
    .start();
    let mut saved = Saved::default();
    let crawled = crawl_all(&registry, &mut saved).await;
    assert_eq!(crawled.summary.status, CrawlStatus::Complete);
    assert_eq!(registry.count("GET", "/referrers/"), 1);
    assert_eq!(crawled.summary.tags, 3);
    assert!(saved.manifests[&signature_of(&app()).digest()].manifest.kind == ManifestKind::Artifact);
    assert_eq!(saved.accounting().registry.images, 2);
}

fn thirty_tags(content: &mut Content) {
    for tag in 0..30 {
        content
            .repository("app")
            .tag(&format!("v{tag}"), image().layer(&format!("{tag}"), 1));
    }
}

/// Vendors: GitHub, GitLab, Quay, registry.k8s.io.
#[tokio::test]
async fn a_registry_that_says_in_any_way_that_it_has_no_api_is_complete() {
    let html = || {
        Spoil::with(|_, _| {
            Answer::new(200)
                .with("Content-Type", "text/html")
                .bytes("<html>sign in</html>")
        })
    };
    let statuses = [400, 401, 403, 404, 405, 406, 500, 501].map(Spoil::Status);
    let pages = [
        Spoil::Redirect(303, "https://registry.example/login".to_owned()),
        Spoil::Redirect(307, "/login".to_owned()),
        html(),
    ];
    for (number, spoil) in statuses.into_iter().chain(pages).enumerate() {
        let registry = FaultyRegistry::holding(thirty_tags).start();
        registry
            .on(|request| request.path.contains("/referrers/"))
            .spoil(spoil);
        let crawled = crawl_all(&registry, &mut Saved::default()).await;
        assert_eq!(crawled.summary.status, CrawlStatus::Complete, "{number}");
        assert!(crawled.faults().is_empty(), "{number}: {:?}", crawled.faults());
        assert_eq!(crawled.summary.tags, 30);
        assert!(registry.count("GET", "/referrers/") <= 2, "{number}");
    }
}

#[tokio::test]
async fn an_api_that_has_answered_and_then_fails_is_a_fault() {
    let registry = FaultyRegistry::holding(thirty_tags).with_referrers().start();
    let asked = std::sync::atomic::AtomicUsize::new(0);
    registry
        .on(move |request| {
            request.is_get("/referrers/") && asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) > 0
        })
        .spoil(Spoil::Status(500));
    let crawled = crawl_all(&registry, &mut Saved::default()).await;
    assert_eq!(crawled.summary.status, CrawlStatus::Incomplete);
    assert_eq!(crawled.summary.tags, 30);
    assert!(
        crawled
            .faults()
            .iter()
            .all(|fault| fault.kind == FaultKind::Unavailable)
    );
}

#[tokio::test]
async fn an_api_that_does_not_answer_is_given_up_and_costs_nothing_else() {
    let registry = FaultyRegistry::holding(thirty_tags).with_referrers().start();
    registry
        .on(|request| request.is_get("/referrers/"))
        .spoil(Spoil::Status(503));
    let crawled = crawl_all(&registry, &mut Saved::default()).await;
    assert_eq!(crawled.summary.status, CrawlStatus::Incomplete);
    assert_eq!(crawled.summary.tags, 30);
    let kinds: Vec<_> = crawled.faults().iter().map(|fault| fault.kind).collect();
    assert_eq!(kinds, [FaultKind::Unavailable; 3]);
}

#[tokio::test]
async fn an_attachment_that_leads_back_to_its_subject_is_walked_all_the_same() {
    // An index that is attached to an image and lists that image.
    let circle = index().child(app()).build();
    let circle = circle.edited(|document| document["subject"] = app().descriptor());
    let registry = FaultyRegistry::holding(|content| {
        content.repository("app").tag("1", app()).store(circle.clone());
    })
    .with_referrers()
    .start();
    for policy in [ReferrersPolicy::Tagged, ReferrersPolicy::All] {
        let crawled = crawl_with(&registry, &asking(policy), &Known::default()).await;
        assert_eq!(crawled.summary.status, CrawlStatus::Complete);
        assert_eq!(crawled.summary.manifests, 2);
    }
}

#[tokio::test]
async fn a_tag_that_was_not_saved_has_its_attachments_asked_for_again() {
    let registry = FaultyRegistry::holding(signed).with_referrers().start();
    let mut saved = Saved::default();
    crawl_all(&registry, &mut saved).await;
    // As if the crawl had been killed after the manifest and before the referrers.
    let tag = (repository("app"), "latest".parse().unwrap());
    saved.tags.remove(&tag);
    saved.referrers.clear();
    crawl_all(&registry, &mut saved).await;
    assert_eq!(saved.referrers.len(), 2);
}

#[tokio::test]
async fn what_is_attached_later_is_found_in_one_of_eight_crawls() {
    let registry = FaultyRegistry::holding(|content| _ = content.repository("app").tag("1", app()))
        .with_referrers()
        .start();
    let mut saved = Saved::default();
    crawl_all(&registry, &mut saved).await;
    registry.change(|content| _ = content.repository("app").store(signature_of(&app())));
    registry.forget_requests();
    for _ in 0..9 {
        crawl_all(&registry, &mut saved).await;
    }
    assert_eq!(saved.referrers.len(), 1);
    assert!((1..=2).contains(&registry.count("GET", "/referrers/")));
}
