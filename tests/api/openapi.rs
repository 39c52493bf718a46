//! That the OpenAPI document is true: every answer is of the form it promises, and has no member that it does not name.

use reqwest::Method;
use serde_json::{Value, json};

use super::contract::{Promises, RENEW, file};
use super::{announce_crawler, company, name_of};
use crate::support::service::{Answer, Service};

/// A service, and the values of the parameters in the paths of its operations.
struct Asked {
    service: Service,
    document: Value,
    registry: String,
    digest: String,
}

impl Asked {
    fn new(service: Service, registry: String) -> Self {
        let document = service.json("/openapi.json");
        let images = service.json(&format!("/v1/repositories/{registry}/web/images"));
        let digest = images["items"][0]["digest"].as_str().expect("a digest");
        Self {
            digest: digest.to_owned(),
            service,
            document,
            registry,
        }
    }

    /// Every operation: its path in the document, its method and itself. The stream of all changes is left out, since it
    /// does not end.
    fn operations(&self) -> impl Iterator<Item = (&String, &String, &Value)> {
        let paths = self.document["paths"].as_object().expect("paths");
        paths
            .iter()
            .flat_map(|(path, methods)| {
                let methods = methods.as_object().expect("methods");
                methods
                    .iter()
                    .map(move |(method, operation)| (path, method, operation))
            })
            .filter(|(_, _, operation)| operation["operationId"] != "follow_crawls")
    }

    /// Sends a request that succeeds, perhaps with tags of answers that the client has.
    fn ask(&self, template: &str, method: &str, operation: &Value, if_none_match: Option<&str>) -> Answer {
        let id = if method == "delete" {
            // One that is queued, so that it can be cancelled.
            let started = self
                .service
                .post("/v1/crawls", &json!({"registry": self.registry}));
            started.json()["id"].to_string()
        } else if template.contains("crawls") {
            "1".to_owned()
        } else {
            "aws-ecr".to_owned()
        };
        let path = template
            .replace("{registry}", &self.registry)
            .replace("{repository}", "web")
            .replace("{digest}", &self.digest)
            .replace("{id}", &id);
        let mut request = if method == "get" {
            self.service.request(Method::GET, &path)
        } else if method == "delete" {
            self.service.request(Method::DELETE, &path)
        } else {
            let body = match operation["operationId"].as_str().expect("an id") {
                "start_crawl" => json!({"registry": self.registry}),
                "notify_of_pulls" => json!({"events": []}),
                _ => json!({}),
            };
            let request = self.service.request(Method::POST, &path);
            request
                .header("content-type", "application/json")
                .body(body.to_string())
        };
        if let Some(known) = if_none_match {
            request = request.header("if-none-match", known);
        }
        let answer = self.service.send(request);
        assert!(answer.status < 400, "{method} {template}: {}", answer.text());
        answer
    }
}

#[test]
fn answers_are_what_the_document_promises() {
    let (registry, program) = company();
    announce_crawler(&program);
    let asked = Asked::new(program.serve(&["--role", "api"]), name_of(&registry));
    assert_eq!(asked.document["openapi"], "3.1.0");
    let mut promises = Promises::new(&asked.document);
    let mut checked = 0;
    for (template, method, operation) in asked.operations() {
        let answer = asked.ask(template, method, operation, None);
        let is_json = answer.header("content-type") == "application/json";
        // The document is of a form that it does not describe.
        if is_json && template != "/openapi.json" {
            promises.check(method, template, answer.status, &answer.json());
            checked += 1;
        }
    }
    assert!(checked > 15, "{checked}");
    let problem = "/components/schemas/Problem";
    for path in ["/x", "/v1/repositories?limit=0&colour=red"] {
        let answer = asked.service.get(path).json();
        assert_eq!(promises.broken(problem, &answer), Vec::<String>::new(), "{path}");
    }
    let documentation = asked.service.get("/docs").text();
    assert!(documentation.contains("/v1/repositories/{registry}"));
}

/// What clients, their generators and the page's types are made from. A change of it is a change of the API.
#[test]
fn the_document_is_the_one_that_is_kept() {
    let (registry, program) = company();
    let asked = Asked::new(program.serve(&["--role", "api"]), name_of(&registry));
    let text = serde_json::to_string_pretty(&asked.document).expect("JSON") + "\n";
    let kept = file("openapi.json");
    if std::env::vars_os().any(|(name, _)| name == RENEW) {
        std::fs::write(&kept, text).expect("the document is written");
        return;
    }
    let before = std::fs::read_to_string(&kept).unwrap_or_default();
    let difference = before
        .lines()
        .zip(text.lines())
        .enumerate()
        .find(|(_, (before, now))| before != now);
    let command =
        format!("{RENEW}=1 cargo test --test integration api::openapi::the_document_is_the_one_that_is_kept");
    assert!(
        before == text,
        "the OpenAPI document has changed; the first line that differs is {difference:?}. If the change is meant, write \
         the new document with\n\n    {command}\n\nand read its difference: whatever a client reads or sends today must \
         stay (tests/api/contract)."
    );
}

/// An answer that is declared to have a tag has one, and is 304 for a client that knows it; any other has none and is
/// always sent.
#[test]
fn an_answer_has_a_tag_where_the_document_declares_one() {
    let (registry, program) = company();
    announce_crawler(&program);
    let asked = Asked::new(program.serve(&["--role", "api"]), name_of(&registry));
    let (mut kept, mut others) = (0, 0);
    for (template, method, operation) in asked.operations() {
        let ask = |if_none_match: Option<&str>| asked.ask(template, method, operation, if_none_match);
        let first = ask(None);
        let place = format!("{method} {template}: {}", first.status);
        let success = &operation["responses"][first.status.to_string()];
        assert!(success.is_object(), "{place}");
        let tag = first.header("etag").to_owned();
        let is_declared = operation["responses"]["304"].is_object();
        assert_eq!(success["headers"]["ETag"].is_object(), is_declared, "{place}");
        let parameters = operation["parameters"].as_array().unwrap();
        let takes_tags = parameters
            .iter()
            .any(|parameter| parameter["name"] == "If-None-Match");
        assert_eq!(takes_tags, is_declared, "{place}");
        assert_eq!(!tag.is_empty(), is_declared, "{place}: tag {tag:?}");
        if is_declared {
            // Nothing in an answer depends on when it is asked for, so the tag is that of the first answer.
            assert_eq!(ask(Some(&tag)).status, 304, "{place}");
        } else {
            assert_ne!(ask(Some("*")).status, 304, "{place}");
        }
        *(if is_declared { &mut kept } else { &mut others }) += 1;
    }
    assert!(kept > 15 && others > 5, "{kept} {others}");
}
