//! That a client of the baseline can use the present API: nothing that it sends or reads is lost, renamed or means
//! less.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::document;

/// Components that have no successor of the same name: their members stand in the schemas that had them.
const DISSOLVED: [&str; 1] = ["Grounds"];

/// Members that a key limited to cost centres no longer gets: they count what belongs to others, and so told what it must not
/// learn. Every other caller gets them as before.
const WITHHELD: [&str; 8] = [
    "bytes_received",
    "faults",
    "last_crawl.losses",
    "repositories_done",
    "repositories_total",
    "requests",
    "tags_done",
    "waited_milliseconds",
];

/// Whether a break is that a limited key does not get one of [`WITHHELD`] of a crawl.
fn is_withheld(broken: &str) -> bool {
    let member = broken.strip_suffix(": may be missing");
    let is_of_a_crawl = broken.contains("/v1/crawls") || broken.contains("last_crawl.");
    is_of_a_crawl
        && member.is_some_and(|member| WITHHELD.iter().any(|name| member.ends_with(&format!(".{name}"))))
}

#[test]
fn the_document_is_compatible_with_the_baseline() {
    let mut broken = breaks(&document("baseline.json"), &document("openapi.json"));
    broken.retain(|broken| !is_withheld(broken));
    assert!(
        broken.is_empty(),
        "clients of the baseline would break; keep the old members beside the new ones:\n{}",
        broken.join("\n")
    );
}

#[test]
fn a_document_is_compatible_with_itself() {
    for name in ["baseline.json", "openapi.json"] {
        let document = document(name);
        assert_eq!(breaks(&document, &document), Vec::<String>::new(), "{name}");
    }
}

/// A change of the document that must be found, and a part of its message.
type Break = (&'static str, fn(&mut Value), &'static str);

#[test]
fn each_kind_of_incompatible_change_is_found() {
    let breaking: [Break; 15] = [
        (
            "a path is lost",
            |all| drop(members(all, "/paths").remove("/v1/savings")),
            "/v1/savings",
        ),
        (
            "a method is lost",
            |all| drop(members(all, "/paths/~1v1~1crawls").remove("post")),
            "post /v1/crawls",
        ),
        (
            "an operation has another name",
            |all| all["paths"]["/v1/savings"]["get"]["operationId"] = json!("savings"),
            "operationId",
        ),
        (
            "a parameter is renamed",
            |all| all["paths"]["/v1/savings"]["get"]["parameters"][0]["name"] = json!("x"),
            "parameter",
        ),
        (
            "a parameter is required",
            |all| all["paths"]["/v1/savings"]["get"]["parameters"][0]["required"] = json!(true),
            "required",
        ),
        (
            "a word of a parameter is lost",
            |all| drop(words(&mut all["paths"]["/v1/repositories"]["get"], "sort").remove(0)),
            "word",
        ),
        (
            "a status is lost",
            |all| drop(members(all, "/paths/~1v1~1savings/get/responses").remove("304")),
            "304",
        ),
        (
            "a media type is lost",
            |all| drop(members(all, "/paths/~1v1~1savings/get/responses/200/content").remove("text/csv")),
            "text/csv",
        ),
        (
            "a member of an answer is lost",
            |all| drop(members(all, "/components/schemas/Tag/properties").remove("stored_bytes")),
            "stored_bytes",
        ),
        (
            "a member of an answer may be missing",
            |all| all["components"]["schemas"]["Tag"]["required"] = json!(["tag"]),
            "may be missing",
        ),
        (
            "a member of an answer may be null",
            |all| {
                let bytes = &mut all["components"]["schemas"]["Tag"]["properties"]["stored_bytes"];
                bytes["type"] = json!(["integer", "null"]);
            },
            "null",
        ),
        (
            "a word of an answer is lost",
            |all| {
                let verdict = &mut all["components"]["schemas"]["Verdict"];
                verdict["enum"].as_array_mut().unwrap().remove(0);
            },
            "word switch",
        ),
        (
            "a form is not promised any more",
            |all| drop(members(all, "/components/schemas/Money/properties/amount").remove("pattern")),
            "pattern",
        ),
        (
            "a member of a body is lost",
            |all| drop(members(all, "/components/schemas/WhatIfQuestion/properties").remove("switch")),
            "switch",
        ),
        (
            "a member of a body is required",
            |all| all["components"]["schemas"]["WhatIfQuestion"]["required"] = json!(["switch"]),
            "required",
        ),
    ];
    for name in ["baseline.json", "openapi.json"] {
        let before = document(name);
        for (what, change, expected) in &breaking {
            let mut after = before.clone();
            change(&mut after);
            assert_ne!(before, after, "{name}: {what}");
            let found = breaks(&before, &after);
            assert!(
                found.iter().any(|found| found.contains(expected)),
                "{name}: {what}: {found:?}"
            );
        }
    }
}

#[test]
fn additions_are_compatible() {
    let before = document("openapi.json");
    let mut after = before.clone();
    members(&mut after, "/components/schemas/Tag/properties").insert("age".to_owned(), json!({}));
    let question = "/components/schemas/WhatIfQuestion/properties";
    members(&mut after, question).insert("target".to_owned(), json!({"type": "string"}));
    let verdict = &mut after["components"]["schemas"]["Verdict"];
    verdict["enum"].as_array_mut().unwrap().push(json!("shrink"));
    let operation = json!({"operationId": "get_forecasts", "responses": {}});
    members(&mut after, "/paths").insert("/v1/forecasts".to_owned(), json!({"get": operation}));
    assert_eq!(breaks(&before, &after), Vec::<String>::new());
}

fn members<'a>(document: &'a mut Value, pointer: &str) -> &'a mut Map<String, Value> {
    let value = document
        .pointer_mut(pointer)
        .unwrap_or_else(|| panic!("no {pointer}"));
    value.as_object_mut().expect("an object")
}

/// The words of an operation's parameter.
fn words<'a>(operation: &'a mut Value, name: &str) -> &'a mut Vec<Value> {
    let parameters = operation["parameters"].as_array_mut().expect("a list");
    let parameter = parameters.iter_mut().find(|parameter| parameter["name"] == name);
    let parameter = parameter.expect("the parameter");
    parameter["schema"]["enum"].as_array_mut().expect("words")
}

/// What clients of one document cannot do any more with another.
fn breaks(before: &Value, after: &Value) -> Vec<String> {
    let mut comparison = Comparison {
        before,
        after,
        found: BTreeSet::new(),
    };
    comparison.paths();
    for kind in ["schemas", "responses", "securitySchemes"] {
        for (name, _) in entries(&before["components"][kind]) {
            let is_there = !after["components"][kind][name].is_null();
            if !is_there && !DISSOLVED.contains(&name.as_str()) {
                comparison.say(kind, &format!("{name} is lost"));
            }
        }
    }
    comparison.found.into_iter().collect()
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Whose need it is that a schema says the same as before.
#[derive(Clone, Copy, PartialEq)]
enum Side {
    /// Clients send it: what was accepted must be accepted.
    Sent,
    /// Clients read it: what was promised must be kept.
    Read,
}

struct Comparison<'a> {
    before: &'a Value,
    after: &'a Value,
    found: BTreeSet<String>,
}

impl Comparison<'_> {
    fn say(&mut self, place: &str, what: &str) {
        self.found.insert(format!("{place}: {what}"));
    }

    fn paths(&mut self) {
        let (before, after) = (self.before, self.after);
        for (path, methods) in entries(&before["paths"]) {
            for (method, operation) in entries(methods) {
                let place = format!("{method} {path}");
                match after["paths"][path].get(method) {
                    None => self.say(&place, "is lost"),
                    Some(now) => self.operation(&place, operation, now),
                }
            }
        }
    }

    fn operation(&mut self, place: &str, before: &Value, after: &Value) {
        if before["operationId"] != after["operationId"] {
            self.say(place, "has another operationId");
        }
        let key = |parameter: &Value| (parameter["name"].clone(), parameter["in"].clone());
        let find = |list: &Value, wanted: &Value| {
            let mut list = items(list).iter();
            list.find(|parameter| key(parameter) == key(wanted)).cloned()
        };
        for parameter in items(&before["parameters"]) {
            let place = format!("{place} parameter {}", parameter["name"]);
            match find(&after["parameters"], parameter) {
                None => self.say(&place, "is lost"),
                Some(now) => {
                    self.schema(Side::Sent, &place, &parameter["schema"], &now["schema"]);
                }
            }
        }
        for now in items(&after["parameters"]) {
            let was_required = find(&before["parameters"], now).is_some_and(|old| old["required"] == true);
            if now["required"] == true && !was_required {
                self.say(place, &format!("the parameter {} is required", now["name"]));
            }
        }
        let body = |operation: &Value| operation["requestBody"]["content"].clone();
        self.content(Side::Sent, &format!("{place} body"), &body(before), &body(after));
        for (status, response) in entries(&before["responses"]) {
            let place = format!("{place} {status}");
            let response = resolved(self.before, response);
            let now = &after["responses"][status];
            if now.is_null() {
                self.say(&place, "is lost");
                continue;
            }
            let now = resolved(self.after, now);
            for part in ["headers", "links"] {
                for (name, _) in entries(&response[part]) {
                    if now[part].get(name).is_none() {
                        self.say(&place, &format!("{part} {name} is lost"));
                    }
                }
            }
            self.content(Side::Read, &place, &response["content"], &now["content"]);
        }
    }

    fn content(&mut self, side: Side, place: &str, before: &Value, after: &Value) {
        for (media_type, content) in entries(before) {
            let place = format!("{place} {media_type}");
            match after.get(media_type) {
                None => self.say(&place, "is lost"),
                Some(now) => self.schema(side, &place, &content["schema"], &now["schema"]),
            }
        }
    }

    /// Compares two schemas by what they allow, however they are put together.
    fn schema(&mut self, side: Side, place: &str, before: &Value, after: &Value) {
        let (before, after) = (Form::new(self.before, before), Form::new(self.after, after));
        let (wider, narrower) = match side {
            Side::Sent => (&after, &before),
            Side::Read => (&before, &after),
        };
        let is_within = match (wider.kinds.is_empty(), narrower.kinds.is_empty()) {
            (true, _) => true,
            (false, any) => !any && narrower.kinds.is_subset(&wider.kinds),
        };
        if !is_within {
            let (old, new) = (&before.kinds, &after.kinds);
            self.say(place, &format!("the types were {old:?} and are {new:?}"));
        }
        match (&before.words, &after.words) {
            (Some(old), Some(new)) => {
                for word in old.difference(new) {
                    self.say(place, &format!("the word {word} is lost"));
                }
            }
            (Some(_), None) if side == Side::Read => self.say(place, "the words are not said any more"),
            (None, Some(_)) if side == Side::Sent => self.say(place, "only some words are accepted"),
            _ => {}
        }
        for (keyword, value) in &before.checks {
            let is_said = after.checks.contains_key(keyword) || after.words.is_some();
            if side == Side::Read && !is_said {
                self.say(place, &format!("{keyword} {value} is not promised any more"));
            }
        }
        for (name, member) in &before.members {
            let place = format!("{place}.{name}");
            let Some(now) = after.members.get(name) else {
                self.say(&place, "is lost");
                continue;
            };
            if side == Side::Read && member.is_required && !now.is_required {
                self.say(&place, "may be missing");
            }
            self.schema(side, &place, &member.schema, &now.schema);
        }
        for (name, member) in &after.members {
            let was_required = before.members.get(name).is_some_and(|old| old.is_required);
            if side == Side::Sent && member.is_required && !was_required {
                self.say(&format!("{place}.{name}"), "is required");
            }
        }
        for (name, old, new) in [
            ("[]", &before.items, &after.items),
            ("{}", &before.values, &after.values),
            ("{name}", &before.names, &after.names),
        ] {
            match (old, new) {
                (Some(old), Some(new)) => self.schema(side, &format!("{place}{name}"), old, new),
                (Some(old), None) if entries(old).next().is_some() => {
                    self.say(&format!("{place}{name}"), "is not described any more");
                }
                _ => {}
            }
        }
    }
}

/// What a reference leads to, in however many steps.
fn resolved<'a>(document: &'a Value, mut value: &'a Value) -> &'a Value {
    while let Some(target) = value["$ref"].as_str() {
        value = document
            .pointer(target.trim_start_matches('#'))
            .unwrap_or_else(|| panic!("{target} leads nowhere"));
    }
    value
}

/// What a schema allows, with everything resolved that it is put together from.
#[derive(Default, Clone)]
struct Form {
    /// The types; none where any is allowed.
    kinds: BTreeSet<String>,
    /// The words of which a text is one.
    words: Option<BTreeSet<String>>,
    /// `pattern`, `format`, `minimum`: what a value is held to beside its type.
    checks: BTreeMap<&'static str, Value>,
    members: BTreeMap<String, Member>,
    /// The schema of a list's items.
    items: Option<Value>,
    /// The schemas of a map's values and of their names.
    values: Option<Value>,
    names: Option<Value>,
}

#[derive(Clone)]
struct Member {
    schema: Value,
    is_required: bool,
}

impl Form {
    fn new(document: &Value, schema: &Value) -> Self {
        let schema = resolved(document, schema);
        let mut form = Self::own(schema);
        for part in items(&schema["allOf"]) {
            form = form.and(Self::new(document, part));
        }
        for choices in ["anyOf", "oneOf"] {
            let choices = items(&schema[choices]).iter();
            let choices = choices.map(|choice| Self::new(document, choice));
            if let Some(either) = choices.reduce(Self::or) {
                form = form.and(either);
            }
        }
        form
    }

    /// What a schema says itself.
    fn own(schema: &Value) -> Self {
        let kinds = match &schema["type"] {
            Value::String(kind) => BTreeSet::from([kind.clone()]),
            kinds => items(kinds).iter().filter_map(text).collect(),
        };
        let words = match (&schema["enum"], text(&schema["const"])) {
            (Value::Array(words), _) => Some(words.iter().filter_map(text).collect()),
            (_, Some(word)) => Some(BTreeSet::from([word])),
            _ => None,
        };
        let checks = ["pattern", "format", "minimum"]
            .into_iter()
            .filter_map(|keyword| Some((keyword, schema.get(keyword)?.clone())));
        let required: BTreeSet<String> = items(&schema["required"]).iter().filter_map(text).collect();
        let members = entries(&schema["properties"]).map(|(name, schema)| {
            let member = Member {
                schema: schema.clone(),
                is_required: required.contains(name),
            };
            (name.clone(), member)
        });
        let part = |name: &str| schema.get(name).filter(|part| part.is_object()).cloned();
        Self {
            kinds,
            words,
            checks: checks.collect(),
            members: members.collect(),
            items: part("items"),
            values: part("additionalProperties"),
            names: part("propertyNames"),
        }
    }

    /// What both allow together.
    fn and(self, other: Self) -> Self {
        let kinds = match (self.kinds.is_empty(), other.kinds.is_empty()) {
            (false, false) => self.kinds.intersection(&other.kinds).cloned().collect(),
            (true, _) => other.kinds,
            (_, true) => self.kinds,
        };
        let mut members = self.members;
        for (name, member) in other.members {
            let is_required = members.get(&name).is_some_and(|own| own.is_required);
            members
                .entry(name)
                .and_modify(|own| own.is_required = is_required || member.is_required)
                .or_insert(member);
        }
        let mut checks = self.checks;
        checks.extend(other.checks);
        Self {
            kinds,
            words: self.words.or(other.words),
            checks,
            members,
            items: self.items.or(other.items),
            values: self.values.or(other.values),
            names: self.names.or(other.names),
        }
    }

    /// What one of them allows.
    fn or(self, other: Self) -> Self {
        if self.is_null() || other.is_null() {
            let mut form = if self.is_null() { other } else { self };
            form.kinds.insert("null".to_owned());
            return form;
        }
        let either = |one: Option<Value>, other: Option<Value>| match (one, other) {
            (Some(one), Some(other)) if one != other => Some(json!({"anyOf": [one, other]})),
            (one, other) => one.or(other),
        };
        let mut members = BTreeMap::new();
        let names: BTreeSet<&String> = self.members.keys().chain(other.members.keys()).collect();
        for name in names {
            let (one, other) = (self.members.get(name), other.members.get(name));
            let is_required = [one, other]
                .iter()
                .all(|member| member.is_some_and(|member| member.is_required));
            let schema = |member: Option<&Member>| member.map(|member| member.schema.clone());
            let schema = either(schema(one), schema(other)).unwrap_or_default();
            members.insert(name.clone(), Member { schema, is_required });
        }
        let words = match (self.words, other.words) {
            (Some(one), Some(other)) => Some(&one | &other),
            _ => None,
        };
        let mut checks = self.checks;
        checks.retain(|keyword, value| other.checks.get(keyword) == Some(value));
        Self {
            kinds: &self.kinds | &other.kinds,
            words,
            checks,
            members,
            items: either(self.items, other.items),
            values: either(self.values, other.values),
            names: either(self.names, other.names),
        }
    }

    fn is_null(&self) -> bool {
        self.kinds.len() == 1 && self.kinds.contains("null")
    }
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}
