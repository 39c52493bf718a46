//! That what belongs to others changes no answer to a key for a cost centre: two services whose registries differ in
//! foreign repositories alone answer the same, byte for byte.

use reqwest::Method;
use serde_json::{Value, json};

use super::keys::{key, with_key};
use crate::end_to_end::with_new_database;
use crate::support::faulty_registry::{Content, FaultyRegistry, image};
use crate::support::service::Service;

const SETTINGS: &str = "[serve]\nrefresh = \"300ms\"\n\
    [[cost_centre]]\nrepositories = [\"mine/**\"]\nteam = \"a\"\ncost_centre = \"CC-1\"\n\
    [[cost_centre]]\nrepositories = [\"**\"]\nteam = \"theirs\"\ncost_centre = \"CC-2\"\n";

/// A service, and a key for the cost centre of `mine/**`.
struct World {
    service: Service,
    key: String,
    // Dropped last: the database.
    _program: crate::support::program::Program,
}

impl World {
    fn of(registries: &[&FaultyRegistry]) -> Self {
        let program = with_new_database().variable("TARE_SERVE_ACCESS", "keys");
        let folder = program.home().join(".config/tare");
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join("tare.toml"), SETTINGS).expect("a configuration");
        for registry in registries {
            program.crawl(registry.url());
        }
        let scopes = ["--scope", "read", "--scope", "crawl"];
        let key = key(
            &program,
            &[&["limited", "--cost-centre", "CC-1"], &scopes[..]].concat(),
        );
        Self {
            service: program.serve(&["--role", "api"]),
            key,
            _program: program,
        }
    }

    fn get(&self, path: &str) -> String {
        let answer = with_key(&self.service, path, &self.key);
        format!("{} {}", answer.status, timeless(&answer.text()))
    }

    fn what_if(&self, body: &Value) -> String {
        let request = self.service.request(Method::POST, "/v1/whatif");
        let request = request
            .header("authorization", format!("Bearer {}", self.key))
            .header("content-type", "application/json")
            .body(body.to_string());
        let answer = self.service.send(request);
        assert_eq!(answer.status, 200, "{}", answer.text());
        timeless(&answer.text())
    }
}

/// A text without moments, and without the identifiers of requests: the services were not filled at the same moment.
fn timeless(text: &str) -> String {
    let is_moment = |word: &str| chrono::DateTime::parse_from_rfc3339(word).is_ok();
    let is_request = |word: &str| word.len() == 32 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    text.split_inclusive(['"', ',', '\n', ' '])
        .map(|piece| {
            let word = piece.trim_end_matches(['"', ',', '\n', ' ']);
            match is_moment(word) || is_request(word) {
                true => format!("-{}", &piece[word.len()..]),
                false => piece.to_owned(),
            }
        })
        .collect()
}

/// The repositories of the key, and others.
fn fill(content: &mut Content, others: &[&str]) {
    for (name, layers) in [("mine/api", 3), ("mine/deep/worker", 2), ("mine/web", 1)] {
        for layer in 0..layers {
            let image = image()
                .layer(name, 1000)
                .layer(&format!("{name} {layer}"), 10 + layer);
            content.repository(name).tag(&format!("v{layer}"), image);
        }
    }
    for name in others {
        let image = image().layer(name, 5000).layer(&format!("{name} top"), 7);
        content.repository(name).tag("v1", image);
    }
}

#[test]
fn foreign_repositories_change_no_answer_to_a_limited_key() {
    let registry = FaultyRegistry::holding(|content| fill(content, &["other/x"])).start();
    let one = World::of(&[&registry]);
    registry.change(|content| {
        content.remove("other/x");
        fill(
            content,
            &["mine-too/secret", "other/another", "other/aaa", "zz", "mine2"],
        );
    });
    let elsewhere = FaultyRegistry::holding(fill_foreign).start();
    let other = World::of(&[&registry, &elsewhere]);

    let host = registry.url().trim_start_matches("http://");
    let foreign_host = elsewhere.url().trim_start_matches("http://");
    let document = one.service.json("/openapi.json");
    let mut paths = Vec::new();
    for (template, methods) in document["paths"].as_object().expect("paths") {
        let Some(operation) = methods.get("get") else {
            continue;
        };
        // What is the same for everybody, or tells the age of figures in seconds.
        if template == "/readyz"
            || template == "/openapi.json"
            || template.contains("{digest}")
            || template.contains("events")
        {
            continue;
        }
        let path = template
            .replace("{registry}", host)
            .replace("{repository}", "mine%2Fapi")
            .replace(
                "{id}",
                if template.contains("crawls") {
                    "1"
                } else {
                    "aws-ecr"
                },
            );
        paths.push(path.clone());
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            if parameter["in"] != "query" {
                continue;
            }
            let name = parameter["name"].as_str().expect("a name");
            let words = parameter["schema"]["enum"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            let mut values: Vec<String> = words
                .iter()
                .map(|word| word.as_str().expect("a word").to_owned())
                .collect();
            values.extend(
                match name {
                    "search" => vec!["o", "other", "ther", "mine", "secrt"],
                    "repository" => vec!["**", "o*/**", "other/**", "mine*/**", "other/aaa"],
                    "team" => vec!["theirs", "thiers", "a"],
                    "cost_centre" => vec!["CC-2", "CC-3", "CC-1"],
                    "base" | "base_tag" | "platform" | "tag" => vec!["v1", "othr", "linux/amd64"],
                    "limit" => vec!["1", "2"],
                    _ => vec![],
                }
                .into_iter()
                .map(str::to_owned),
            );
            if name == "registry" {
                values.extend([host.to_owned(), "reg.example.com".to_owned()]);
            }
            for value in values {
                let value: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
                paths.push(format!("{path}?{name}={value}"));
            }
        }
    }
    assert!(paths.len() > 100, "{}", paths.len());
    for path in &paths {
        assert_eq!(one.get(path), other.get(path), "{path}");
    }
    // A registry in which the key owns nothing is like one that does not exist.
    for template in [
        "/v1/registries/{}",
        "/v1/repositories?registry={}",
        "/v1/exports/csv?registry={}",
    ] {
        let asked = |name: &str| {
            let answer = with_key(&other.service, &template.replace("{}", name), &other.key);
            (answer.status, timeless(&answer.text()).replace(name, "NAME"))
        };
        assert_eq!(asked(foreign_host), asked("reg.example.org:1234"), "{template}");
    }
    assert!(other.get("/v1/crawls").contains(host) && !other.get("/v1/crawls").contains(foreign_host));
    assert!(other.get("/v1/crawls/2").starts_with("404"));

    for switch in ["verdict", "all", "chosen"] {
        for patterns in [
            vec!["**"],
            vec!["o*"],
            vec!["other/a*"],
            vec!["mine*/**"],
            vec!["mine-too/s*"],
            vec!["zz"],
            vec![],
        ] {
            let body = json!({"switch": switch, "repositories": patterns, "pulls_per_month": 10});
            assert_eq!(one.what_if(&body), other.what_if(&body), "{body}");
        }
    }
}

fn fill_foreign(content: &mut Content) {
    content
        .repository("elsewhere/app")
        .tag("v1", image().layer("elsewhere", 123_456));
}

#[test]
fn events_of_a_crawl_tell_a_limited_key_no_more_than_what_happens() {
    let registry = FaultyRegistry::holding(|content| fill(content, &["other/x"])).start();
    let world = World::of(&[&registry]);
    let text = with_key(&world.service, "/v1/crawls/1/events", &world.key).text();
    let mut kinds = 0;
    for data in text.lines().filter_map(|line| line.strip_prefix("data: ")) {
        let members: Value = serde_json::from_str(data).expect("JSON");
        let names: Vec<&str> = members
            .as_object()
            .expect("an object")
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(names, ["at", "kind", "text"], "{data}");
        kinds += 1;
    }
    assert!(kinds >= 3, "{text}");
    let crawl = with_key(&world.service, "/v1/crawls/1", &world.key).json();
    for absent in [
        "repositories_done",
        "repositories_total",
        "tags_done",
        "requests",
        "bytes_received",
        "faults",
    ] {
        assert!(crawl.get(absent).is_none(), "{absent}: {crawl}");
    }
    assert_eq!(crawl["message"], Value::Null);
}
