//! What is asked, and how, when all is well.

use std::collections::BTreeSet;

use tare::oci::Digest;
use tare::registry::ErrorKind;

use super::harness::{by_digest, client, config_of, name, small, tag};
use crate::support::faulty_registry::{Answer, FaultyRegistry, Spoil, image, signature_of};

const FOUR_TYPES: [&str; 4] = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
];

#[tokio::test]
async fn every_manifest_request_accepts_all_four_types() {
    let (setup, app) = small();
    let registry = setup.start();
    let client = client(&registry);
    client.head_manifest(&name("app"), &tag("1")).await.unwrap();
    client.get_manifest(&name("app"), &tag("1")).await.unwrap();
    client
        .get_manifest(&name("app"), &by_digest(app.digest()))
        .await
        .unwrap();
    for request in registry.requests() {
        let accept = request.header("accept").unwrap();
        assert!(
            FOUR_TYPES.iter().all(|media_type| accept.contains(media_type)),
            "{accept}"
        );
        assert!(
            request
                .header("user-agent")
                .unwrap()
                .starts_with("registry-tare/")
        );
    }
    assert_eq!(registry.requests().len(), 3);
    let statistics = client.statistics();
    assert_eq!(
        (
            statistics.requests.total,
            statistics.requests.get,
            statistics.requests.head
        ),
        (3, 2, 1)
    );
    assert_eq!(statistics.bytes_received, 2 * app.bytes.len() as u64);
    assert_eq!(statistics.by_status.into_iter().collect::<Vec<_>>(), [(200, 3)]);
}

#[tokio::test]
async fn a_head_says_what_the_registry_says_and_no_more() {
    let (setup, app) = small();
    let registry = setup.start();
    let head = client(&registry)
        .head_manifest(&name("app"), &tag("1"))
        .await
        .unwrap();
    assert_eq!(head.digest, Some(app.digest()));
    assert_eq!(head.size.unwrap().get(), app.bytes.len() as u64);
    assert_eq!(head.media_type.as_deref(), Some(app.media_type.as_str()));

    let silent = small().0.without_digest_header().start();
    assert_eq!(
        client(&silent)
            .head_manifest(&name("app"), &tag("1"))
            .await
            .unwrap()
            .digest,
        None
    );
    silent
        .on(|_| true)
        .times(1)
        .spoil(Spoil::NoHeader("content-type"));
    let untyped = client(&silent)
        .head_manifest(&name("app"), &tag("1"))
        .await
        .unwrap();
    assert_eq!(untyped.media_type, None);
    silent.on(|_| true).spoil(Spoil::Status(405));
    assert_eq!(
        client(&silent)
            .head_manifest(&name("app"), &tag("1"))
            .await
            .unwrap()
            .size,
        None
    );
}

#[tokio::test]
async fn content_comes_with_its_own_digest() {
    let (setup, app) = small();
    let registry = setup.without_digest_header().start();
    let client = client(&registry);
    let manifest = client.get_manifest(&name("app"), &tag("1")).await.unwrap();
    assert_eq!(
        (manifest.digest, manifest.content.to_vec()),
        (app.digest(), app.bytes.clone())
    );
    assert_eq!(manifest.size.get(), app.bytes.len() as u64);
    let config = client.get_config(&name("app"), &config_of(&app)).await.unwrap();
    assert_eq!(config, app.blobs[0]);
    let none = client
        .get_config(&name("app"), &Digest::sha256_of(b"none"))
        .await
        .unwrap_err();
    assert_eq!(none.kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn referrers_are_listed_where_there_is_an_api_and_not_asked_for_again_where_there_is_none() {
    let app = image().layer("base", 1).build();
    let signature = signature_of(&app);
    let variant = image().layer("patched", 2).subject(&app).build();
    let held = || {
        FaultyRegistry::holding(|content| {
            content
                .repository("app")
                .tag("1", app.clone())
                .store(signature.clone())
                .store(variant.clone());
        })
    };
    let registry = held().with_referrers().start();
    let found = client(&registry)
        .referrers(&name("app"), &app.digest())
        .await
        .unwrap()
        .unwrap();
    let found: BTreeSet<_> = found.iter().map(|referrer| referrer.digest).collect();
    assert_eq!(found, BTreeSet::from([signature.digest(), variant.digest()]));

    let registry = held().start();
    let client = client(&registry);
    for _ in 0..3 {
        assert_eq!(client.referrers(&name("app"), &app.digest()).await.unwrap(), None);
    }
    assert_eq!(registry.requests().len(), 1);
}

/// Vendors: Nexus.
#[tokio::test]
async fn a_head_that_answers_404_for_what_is_there_is_not_used_again() {
    let (setup, app) = small();
    let registry = setup.start();
    registry
        .on(|request| request.method == "HEAD")
        .spoil(Spoil::Status(404));
    let client = client(&registry);
    let head = client.head_manifest(&name("app"), &tag("1")).await.unwrap();
    assert_eq!(head.digest, Some(app.digest()));
    let head = client.head_manifest(&name("app"), &tag("1")).await.unwrap();
    assert_eq!(head.digest, None, "the caller has to fetch it");
    assert_eq!(registry.requests().len(), 2);

    // What is not there is not there by GET either.
    let registry = small().0.start();
    let client = super::harness::client(&registry);
    let error = client
        .head_manifest(&name("app"), &tag("none"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    client.head_manifest(&name("app"), &tag("1")).await.unwrap();
    let methods: Vec<_> = registry
        .requests()
        .into_iter()
        .map(|request| request.method)
        .collect();
    assert_eq!(methods, ["HEAD", "GET", "HEAD"]);
}

/// Vendors: Docker Hub.
#[tokio::test]
async fn a_limit_of_pulls_that_is_used_up_ends_the_pulls() {
    let registry = small().0.start();
    registry
        .on(|request| request.is_get("/manifests/"))
        .spoil(Spoil::with(|_, _| {
            Answer::error(429, "TOOMANYREQUESTS").with("ratelimit-remaining", "0;w=21600")
        }));
    let client = client(&registry);
    for _ in 0..3 {
        let error = client.get_manifest(&name("app"), &tag("1")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert!(error.to_string().contains("limit of pulls"), "{error}");
    }
    assert_eq!(registry.requests().len(), 1, "the registry is not asked again");
    client.head_manifest(&name("app"), &tag("1")).await.unwrap();
}
