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
