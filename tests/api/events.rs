//! Events that registries send over HTTP: who may send them, and what each envelope is answered.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Method, RequestBuilder};
use ring::hmac;
use serde_json::{Value, json};
use tare::oci::Digest;

use super::keys::key;
use super::{company, name_of};
use crate::support::service::{Answer, Service};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const SECRET: &str = "a secret of the registry's own";

/// A push in an envelope of CNCF Distribution.
fn push(id: &str, repository: &str, tag: &str) -> Value {
    json!({
        "id": id, "timestamp": "2026-11-20T11:00:00Z", "action": "push",
        "target": {"mediaType": MANIFEST, "digest": Digest::sha256_of(b"x"), "size": 500, "repository": repository, "tag": tag},
        "request": {"method": "PUT", "useragent": "docker/29"},
    })
}

/// The pull of a layer of this size.
fn served(id: &str, size: u64) -> Value {
    json!({
        "id": id, "timestamp": "2026-11-20T11:00:00Z", "action": "pull",
        "target": {"mediaType": "application/octet-stream", "size": size, "repository": "team-a/api"},
        "request": {"method": "GET", "useragent": "containerd/2.0"},
    })
}

fn path(registry: &str) -> String {
    format!("/v1/registries/{registry}/events")
}

fn request(service: &Service, path: &str, body: &str) -> RequestBuilder {
    let request = service.request(Method::POST, path);
    request
        .header("content-type", "application/json")
        .body(body.to_owned())
}

/// The counts in an answer: accepted, duplicates, skipped, refused, pulls.
fn counts(answer: &Answer) -> [u64; 5] {
    assert_eq!(answer.status, 202, "{}", answer.text());
    let counted = answer.json();
    ["accepted", "duplicates", "skipped", "refused", "pulls"]
        .map(|member| counted[member].as_u64().expect(member))
}

#[test]
fn events_are_stored_once_and_nonsense_is_never_an_error_of_the_service() {
    let (registry, program) = company();
    let service = program.serve(&["--role", "api"]);
    let path = path(&name_of(&registry));
    let send = |events: Value| service.post(&path, &json!({"events": events}));

    let first = json!([
        push("1", "team-a/api", "v9"),
        push("2", "web", "v9"),
        push("2", "web", "v9")
    ]);
    assert_eq!(counts(&send(first.clone())), [2, 1, 0, 0, 0]);
    assert_eq!(counts(&send(first)), [0, 3, 0, 0, 0]);
    let mut future = push("3", "web", "v9");
    future["timestamp"] = json!("2126-01-01T00:00:00Z");
    let skipped = send(json!([
        future,
        push("4", "../..", "v9"),
        json!(7),
        json!({"action": "mount"})
    ]));
    assert_eq!(counts(&skipped), [0, 0, 4, 0, 0]);
    let reasons = json!({"in_the_future": 1, "invalid": 2, "not_recorded": 1});
    assert_eq!(skipped.json()["reasons"], reasons);

    // Sizes that no layer has used to break every later envelope of the day.
    let huge = [i64::MAX as u64, u64::MAX, 1 << 60].map(|size| served(&format!("huge {size}"), size));
    assert_eq!(counts(&send(json!(huge)))[2], 3);
    let largest: Vec<Value> = (0..9).map(|id| served(&format!("large {id}"), 1 << 50)).collect();
    for _ in 0..2 {
        assert_eq!(send(json!(largest)).status, 202);
    }
    let pull = |id: &str| {
        let mut pull = push(id, "team-a/api", "v0");
        pull["action"] = json!("pull");
        pull["request"]["method"] = json!("GET");
        pull
    };
    // The same pull twice in one envelope.
    assert_eq!(
        counts(&send(json!([pull("p1"), pull("p1"), pull("p2")]))),
        [0, 1, 0, 0, 2]
    );
    assert_eq!(counts(&send(json!([pull("p1")]))), [0, 1, 0, 0, 0]);

    service
        .post(&path, &json!({"event": []}))
        .problem(422, "invalid-body");
    service
        .send(request(&service, &path, "{"))
        .problem(400, "invalid-request");
    let unknown = service.post("/v1/registries/other.example.com/events", &json!({"events": []}));
    unknown.problem(404, "not-found");
    let metrics = service.get("/metrics").text();
    let registry = name_of(&registry);
    for sample in [
        format!("tare_events_pending{{registry=\"{registry}\"}} 2"),
        format!("tare_events_total{{outcome=\"duplicate\",registry=\"{registry}\"}} 6"),
    ] {
        assert!(metrics.contains(&sample), "{sample}: {metrics}");
    }
}

#[test]
fn a_body_that_is_too_large_is_answered_before_it_is_sent() {
    let (registry, program) = company();
    let service = program.serve(&["--role", "api"]);
    let address = service.url().trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(&address).expect("a connection");
    let path = path(&name_of(&registry));
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: 104857600\r\n\r\n{{"
    );
    stream.write_all(head.as_bytes()).expect("sent");
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).expect("an answer");
    assert_eq!(&answer, b"HTTP/1.1 413");
    // Two megabytes are an envelope.
    let events: Vec<Value> = (0..5000)
        .map(|id| push(&id.to_string(), "web", "latest"))
        .collect();
    let answer = service.post(&path, &json!({"events": events}));
    assert_eq!(counts(&answer), [5000, 0, 0, 0, 0]);
}

#[test]
fn a_registry_shows_its_secret_in_whatever_way_its_vendor_can() {
    let (registry, program) = company();
    let name = name_of(&registry);
    let folder = program.home().join(".config/tare/tare.toml");
    let settings = std::fs::read_to_string(&folder).expect("settings");
    let url = registry.url();
    let secret = format!("[[registry]]\nurl = \"{url}\"\nevents = {{ secret_env = \"EVENTS_SECRET\" }}\n");
    std::fs::write(&folder, settings + &secret).expect("written");
    let program = program.variable("EVENTS_SECRET", SECRET);
    let open = program.serve(&["--role", "api"]);
    // The service is open, and still wants the secret of this registry.
    open.post(&path(&name), &json!({"events": []}))
        .problem(401, "unauthenticated");
    drop(open);

    let program = program.variable("TARE_SERVE_ACCESS", "keys");
    let sender = key(&program, &["sender", "--scope", "ingest"]);
    let reader = key(&program, &["reader"]);
    let service = program.serve(&["--role", "api"]);
    let path = path(&name);
    let body = json!({"events": [push("1", "web", "v9")]}).to_string();
    let authorized =
        |value: &str| service.send(request(&service, &path, &body).header("authorization", value));
    let basic = |password: &str| format!("Basic {}", STANDARD.encode(format!("tare:{password}")));
    for accepted in [
        format!("Bearer {SECRET}"),
        SECRET.to_owned(),
        basic(SECRET),
        format!("Bearer {sender}"),
        basic(&sender),
    ] {
        assert_eq!(authorized(&accepted).status, 202, "{accepted}");
    }
    for refused in [
        format!("Bearer {SECRET}x"),
        basic("wrong"),
        "wrong".to_owned(),
        "Bearer ".to_owned(),
    ] {
        authorized(&refused).problem(401, "unauthenticated");
    }
    authorized(&format!("Bearer {reader}")).problem(403, "forbidden");
    let mut in_query = url::Url::parse(service.url()).expect("an address");
    in_query.set_path(&path);
    let with_key = |key: &str| {
        let query: String = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("key", key)
            .finish();
        service.send(request(&service, &format!("{path}?{query}"), &body))
    };
    assert_eq!(with_key(SECRET).status, 202);
    assert_eq!(with_key(&sender).status, 202);
    with_key("wrong").problem(401, "unauthenticated");

    let signed = |key: &str, body: &str| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
        format!("sha256={}", hex::encode(hmac::sign(&key, body.as_bytes())))
    };
    let with_signature = |signature: &str| {
        service.send(request(&service, &path, &body).header("x-hub-signature-256", signature))
    };
    assert_eq!(with_signature(&signed(SECRET, &body)).status, 202);
    for wrong in [
        signed(SECRET, "{}"),
        signed("wrong", &body),
        "sha256=".to_owned(),
        "sha1=00".to_owned(),
    ] {
        with_signature(&wrong).problem(401, "unauthenticated");
    }
    // The secret opens nothing else.
    let elsewhere = service.request(Method::GET, "/v1/registries");
    let elsewhere = elsewhere.header("authorization", format!("Bearer {SECRET}"));
    service.send(elsewhere).problem(401, "unauthenticated");

    // Azure Event Grid asks in one of two ways whether it may send.
    let validation = json!([{
        "id": "1", "eventType": "Microsoft.EventGrid.SubscriptionValidationEvent", "eventTime": "2026-11-20T11:00:00Z",
        "data": {"validationCode": "512d38b6"},
    }]);
    let validated = request(&service, &path, &validation.to_string()).header("authorization", SECRET);
    let validated = service.send(validated);
    assert_eq!(
        (validated.status, validated.json()),
        (200, json!({"validationResponse": "512d38b6"}))
    );
    let options = |authorization: &str| {
        let request = service
            .request(Method::OPTIONS, &path)
            .header("webhook-request-origin", "eventgrid.azure.net");
        service.send(request.header("authorization", authorization))
    };
    let allowed = options(SECRET);
    assert_eq!(
        (allowed.status, allowed.header("webhook-allowed-origin")),
        (200, "eventgrid.azure.net")
    );
    assert_eq!(allowed.header("webhook-allowed-rate"), "*");
    options("wrong").problem(401, "unauthenticated");
}

#[test]
fn a_limited_key_sends_events_for_what_it_may_see_only() {
    let (registry, program) = company();
    let program = program.variable("TARE_SERVE_ACCESS", "keys");
    let centre = key(
        &program,
        &["centre", "--cost-centre", "CC-1", "--scope", "ingest"],
    );
    let other = key(
        &program,
        &["other", "--registry", "*.example.com", "--scope", "ingest"],
    );
    let service = program.serve(&["--role", "api"]);
    let path = path(&name_of(&registry));
    let mut pull = push("5", "web", "v0");
    pull["action"] = json!("pull");
    pull["request"]["method"] = json!("GET");
    // The settings give new repositories of the team to the cost centre.
    let events = json!({"events": [
        push("1", "team-a/api", "v9"), push("2", "team-a/new", "v1"), push("3", "web", "v9"), push("4", "nowhere", "v1"), pull,
    ]});
    let send = |key: &str| {
        let request = request(&service, &path, &events.to_string());
        service.send(request.header("authorization", format!("Bearer {key}")))
    };
    let answer = send(&centre);
    assert_eq!(counts(&answer), [2, 0, 0, 3, 0]);
    assert_eq!(answer.json()["reasons"], json!({"not_visible": 3}));
    send(&other).problem(404, "not-found");
}
