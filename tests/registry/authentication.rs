//! Proof of who we are, in all the ways that registries want it.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use futures::future::join_all;
use parking_lot::Mutex;
use tare::clock::Clock;
use tare::registry::{Client, Credentials, ErrorKind, Origin};

use super::harness::{catalog, client, client_with, name, quick, small, tag, user};
use crate::support::faulty_registry::{Answer, FaultyRegistry, Spoil, TokenServer, image};

/// A clock that a test moves.
struct MovedClock(Mutex<DateTime<Utc>>);

impl MovedClock {
    fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(DateTime::UNIX_EPOCH)))
    }

    fn forward(&self, seconds: i64) {
        *self.0.lock() += TimeDelta::seconds(seconds);
    }
}

impl Clock for MovedClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock()
    }
}

fn client_at(registry: &FaultyRegistry, clock: &Arc<MovedClock>) -> Client {
    let origin = Origin::parse(registry.url()).unwrap();
    Client::new(
        origin,
        Credentials::Anonymous,
        quick(),
        Arc::clone(clock) as Arc<dyn Clock>,
    )
    .unwrap()
}

fn with_tokens(tokens: TokenServer) -> FaultyRegistry {
    FaultyRegistry::holding(|content| {
        for repository in ["a", "b", "c"] {
            content
                .repository(repository)
                .tag("1", image().layer(repository, 1));
        }
    })
    .tokens(tokens)
    .start()
}

/// Vendors: Azure, Harbor.
#[tokio::test]
async fn every_kind_of_credentials_is_accepted_where_it_fits() {
    let basic = small().0.basic("me", "hunter2").start();
    let tokens = small()
        .0
        .tokens(TokenServer::default().user("me", "hunter2"))
        .start();
    let open = small().0.tokens(TokenServer::default()).start();
    for (registry, credentials) in [
        (&basic, user("me", "hunter2")),
        (&tokens, user("me", "hunter2")),
        (&tokens, Credentials::IdentityToken("hunter2".into())),
        (&open, Credentials::Anonymous),
        (&open, user("me", "anything")),
    ] {
        let client = client_with(registry.url(), credentials, quick());
        assert_eq!(catalog(&client).await.unwrap().1, ["app"]);
        client.head_manifest(&name("app"), &tag("1")).await.unwrap();
    }
    assert_eq!(
        tokens.count("POST", "/token"),
        2,
        "an identity token is posted, not put into a URL"
    );
    let issued = Credentials::BearerToken("token-1".into());
    let client = client_with(open.url(), issued, quick());
    assert_eq!(catalog(&client).await.unwrap().1, ["app"], "sent as it is");
}

#[tokio::test]
async fn wrong_or_missing_credentials_are_denied_without_insisting() {
    let basic = small().0.basic("me", "hunter2").start();
    let tokens = small()
        .0
        .tokens(TokenServer::default().user("me", "hunter2"))
        .start();
    for registry in [&basic, &tokens] {
        for credentials in [
            Credentials::Anonymous,
            user("me", "wrong"),
            Credentials::IdentityToken("wrong".into()),
            Credentials::BearerToken("wrong".into()),
        ] {
            registry.forget_requests();
            let client = client_with(registry.url(), credentials, quick());
            let error = client.tags_page(&name("app"), None).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Denied, "{error}");
            assert!(!error.to_string().contains("wrong"), "{error}");
            assert!(registry.requests().len() <= 2, "{:?}", registry.requests());
        }
    }
}

#[tokio::test]
async fn many_who_need_a_token_wait_for_one() {
    let registry = with_tokens(TokenServer::default());
    let client = client(&registry);
    let repository = name("a");
    let reference = tag("1");
    let answers = join_all((0..16).map(|_| client.get_manifest(&repository, &reference))).await;
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(registry.count("GET", "/token"), 1);
    assert_eq!(
        registry.count("GET", "/manifests/"),
        1 + 16,
        "one was turned away, for all"
    );
    let statistics = client.statistics();
    assert_eq!((statistics.requests.total, statistics.by_status[&401]), (18, 1));
}

#[tokio::test]
async fn once_learned_the_way_to_tokens_is_taken_without_being_turned_away() {
    let registry = with_tokens(TokenServer::default());
    let client = client(&registry);
    for repository in ["a", "b", "c"] {
        client.get_manifest(&name(repository), &tag("1")).await.unwrap();
    }
    catalog(&client).await.unwrap();
    assert_eq!(client.statistics().by_status[&401], 1);
    assert_eq!(registry.count("GET", "/token"), 4, "one a scope");
}

#[tokio::test]
async fn a_token_is_renewed_before_it_expires() {
    let registry = with_tokens(TokenServer::default().lifetime(Duration::from_secs(300)));
    let clock = MovedClock::new();
    let client = client_at(&registry, &clock);
    let read = || async { client.get_manifest(&name("a"), &tag("1")).await.unwrap() };
    read().await;
    clock.forward(200);
    read().await;
    assert_eq!(registry.count("GET", "/token"), 1);
    clock.forward(50);
    read().await;
    assert_eq!(registry.count("GET", "/token"), 2);
    assert_eq!(
        client.statistics().by_status[&401],
        1,
        "no request was turned away for it"
    );
}

#[tokio::test]
async fn a_token_that_is_turned_away_is_renewed_once() {
    let registry = with_tokens(TokenServer::default());
    let client = client(&registry);
    client.get_manifest(&name("a"), &tag("1")).await.unwrap();
    registry.revoke_tokens();
    registry.forget_requests();
    client.get_manifest(&name("a"), &tag("1")).await.unwrap();
    assert_eq!(
        (
            registry.count("GET", "/manifests/"),
            registry.count("GET", "/token")
        ),
        (2, 1)
    );

    // A registry that likes no token at all.
    registry
        .on(|request| request.is_get("/manifests/"))
        .spoil(Spoil::with(|_, _| Answer::error(401, "UNAUTHORIZED")));
    registry.forget_requests();
    let error = client.get_manifest(&name("a"), &tag("1")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied);
    assert!(registry.requests().len() <= 3, "{:?}", registry.requests());
}

#[tokio::test]
async fn forbidden_means_denied_unless_the_token_is_old() {
    let registry = with_tokens(TokenServer::default().lifetime(Duration::from_secs(100_000)));
    let clock = MovedClock::new();
    let client = client_at(&registry, &clock);
    client.get_manifest(&name("a"), &tag("1")).await.unwrap();
    let forbid = || registry.on(|request| request.is_get("/manifests/"));
    registry.forget_requests();
    forbid().times(1).spoil(Spoil::Status(403));
    assert_eq!(
        client
            .get_manifest(&name("a"), &tag("1"))
            .await
            .unwrap_err()
            .kind(),
        ErrorKind::Denied
    );
    assert_eq!(registry.requests().len(), 1);

    clock.forward(3600);
    registry.forget_requests();
    forbid().times(1).spoil(Spoil::Status(403));
    client.get_manifest(&name("a"), &tag("1")).await.unwrap();
    assert_eq!(registry.count("GET", "/token"), 1);
}

#[tokio::test]
async fn a_token_service_that_fails_is_tried_again_and_its_failure_shared() {
    let registry = with_tokens(TokenServer::default());
    registry
        .on(|request| request.is_get("/token"))
        .times(2)
        .spoil(Spoil::Status(502));
    client(&registry)
        .get_manifest(&name("a"), &tag("1"))
        .await
        .unwrap();

    registry.forget_requests();
    registry
        .on(|request| request.is_get("/token"))
        .spoil(Spoil::Status(502));
    let client = client(&registry);
    let (repository, reference) = (name("a"), tag("1"));
    let answers = join_all((0..16).map(|_| client.get_manifest(&repository, &reference))).await;
    for error in answers.into_iter().map(Result::unwrap_err) {
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
        assert!(error.to_string().contains("token service"), "{error}");
    }
    assert!(
        registry.count("GET", "/token") <= 2 * 3,
        "{}",
        registry.count("GET", "/token")
    );
}

#[tokio::test]
async fn whoever_has_credentials_shows_them_even_where_none_are_demanded() {
    // Shows one repository to everybody, and all to those it knows.
    let registry = FaultyRegistry::holding(|content| _ = content.repository("public")).start();
    registry
        .on(|request| request.is_get("/_catalog") && request.header("authorization").is_some())
        .spoil(Spoil::Body(br#"{"repositories":["private","public"]}"#.to_vec()));
    assert_eq!(catalog(&client(&registry)).await.unwrap().1, ["public"]);
    assert_eq!(
        registry.requests().len(),
        1,
        "without credentials nothing else is asked"
    );
    let known = client_with(registry.url(), user("me", "hunter2"), quick());
    assert_eq!(catalog(&known).await.unwrap().1, ["private", "public"]);
}

/// Vendors: Quay.
#[tokio::test]
async fn a_token_service_that_rejects_the_catalogues_scope_is_asked_without_it() {
    let registry = with_tokens(TokenServer::default().refusing_the_catalogues_scope());
    let client = client(&registry);
    assert_eq!(catalog(&client).await.unwrap().1, ["a", "b", "c"]);
    client.get_manifest(&name("a"), &tag("1")).await.unwrap();
    assert_eq!(registry.count("GET", "/token"), 3);
}

/// Vendors: Google.
#[tokio::test]
async fn a_challenge_that_only_the_root_sends_is_found() {
    let registry = with_tokens(TokenServer::default());
    registry
        .on(|request| request.path.contains("/manifests/") && request.header("authorization").is_none())
        .spoil(Spoil::with(|_, _| Answer::error(401, "UNAUTHORIZED")));
    let client = client(&registry);
    client.get_manifest(&name("a"), &tag("1")).await.unwrap();
    assert_eq!(registry.requests().len(), 4, "refused, root, token, manifest");
}

/// Vendors: Alibaba, Azure, Distribution.
#[tokio::test]
async fn a_right_that_is_missing_is_not_asked_for_again() {
    let registry = with_tokens(TokenServer::default());
    let challenge = |request: &crate::support::faulty_registry::Request, answer: Answer| {
        let url = format!("http://{}", request.header("host").unwrap());
        let challenge = format!(
            r#"Bearer realm="{url}/token",service="faulty",scope="repository:a:pull",error="insufficient_scope""#
        );
        match request.header("authorization") {
            Some(_) => Answer::error(401, "DENIED").with("WWW-Authenticate", challenge),
            None => answer,
        }
    };
    registry
        .on(|request| request.path.contains("/manifests/"))
        .spoil(Spoil::with(challenge));
    let error = client(&registry)
        .get_manifest(&name("a"), &tag("1"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied);
    assert!(error.to_string().contains("insufficient_scope"), "{error}");
    assert_eq!(registry.count("GET", "/token"), 1);
}

/// Vendors: Codeberg, IBM.
#[tokio::test]
async fn one_challenge_that_cannot_be_read_hides_no_other() {
    for odd in [
        "NTLM",
        "Negotiate",
        "Digest realm=\"K\u{fc}che  2\"",
        "Custom a=https://x/?y",
    ] {
        let registry = small().0.basic("me", "hunter2").start();
        let header = format!("{odd}, Basic realm=\"faulty\"");
        registry
            .on(|request| request.header("authorization").is_none())
            .spoil(Spoil::with(move |_, _| {
                Answer::error(401, "UNAUTHORIZED").with("WWW-Authenticate", header.clone())
            }));
        let client = client_with(registry.url(), user("me", "hunter2"), quick());
        assert_eq!(catalog(&client).await.unwrap().1, ["app"], "{odd}");
    }
}

#[tokio::test]
async fn a_challenge_that_nobody_supports_is_shown() {
    let registry = small().0.start();
    registry.on(|_| true).spoil(Spoil::with(|_, _| {
        Answer::error(401, "UNAUTHORIZED").with("WWW-Authenticate", "NTLM")
    }));
    let error = catalog(&client(&registry)).await.unwrap_err();
    assert!(error.to_string().contains("WWW-Authenticate: NTLM"), "{error}");
}

/// Vendors: IBM.
#[tokio::test]
async fn an_unquoted_realm_is_read() {
    let registry = with_tokens(TokenServer::default());
    let url = registry.url().to_owned();
    let challenge = format!("Bearer realm={url}/token, service=faulty, scope=repository:a:pull");
    registry
        .on(|request| request.header("authorization").is_none() && request.path.starts_with("/v2/"))
        .spoil(Spoil::with(move |_, _| {
            Answer::error(401, "UNAUTHORIZED").with("WWW-Authenticate", challenge.clone())
        }));
    client(&registry)
        .get_manifest(&name("a"), &tag("1"))
        .await
        .unwrap();
}
