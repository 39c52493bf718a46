//! Examples in the document: answers of the demo's service, and values of parameters.

use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::api::parameter::{Form, Parameter};

/// Bodies and answers of each operation by its id, shortened. A test writes the file from answers of `tare demo`, and checks that
/// every example fits its schema.
static EXAMPLES: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("examples.json")).unwrap_or_default());

/// Values of text parameters by name, which fit the demo.
const TEXTS: [(&str, &str); 23] = [
    ("aggregate", "cost_centre,team"),
    ("as_of", "2026-10-31"),
    ("base", "node:22"),
    ("base_tag", "22"),
    ("cost_centre", "CC-1300"),
    ("created_after", "2026-09-01"),
    ("created_before", "90d"),
    ("delete", "pr-*"),
    ("environment", "production"),
    ("keep", "v1.*"),
    ("keep_pulled_within", "30d"),
    ("not_pulled_for", "60d"),
    ("not_pulled_since", "30d"),
    ("older_than", "90d"),
    ("platform", "linux/amd64"),
    ("registry", "registry.norrwind.example"),
    ("repository", "shop/checkout-api"),
    ("search", "api"),
    ("step", "month"),
    ("tag", "v1.*"),
    ("team", "payments"),
    ("untagged_older_than", "7d"),
    ("window", "2026-10"),
];

/// The body of an operation; null if it has none.
pub(super) fn body(operation: &str) -> &'static Value {
    &EXAMPLES[operation]["body"]
}

/// The answer of an operation in a media type; null if there is no example.
pub(super) fn answer(operation: &str, media_type: &str) -> &'static Value {
    &EXAMPLES[operation]["answers"][media_type]
}

/// A value of a parameter.
pub(super) fn parameter(operation: &str, parameter: &Parameter) -> Value {
    let named = TEXTS.iter().find(|(name, _)| *name == parameter.name);
    match &parameter.form {
        Form::Word(words) => json!(words.first()),
        Form::Number { least, default, .. } => json!(default.unwrap_or(*least)),
        Form::Month => json!("2026-10"),
        Form::DayOrMonth => json!("2026-10-01"),
        Form::Order(keys) => json!(keys.first().map(|key| format!("-{key}"))),
        Form::Flag => json!(true),
        Form::Members => members(operation),
        Form::Text | Form::Window | Form::Token(_) => match (named, parameter.name) {
            (Some((_, value)), _) => json!(value),
            (None, "id") if operation.contains("price_book") => json!("aws-ecr"),
            (None, "id") => json!("1"),
            (None, "digest") => digest(),
            (None, "cursor") => json!("AAECAwQFBgcIreg"),
            (None, _) => json!("1"),
        },
    }
}

/// Two members of a list's rows.
fn members(operation: &str) -> Value {
    let row = &answer(operation, "application/json")["items"][0];
    let names = row.as_object().into_iter().flatten();
    let scalars = names.filter(|(_, value)| value.is_string() || value.is_number());
    let names: Vec<&str> = scalars.map(|(name, _)| name.as_str()).take(2).collect();
    json!(names.join(","))
}

/// The digest of an image in the examples.
fn digest() -> Value {
    let images = answer("list_all_images", "application/json");
    images["items"][0]["digest"].clone()
}
