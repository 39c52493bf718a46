//! Content made to harm its readers.

use serde_json::json;
use tare::crawl::CrawlStatus;
use tare::inventory::FaultKind;

use super::harness::{Saved, crawl_all};
use crate::support::faulty_registry::{Document, FaultyRegistry, Spoil, image, index};

/// Crawls a repository with one honest tag and one that points to this document.
async fn read_beside_an_honest_tag(document: Document) -> (super::harness::Crawled, Saved, FaultyRegistry) {
    let registry = FaultyRegistry::holding(|content| {
        content
            .repository("app")
            .tag("honest", image().layer("a", 1))
            .tag("odd", document);
    })
    .start();
    let mut saved = Saved::default();
    let crawled = crawl_all(&registry, &mut saved).await;
    assert_eq!(crawled.summary.status, CrawlStatus::Incomplete);
    assert!(saved.tags.keys().any(|(_, tag)| tag.as_str() == "honest"));
    assert!(
        crawled
            .faults()
            .iter()
            .all(|fault| fault.kind == FaultKind::Invalid)
    );
    (crawled, saved, registry)
}

#[tokio::test]
async fn sizes_that_overflow_are_a_fault_each_time_and_hide_nothing_else() {
    for size in [
        json!(i64::MAX),
        json!(u64::MAX),
        json!(-1),
        json!("9"),
        json!(1e30),
    ] {
        let image = image().layer("a", 10).layer("b", 20).build();
        let is_sum = size == json!(i64::MAX);
        let overflowing = image.edited(|manifest| manifest["layers"][0]["size"] = size);
        let (crawled, mut saved, registry) = read_beside_an_honest_tag(overflowing).await;
        let faults = [("app".into(), "odd".into(), FaultKind::Invalid)];
        assert_eq!(crawled.fault_kinds(), faults);
        // A sum that overflows has no sound part; a layer without a size hides only itself.
        assert_eq!(saved.tags.len(), if is_sum { 1 } else { 2 });
        let bytes = saved.accounting().registry.stored_bytes;
        for _ in 0..2 {
            let again = crawl_all(&registry, &mut saved).await;
            assert_eq!(
                again.summary.status,
                CrawlStatus::Incomplete,
                "the same each time"
            );
            assert_eq!(again.fault_kinds(), faults);
            assert_eq!(saved.accounting().registry.stored_bytes, bytes);
        }
    }
}

#[tokio::test]
async fn a_size_that_is_not_true_is_a_fault_and_the_true_one_counts() {
    let child = image().layer("a", 10).build();
    let lying = index().child(child.clone()).build();
    let lying = lying.edited(|index| index["manifests"][0]["size"] = json!(1));
    let (crawled, saved, _) = read_beside_an_honest_tag(lying).await;
    assert_eq!(crawled.faults().len(), 1);
    assert_eq!(saved.tags.len(), 2);
    assert_eq!(saved.manifests[&child.digest()].size.get(), child.size());

    let lying = image().layer("a", 10).build();
    let lying = lying.edited(|manifest| manifest["config"]["size"] = json!(1));
    let (crawled, saved, _) = read_beside_an_honest_tag(lying).await;
    assert_eq!(crawled.faults().len(), 1);
    assert_eq!(saved.tags.len(), 2);
}

#[tokio::test]
async fn indexes_within_each_other_end_somewhere() {
    let mut nested = image().layer("deep", 1).build();
    for _ in 0..6 {
        nested = index().child(nested).build();
    }
    let (crawled, saved, registry) = read_beside_an_honest_tag(nested).await;
    assert!(
        crawled.faults()[0].fault.contains("a depth of 4"),
        "{:?}",
        crawled.faults()
    );
    // The tag's own and four levels below it, besides the honest one.
    assert_eq!(saved.manifests.len(), 5 + 1);
    assert_eq!(registry.count("GET", "/manifests/sha256:"), 4);
}

#[tokio::test]
async fn an_index_of_too_many_children_is_not_followed() {
    let mut wide = index();
    for child in 0..1_001 {
        wide = wide.child(image().layer(&format!("{child}"), 1));
    }
    let (_, saved, registry) = read_beside_an_honest_tag(wide.build()).await;
    assert_eq!(saved.tags.len(), 1);
    assert_eq!(registry.count("GET", "/manifests/"), 2);
}

#[tokio::test]
async fn documents_that_mean_two_things_are_refused_once_for_each_tag() {
    let both = index()
        .child(image())
        .build()
        .edited(|document| document["layers"] = json!([]));
    let registry = FaultyRegistry::holding(|content| {
        content.repository("app").tag("1", both.clone()).tag("2", both);
    })
    .start();
    let crawled = crawl_all(&registry, &mut Saved::default()).await;
    let invalid = |tag: &str| ("app".to_owned(), tag.to_owned(), FaultKind::Invalid);
    assert_eq!(crawled.fault_kinds(), [invalid("1"), invalid("2")]);
    assert_eq!(registry.count("GET", "/manifests/sha256:"), 0);
}

#[tokio::test]
async fn names_that_are_none_are_reported_and_never_asked_for() {
    let registry = FaultyRegistry::holding(|content| {
        content
            .repository("app")
            .tag("1", image())
            .tag("../../evil", image())
            .tag("a b", image());
        content.repository("../../v1/secrets").tag("1", image());
        content.repository("\u{1b}[31mred").tag("1", image());
        for number in 0..40 {
            content.repository(&format!("UPPER{number}"));
        }
    })
    .start();
    let mut saved = Saved::default();
    let crawled = crawl_all(&registry, &mut saved).await;
    assert_eq!(crawled.summary.status, CrawlStatus::Incomplete);
    assert_eq!((crawled.summary.repositories, crawled.summary.tags), (1, 1));
    let listing = crawled.listing("app");
    assert!(listing.listed_to_the_end && !listing.complete);
    // Two tags, twenty repositories by name, and the rest of them as a number.
    assert_eq!(crawled.faults().len(), 2 + 20 + 1);
    for fault in crawled.faults() {
        assert_eq!(fault.kind, FaultKind::Invalid);
        assert!(!format!("{:?}", fault.reference).contains('\u{1b}'));
    }
    assert_eq!(registry.requests().len(), 1 + 1 + 1 + 1 + 1);
}

#[tokio::test]
async fn a_manifest_of_another_digest_is_not_taken() {
    let child = image().layer("a", 1).build();
    let other = image().layer("b", 2).build();
    let registry = FaultyRegistry::holding(|content| {
        content.repository("app").tag("1", index().child(child.clone()));
    })
    .start();
    let digest = child.digest().to_string();
    registry
        .on(move |request| request.is_get(&digest))
        .spoil(Spoil::Body(other.bytes.clone()));
    let mut saved = Saved::default();
    let crawled = crawl_all(&registry, &mut saved).await;
    assert_eq!(
        crawled.fault_kinds(),
        [("app".into(), child.digest().to_string(), FaultKind::Invalid)]
    );
    assert!(!saved.manifests.contains_key(&other.digest()));
    assert_eq!(saved.tags.len(), 1);
}

#[tokio::test]
async fn what_many_indexes_list_is_walked_once_at_each_depth() {
    // Each level lists the next one many times, so that there are 6^4 ways to the image below.
    let lost = image().layer("lost", 1).build();
    let mut level = vec![lost.clone()];
    for depth in 0..4 {
        level = (0..6)
            .map(|number| {
                let mut parent = index();
                for child in &level {
                    parent = parent.child(child.clone());
                }
                // Differs from its siblings by an annotation.
                let parent = parent.build();
                parent.edited(|document| {
                    document["annotations"] = json!({"version": format!("{depth} {number}")});
                })
            })
            .collect();
    }
    let mut top = index();
    for child in level {
        top = top.child(child);
    }
    let (crawled, saved, registry) = read_beside_an_honest_tag(top.build()).await;
    // The image is one level too deep below each index of the last level.
    assert_eq!(crawled.faults().len(), 6);
    assert!(
        crawled
            .faults()
            .iter()
            .all(|fault| fault.fault.contains("a depth of 4"))
    );
    assert_eq!(saved.tags.len(), 2);
    assert_eq!(registry.count("GET", "/manifests/sha256:"), 4 * 6);

    // The next crawl walks what lacks something again, and asks for nothing of it.
    registry.forget_requests();
    let again = crawl_all(&registry, &mut { saved }).await;
    assert_eq!(again.faults().len(), 6);
    assert_eq!(registry.count("GET", "/manifests/"), 0);
}

#[tokio::test]
async fn a_child_that_is_listed_a_thousand_times_is_one_child() {
    let lost = image().layer("lost", 1).build();
    let repeated = index()
        .child(lost)
        .build()
        .edited(|index| index["manifests"] = json!(vec![index["manifests"][0].clone(); 1000]));
    let registry = FaultyRegistry::holding(|content| {
        content.repository("app").tag("1", repeated);
    })
    .start();
    let mut saved = Saved::default();
    let crawled = crawl_all(&registry, &mut saved).await;
    assert_eq!(crawled.summary.status, CrawlStatus::Complete);
    assert_eq!(registry.count("GET", "/manifests/sha256:"), 1);
    let index = saved.tags.values().next().unwrap();
    assert_eq!(saved.manifests[index].manifest.children.len(), 1);
}

#[tokio::test]
async fn many_faults_below_one_tag_are_counted_and_the_rest_is_read() {
    let mut wide = index();
    for child in 0..150 {
        let broken = image().layer(&format!("{child}"), 1).build();
        wide = wide.child(broken.edited(|manifest| manifest["layers"][0]["size"] = json!(-1)));
    }
    wide = wide.child(image().layer("sound", 1));
    let (crawled, saved, _) = read_beside_an_honest_tag(wide.build()).await;
    let faults = crawled.faults();
    assert_eq!(faults.len(), 101);
    assert!(
        faults[100].fault.starts_with("and 50 more faults"),
        "{}",
        faults[100].fault
    );
    assert_eq!(faults[100].reference.as_deref(), Some("odd"));
    assert_eq!(saved.tags.len(), 2);
}

#[tokio::test]
async fn a_child_of_an_unknown_kind_is_asked_for_where_it_has_a_platform_else_reported() {
    for (media_type, has_platform, is_read, faults) in [
        ("application/x-other", true, true, 0),
        ("application/x-other", false, false, 1),
        // A build cache lists its layers.
        ("application/vnd.oci.image.layer.v1.tar+gzip", false, false, 0),
        ("application/vnd.buildkit.cacheconfig.v0", false, false, 0),
    ] {
        let child = image().layer("big", 50_000_000).build();
        let odd = index().child(child.clone()).build().edited(|index| {
            index["manifests"][0]["mediaType"] = json!(media_type);
            if !has_platform {
                index["manifests"][0].as_object_mut().unwrap().remove("platform");
            }
        });
        let registry = FaultyRegistry::holding(|content| {
            content.repository("app").tag("1", odd);
        })
        .start();
        let mut saved = Saved::default();
        let crawled = crawl_all(&registry, &mut saved).await;
        assert_eq!(
            saved.manifests.contains_key(&child.digest()),
            is_read,
            "{media_type}"
        );
        assert_eq!(
            crawled.faults().len(),
            faults,
            "{media_type}: {:?}",
            crawled.faults()
        );
        for fault in crawled.faults() {
            assert_eq!(fault.kind, FaultKind::Unsupported);
            assert!(fault.fault.contains(media_type), "{}", fault.fault);
        }
    }
}

#[tokio::test]
async fn a_wrong_content_type_in_one_repository_costs_the_others_nothing() {
    let shared = image().layer("shared", 1_000_000).build();
    let silent = shared.edited(|manifest| {
        manifest.as_object_mut().unwrap().remove("mediaType");
    });
    for wrong in [
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
        "application/vnd.oci.artifact.manifest.v1+json",
    ] {
        for liar in ["aaa", "zzz"] {
            let registry = FaultyRegistry::holding(|content| {
                for name in ["mm", liar] {
                    let repository = content.repository(name);
                    repository.tag("1", silent.clone()).tag("2", silent.clone());
                }
            })
            .start();
            let path = format!("/v2/{liar}/manifests/");
            registry
                .on(move |request| request.path.contains(&path))
                .spoil(Spoil::Header("Content-Type", wrong.to_owned()));
            let mut saved = Saved::default();
            let crawled = crawl_all(&registry, &mut saved).await;
            assert_eq!(crawled.listing("mm").tags.len(), 2);
            assert!(crawled.listing("mm").complete, "{wrong}: {:?}", crawled.faults());
            assert!(
                saved.accounting().registry.stored_bytes.get() > 1_000_000,
                "{wrong}"
            );
            for fault in crawled.faults() {
                assert_eq!(fault.repository.as_ref().unwrap().as_str(), liar);
                assert!(fault.fault.contains("served as"), "{}", fault.fault);
            }
        }
    }
}
