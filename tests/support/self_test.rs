//! That the registry of the tests is honest, and lies only where told.

use std::time::Duration;

use serde_json::Value;

use super::faulty_registry::{FaultyRegistry, Links, Spoil, TokenServer, helm_chart, image, index};

fn client() -> reqwest::Client {
    // Fails where another test was first, which is fine.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap()
}

async fn get(url: String) -> reqwest::Response {
    client().get(url).send().await.unwrap()
}

#[tokio::test]
async fn pages_by_every_form_of_link() {
    for links in [Links::Relative, Links::Absolute, Links::Opaque] {
        let registry = FaultyRegistry::holding(|content| {
            for name in ["a", "b", "c"] {
                content.repository(name);
            }
        })
        .page_size(2)
        .links(links)
        .start();
        let first = get(format!("{}/v2/_catalog?n=1000", registry.url())).await;
        let link = first.headers()["link"].to_str().unwrap();
        let target = link.trim_start_matches('<').split('>').next().unwrap();
        let target = match links {
            Links::Absolute => target.to_owned(),
            Links::Relative | Links::Opaque => format!("{}{target}", registry.url()),
        };
        let second = get(target).await;
        assert!(!second.headers().contains_key("link"));
        let page: Value = serde_json::from_str(&second.text().await.unwrap()).unwrap();
        assert_eq!(page["repositories"], serde_json::json!(["c"]));
        assert_eq!(registry.count("GET", "/_catalog"), 2);
    }
}

#[tokio::test]
async fn serves_documents_and_spoils_them_when_told() {
    let app = image().docker().layer("base", 100).build();
    let registry = FaultyRegistry::holding(|content| {
        let repository = content.repository("team/app");
        repository.tag(
            "1",
            index().child(app.clone()).child(image().platform("linux/arm64")),
        );
        repository.tag("chart", helm_chart("app", 10));
    })
    .start();
    let url = format!("{}/v2/team/app/manifests/{}", registry.url(), app.digest());
    let answer = get(url.clone()).await;
    assert_eq!(
        answer.headers()["docker-content-digest"],
        app.digest().to_string()
    );
    assert_eq!(answer.bytes().await.unwrap(), app.bytes);

    let on_manifest = || registry.on(|request| request.is_get("/manifests/")).times(1);
    on_manifest().spoil(Spoil::RetryAfter(429, "7".into()));
    let answer = get(url.clone()).await;
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["retry-after"]),
        (429, &"7".parse().unwrap())
    );
    on_manifest().spoil(Spoil::Truncate);
    assert!(get(url.clone()).await.bytes().await.is_err());
    on_manifest().spoil(Spoil::Drop);
    let broken = client().get(&url).send().await;
    assert!(match broken {
        Ok(answer) => answer.bytes().await.is_err(),
        Err(_) => true,
    });
    on_manifest().spoil(Spoil::Oversize(1_000_000));
    assert!(get(url.clone()).await.bytes().await.unwrap().len() >= 1_000_000);
    on_manifest().spoil(Spoil::GzipBomb(10_000_000));
    assert!(get(url.clone()).await.bytes().await.unwrap().len() >= 10_000_000);
    on_manifest().spoil(Spoil::Stall(Duration::from_millis(50)));
    let started = std::time::Instant::now();
    assert!(get(url.clone()).await.status().is_success() && started.elapsed().as_millis() >= 50);
    assert_eq!(registry.requests().len(), 7);
}

#[tokio::test]
async fn gives_tokens_by_scope() {
    let registry = FaultyRegistry::holding(|content| {
        content.repository("app").tag("1", image());
    })
    .tokens(TokenServer::default().user("me", "hunter2"))
    .start();
    let url = format!("{}/v2/app/tags/list", registry.url());
    let refused = get(url.clone()).await;
    assert_eq!(refused.status().as_u16(), 401);
    let challenge = refused.headers()["www-authenticate"].to_str().unwrap().to_owned();
    assert!(
        challenge.contains(r#"scope="repository:app:pull""#),
        "{challenge}"
    );
    let token = client()
        .get(format!("{}/token?scope=repository:app:pull", registry.url()))
        .basic_auth("me", Some("hunter2"))
        .send()
        .await
        .unwrap();
    let token: Value = serde_json::from_str(&token.text().await.unwrap()).unwrap();
    let bearer = || client().get(&url).bearer_auth(token["token"].as_str().unwrap());
    assert!(bearer().send().await.unwrap().status().is_success());
    registry.revoke_tokens();
    assert_eq!(bearer().send().await.unwrap().status().as_u16(), 401);
}
