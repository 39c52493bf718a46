//! That the OpenAPI document is true: every answer is of the form it promises, and has nothing it keeps silent.

use reqwest::Method;
use serde_json::{Value, json};

use super::{company, name_of};

#[test]
fn answers_are_what_the_document_promises() {
    let (registry, program) = company();
    let service = program.serve(&["--role", "api"]);
    let document = service.json("/openapi.json");
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(named_twice(&document), None, "JSON Schema wants each name once");
    let images = format!("/v1/repositories/{}/web/images", name_of(&registry));
    let digest = service.json(&images)["items"][0]["digest"].clone();
    let mut asked = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        let Some(schema) = methods["get"].pointer("/responses/200/content/application~1json/schema") else {
            continue;
        };
        let path = path
            .replace("{registry}", &name_of(&registry))
            .replace("{repository}", "web")
            .replace("{digest}", digest.as_str().unwrap());
        let id = if path.contains("crawls") { "1" } else { "aws-ecr" };
        let path = path.replace("{id}", id);
        let answer = service.json(&path);
        if path != "/openapi.json" {
            let mut told = Told::new(&document);
            told.check(&answer, schema, &path);
            assert_eq!(told.wrong, Vec::<String>::new(), "{path}");
        }
        asked += 1;
    }
    assert!(asked > 15, "{asked}");

    let question = "/paths/~1v1~1whatif/post/responses/200/content/application~1json/schema";
    let answer = service.post("/v1/whatif", &json!({})).json();
    let mut told = Told::new(&document);
    told.check(&answer, document.pointer(question).unwrap(), "whatif");
    told.check(
        &service.get("/x").json(),
        &document["components"]["schemas"]["Problem"],
        "problem",
    );
    assert_eq!(told.wrong, Vec::<String>::new());
    assert!(
        service
            .get("/docs")
            .text()
            .contains("/v1/repositories/{registry}")
    );
}

/// The first member that some object of a document requires more than once.
fn named_twice(document: &Value) -> Option<&Value> {
    let own = document.get("required").and_then(Value::as_array);
    let twice = own.into_iter().flatten().enumerate().find(|(place, name)| {
        let before = &own.map_or(&[][..], Vec::as_slice)[..*place];
        before.contains(name)
    });
    let within: Box<dyn Iterator<Item = &Value>> = match document {
        Value::Object(members) => Box::new(members.values()),
        Value::Array(items) => Box::new(items.iter()),
        _ => Box::new(std::iter::empty()),
    };
    twice
        .map(|(_, name)| name)
        .or_else(|| within.into_iter().find_map(named_twice))
}

/// What is declared to have a tag has one and is 304 for who knows it; what is not has none and is always answered.
#[test]
fn what_may_be_kept_is_as_the_document_declares() {
    let (registry, program) = company();
    let service = program.serve(&["--role", "api"]);
    let document = service.json("/openapi.json");
    let images = format!("/v1/repositories/{}/web/images", name_of(&registry));
    let digest = service.json(&images)["items"][0]["digest"].clone();
    let (mut kept, mut others) = (0, 0);
    for (template, methods) in document["paths"].as_object().unwrap() {
        let id = if template.contains("crawls") {
            "1"
        } else {
            "aws-ecr"
        };
        let path = template
            .replace("{registry}", &name_of(&registry))
            .replace("{repository}", "web")
            .replace("{digest}", digest.as_str().unwrap())
            .replace("{id}", id);
        for (method, operation) in methods.as_object().unwrap() {
            let ask = |if_none_match: Option<&str>| {
                let mut request = match method.as_str() {
                    "get" => service.request(Method::GET, &path),
                    _ => {
                        let body = match operation["operationId"].as_str().unwrap() {
                            "start_crawl" => json!({"registry": name_of(&registry)}),
                            "notify_of_pulls" => json!({"events": []}),
                            _ => json!({}),
                        };
                        let request = service.request(Method::POST, &path);
                        request
                            .header("content-type", "application/json")
                            .body(body.to_string())
                    }
                };
                if let Some(known) = if_none_match {
                    request = request.header("if-none-match", known);
                }
                service.send(request)
            };
            let first = ask(None);
            let place = format!("{method} {template}: {}", first.status);
            assert!((200..300).contains(&first.status), "{place}");
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
                // How old figures are changes once a second, and with it the tag.
                let is_told = (0..5).any(|_| ask(Some(ask(None).header("etag"))).status == 304);
                assert!(is_told, "{place}");
            } else {
                assert_ne!(ask(Some("*")).status, 304, "{place}");
            }
            *(if is_declared { &mut kept } else { &mut others }) += 1;
        }
    }
    assert!(kept > 15 && others > 5, "{kept} {others}");
}

/// What a document tells of answers, as far as this one uses JSON Schema.
struct Told<'a> {
    document: &'a Value,
    wrong: Vec<String>,
}

impl<'a> Told<'a> {
    fn new(document: &'a Value) -> Self {
        Self {
            document,
            wrong: Vec::new(),
        }
    }

    fn resolved<'s>(&self, schema: &'s Value) -> &'s Value
    where
        'a: 's,
    {
        match schema["$ref"].as_str() {
            Some(target) => self
                .document
                .pointer(target.trim_start_matches('#'))
                .expect("a schema"),
            None => schema,
        }
    }

    /// Checks a value; members that the schema does not name are wrong too.
    fn check(&mut self, value: &Value, schema: &Value, place: &str) {
        self.check_value(value, schema, place);
        let mut named = Vec::new();
        let is_open = self.names(schema, &mut named);
        for name in value.as_object().into_iter().flatten().map(|(name, _)| name) {
            if !is_open && !named.iter().any(|(known, _)| known == name) {
                self.wrong.push(format!("{place}.{name} is not documented"));
            }
        }
        for (name, schema) in named {
            if let Some(member) = value.get(&name) {
                self.check(member, &schema, &format!("{place}.{name}"));
            }
        }
        let item = self.resolved(schema)["items"].clone();
        for (index, member) in value.as_array().into_iter().flatten().enumerate() {
            self.check(member, &item, &format!("{place}[{index}]"));
        }
    }

    fn check_value(&mut self, value: &Value, schema: &Value, place: &str) {
        let schema = self.resolved(schema).clone();
        let of_type = |kind: &Value| match kind.as_str().unwrap_or_default() {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "integer" => value.is_i64() || value.is_u64(),
            "boolean" => value.is_boolean(),
            "null" => value.is_null(),
            _ => false,
        };
        let is_fine = match &schema["type"] {
            Value::Null => true,
            Value::Array(kinds) => kinds.iter().any(of_type),
            kind => of_type(kind),
        };
        if !is_fine {
            self.wrong
                .push(format!("{place} is {value}, not {}", schema["type"]));
        }
        if schema["enum"]
            .as_array()
            .is_some_and(|words| !words.contains(value))
        {
            self.wrong
                .push(format!("{place} is {value}, which is none of {}", schema["enum"]));
        }
        for name in schema["required"].as_array().into_iter().flatten() {
            if value.is_object() && value.get(name.as_str().unwrap_or_default()).is_none() {
                self.wrong.push(format!("{place} lacks {name}"));
            }
        }
        for part in schema["allOf"].as_array().into_iter().flatten() {
            self.check_value(value, part, place);
        }
        if let Some(choices) = schema["anyOf"].as_array() {
            let fits = choices.iter().any(|choice| {
                let mut told = Told::new(self.document);
                told.check(value, choice, place);
                told.wrong.is_empty()
            });
            if !fits {
                self.wrong
                    .push(format!("{place} is {value}, which is none of its choices"));
            }
        }
    }

    /// The members that a schema names, and whether there may be others.
    fn names(&self, schema: &Value, named: &mut Vec<(String, Value)>) -> bool {
        let schema = self.resolved(schema);
        for (name, member) in schema["properties"].as_object().into_iter().flatten() {
            named.push((name.clone(), member.clone()));
        }
        let mut is_open = schema["additionalProperties"].is_object() || schema["anyOf"].is_array();
        for part in schema["allOf"].as_array().into_iter().flatten() {
            is_open |= self.names(part, named);
        }
        is_open
    }
}
