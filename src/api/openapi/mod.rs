//! The OpenAPI 3.1 document, made of the operations' own declarations and of the schemas of the types that they
//! read and answer with, and a page that shows it without external resources.

mod examples;
mod page;
mod security;
mod shape;

use serde_json::{Map, Value, json};

pub(super) use page::{content_security_policy, page, simple_page};
pub(super) use security::Credentials;
pub(super) use shape::Shape;

use super::access::Access;
use super::operation::{Content, Operation};
use super::problem::{Document, KINDS, Kind, MEDIA_TYPE};
use shape::{Components, reference};

const ABOUT: &str = "What container registries store, what that costs, and both if every image were built on Alpine. \
    Figures are computed after each crawl. Every answer states its time (`as_of`), its age (`freshness`) and its \
    inputs (`versions`). Sizes are whole bytes. Amounts of money are decimal strings \
    with a currency, exact and never rounded. Estimates are intervals: `low`, `expected`, `high`. Every error \
    is a problem of RFC 9457.";

/// The groups of operations, in the order of the documentation.
const GROUPS: [(&str, &str); 8] = [
    (
        "registries",
        "What registries store, what they cost, and what Alpine would save.",
    ),
    (
        "repositories",
        "The same for each repository; its tags, its images and its course over time.",
    ),
    (
        "images",
        "Images of all registries, one image explained, and what deleting old tags would free.",
    ),
    ("costs", "Costs over time by groups, and what changed and why."),
    (
        "money",
        "Sums by group, savings, history with forecast, exports for finance, price books and what-if questions.",
    ),
    ("crawls", "Crawls: requested, followed and cancelled."),
    (
        "pulls",
        "Events that registries send: pulls, pushes and deletions.",
    ),
    ("service", "Health, metrics and documentation of the service."),
];

/// The name of the schema of every problem.
const PROBLEM: &str = "Problem";

/// The whole document. `books` are the ids of the available price books. `server` is the address of the service, `/` if
/// only the client knows it.
pub(super) fn document(
    operations: &[Operation],
    credentials: &Credentials,
    books: &[&str],
    server: &str,
) -> Value {
    let mut components = Components::new();
    let mut paths: Map<String, Value> = Map::new();
    for operation in operations.iter().filter(|operation| operation.is_documented) {
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        let method = operation.method.as_str().to_ascii_lowercase();
        path[method] = documented(operation, credentials, &mut components);
    }
    components.answer(Shape::new::<Document<'_>>(PROBLEM));
    let mut schemas = components.finish();
    // The only part that depends on the configuration.
    if let Some(book) = schemas
        .get_mut("WhatIfQuestion")
        .and_then(|question| question.pointer_mut("/properties/price_book"))
    {
        let description = book["description"].take();
        let known = json!({"type": "string", "enum": books});
        *book = json!({"anyOf": [known, {"type": "null"}], "description": description});
    }
    let responses: Map<String, Value> = KINDS
        .iter()
        .map(|kind| (kind.name.to_owned(), problem_response(kind)))
        .collect();
    json!({
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {
            "title": "Tare",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "servers": [{"url": server}],
        "tags": GROUPS.map(|(name, about)| json!({"name": name, "description": about})),
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": responses,
            "securitySchemes": credentials.schemes(),
        },
    })
}

fn documented(operation: &Operation, credentials: &Credentials, components: &mut Components) -> Value {
    let mut parameters: Vec<Value> = Vec::new();
    for (place, declared) in [
        ("path", &operation.in_path),
        ("query", &operation.in_query),
        ("header", &operation.in_headers),
    ] {
        parameters.extend(declared.iter().map(|parameter| {
            let mut document = parameter.document(place);
            document["example"] = examples::parameter(operation.id, parameter);
            document
        }));
    }
    if operation.answer.is_cacheable {
        parameters.push(json!({
            "name": "If-None-Match",
            "in": "header",
            "required": false,
            "description": "ETags of cached answers. If one is current, the answer is 304.",
            "schema": {"type": "string"},
            "example": "\"0f343b0931126a20f133d67c2b018a3b\"",
        }));
    }
    let mut description = operation.about.to_owned();
    let security = match operation.access {
        Access::Open => json!([]),
        Access::AnyCaller => credentials.alternatives(),
        Access::Events => {
            let sentence = "Needs the scope `ingest`, or the secret of the registry.";
            description = format!("{description} {sentence}").trim().to_owned();
            credentials.alternatives()
        }
        Access::Needs(scope) => {
            let sentence = format!("Needs the scope `{}`.", scope.as_str());
            description = format!("{description} {sentence}").trim().to_owned();
            credentials.alternatives()
        }
    };
    let mut documented = json!({
        "operationId": operation.id,
        "tags": [operation.group],
        "summary": operation.summary,
        "description": description,
        "parameters": parameters,
        "security": security,
        "responses": responses(operation, components),
    });
    if let Some(body) = operation.body {
        let schema = components.body(body);
        let content: Map<String, Value> = operation
            .body_types
            .iter()
            .map(|media_type| {
                let content = with_example(json!({"schema": schema}), examples::body(operation.id));
                ((*media_type).to_owned(), content)
            })
            .collect();
        documented["requestBody"] = json!({"required": true, "content": content});
    }
    documented
}

fn responses(operation: &Operation, components: &mut Components) -> Value {
    let answer = &operation.answer;
    let mut headers = json!({"X-Request-Id": header("The identifier of the request in the log.")});
    if answer.is_cacheable {
        headers["ETag"] = header("A strong entity tag.");
    }
    for (name, about) in &answer.headers {
        headers[name] = header(about);
    }
    let content: Map<String, Value> = answer
        .forms
        .iter()
        .map(|form| {
            let schema = match form.content {
                Content::Shaped(shape) => components.answer(shape),
                Content::Text => json!({"type": "string"}),
                Content::Binary => json!({"type": "string", "format": "binary"}),
            };
            let example = examples::answer(operation.id, form.media_type);
            (
                form.media_type.to_owned(),
                with_example(json!({"schema": schema}), example),
            )
        })
        .collect();
    let mut responses = Map::new();
    let mut success = json!({"description": answer.about, "headers": headers, "content": content});
    for link in &answer.links {
        let parameters: Map<String, Value> = link
            .parameters
            .iter()
            .map(|(name, place)| ((*name).to_owned(), json!(place)))
            .collect();
        success["links"][link.to] = json!({"operationId": link.to, "parameters": parameters});
    }
    responses.insert(answer.status.to_string(), success);
    if answer.is_cacheable {
        responses.insert(
            "304".to_owned(),
            json!({"description": "The client's copy is current."}),
        );
    }
    for kind in operation.all_problems() {
        responses.insert(
            kind.status.to_string(),
            json!({"$ref": format!("#/components/responses/{}", kind.name)}),
        );
    }
    responses.into()
}

/// Content with an example, if there is one.
fn with_example(mut content: Value, example: &Value) -> Value {
    if !example.is_null() {
        content["example"] = example.clone();
    }
    content
}

fn header(about: &str) -> Value {
    json!({"description": about, "schema": {"type": "string"}})
}

fn problem_response(kind: &Kind) -> Value {
    let mut response = json!({
        "description": format!("{}. {}", kind.title, kind.advice),
        "content": {MEDIA_TYPE: {"schema": reference(PROBLEM)}},
    });
    let names: &[(&str, &str)] = match kind.status {
        401 | 403 => &[("WWW-Authenticate", "The required authentication.")],
        405 => &[("Allow", "The allowed methods.")],
        429 | 503 => &[("Retry-After", "Seconds to wait before the next attempt.")],
        _ => &[],
    };
    for (name, about) in names {
        response["headers"][name] = header(about);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::super::resources::operations;
    use super::super::settings::AccessMode;
    use super::*;

    /// Every `$ref` in a document.
    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    match member.as_str() {
                        Some(target) if name == "$ref" => found.push(target.to_owned()),
                        _ => references(member, found),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }

    #[test]
    fn every_reference_leads_somewhere_and_every_schema_is_used() {
        let credentials = Credentials::new(AccessMode::Credentials, ["https://a.example/x".to_owned()], None);
        let document = document(&operations(false), &credentials, &["book"], "/");
        let mut found = Vec::new();
        references(&document, &mut found);
        for target in &found {
            let pointer = target.trim_start_matches('#');
            assert!(document.pointer(pointer).is_some(), "{target} leads nowhere");
        }
        for name in document["components"]["schemas"].as_object().unwrap().keys() {
            let target = format!("#/components/schemas/{name}");
            assert!(found.contains(&target), "{name} is used nowhere");
        }
    }

    #[test]
    fn links_lead_to_operations_and_name_their_parameters() {
        let operations = operations(false);
        for link in operations.iter().flat_map(|operation| &operation.answer.links) {
            let target = operations
                .iter()
                .find(|operation| operation.id == link.to)
                .unwrap();
            for parameter in &target.in_path {
                let is_given = link.parameters.iter().any(|(name, _)| *name == parameter.name);
                assert!(is_given, "{} without {}", link.to, parameter.name);
            }
        }
    }

    #[test]
    fn every_operation_is_in_a_group_that_is_described() {
        let operations = operations(false);
        for operation in &operations {
            let is_described = GROUPS.iter().any(|(name, _)| *name == operation.group);
            assert!(is_described, "{}: {}", operation.id, operation.group);
        }
    }

    #[test]
    fn every_member_of_a_schema_has_a_description() {
        fn undescribed(schema: &Value, path: &str, found: &mut Vec<String>) {
            for (name, member) in schema["properties"].as_object().into_iter().flatten() {
                let path = format!("{path}.{name}");
                if member["description"].as_str().is_none_or(str::is_empty) {
                    found.push(path.clone());
                }
                undescribed(member, &path, found);
            }
            for list in ["anyOf", "oneOf", "allOf"] {
                let alternatives = schema[list].as_array().into_iter().flatten();
                alternatives.for_each(|schema| undescribed(schema, path, found));
            }
            for inner in ["items", "additionalProperties"] {
                if schema[inner].is_object() {
                    undescribed(&schema[inner], path, found);
                }
            }
        }
        let credentials = Credentials::new(AccessMode::Credentials, ["https://a.example/x".to_owned()], None);
        let document = document(&operations(false), &credentials, &["book"], "/");
        let mut found = Vec::new();
        for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
            if schema["description"].as_str().is_none_or(str::is_empty) {
                found.push(name.clone());
            }
            undescribed(schema, name, &mut found);
        }
        assert_eq!(found, Vec::<String>::new());
    }

    #[test]
    fn operations_have_names_and_paths_of_their_own() {
        let operations = operations(false);
        for (place, operation) in operations.iter().enumerate() {
            for other in &operations[place + 1..] {
                assert_ne!(operation.id, other.id);
                assert!(
                    operation.path != other.path || operation.method != other.method,
                    "{}",
                    other.path
                );
            }
        }
    }
}
