//! The parts that schemas are put together from.

use serde_json::{Map, Value, json};

pub(super) use crate::api::operation::schema;

/// A member of an object: its name, what it is, and whether it may be missing.
pub(super) struct Member(&'static str, Value, bool);

/// A member that is always there.
pub(super) fn has(name: &'static str, schema: Value, about: &str) -> Member {
    Member(name, described(schema, about), true)
}

/// A member that may be missing.
pub(super) fn may_have(name: &'static str, schema: Value, about: &str) -> Member {
    Member(name, described(schema, about), false)
}

fn described(mut schema: Value, about: &str) -> Value {
    if !about.is_empty() {
        schema["description"] = json!(about);
    }
    schema
}

/// An object with these members. Others may be added in later versions.
pub(super) fn object(about: &str, members: impl IntoIterator<Item = Member>) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for Member(name, schema, is_required) in members {
        if is_required {
            required.push(name);
        }
        properties.insert(name.to_owned(), schema);
    }
    json!({"type": "object", "description": about, "properties": properties, "required": required})
}

/// All of these schemas at once.
pub(super) fn all_of(about: &str, schemas: impl IntoIterator<Item = Value>) -> Value {
    let schemas: Vec<Value> = schemas.into_iter().collect();
    json!({"description": about, "allOf": schemas})
}

pub(super) fn text() -> Value {
    json!({"type": "string"})
}

pub(super) fn moment() -> Value {
    json!({"type": "string", "format": "date-time"})
}

pub(super) fn count() -> Value {
    json!({"type": "integer", "minimum": 0})
}

pub(super) fn bytes() -> Value {
    json!({"type": "integer", "format": "int64", "minimum": 0})
}

/// A difference of bytes, which may be negative.
pub(super) fn signed_bytes() -> Value {
    json!({"type": "integer", "format": "int64"})
}

pub(super) fn yes_or_no() -> Value {
    json!({"type": "boolean"})
}

pub(super) fn list_of(schema: Value) -> Value {
    json!({"type": "array", "items": schema})
}

pub(super) fn one_of_words(words: impl IntoIterator<Item = &'static str>) -> Value {
    let words: Vec<&str> = words.into_iter().collect();
    json!({"type": "string", "enum": words})
}

/// This or nothing.
pub(super) fn or_null(mut schema: Value) -> Value {
    if schema.get("enum").is_some() || schema.get("type").is_none_or(|kind| !kind.is_string()) {
        return json!({"anyOf": [schema, {"type": "null"}]});
    }
    let kind = schema["type"].take();
    schema["type"] = json!([kind, "null"]);
    schema
}

/// A list as [`List`](crate::api::list::List) has it.
pub(super) fn page_of(item: &str) -> Value {
    let page = object(
        "",
        [
            has("items", list_of(schema(item)), "The rows of this page."),
            has(
                "next_cursor",
                or_null(text()),
                "Where the next page begins; null on the last.",
            ),
        ],
    );
    all_of("A list, page by page.", [page, schema("Grounds")])
}

/// The same with the totals of all pages.
pub(super) fn page_with_totals(item: &str, totals: &str) -> Value {
    let totals = object("", [has("totals", schema(totals), "The sums over all pages.")]);
    all_of("A list with its totals.", [page_of(item), totals])
}

pub(super) fn day() -> Value {
    json!({"type": "string", "format": "date"})
}

/// A decimal number as text, exact.
pub(super) fn decimal() -> Value {
    json!({"type": "string", "pattern": "^-?[0-9]+(\\.[0-9]+)?$"})
}
