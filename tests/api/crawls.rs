use std::thread::sleep;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::{company, name_of};
use crate::support::service::Service;

/// The events of an answer: number, kind, what is said.
fn events(text: &str) -> Vec<(u64, String, Value)> {
    let field = |block: &str, name: &str| {
        let line = block.lines().find_map(|line| line.strip_prefix(name));
        line.map(str::to_owned)
    };
    text.split("\n\n")
        .filter_map(|block| {
            let id = field(block, "id: ")?.parse().expect("a number");
            let data = serde_json::from_str(&field(block, "data: ")?).expect("JSON");
            Some((id, field(block, "event: ")?, data))
        })
        .collect()
}

fn ask_for(service: &Service, registry: &str, key: &str) -> (u16, String, Value) {
    let request = service
        .request(Method::POST, "/v1/crawls")
        .header("content-type", "application/json")
        .header("idempotency-key", key)
        .body(json!({"registry": registry}).to_string());
    let answer = service.send(request);
    (answer.status, answer.header("location").to_owned(), answer.json())
}

#[test]
fn a_crawl_is_asked_for_once_followed_to_its_end_and_shown() {
    let (registry, program) = company();
    let name = name_of(&registry);
    let service = program.serve(&["--registry", registry.url()]);

    let (status, location, crawl) = ask_for(&service, &name, "one");
    assert_eq!((status, location), (202, format!("/v1/crawls/{}", crawl["id"])));
    // It does not end before the crawl does.
    let text = service.get(&format!("/v1/crawls/{}/events", crawl["id"])).text();
    let all = events(&text);
    assert_eq!(all.first().map(|(_, kind, _)| kind.as_str()), Some("queued"));
    let (last, kind, _) = all.last().expect("an end");
    assert_eq!(kind, "complete", "{text}");
    let (before_last, ..) = all[all.len() - 2];
    let request = service.request(Method::GET, &format!("/v1/crawls/{}/events", crawl["id"]));
    let rest = service
        .send(request.header("last-event-id", before_last.to_string()))
        .text();
    let rest = events(&rest);
    assert_eq!(rest.iter().map(|(id, ..)| id).collect::<Vec<_>>(), [last]);

    let one = service.json(&format!("/v1/crawls/{}", crawl["id"]));
    assert_eq!(
        (&one["state"], &one["faults"], &one["fault_list"]),
        (&json!("complete"), &json!(0), &json!([]))
    );
    let (_, _, again) = ask_for(&service, &name, "one");
    assert_eq!(again["id"], crawl["id"], "the same request, the same crawl");
    let (_, _, another) = ask_for(&service, &name, "two");
    assert_ne!(another["id"], crawl["id"]);

    let list = service.json("/v1/crawls?limit=1");
    assert_eq!(list["items"][0]["id"], another["id"]);
    let cursor = list["next_cursor"].as_str().expect("more");
    let next = service.json(&format!("/v1/crawls?limit=1&cursor={cursor}"));
    assert_eq!(next["items"][0]["id"], crawl["id"]);

    let unknown = service.post("/v1/crawls", &json!({"registry": "reg.example.com"}));
    unknown.problem(404, "not-found");
    service.get("/v1/crawls/999").problem(404, "not-found");
}

#[test]
fn what_somebody_else_crawls_is_taken_up() {
    let (_registry, program) = company();
    let service = program.serve(&["--role", "api"]);
    assert_eq!(
        service.json("/v1/registries")["items"].as_array().map(Vec::len),
        Some(1)
    );
    let (other, _) = company();
    program.crawl(other.url());
    for _ in 0..200 {
        if service.json("/v1/registries")["items"].as_array().map(Vec::len) == Some(2) {
            return;
        }
        sleep(Duration::from_millis(50));
    }
    panic!("the second registry is not shown");
}
