use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use super::{company, name_of};
use crate::support::faulty_registry::{FaultyRegistry, Spoil};
use crate::support::service::{Answer, Service};

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

/// How long a test waits for something that must come.
const PATIENCE: Duration = Duration::from_secs(120);

fn start(service: &Service, registry: &FaultyRegistry) -> Value {
    let answer = service.post("/v1/crawls", &json!({"registry": name_of(registry)}));
    assert_eq!(answer.status, 202, "{}", answer.text());
    answer.json()
}

fn cancel(service: &Service, id: &Value) -> Answer {
    service.send(service.request(Method::DELETE, &format!("/v1/crawls/{id}")))
}

/// Waits for a crawl to be in one of these states.
fn wait_for(service: &Service, id: &Value, states: &[&str]) -> Value {
    let begin = Instant::now();
    loop {
        let crawl = service.json(&format!("/v1/crawls/{id}"));
        if states.contains(&crawl["state"].as_str().expect("a state")) {
            return crawl;
        }
        assert!(begin.elapsed() < PATIENCE, "{crawl}");
        sleep(Duration::from_millis(50));
    }
}

fn registry_of(service: &Service, registry: &FaultyRegistry) -> Value {
    service.json(&format!("/v1/registries/{}", name_of(registry)))
}

/// Holds up every crawl of the registry.
fn stall(registry: &FaultyRegistry) {
    registry
        .on(|request| request.path.contains("/tags/list"))
        .spoil(Spoil::Stall(Duration::from_secs(3600)));
}

#[test]
fn a_registry_that_was_crawled_before_is_crawled_without_settings() {
    let (registry, program) = company();
    let service = program.serve(&[]);
    let before = registry_of(&service, &registry);
    assert_eq!(before["crawl_now"], json!({"possible": true, "reason": null}));
    assert_eq!(
        (
            &before["schedule"],
            &before["next_crawl"],
            &before["current_crawl"]
        ),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    let crawl = start(&service, &registry);
    let ended = wait_for(&service, &crawl["id"], &["complete"]);
    assert_eq!(ended["state_text"], "Finished. Everything was read.");
    assert_eq!(ended["stuck_reason"], Value::Null);
}

#[test]
fn what_the_command_line_chose_is_what_is_crawled_again() {
    let (registry, program) = company();
    let chosen = format!("{}/team-a/api", registry.url());
    program.json(&["crawl", &chosen, "--json"]);
    registry.forget_requests();
    let service = program.serve(&[]);
    let crawl = start(&service, &registry);
    wait_for(&service, &crawl["id"], &["complete"]);
    assert_eq!(registry.count("GET", "/_catalog"), 0);
    assert_eq!(registry.count("GET", "/tags/list"), 1);
}

#[test]
fn a_crawl_that_no_process_would_do_is_refused_with_the_reason() {
    let (registry, program) = company();
    let service = program.serve(&["--role", "api"]);
    let refused = service.post("/v1/crawls", &json!({"registry": name_of(&registry)}));
    let detail = refused.problem(409, "conflict")["detail"]
        .as_str()
        .expect("text")
        .to_owned();
    assert!(
        detail.starts_with("no process here crawls it: add [[registry]]"),
        "{detail}"
    );
    assert!(detail.contains("serve --registry"), "{detail}");
    let now = &registry_of(&service, &registry)["crawl_now"];
    assert_eq!(*now, json!({"possible": false, "reason": detail}));
    assert_eq!(service.json("/v1/registries")["items"][0]["crawl_now"], *now);
    assert_eq!(
        service.json("/v1/crawls")["items"].as_array().map(Vec::len),
        Some(1)
    );

    // A crawler in another process on the same database will do.
    let mut crawler = program.spawn(&["serve", "--role", "crawler"]);
    let begin = Instant::now();
    while registry_of(&service, &registry)["crawl_now"]["possible"] == false {
        assert!(begin.elapsed() < PATIENCE);
        sleep(Duration::from_millis(50));
    }
    let crawl = start(&service, &registry);
    wait_for(&service, &crawl["id"], &["complete"]);
    crawler.kill().expect("it runs");
    crawler.wait().expect("it was started");
}

#[test]
fn a_schedule_is_told_with_its_next_time() {
    let (registry, program) = company();
    let settings = program.home().join(".config/tare/tare.toml");
    let mut text = std::fs::read_to_string(&settings).expect("settings");
    text += &format!(
        "\n[[registry]]\nurl = \"{}\"\nschedule = \"30 3 * * *\"\n",
        registry.url()
    );
    std::fs::write(&settings, text).expect("a file");
    let service = program.serve(&[]);
    let shown = registry_of(&service, &registry);
    assert_eq!(shown["schedule"], "30 3 * * * (UTC)");
    let next = shown["next_crawl"].as_str().expect("a time");
    assert!(next.ends_with("T03:30:00Z"), "{next}");
}

#[test]
fn a_running_crawl_is_told_from_a_queued_one_and_is_cancelled() {
    let (registry, program) = company();
    stall(&registry);
    let service = program.serve(&[]);
    let crawl = start(&service, &registry);
    let id = &crawl["id"];
    let running = wait_for(&service, id, &["running"]);
    assert_ne!(running["state_text"], "Waiting for a process to start it.");
    let current = registry_of(&service, &registry)["current_crawl"].clone();
    assert_eq!((&current["id"], &current["state"]), (id, &json!("running")));

    let cancelled = cancel(&service, id);
    assert_eq!(cancelled.status, 200, "{}", cancelled.text());
    assert!(["cancelling", "cancelled"].contains(&cancelled.json()["state"].as_str().expect("a state")));
    let ended = wait_for(&service, id, &["cancelled"]);
    assert_eq!(ended["message"], "cancelled by API: anonymous");
    // The stream ends with the crawl, and each event says what it is.
    let text = service.get(&format!("/v1/crawls/{id}/events")).text();
    let all = events(&text);
    let (_, last, data) = all.last().expect("an end");
    assert_eq!(last, "cancelled");
    assert!(
        data["text"]
            .as_str()
            .is_some_and(|text| text.starts_with("Cancelled.")),
        "{data}"
    );
    assert!(all.iter().any(|(_, kind, _)| kind == "cancelling"), "{text}");

    assert_eq!(
        cancel(&service, id).status,
        200,
        "cancelling twice changes nothing"
    );
    registry.heal();
    let next = start(&service, &registry);
    wait_for(&service, &next["id"], &["complete"]);
    let problem = cancel(&service, &next["id"]).problem(409, "conflict");
    assert!(
        problem["detail"]
            .as_str()
            .is_some_and(|text| text.contains("complete")),
        "{problem}"
    );
    cancel(&service, &json!(4711)).problem(404, "not-found");
}

#[cfg(feature = "embedded")]
#[test]
fn a_killed_service_leaves_no_crawl_stuck() {
    let (registry, server_program) = company();
    drop(server_program);
    let program = crate::support::program::Program::with_embedded_store();
    program.crawl(registry.url());
    stall(&registry);
    let service = program.serve(&[]);
    let crawl = start(&service, &registry);
    wait_for(&service, &crawl["id"], &["running"]);
    // Killed, as with kill -9.
    drop(service);
    registry.heal();
    let service = program.serve(&[]);
    wait_for(&service, &crawl["id"], &["complete"]);
}

/// Opens the stream of changes.
fn stream_of_changes(service: &Service) -> TcpStream {
    let address = service.url().trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.set_read_timeout(Some(PATIENCE)).expect("a time limit");
    let request = format!("GET /v1/crawls/events HTTP/1.1\r\nHost: {address}\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("a request");
    stream
}

/// Reads the stream of changes until its events are as wanted.
fn follow_until(service: &Service, is_wanted: impl Fn(&[&str]) -> bool, meanwhile: impl FnOnce()) {
    let mut stream = stream_of_changes(service);
    let mut text = String::new();
    let mut buffer = [0; 4096];
    let mut meanwhile = Some(meanwhile);
    loop {
        let events: Vec<&str> = text.split("\n\n").collect();
        if is_wanted(&events) {
            return;
        }
        let length = stream.read(&mut buffer).expect("more events");
        assert!(length > 0, "the stream ended: {text}");
        text.push_str(&String::from_utf8_lossy(&buffer[..length]));
        if let Some(meanwhile) = meanwhile.take_if(|_| text.contains("event: figures")) {
            meanwhile();
        }
    }
}

#[test]
fn a_page_sees_every_crawl_end_and_the_newer_figures_without_a_reload() {
    let (registry, program) = company();
    let service = program.serve(&[]);
    let ended = |event: &&str| event.contains("{\"id\":2,") && event.contains("\"state\":\"complete\"");
    let is_wanted = |events: &[&str]| {
        let end = events.iter().position(ended);
        end.is_some_and(|end| events[end..].iter().any(|event| event.contains("event: figures")))
    };
    follow_until(&service, is_wanted, || drop(start(&service, &registry)));
}

#[test]
fn a_service_that_stops_ends_its_streams_and_does_not_wait_for_its_clients() {
    let (_registry, program) = company();
    let service = program.serve(&[]);
    let mut stream = stream_of_changes(&service);
    let mut buffer = [0; 4096];
    assert!(stream.read(&mut buffer).expect("events") > 0);
    let told = Instant::now();
    let status = Command::new("kill")
        .arg(service.process_id().to_string())
        .status();
    assert!(status.expect("kill runs").success());
    stream.read_to_end(&mut Vec::new()).expect("an end");
    // Requests in progress have 30 seconds to end.
    assert!(told.elapsed() < Duration::from_secs(10), "{:?}", told.elapsed());
}
