use std::thread::sleep;
use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use super::{company, names};
use crate::support::program::Program;
use crate::support::service::{Answer, Service};

/// Makes a key as a user does: it is the last line of standard output.
pub(super) fn key(program: &Program, arguments: &[&str]) -> String {
    let output = program.run(&[&["key", "create"], arguments].concat());
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).expect("text");
    text.lines().last().expect("a line").to_owned()
}

pub(super) fn with_key(service: &Service, path: &str, key: &str) -> Answer {
    let request = service.request(Method::GET, path);
    service.send(request.header("authorization", format!("Bearer {key}")))
}

#[test]
fn a_key_opens_what_it_was_made_for_until_it_is_revoked() {
    let (registry, program) = company();
    let program = program.variable("TARE_SERVE_ACCESS", "keys");
    let reader = key(&program, &["reader"]);
    super::announce_crawler(&program);
    let service = program.serve(&["--role", "api"]);

    let problem = service.get("/v1/registries");
    problem.problem(401, "unauthenticated");
    assert!(problem.header("www-authenticate").starts_with("Bearer"));
    assert_eq!(service.get("/healthz").status, 200);
    assert_eq!(service.get("/openapi.json").status, 200);
    service.get("/metrics").problem(401, "unauthenticated");

    assert_eq!(with_key(&service, "/v1/registries", &reader).status, 200);
    assert_eq!(with_key(&service, "/metrics", &reader).status, 200);
    let start = |key: &str| {
        let request = service
            .request(Method::POST, "/v1/crawls")
            .header("authorization", format!("Bearer {key}"));
        let body = json!({"registry": super::name_of(&registry)}).to_string();
        service.send(request.header("content-type", "application/json").body(body))
    };
    start(&reader).problem(403, "forbidden");
    // Made while the service runs.
    let starter = key(&program, &["starter", "--scope", "crawl"]);
    assert_eq!(start(&starter).status, 202);
    with_key(&service, "/v1/registries", &starter).problem(403, "forbidden");

    assert!(program.run(&["key", "revoke", "reader"]).status.success());
    for _ in 0..100 {
        if with_key(&service, "/v1/registries", &reader).status == 401 {
            break;
        }
        sleep(Duration::from_millis(100));
    }
    with_key(&service, "/v1/registries", &reader).problem(401, "unauthenticated");
    let listed = program.json(&["key", "list", "--format", "json"]);
    assert_eq!(
        (&listed[0]["name"], &listed[0]["state"]),
        (&json!("reader"), &json!("revoked"))
    );
    assert!(
        !listed.to_string().contains(&reader[18..]),
        "keys themselves are kept nowhere"
    );
}

#[test]
fn a_limited_key_sees_its_part_alone() {
    let (registry, program) = company();
    let program = program.variable("TARE_SERVE_ACCESS", "keys");
    let centre = key(&program, &["centre", "--cost-centre", "CC-1"]);
    let other = key(&program, &["other", "--registry", "*.example.com"]);
    let service = program.serve(&["--role", "api"]);

    let list = with_key(&service, "/v1/repositories?sort=name", &centre).json();
    assert_eq!(names(&list), ["team-a/api", "team-a/deep/worker"]);
    assert_eq!(list["totals"]["repositories"], 2);
    let registry = super::name_of(&registry);
    with_key(&service, &format!("/v1/repositories/{registry}/web"), &centre).problem(404, "not-found");
    let part = with_key(&service, "/v1/registries", &centre).json();
    assert_eq!(part["items"][0]["of"], "visible");
    assert_eq!(part["items"][0]["repositories"], 2);
    with_key(&service, "/metrics", &centre).problem(403, "forbidden");
    let summary = with_key(&service, "/v1/summary?group_by=team", &centre).json();
    assert_eq!(summary["totals"]["repositories"], 2);

    assert_eq!(
        with_key(&service, "/v1/registries", &other).json()["items"],
        json!([])
    );
    with_key(&service, &format!("/v1/registries/{registry}"), &other).problem(404, "not-found");
    assert_eq!(
        with_key(&service, "/v1/crawls", &other).json()["items"],
        json!([])
    );
}

#[test]
fn guessing_is_slowed_down_and_a_valid_key_is_not() {
    let (_registry, program) = company();
    let program = program.variable("TARE_SERVE_ACCESS", "keys");
    let reader = key(&program, &["reader"]);
    let service = program.serve(&["--role", "api"]);
    let statuses: Vec<u16> = (0..101)
        .map(|_| with_key(&service, "/v1/registries", "tare_000000000000_guess").status)
        .collect();
    assert_eq!((statuses[0], statuses[100]), (401, 429));
    let answer = with_key(&service, "/v1/registries", "guess");
    answer.problem(429, "too-many-requests");
    assert!(answer.header("retry-after").parse::<u64>().is_ok());
    assert_eq!(with_key(&service, "/v1/registries", &reader).status, 200);
}
