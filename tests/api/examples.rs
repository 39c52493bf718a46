//! The examples of the OpenAPI document: each fits its schema, and they are answers of the demo.

use reqwest::Method;
use serde_json::{Map, Value, json};

use super::contract::{Promises, RENEW, file};
use super::questions::demo;

/// Bodies of the operations that take one.
fn body(operation: &str) -> Value {
    match operation {
        "start_crawl" => json!({"registry": "registry.norrwind.example"}),
        "notify_of_pulls" => json!({"events": []}),
        "simulate_cleanup_policy" => json!({"keep_newest": 2, "older_than": "30d"}),
        "ask_what_if" => json!({"repositories": ["shop/**"], "switch": "chosen", "cold_share": "0.8"}),
        _ => Value::Null,
    }
}

/// The longest line of a text in the document.
const LONGEST_LINE: usize = 2_000;

/// A list with its first entry only, at every depth.
fn shortened(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().take(1).map(shortened).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, member)| (name.clone(), shortened(member)))
            .collect::<Map<String, Value>>()
            .into(),
        value => value.clone(),
    }
}

/// The operations of a document: path, method and operation.
fn operations(document: &Value) -> Vec<(&str, &str, &Value)> {
    let paths = document["paths"].as_object().expect("paths");
    let methods = paths.iter().flat_map(|(path, methods)| {
        let methods = methods.as_object().expect("methods").iter();
        methods.map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
    });
    methods.collect()
}

/// Writes the examples from answers of the demo.
fn renew() {
    let service = demo();
    let document = service.json("/openapi.json");
    let images = service.json("/v1/images?repository=shop/checkout-api&limit=1");
    let digest = images["items"][0]["digest"]
        .as_str()
        .expect("a digest")
        .to_owned();
    let mut examples = Map::new();
    let mut all = operations(&document);
    // What changes the demo comes last.
    all.sort_by_key(|(_, method, _)| *method != "get");
    for (template, method, operation) in all {
        let id = operation["operationId"].as_str().expect("an id");
        if id == "get_openapi" || template == "/openapi.json" {
            examples.insert(
                id.to_owned(),
                json!({"answers": {"application/json": {"openapi": "3.1.0"}}}),
            );
            continue;
        }
        let key = if template.contains("price-books") {
            "aws-ecr".to_owned()
        } else if id == "cancel_crawl" {
            // Only a crawl that waits or runs can be cancelled.
            let asked = service.request(Method::POST, "/v1/crawls");
            let asked = asked.header("content-type", "application/json");
            let answer = service.send(asked.body(body("start_crawl").to_string()));
            answer.json()["id"].to_string()
        } else {
            "1".to_owned()
        };
        let path = template
            .replace("{registry}", "registry.norrwind.example")
            .replace("{repository}", "shop%2Fcheckout-api")
            .replace("{digest}", &digest)
            .replace("{id}", &key);
        let path = match id {
            // Without rules, nothing goes.
            "simulate_cleanup" => format!("{path}?keep_newest=10"),
            _ => path,
        };
        let sent = body(id);
        let mut answers = Map::new();
        let responses = operation["responses"].as_object().expect("responses");
        let forms = responses.iter().filter(|(status, _)| status.starts_with('2'));
        for media_type in
            forms.flat_map(|(_, response)| response["content"].as_object().into_iter().flatten())
        {
            let (media_type, content) = media_type;
            if content["schema"]["format"] == "binary" {
                continue;
            }
            let mut request =
                service.request(method.to_uppercase().parse::<Method>().expect("a method"), &path);
            request = request.header("accept", media_type);
            if !sent.is_null() {
                request = request
                    .header("content-type", "application/json")
                    .body(sent.to_string());
            }
            let answer = service.send(request);
            if answer.status >= 300 {
                eprintln!("{method} {path}: {} {}", answer.status, answer.text());
                continue;
            }
            let example = if media_type == "application/json" {
                shortened(&answer.json())
            } else {
                let text = answer.text();
                let cut = |line: &str| line.chars().take(LONGEST_LINE).collect::<String>();
                let lines: Vec<String> = text.lines().take(3).map(cut).collect();
                json!(lines.join("\n"))
            };
            answers.insert(media_type.clone(), example);
        }
        let mut example = json!({"answers": answers});
        if !sent.is_null() {
            example["body"] = sent;
        }
        examples.insert(id.to_owned(), example);
    }
    let mut text = serde_json::to_string_pretty(&Value::from(examples)).expect("JSON") + "\n";
    // Every key reads the document, so it names repositories of one cost centre only: a test looks for names of others.
    let repositories = service.json("/v1/repositories?limit=1000");
    let names = repositories["items"].as_array().expect("a list").iter();
    let names = names.map(|row| row["repository"].as_str().expect("a name"));
    let mut others: Vec<&str> = names.filter(|name| !name.starts_with("shop/")).collect();
    // A name can be a part of another.
    others.sort_by_key(|name| std::cmp::Reverse(name.len()));
    for name in others {
        text = text.replace(name, "shop/storefront");
    }
    let path = file("../../../src/api/openapi/examples.json");
    std::fs::write(path, text).expect("the examples are written");
}

#[test]
fn every_operation_has_examples_that_fit_their_schemas() {
    if std::env::vars_os().any(|(name, _)| name == RENEW) {
        renew();
        return;
    }
    let text = std::fs::read_to_string(file("openapi.json")).expect("the document");
    let document: Value = serde_json::from_str(&text).expect("JSON");
    let mut promises = Promises::new(&document);
    let mut missing = Vec::new();
    for (template, method, operation) in operations(&document) {
        let place = format!("{method} {template}");
        for parameter in operation["parameters"].as_array().expect("parameters") {
            if parameter["example"].is_null() || parameter["example"] == "" {
                missing.push(format!("{place}: {}", parameter["name"]));
            }
        }
        for (media_type, content) in operation["requestBody"]["content"]
            .as_object()
            .into_iter()
            .flatten()
        {
            if content["example"].is_null() {
                missing.push(format!("{place}: body {media_type}"));
            }
        }
        let responses = operation["responses"].as_object().expect("responses");
        for (status, response) in responses.iter().filter(|(status, _)| status.starts_with('2')) {
            for (media_type, content) in response["content"].as_object().into_iter().flatten() {
                if content["schema"]["format"] == "binary" {
                    continue;
                }
                if content["example"].is_null() {
                    missing.push(format!("{place}: {status} {media_type}"));
                } else if media_type == "application/json" && template != "/openapi.json" {
                    promises.check(
                        method,
                        template,
                        status.parse().expect("a status"),
                        &content["example"],
                    );
                }
            }
        }
    }
    assert_eq!(
        missing,
        Vec::<String>::new(),
        "no example; write them with {RENEW}=1"
    );
}
