//! A registry that tries to use us: to learn credentials, to reach elsewhere, to act in our name.

use std::sync::Arc;

use serde_json::json;
use tare::registry::{ClientSettings, Credentials, ErrorKind, Reason};

use super::harness::{
    by_digest, catalog, client, client_with, config_of, name, quick, small, stranger, tag, user,
};
use crate::support::faulty_registry::{Answer, FaultyRegistry, Spoil, TokenServer, image};

fn is_refused(reason: &Reason) -> bool {
    matches!(reason, Reason::Refused { .. })
}

#[tokio::test]
async fn credentials_do_not_follow_a_redirect_to_another_port() {
    let (setup, app) = small();
    let registry = setup.basic("me", "hunter2").start();
    let store = stranger();
    let config = app.blobs[0].clone();
    store
        .on(|_| true)
        .spoil(Spoil::with(move |_, _| Answer::new(200).bytes(config.clone())));
    let target = format!("{}/blob?sig=s3cret", store.url());
    registry
        .on(|request| request.is_get("/blobs/"))
        .spoil(Spoil::Redirect(307, target));

    let client = client_with(registry.url(), user("me", "hunter2"), quick());
    let read = client.get_config(&name("app"), &config_of(&app)).await.unwrap();
    assert_eq!(read, app.blobs[0]);
    let received = store.requests();
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].header("authorization"), None);
    assert_eq!(received[0].header("referer"), None);
}

#[tokio::test]
async fn a_redirect_back_home_carries_no_credentials() {
    let (setup, app) = small();
    let registry = setup.basic("me", "hunter2").start();
    let store = stranger();
    let back = format!("{}/v2/other/blobs/secret", registry.url());
    store.on(|_| true).spoil(Spoil::Redirect(302, back));
    let away = format!("{}/blob", store.url());
    registry
        .on(|request| request.is_get("/v2/app/blobs/"))
        .spoil(Spoil::Redirect(302, away));

    let client = client_with(registry.url(), user("me", "hunter2"), quick());
    client
        .get_config(&name("app"), &config_of(&app))
        .await
        .unwrap_err();
    let sent_back: Vec<_> = registry
        .requests()
        .into_iter()
        .filter(|request| request.path.contains("other"))
        .collect();
    assert!(!sent_back.is_empty());
    assert!(
        sent_back
            .iter()
            .all(|request| request.header("authorization").is_none())
    );
}

#[tokio::test]
async fn a_challenge_after_a_redirect_is_not_answered() {
    let (setup, app) = small();
    let registry = setup.start();
    let store = stranger();
    let realm = format!(r#"Bearer realm="{}/token",service="x""#, store.url());
    store.on(|_| true).spoil(Spoil::with(move |_, _| {
        Answer::error(401, "UNAUTHORIZED").with("WWW-Authenticate", realm.clone())
    }));
    let away = format!("{}/blob", store.url());
    registry
        .on(|request| request.is_get("/blobs/"))
        .spoil(Spoil::Redirect(307, away));

    let client = client_with(registry.url(), user("me", "hunter2"), quick());
    client
        .get_config(&name("app"), &config_of(&app))
        .await
        .unwrap_err();
    assert_eq!(store.count("GET", "/token"), 0);
    assert!(
        store
            .requests()
            .iter()
            .all(|request| request.header("authorization").is_none())
    );
}

#[tokio::test]
async fn redirects_to_where_nothing_honest_lies_are_refused() {
    let (setup, app) = small();
    let registry = setup.start();
    let trap = stranger();
    let with_user = trap.url().replace("http://", "http://me:pw@");
    for target in [
        "http://169.254.169.254/latest/meta-data/",
        "http://[fe80::1]/",
        "http://[::ffff:169.254.169.254]/",
        "http://0.0.0.0/",
        "file:///etc/passwd",
        "ftp://127.0.0.1/x",
        with_user.as_str(),
    ] {
        registry.heal();
        registry
            .on(|request| request.is_get("/blobs/") || request.is_get("/manifests/"))
            .spoil(Spoil::Redirect(307, target.to_owned()));
        let client = client(&registry);
        let config = client
            .get_config(&name("app"), &config_of(&app))
            .await
            .unwrap_err();
        let manifest = client.get_manifest(&name("app"), &tag("1")).await.unwrap_err();
        for error in [config, manifest] {
            assert!(is_refused(error.reason()), "{target}: {error}");
            assert_eq!(
                (error.kind(), error.attempts()),
                (ErrorKind::Invalid, 1),
                "{error}"
            );
        }
        assert_eq!(
            client.statistics().requests.total,
            2,
            "nothing but the registry was asked"
        );
    }
    assert!(trap.requests().is_empty());
}

#[tokio::test]
async fn a_circle_of_redirects_ends() {
    let (setup, _) = small();
    let registry = setup.start();
    let target = format!("{}/v2/app/manifests/1", registry.url());
    registry
        .on(|request| request.is_get("/manifests/"))
        .spoil(Spoil::Redirect(301, target));
    let error = client(&registry)
        .get_manifest(&name("app"), &tag("1"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert_eq!(registry.requests().len(), 6);
}

#[tokio::test]
async fn a_listing_is_not_redirected() {
    let registry = small().0.start();
    let trap = stranger();
    let target = format!("{}/v2/_catalog", trap.url());
    registry.on(|_| true).spoil(Spoil::Redirect(302, target));
    assert_eq!(
        catalog(&client(&registry)).await.unwrap_err().kind(),
        ErrorKind::Invalid
    );
    client(&registry).tags_page(&name("app"), None).await.unwrap_err();
    assert!(trap.requests().is_empty());
}

#[tokio::test]
async fn a_page_link_to_elsewhere_is_refused() {
    let registry = small().0.start();
    let trap = stranger();
    let port = trap.url().rsplit(':').next().unwrap().to_owned();
    for target in [
        format!("{}/v2/_catalog?last=a", trap.url()),
        format!("//127.0.0.1:{port}/v2/_catalog?last=a"),
        format!("http://localhost:{port}/v2/_catalog?last=a"),
        "http://169.254.169.254/latest?last=a".to_owned(),
        "file:///etc/passwd?last=a".to_owned(),
        trap.url().replace("http://", "http://me:pw@"),
    ] {
        registry.heal();
        registry
            .on(|request| request.is_get("/_catalog"))
            .spoil(Spoil::Header("Link", format!("<{target}>; rel=\"next\"")));
        let error = catalog(&client(&registry)).await.unwrap_err();
        assert!(is_refused(error.reason()), "{target}: {error}");
    }
    assert!(trap.requests().is_empty());
}

#[tokio::test]
async fn a_page_link_chooses_no_path() {
    let registry = small().0.start();
    registry
        .on(|request| request.path.starts_with("/v2/_catalog?n=1000"))
        .spoil(Spoil::Header(
            "Link",
            "</v2/app/manifests/1?last=x>; rel=\"next\"".into(),
        ));
    catalog(&client(&registry)).await.unwrap();
    assert_eq!(registry.count("GET", "/manifests/"), 0);
    assert_eq!(registry.count("GET", "/v2/_catalog?last=x"), 1);
}

#[tokio::test]
async fn a_realm_elsewhere_gets_nothing() {
    let trap = stranger();
    let elsewhere = trap.url().replace("127.0.0.1", "localhost");
    for realm in [
        format!("{elsewhere}/token"),
        elsewhere.replace("http://", "http://127.0.0.1@"),
        trap.url().replace("http://", "http://me:pw@"),
        "http://169.254.169.254/token".to_owned(),
        "file:///token".to_owned(),
        "https://auth.evil.example/token".to_owned(),
    ] {
        let registry = small().0.tokens(TokenServer::default().realm(&realm)).start();
        for credentials in [
            Credentials::Anonymous,
            user("me", "hunter2"),
            Credentials::IdentityToken("hunter2".into()),
        ] {
            let client = client_with(registry.url(), credentials, quick());
            let error = client.tags_page(&name("app"), None).await.unwrap_err();
            assert!(is_refused(error.reason()), "{realm}: {error}");
        }
        assert!(
            registry
                .requests()
                .iter()
                .all(|request| request.header("authorization").is_none())
        );
    }
    assert!(trap.requests().is_empty());
}

#[tokio::test]
async fn a_realm_that_the_operator_trusts_is_asked() {
    let issuer = FaultyRegistry::holding(|_| {}).start();
    issuer
        .on(|_| true)
        .spoil(Spoil::with(|_, _| Answer::json(&json!({"token": "token-1"}))));
    let realm = issuer.url().replace("127.0.0.1", "localhost");
    let registry = small()
        .0
        .tokens(TokenServer::default().realm(&format!("{realm}/token")))
        .start();
    registry
        .on(|request| request.header("authorization") == Some("Bearer token-1"))
        .spoil(Spoil::with(|_, _| {
            Answer::json(&json!({"name": "app", "tags": ["1"]}))
        }));
    let host = realm.trim_start_matches("http://").to_owned();
    let settings = ClientSettings {
        trusted_realm_hosts: vec![host],
        ..quick()
    };
    let client = client_with(registry.url(), user("me", "hunter2"), settings);
    assert_eq!(client.tags_page(&name("app"), None).await.unwrap().items.len(), 1);
    assert!(
        issuer.requests()[0]
            .header("authorization")
            .unwrap()
            .starts_with("Basic ")
    );
}

#[tokio::test]
async fn a_token_service_does_not_pass_us_on() {
    let trap = stranger();
    let registry = small()
        .0
        .tokens(TokenServer::default().user("me", "hunter2"))
        .start();
    registry
        .on(|request| request.is_get("/token"))
        .spoil(Spoil::Redirect(307, format!("{}/token", trap.url())));
    let client = client_with(registry.url(), user("me", "hunter2"), quick());
    let error = client.tags_page(&name("app"), None).await.unwrap_err();
    assert!(is_refused(error.reason()), "{error}");
    assert!(trap.requests().is_empty());
}

#[tokio::test]
async fn service_and_scope_cannot_smuggle_parameters() {
    let registry = small().0.tokens(TokenServer::default()).start();
    let realm = format!("{}/token?x=y", registry.url());
    let hostile = r"faulty&scope=repository:other:push&a=b#c";
    let challenge =
        format!(r#"Bearer realm="{realm}",service="{hostile}",scope="repository:other:pull,push""#);
    registry
        .on(|request| request.is_get("/tags/list"))
        .times(1)
        .spoil(Spoil::Header("WWW-Authenticate", challenge));
    client(&registry).tags_page(&name("app"), None).await.unwrap();
    let asked = registry
        .requests()
        .into_iter()
        .find(|request| request.is_get("/token"))
        .unwrap();
    assert_eq!(asked.parameter("service").as_deref(), Some(hostile));
    assert_eq!(asked.parameter("x").as_deref(), Some("y"));
    let scopes = url::Url::parse(&format!("http://x{}", asked.path)).unwrap();
    let scopes: Vec<_> = scopes
        .query_pairs()
        .filter(|(key, _)| key == "scope")
        .map(|(_, value)| value.into_owned())
        .collect();
    assert_eq!(
        scopes,
        ["repository:app:pull"],
        "nothing beyond what we need ourselves"
    );
}

#[tokio::test]
async fn no_secret_is_repeated_in_an_error() {
    let (setup, app) = small();
    let registry = setup.tokens(TokenServer::default().user("me", "hunter2")).start();
    let client = client_with(registry.url(), user("me", "hunter2"), quick());
    client.tags_page(&name("app"), None).await.unwrap();

    // A registry that repeats the token it was shown, and a token service that repeats the password.
    let echo = || {
        Spoil::with(|request, _| {
            let shown = request.header("authorization").unwrap_or_default().to_owned();
            let message = format!("you said {shown} and hunter2");
            Answer {
                status: 400,
                ..Answer::json(&json!({"errors": [{"code": "X", "message": message}]}))
            }
        })
    };
    registry.on(|request| request.is_get("/manifests/")).spoil(echo());
    let echoed = client.get_manifest(&name("app"), &tag("1")).await.unwrap_err();
    registry.on(|request| request.is_get("/token")).spoil(echo());
    let other = client_with(registry.url(), user("me", "hunter2"), quick());
    let by_issuer = other.tags_page(&name("app"), None).await.unwrap_err();

    // A redirect with a signature to a port without a listener.
    let closed = "http://127.0.0.1:9/blob?sig=s3cret".to_owned();
    registry
        .on(|request| request.is_get("/blobs/"))
        .spoil(Spoil::Redirect(307, closed));
    let unreachable = client
        .get_config(&name("app"), &config_of(&app))
        .await
        .unwrap_err();
    assert_eq!(unreachable.kind(), ErrorKind::Unavailable);

    for error in [echoed, by_issuer, unreachable] {
        for text in [error.to_string(), format!("{error:?}")] {
            for secret in ["hunter2", "token-1", "s3cret", "bWU6aHVudGVyMg"] {
                assert!(!text.contains(secret), "{text}");
            }
        }
    }
}

#[tokio::test]
async fn hostile_text_reaches_messages_escaped_and_short() {
    let registry = small().0.start();
    let long = "x".repeat(30_000);
    let body = json!({"errors": [{"code": "\u{1b}[31mBAD\n", "message": format!("\u{202e}\r\n{long}")}]});
    registry.on(|_| true).spoil(Spoil::with(move |_, _| Answer {
        status: 400,
        ..Answer::json(&body)
    }));
    let error = client(&registry)
        .get_manifest(&name("app"), &tag("1"))
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.len() < 1000 && !error.contains(['\u{1b}', '\n', '\r', '\u{202e}']),
        "{error}"
    );
}

#[tokio::test]
async fn what_is_not_what_its_digest_says_is_refused() {
    let (setup, app) = small();
    let registry = setup.start();
    let other = image().layer("other", 7).build();
    let config = config_of(&app);
    let spoilt = Arc::new(other.bytes.clone());
    registry
        .on(|request| request.is_get("/blobs/") || request.is_get("/manifests/sha256"))
        .spoil(Spoil::Body(spoilt.to_vec()));
    registry
        .on(|request| request.is_get("/manifests/1"))
        .spoil(Spoil::Header("Docker-Content-Digest", other.digest().to_string()));
    let client = client(&registry);
    for error in [
        client.get_config(&name("app"), &config).await.unwrap_err(),
        client
            .get_manifest(&name("app"), &by_digest(app.digest()))
            .await
            .unwrap_err(),
        client.get_manifest(&name("app"), &tag("1")).await.unwrap_err(),
    ] {
        assert!(matches!(error.reason(), Reason::WrongDigest { .. }), "{error}");
        assert_eq!(error.kind(), ErrorKind::Invalid);
    }
    assert_eq!(registry.requests().len(), 3, "a retry would not help");
}
