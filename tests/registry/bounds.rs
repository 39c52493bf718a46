//! A registry that tries to exhaust us: memory by large answers, time by slow or endless ones.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;
use tare::registry::{ClientSettings, Credentials, ErrorKind, Reason, RegistryError};

use super::harness::{catalog, client, client_with, config_of, name, quick, small, tag};
use crate::support::faulty_registry::{Answer, Spoil, TokenServer};

const MIB: u64 = 1 << 20;

/// A small body that unpacks to more than is read of anything. Packed once: unoptimised, that takes a while.
fn bomb() -> Spoil {
    static PACKED: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        let zeros = vec![0; MIB as usize];
        for _ in 0..24 {
            encoder.write_all(&zeros).unwrap();
        }
        encoder.finish().unwrap()
    });
    LazyLock::force(&PACKED);
    Spoil::with(|_, answer| answer.with("Content-Encoding", "gzip").bytes(PACKED.as_slice()))
}

fn is_too_large(error: &RegistryError) -> bool {
    matches!(error.reason(), Reason::TooLarge(_))
        && error.kind() == ErrorKind::Invalid
        && error.attempts() == 1
}

#[tokio::test]
async fn large_answers_are_read_up_to_their_limit_packed_or_not() {
    for spoil in [Spoil::Oversize(64 * MIB), bomb()] {
        let (setup, app) = small();
        let registry = setup.start();
        registry.on(|_| true).spoil(spoil);
        let client = client(&registry);
        let before = client.statistics().bytes_received;
        for error in [
            client.get_manifest(&name("app"), &tag("1")).await.unwrap_err(),
            client
                .get_config(&name("app"), &config_of(&app))
                .await
                .unwrap_err(),
            client.tags_page(&name("app"), None).await.unwrap_err(),
            client.catalog_page(None).await.unwrap_err(),
        ] {
            assert!(is_too_large(&error), "{error}");
        }
        let read = client.statistics().bytes_received - before;
        assert!(
            read <= (4 + 4 + 16 + 16) * MIB + 4 * MIB,
            "{read} bytes were read"
        );
    }
}

#[tokio::test]
async fn large_tokens_and_errors_are_read_up_to_their_limit() {
    let registry = small().0.tokens(TokenServer::default()).start();
    registry.on(|request| request.is_get("/token")).spoil(bomb());
    let client_of_tokens = client(&registry);
    let error = client_of_tokens.tags_page(&name("app"), None).await.unwrap_err();
    assert!(is_too_large(&error), "{error}");
    assert!(client_of_tokens.statistics().bytes_received < MIB);

    let registry = small().0.start();
    registry.on(|_| true).spoil(Spoil::with(|_, answer| Answer {
        status: 403,
        body: crate::support::faulty_registry::Body::Zeros(64 * MIB),
        ..answer
    }));
    let refused = client(&registry);
    let error = refused.tags_page(&name("app"), None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied);
    assert!(refused.statistics().bytes_received < MIB);
}

/// A server that answers every connection with these bytes and then says nothing.
fn raw(answer: &'static str) -> (String, std::thread::JoinHandle<()>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let serving = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 4096];
        let _ = stream.read(&mut request).unwrap();
        stream.write_all(answer.as_bytes()).unwrap();
        // Reads until the client hangs up.
        let _ = stream.read(&mut request);
    });
    (url, serving)
}

#[tokio::test]
async fn nothing_is_allocated_or_awaited_for_a_claimed_size() {
    let (url, serving) = raw("HTTP/1.1 200 OK\r\nContent-Length: 9000000000000000000\r\n\r\n{");
    let client = client_with(&url, Credentials::Anonymous, quick());
    let begun = Instant::now();
    let error = client.get_manifest(&name("app"), &tag("1")).await.unwrap_err();
    assert!(is_too_large(&error), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(3));
    drop(client);
    tokio::task::spawn_blocking(|| serving.join().unwrap())
        .await
        .unwrap();
}

#[tokio::test]
async fn silence_and_dribbling_end_an_attempt() {
    let registry = small().0.start();
    let settings = ClientSettings {
        read_timeout: Duration::from_millis(60),
        max_attempts: 2,
        ..quick()
    };
    for spoil in [
        Spoil::Stall(Duration::from_millis(400)),
        Spoil::StallBody(Duration::from_millis(400)),
    ] {
        registry.heal();
        registry.on(|_| true).spoil(spoil);
        let client = client_with(registry.url(), Credentials::Anonymous, settings.clone());
        let error = client.get_manifest(&name("app"), &tag("1")).await.unwrap_err();
        assert!(matches!(error.reason(), Reason::Timeout(_)), "{error}");
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Unavailable, 2));
    }
}

#[tokio::test]
async fn an_absurd_retry_after_is_cut_short() {
    let registry = small().0.start();
    registry
        .on(|_| true)
        .times(2)
        .spoil(Spoil::RetryAfter(429, "999999999".into()));
    let begun = Instant::now();
    client(&registry)
        .get_manifest(&name("app"), &tag("1"))
        .await
        .unwrap();
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_listing_that_turns_in_a_circle_ends() {
    let registry = small().0.start();
    let forward = |request: &crate::support::faulty_registry::Request| request.path.ends_with("last=b");
    registry.on(forward).spoil(Spoil::Header(
        "Link",
        "</v2/_catalog?n=1000>; rel=\"next\"".into(),
    ));
    registry
        .on(|request| request.is_get("/_catalog"))
        .spoil(Spoil::Header(
            "Link",
            "</v2/_catalog?last=b>; rel=\"next\"".into(),
        ));
    let error = catalog(&client(&registry)).await.unwrap_err();
    assert!(matches!(error.reason(), Reason::Endless(_)), "{error}");
    assert_eq!(registry.requests().len(), 2);
}

#[tokio::test]
async fn a_listing_that_links_on_for_ever_ends() {
    let registry = small().0.start();
    let counter = std::sync::atomic::AtomicUsize::new(0);
    registry.on(|_| true).spoil(Spoil::with(move |_, answer| {
        let turn = counter.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        answer.with("Link", format!("</v2/_catalog?last={turn}>; rel=\"next\""))
    }));
    let error = catalog(&client(&registry)).await.unwrap_err();
    assert!(matches!(error.reason(), Reason::Endless(_)), "{error}");
    assert!(registry.requests().len() < 50, "{}", registry.requests().len());
}

#[tokio::test]
async fn a_listing_with_ever_new_entries_ends() {
    let registry = small().0.start();
    let counter = std::sync::atomic::AtomicUsize::new(0);
    registry.on(|_| true).spoil(Spoil::with(move |_, _| {
        let turn = counter.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let names: Vec<_> = (0..100).map(|entry| format!("r{turn}-{entry}")).collect();
        Answer::json(&json!({"repositories": names}))
            .with("Link", format!("</v2/_catalog?last={turn}>; rel=\"next\""))
    }));
    for settings in [
        ClientSettings {
            max_listing_entries: 1000,
            ..quick()
        },
        ClientSettings {
            max_listing_pages: 10,
            ..quick()
        },
    ] {
        registry.forget_requests();
        let client = client_with(registry.url(), Credentials::Anonymous, settings);
        let error = catalog(&client).await.unwrap_err();
        assert!(matches!(error.reason(), Reason::Endless(_)), "{error}");
        assert!(registry.requests().len() <= 11);
    }
}
