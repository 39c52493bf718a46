//! The service below a path of a reverse proxy.

use reqwest::Method;
use serde_json::json;

use super::{company, name_of};
use crate::support::proxy::{PathRule, Proxy};

const HOME: &str = "https://example.com/tare/";

#[test]
fn a_path_below_the_root_works_whether_the_proxy_keeps_or_removes_it() {
    let (registry, program) = company();
    let program = program.variable("TARE_SERVE_PUBLIC_URL", "https://example.com/tare");
    let service = program.serve(&["--registry", registry.url()]);
    for rule in [PathRule::Keep, PathRule::Remove] {
        let proxy = Proxy::start(service.url(), "/tare", rule);
        let get = |path: &str| service.get_elsewhere(&format!("{}/tare{path}", proxy.url()));

        let page = get("/").text();
        assert!(!page.contains("href=\"/") && !page.contains("src=\"/"), "{page}");
        let asset = page
            .split("src=\"")
            .nth(1)
            .and_then(|rest| rest.split('"').next())
            .expect("a script");
        assert_eq!(get(&format!("/{asset}")).status, 200, "{asset}");
        let documentation = get("/docs").text();
        assert!(!documentation.contains("href=\"/"), "addresses are relative");

        let document = get("/openapi.json").json();
        assert_eq!(document["servers"], json!([{"url": "https://example.com/tare"}]));
        let list = get("/v1/repositories?limit=1");
        assert_eq!(list.json()["items"].as_array().map(Vec::len), Some(1));
        let link = list.header("link");
        assert!(
            link.starts_with("</tare/v1/repositories?limit=1&cursor="),
            "{link}"
        );
        let next = link
            .trim_start_matches("</tare")
            .split('>')
            .next()
            .expect("an address");
        assert_eq!(get(next).status, 200, "{next}");

        let unknown = get("/v1/nothing");
        assert_eq!(unknown.status, 404);
        assert_eq!(unknown.json()["type"], "/tare/docs#not-found");

        let body = json!({"registry": name_of(&registry)}).to_string();
        let started = service.send(
            service
                .request(Method::POST, "/tare/v1/crawls")
                .header("content-type", "application/json")
                .body(body),
        );
        assert_eq!(started.status, 202, "{}", started.text());
        assert!(started.header("location").starts_with("/tare/v1/crawls/"));
        let crawl = started.header("location").trim_start_matches("/tare");
        let events = get(&format!("{crawl}/events"));
        assert_eq!(events.header("x-accel-buffering"), "no");
        assert!(events.text().contains("event: queued"));
    }
}

#[test]
fn the_path_without_its_slash_leads_to_the_page() {
    let (_registry, program) = company();
    let program = program.variable("TARE_SERVE_PUBLIC_URL", HOME);
    let service = program.serve(&["--role", "api"]);
    let moved = service.get("/tare?view=savings");
    assert_eq!(
        (moved.status, moved.header("location")),
        (308, "/tare/?view=savings")
    );
    assert_eq!(service.get("/tareless/v1/summary").status, 404);
    assert_eq!(service.get("/v1/summary").status, 200, "its own address goes on");
}

#[test]
fn a_host_name_is_accepted_if_it_is_that_of_the_public_url_and_refused_with_the_remedy_otherwise() {
    let (_registry, program) = company();
    let program = program.variable("TARE_SERVE_PUBLIC_URL", HOME);
    let service = program.serve(&["--role", "api"]);
    let with_host =
        |host: &str| service.send(service.request(Method::GET, "/v1/summary").header("host", host));
    assert_eq!(with_host("example.com").status, 200);
    let refused = with_host("evil.example");
    assert_eq!(refused.status, 421);
    let detail = refused.json()["detail"].as_str().expect("a detail").to_owned();
    assert!(
        detail.contains("TARE_SERVE_HOSTS") && detail.contains("public_url"),
        "{detail}"
    );
}

#[test]
fn the_address_of_the_database_comes_from_a_file() {
    let (_registry, program) = company();
    let url = program.database().expect("a server").to_owned();
    let file = program.home().join("database-url");
    std::fs::write(&file, format!("{url}\n")).expect("written");
    let program = program
        .variable("DATABASE_URL", "")
        .variable("DATABASE_URL_FILE", file.to_str().expect("text"));
    let repositories = program.report()["repositories"].as_array().map(Vec::len);
    assert_eq!(repositories, Some(4));
    let both = program.variable("DATABASE_URL", &url).run(&["report"]);
    assert_eq!(both.status.code(), Some(2));
    let said = String::from_utf8_lossy(&both.stderr).into_owned();
    assert!(said.contains("set one of them"), "{said}");
}
