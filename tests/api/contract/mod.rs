//! The contract of the API: the OpenAPI document as it is (`openapi.json`), as it was when clients began to rely on it
//! (`baseline.json`), and whether answers are of the form it promises.
//!
//! `baseline.json` is what the service served before its schemas were derived from the types of its answers. It is
//! replaced where an incompatible change of the API is announced, and at no other time.

mod compatibility;

use std::collections::BTreeMap;
use std::path::PathBuf;

use jsonschema::{Draft, Validator};
use serde_json::{Value, json};

/// Set to anything, it makes the test write the present document instead of comparing it.
pub const RENEW: &str = "TARE_RENEW_OPENAPI";

/// The path of a file beside this one.
pub fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/api/contract")
        .join(name)
}

/// A JSON document beside this file.
fn document(name: &str) -> Value {
    let text = std::fs::read(file(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// What an OpenAPI document promises of answers.
pub struct Promises {
    /// The document, in which no object may have members that it does not name.
    document: Value,
    validators: BTreeMap<String, Validator>,
}

impl Promises {
    /// The promises of a document.
    pub fn new(document: &Value) -> Self {
        let mut document = document.clone();
        close(&mut document);
        Self {
            document,
            validators: BTreeMap::new(),
        }
    }

    /// Everything in which a JSON answer is not as the schema at this place of the document promises: what is missing, what
    /// has another type, form or word, and what is not documented.
    pub fn broken(&mut self, pointer: &str, answer: &Value) -> Vec<String> {
        let schema = || {
            let mut root = self.document.clone();
            let promised = root
                .pointer(pointer)
                .unwrap_or_else(|| panic!("the document has no {pointer}"))
                .clone();
            root = json!({"components": root["components"]});
            root["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
            root["allOf"] = json!([promised]);
            jsonschema::options()
                .with_draft(Draft::Draft202012)
                .should_validate_formats(true)
                .build(&root)
                .unwrap_or_else(|error| panic!("{pointer} is not a JSON Schema: {error}"))
        };
        let validator = self.validators.entry(pointer.to_owned()).or_insert_with(schema);
        let errors = validator.iter_errors(answer);
        errors
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect()
    }

    /// Fails where an answer of an operation is not as promised.
    pub fn check(&mut self, method: &str, template: &str, status: u16, answer: &Value) {
        let path = template.replace('/', "~1");
        let pointer = format!("/paths/{path}/{method}/responses/{status}/content/application~1json/schema");
        let broken = self.broken(&pointer, answer);
        assert!(broken.is_empty(), "{method} {template}: {broken:#?}");
    }
}

/// Makes every object of a schema refuse members that it does not name. Clients must accept new members; here they are
/// what the document forgets.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            members.values_mut().for_each(close);
            let is_object = members.get("properties").is_some_and(Value::is_object)
                && members.get("type").is_some_and(|kind| kind == "object");
            if is_object && !members.contains_key("additionalProperties") {
                members.insert("additionalProperties".to_owned(), json!(false));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

#[test]
fn a_wrong_answer_breaks_the_promise() {
    let mut promises = Promises::new(&document("openapi.json"));
    let money = "/components/schemas/Money";
    let mut broken = |answer: Value| promises.broken(money, &answer).len();
    assert_eq!(broken(json!({"amount": "1.5", "currency": "USD"})), 0);
    for wrong in [
        json!({"amount": "1.5"}),
        json!({"amount": 1.5, "currency": "USD"}),
        json!({"amount": "1,5", "currency": "USD"}),
        json!({"amount": "1.5", "currency": "dollars"}),
        json!({"amount": "1.5", "currency": "USD", "rate": 1}),
    ] {
        assert_eq!(broken(wrong.clone()), 1, "{wrong}");
    }
}
