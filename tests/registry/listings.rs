//! Catalogues and tag lists as registries really send them.

use tare::registry::{ClientSettings, Credentials, ErrorKind};

use super::harness::{catalog, client, client_with, name, quick};
use crate::support::faulty_registry::{FaultyRegistry, Links, Setup, Spoil, image};

fn seven() -> Setup {
    FaultyRegistry::holding(|content| {
        for number in 0..7 {
            content
                .repository(&format!("r{number}"))
                .tag("1", image().layer("x", 1));
        }
    })
}

/// Vendors: Azure, JFrog, Quay.
#[tokio::test]
async fn pages_are_followed_whatever_their_size_and_link() {
    for links in [Links::Relative, Links::Absolute, Links::Opaque] {
        for (size, pages) in [(1, 7), (2, 4), (7, 1), (1000, 1)] {
            let registry = seven().page_size(size).links(links).start();
            let (found, names) = catalog(&client(&registry)).await.unwrap();
            assert_eq!((found, names.len()), (pages, 7), "{links:?} {size}");
            assert_eq!(registry.requests().len(), pages);
        }
    }
}

/// Vendors: Distribution, ECR, Harbor.
#[tokio::test]
async fn a_page_size_that_is_refused_is_left_to_the_registry() {
    let registry = seven().page_size(3).start();
    registry
        .on(|request| request.parameter("n").is_some_and(|n| n == "1000"))
        .spoil(Spoil::Status(400));
    assert_eq!(catalog(&client(&registry)).await.unwrap().1.len(), 7);
}

#[tokio::test]
async fn a_catalogue_that_fails_on_large_pages_is_read_in_smaller_ones() {
    let registry = seven().start();
    let too_many = |request: &crate::support::faulty_registry::Request| {
        request
            .parameter("n")
            .is_none_or(|n| n.parse::<u32>().is_ok_and(|n| n > 5))
    };
    registry
        .on(move |request| request.is_get("/_catalog") && too_many(request))
        .spoil(Spoil::Status(502));
    let (pages, names) = catalog(&client(&registry)).await.unwrap();
    assert_eq!((pages, names.len()), (2, 7));
    registry
        .on(|request| request.is_get("/_catalog"))
        .spoil(Spoil::Status(502));
    let error = catalog(&client(&registry)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
}

/// Vendors: Distribution.
#[tokio::test]
async fn dead_and_empty_repositories_are_told_apart() {
    let registry = FaultyRegistry::holding(|content| {
        content.repository("dead").dead();
        content.repository("empty").null_tags();
    })
    .start();
    let client = client(&registry);
    let dead = client.tags_page(&name("dead"), None).await.unwrap_err();
    assert_eq!((dead.kind(), dead.attempts()), (ErrorKind::NotFound, 1));
    assert!(
        client
            .tags_page(&name("empty"), None)
            .await
            .unwrap()
            .items
            .is_empty()
    );
}

#[tokio::test]
async fn names_that_are_none_are_told_and_do_not_hide_the_others() {
    let registry = FaultyRegistry::holding(|content| {
        for hostile in ["../../etc/passwd", "UPPER", "a b", "good", "x\u{1b}[2J"] {
            content.repository(hostile);
        }
    })
    .start();
    let page = client(&registry).catalog_page(None).await.unwrap();
    assert_eq!(page.items, [name("good")]);
    assert_eq!(page.invalid.len(), 4);
    assert!(page.invalid.iter().all(|text| !text.contains('\u{1b}')));
}

#[tokio::test]
async fn another_document_does_not_pass_for_an_empty_catalogue() {
    let registry = seven().start();
    for body in [
        &b"<html>welcome</html>"[..],
        b"{}",
        br#"{"message":"log in first"}"#,
    ] {
        registry.heal();
        registry.on(|_| true).spoil(Spoil::Body(body.to_vec()));
        assert_eq!(
            catalog(&client(&registry)).await.unwrap_err().kind(),
            ErrorKind::Invalid
        );
    }
}

#[tokio::test]
async fn the_page_size_is_the_operators() {
    let registry = seven().start();
    let settings = ClientSettings {
        page_size: 4,
        ..quick()
    };
    let client = client_with(registry.url(), Credentials::Anonymous, settings);
    assert_eq!(catalog(&client).await.unwrap().0, 2);
}

/// A client that asks for three entries a page.
fn of_three(registry: &FaultyRegistry) -> tare::registry::Client {
    let settings = ClientSettings {
        page_size: 3,
        ..quick()
    };
    client_with(registry.url(), Credentials::Anonymous, settings)
}

/// Vendors: Nexus.
#[tokio::test]
async fn a_full_page_without_a_link_is_not_taken_for_the_end() {
    let registry = seven().start();
    registry.on(|_| true).spoil(Spoil::NoHeader("link"));
    let (pages, names) = catalog(&of_three(&registry)).await.unwrap();
    assert_eq!((pages, names.len()), (3, 7));

    // As many entries as asked for, and no more: one request settles it, however the registry takes it.
    let three = || {
        FaultyRegistry::holding(|content| {
            for name in ["a", "b", "c"] {
                content.repository(name);
            }
        })
    };
    let ignores_last = Spoil::Body(br#"{"repositories":["a","b","c"]}"#.to_vec());
    for spoil in [
        Spoil::NoHeader("link"),
        ignores_last,
        Spoil::Status(400),
        Spoil::Status(404),
        Spoil::Status(405),
    ] {
        let registry = three().start();
        registry
            .on(|request| request.parameter("last").is_some())
            .spoil(spoil);
        let (pages, names) = catalog(&of_three(&registry)).await.unwrap();
        assert_eq!((pages, names.len(), registry.requests().len()), (2, 3, 2));
    }
    // A failure says nothing.
    let registry = three().start();
    registry
        .on(|request| request.parameter("last").is_some())
        .spoil(Spoil::Status(403));
    assert!(catalog(&of_three(&registry)).await.is_err());
}

#[tokio::test]
async fn a_link_without_brackets_is_followed_and_one_that_cannot_be_understood_is_a_fault() {
    for (link, expected) in [
        ("/v2/_catalog?last=r2&n=3; rel=\"next\"", Some(7)),
        ("</v2/_catalog?last=r2&n=3>; rel='next'", Some(7)),
        ("</v2/_catalog?last=r2&n=3>", Some(7)),
        ("next page: r2", None),
    ] {
        let registry = seven().start();
        registry
            .on(|request| request.parameter("last").is_none())
            .spoil(Spoil::Header("Link", link.to_owned()));
        let found = catalog(&of_three(&registry)).await;
        assert_eq!(
            found.as_ref().ok().map(|(_, names)| names.len()),
            expected,
            "{link}"
        );
        if let Err(error) = found {
            assert!(error.to_string().contains("Link header"), "{error}");
        }
    }
}

/// Vendors: ECR, zuul-registry.
#[tokio::test]
async fn a_registry_that_does_not_know_the_page_size_is_asked_without_it() {
    for status in [404, 405] {
        let registry = seven().page_size(100).start();
        registry
            .on(|request| request.parameter("n").is_some())
            .spoil(Spoil::Status(status));
        let client = client(&registry);
        assert_eq!(catalog(&client).await.unwrap().1.len(), 7);
        for _ in 0..2 {
            assert_eq!(client.tags_page(&name("r1"), None).await.unwrap().items.len(), 1);
        }
        if status == 404 {
            assert_eq!(registry.requests().len(), 4, "it is learned once");
        }
    }
}

/// Vendors: JFrog, Nexus, zuul-registry.
#[tokio::test]
async fn digests_and_null_among_tags_are_skipped() {
    let registry = FaultyRegistry::holding(|content| {
        content.repository("app").tag("1", image().layer("x", 1));
    })
    .start();
    let digest = tare::oci::Digest::sha256_of(b"x");
    let body = format!(r#"{{"name":"app","tags":["1",null,"{digest}"]}}"#);
    registry.on(|_| true).spoil(Spoil::Body(body.into_bytes()));
    let page = client(&registry).tags_page(&name("app"), None).await.unwrap();
    assert_eq!((page.items.len(), page.invalid.len()), (1, 0));
}
