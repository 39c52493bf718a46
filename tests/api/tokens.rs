//! Access tokens of an identity provider, as their bearers and the operator meet them.

use reqwest::Method;
use serde_json::{Value, json};
use tare::identity::check_issuer;

use super::{company, name_of, names};
use crate::support::issuer::{Fault, Issuer, SigningKey, signed};
use crate::support::program::Program;
use crate::support::service::{Answer, Service};

/// The rules of the tests' operator.
const RULES: &str = r#"
    [[oidc.rules]]
    claim = "realm_access.roles"
    value = "tare-operator"
    scopes = ["read", "crawl"]
    [[oidc.rules]]
    claim = "groups"
    value = "finance"
    scopes = ["read"]
    cost_centres = ["CC-1"]
    [[oidc.rules]]
    claim = "scope"
    value = "tare.read"
    scopes = ["read"]
"#;

/// A program that trusts an issuer, beside what it is configured to otherwise.
fn trusting(program: Program, issuer: &Issuer) -> Program {
    let file = program.home().join(".config/tare/tare.toml");
    let before = std::fs::read_to_string(&file).expect("a configuration");
    let section = format!(
        "[[oidc]]\nissuer = {:?}\naudiences = [\"tare\"]\n{RULES}",
        issuer.url()
    );
    std::fs::write(&file, format!("{before}{section}")).expect("written");
    program
}

fn with(service: &Service, path: &str, token: &str) -> Answer {
    let request = service.request(Method::GET, path);
    service.send(request.header("authorization", format!("Bearer {token}")))
}

fn reader() -> Value {
    json!({"scope": "openid tare.read"})
}

#[test]
fn a_token_opens_what_its_claims_allow() {
    let (registry, program) = company();
    let keys = ["ES256", "EdDSA", "RS256", "PS256"].map(|algorithm| SigningKey::new(algorithm, algorithm));
    let issuer = Issuer::with_keys(&keys.each_ref());
    let program = trusting(program, &issuer);
    super::announce_crawler(&program);
    let service = program.serve(&["--role", "api"]);

    let nothing = service.get("/v1/registries");
    nothing.problem(401, "unauthenticated");
    assert_eq!(nothing.header("www-authenticate"), "Bearer realm=\"tare\"");
    for key in &keys {
        let answer = with(&service, "/v1/registries", &issuer.token(key, &reader()));
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    let [key, ..] = &keys;
    let finance = issuer.token(key, &json!({"groups": ["staff", "finance"]}));
    let list = with(&service, "/v1/repositories?sort=name", &finance).json();
    assert_eq!(names(&list), ["team-a/api", "team-a/deep/worker"]);
    with(&service, "/metrics", &finance).problem(403, "forbidden");

    let start = |token: &str| {
        let request = service
            .request(Method::POST, "/v1/crawls")
            .header("authorization", format!("Bearer {token}"));
        let body = json!({"registry": name_of(&registry)}).to_string();
        service.send(request.header("content-type", "application/json").body(body))
    };
    start(&issuer.token(key, &reader())).problem(403, "forbidden");
    let operator = json!({
        "realm_access": {"roles": ["tare-operator"]}, "preferred_username": "eve\n\u{1b}[31m\u{202e}".repeat(50),
    });
    let crawl = start(&issuer.token(key, &operator));
    assert_eq!(crawl.status, 202, "{}", crawl.text());
    let by = crawl.json()["requested_by"].as_str().expect("a name").to_owned();
    let host = issuer
        .url()
        .trim_start_matches("http://")
        .trim_end_matches("/realms/staff");
    assert!(
        by.starts_with("API: eve\\u{a}") && by.ends_with(&format!("({host})")),
        "{by}"
    );
    assert!(!by.chars().any(char::is_control) && by.len() < 1000, "{by}");

    let stranger = with(
        &service,
        "/v1/registries",
        &issuer.token(key, &json!({"groups": ["guests"]})),
    );
    let problem = stranger.problem(403, "forbidden");
    let detail = problem["detail"].as_str().expect("a detail");
    assert!(
        detail.contains("\"finance\" in groups or \"tare.read\" in scope"),
        "{detail}"
    );
    assert!(stranger.header("www-authenticate").contains("insufficient_scope"));

    // Keys of our own go on, and what is neither is refused as a key.
    let made = program.run(&["key", "create", "script"]);
    let key = String::from_utf8(made.stdout).expect("text");
    assert_eq!(with(&service, "/v1/registries", key.trim()).status, 200);
    let formed_like_both = with(&service, "/v1/registries", "tare_000000000000_x.y.z");
    let problem = formed_like_both.problem(401, "unauthenticated");
    assert!(
        problem["detail"]
            .as_str()
            .expect("a detail")
            .starts_with("this key"),
        "{problem}"
    );

    let document = service.json("/openapi.json");
    let scheme = &document["components"]["securitySchemes"]["token"];
    assert_eq!(scheme["type"], "openIdConnect");
    assert!(
        scheme["openIdConnectUrl"]
            .as_str()
            .expect("a URL")
            .starts_with(issuer.url())
    );
    assert_eq!(
        document["paths"]["/v1/registries"]["get"]["security"],
        json!([{"key": []}, {"token": []}])
    );
    assert!(service.get("/docs").text().contains(issuer.url()));
}

#[test]
fn a_token_that_somebody_made_changed_or_kept_too_long_is_refused_with_the_reason() {
    let (_registry, program) = company();
    let (rsa, other) = (SigningKey::new("one", "RS256"), SigningKey::new("one", "RS256"));
    let issuer = Issuer::with_keys(&[&rsa]);
    let service = trusting(program, &issuer).serve(&["--role", "api"]);
    let claims = issuer.claims(&reader());
    let now = claims["iat"].as_i64().expect("a moment");
    let secret = |secret: &[u8], header: Value| {
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret);
        signed(&header, &claims, |message| {
            ring::hmac::sign(&key, message).as_ref().to_vec()
        })
    };
    let changed = |changes: Value| {
        let mut claims = reader();
        claims
            .as_object_mut()
            .unwrap()
            .extend(changes.as_object().unwrap().clone());
        issuer.token(&rsa, &claims)
    };
    let hs256 = json!({"alg": "HS256", "typ": "JWT", "kid": "one"});
    let public = rsa.public().to_string();
    let modulus = rsa.public()["n"].as_str().expect("a modulus");
    for (token, reason, told) in [
        (other.sign(&rsa.header(), &claims), "signature", "signature"),
        (
            signed(&json!({"alg": "none", "kid": "one"}), &claims, |_| Vec::new()),
            "algorithm",
            "algorithm",
        ),
        (secret(public.as_bytes(), hs256.clone()), "algorithm", "algorithm"),
        (secret(modulus.as_bytes(), hs256), "algorithm", "algorithm"),
        (
            rsa.sign(&json!({"alg": "PS256", "kid": "one"}), &claims),
            "signature",
            "signature",
        ),
        (
            rsa.sign(&json!({"alg": "ES256", "kid": "one"}), &claims),
            "algorithm",
            "algorithm",
        ),
        (changed(json!({"exp": now - 100})), "expired", "expired"),
        (changed(json!({"exp": null})), "malformed", "JWT"),
        (
            changed(json!({"nbf": now + 100})),
            "not_yet_valid",
            "not valid yet",
        ),
        (changed(json!({"aud": "another"})), "audience", "another service"),
        (
            changed(json!({"iss": "https://login.example.com"})),
            "issuer",
            "issuer",
        ),
        (
            rsa.sign(&json!({"alg": "RS256", "kid": "two"}), &claims),
            "key",
            "key",
        ),
        (
            rsa.sign(&json!({"alg": "RS256", "kid": "one", "crit": ["b64"]}), &claims),
            "malformed",
            "JWT",
        ),
        (
            changed(json!({"filler": "x".repeat(20_000)})),
            "malformed",
            "too long",
        ),
        ("not.a.token".to_owned(), "malformed", "JWT"),
    ] {
        let answer = with(&service, "/v1/registries", &token);
        let problem = answer.problem(401, "unauthenticated");
        assert!(
            problem["detail"].as_str().expect("a detail").contains(told),
            "{problem}"
        );
        let challenge = answer.header("www-authenticate");
        assert!(
            challenge.starts_with("Bearer realm=\"tare\", error=\"invalid_token\""),
            "{challenge}"
        );
        let id = answer.header("x-request-id");
        let line = service.said(id);
        assert!(
            line.contains(reason) && line.contains("access token refused"),
            "{line}"
        );
        let signature = token.rsplit('.').next().expect("a part");
        assert!(signature.len() < 8 || !line.contains(signature), "{line}");
    }
    let good = issuer.token(&rsa, &reader());
    assert_eq!(with(&service, "/v1/registries", &good).status, 200);
    let metrics = with(&service, "/metrics", &good).text();
    assert!(
        metrics.contains("tare_tokens_refused_total{reason=\"algorithm\"} 4"),
        "{metrics}"
    );
    assert!(
        metrics.contains("tare_issuer_keys_renewed_timestamp_seconds{issuer=\"http://127.0.0.1:"),
        "{metrics}"
    );
}

#[test]
fn new_keys_are_found_and_strangers_cannot_make_us_ask_for_them_often() {
    let (_registry, program) = company();
    let (old, new) = (SigningKey::new("old", "ES256"), SigningKey::new("new", "ES256"));
    let issuer = Issuer::with_keys(&[&old]);
    let service = trusting(program, &issuer).serve(&["--role", "api"]);
    let status = |token: &str| with(&service, "/v1/registries", token).status;
    assert_eq!(status(&issuer.token(&old, &reader())), 200);

    issuer.publish(&[&new]);
    assert_eq!(
        status(&issuer.token(&old, &reader())),
        200,
        "nobody has asked for new ones yet"
    );
    assert_eq!(status(&issuer.token(&new, &reader())), 200);
    assert_eq!(
        status(&issuer.token(&old, &reader())),
        401,
        "the issuer has taken it back"
    );

    // An issuer that gives two keys one name means both.
    let twin = SigningKey::new("new", "ES256");
    issuer.publish(&[&twin, &new, &SigningKey::new("more", "ES256")]);
    let more = new.sign(&json!({"alg": "ES256", "kid": "more"}), &issuer.claims(&reader()));
    assert_eq!(status(&more), 401);
    assert_eq!(status(&issuer.token(&new, &reader())), 200);
    assert_eq!(status(&issuer.token(&twin, &reader())), 200);

    let before = issuer.asked();
    let made_up = |number: usize| {
        let header = json!({"alg": "ES256", "kid": format!("made-up-{number}")});
        old.sign(&header, &issuer.claims(&reader()))
    };
    let statuses: Vec<u16> = (0..101).map(|number| status(&made_up(number))).collect();
    assert_eq!((statuses[0], statuses[100]), (401, 429));
    assert!(issuer.asked() - before <= 3, "{}", issuer.asked() - before);
    assert_eq!(
        status(&issuer.token(&new, &reader())),
        200,
        "who is right is never held up"
    );
}

#[test]
fn an_issuer_that_is_away_locks_out_nobody_it_had_let_in() {
    let (_registry, program) = company();
    let key = SigningKey::new("one", "EdDSA");
    let issuer = Issuer::with_keys(&[&key]);
    issuer.fail(Some(Fault::Broken));
    let service = trusting(program, &issuer).serve(&["--role", "api"]);
    let token = issuer.token(&key, &reader());
    let away = with(&service, "/v1/registries", &token);
    away.problem(503, "unavailable");
    assert!(away.header("retry-after").parse::<u64>().is_ok());

    issuer.fail(None);
    assert_eq!(with(&service, "/v1/registries", &token).status, 200);
    issuer.fail(Some(Fault::Broken));
    let unknown = key.sign(&json!({"alg": "EdDSA", "kid": "two"}), &issuer.claims(&reader()));
    with(&service, "/v1/registries", &unknown).problem(401, "unauthenticated");
    assert_eq!(with(&service, "/v1/registries", &token).status, 200);
}

#[tokio::test]
async fn an_issuer_that_is_not_what_is_configured_is_not_believed() {
    let key = SigningKey::new("one", "EdDSA");
    let issuer = Issuer::with_keys(&[&key]);
    let settings = issuer.settings("sub", "x");
    assert_eq!(check_issuer(&settings).await, Ok(1));
    for (fault, words) in [
        (Fault::OtherIssuer, "says that it is http://127.0.0.1"),
        (Fault::KeysElsewhere, "by https alone"),
        (Fault::Redirect, "answers with status 302"),
        (Fault::Page, "no JSON with issuer and jwks_uri"),
        (Fault::EndlessKeys, "more than 262144 bytes"),
        (Fault::Broken, "answers with status 500"),
        (Fault::Secret, "none of the 1 can check signatures"),
        (Fault::Silence, "no whole answer within 5 s"),
    ] {
        issuer.fail(Some(fault));
        let error = check_issuer(&settings).await.expect_err("refused");
        assert!(error.to_string().contains(words), "{fault:?}: {error}");
    }
    let mut elsewhere = settings.clone();
    elsewhere.extra_ca = vec!["/nowhere/ca.pem".into()];
    let error = check_issuer(&elsewhere).await.expect_err("refused");
    assert!(error.to_string().contains("extra_ca /nowhere/ca.pem"), "{error}");
}

#[test]
fn the_doctor_looks_at_issuers_and_says_what_to_do() {
    let (_registry, program) = company();
    let issuer = Issuer::with_keys(&[&SigningKey::new("one", "ES256")]);
    let program = trusting(program, &issuer);
    let well = program.run(&["doctor"]);
    let text = String::from_utf8_lossy(&well.stdout).into_owned();
    assert!(well.status.success(), "{text}");
    assert!(
        text.contains(&format!(
            "issuer {}: matches the configuration; usable signing keys: 1",
            issuer.url()
        )),
        "{text}"
    );
    assert!(
        text.contains(&format!("with 0 valid keys and tokens of {}", issuer.url())),
        "{text}"
    );

    issuer.fail(Some(Fault::OtherIssuer));
    let amiss = program.run(&["doctor"]);
    let text = String::from_utf8_lossy(&amiss.stdout).into_owned();
    assert_eq!(amiss.status.code(), Some(3), "{text}");
    assert!(
        text.contains("FAIL   issuer") && text.contains("exactly as its document does"),
        "{text}"
    );

    let both = program.run(&["serve", "--listen", "127.0.0.1:0", "--allow-anonymous"]);
    assert_eq!(both.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&both.stderr).contains("[[oidc]]"));
}
