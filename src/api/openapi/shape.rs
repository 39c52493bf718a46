//! JSON Schemas of bodies and answers, derived from the Rust types that are read and written.

use std::borrow::Cow;

use schemars::generate::SchemaSettings;
use schemars::transform::transform_subschemas;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

/// The schema of a body or an answer, and the name of its component in the document.
#[derive(Clone, Copy)]
pub(in crate::api) struct Shape {
    name: &'static str,
    schema: fn(&mut SchemaGenerator) -> Schema,
}

impl Shape {
    /// The schema derived from a type.
    pub(in crate::api) fn new<T: JsonSchema>(name: &'static str) -> Self {
        Self::written(name, T::json_schema)
    }

    /// The name of its component.
    pub(in crate::api) fn name(self) -> &'static str {
        self.name
    }

    /// A schema written by a function, for forms that are not a Rust type.
    pub(in crate::api) fn written(name: &'static str, schema: fn(&mut SchemaGenerator) -> Schema) -> Self {
        Self { name, schema }
    }
}

/// A reference to a component by its name.
pub(super) fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// Collects the schemas of a document.
pub(super) struct Components {
    /// Schemas of answers: a member without a value is null, so it is always present.
    written: SchemaGenerator,
    /// Schemas of bodies: a member without a value may be left out.
    read: SchemaGenerator,
}

impl Components {
    pub(super) fn new() -> Self {
        let settings = || {
            SchemaSettings::draft2020_12()
                .with(|settings| settings.definitions_path = Cow::Borrowed("/components/schemas"))
                .with_transform(tidy)
        };
        Self {
            written: settings().for_serialize().into_generator(),
            read: settings().for_deserialize().into_generator(),
        }
    }

    /// Adds the schema of an answer and returns a reference to it.
    pub(super) fn answer(&mut self, shape: Shape) -> Value {
        add(&mut self.written, shape)
    }

    /// Adds the schema of a body and returns a reference to it.
    pub(super) fn body(&mut self, shape: Shape) -> Value {
        add(&mut self.read, shape)
    }

    /// All schemas by name.
    pub(super) fn finish(mut self) -> Map<String, Value> {
        let mut schemas = self.written.take_definitions(true);
        schemas.extend(self.read.take_definitions(true));
        schemas
    }
}

fn add(generator: &mut SchemaGenerator, shape: Shape) -> Value {
    if !generator.definitions().contains_key(shape.name) {
        let schema = (shape.schema)(generator);
        let definitions = generator.definitions_mut();
        definitions.insert(shape.name.to_owned(), schema.into());
    }
    reference(shape.name)
}

/// Rewrites schemas as clients and code generators expect them.
fn tidy(schema: &mut Schema) {
    // `uint64` and similar formats are schemars' own; the OpenAPI format registry does not have them.
    if let Some(Value::String(format)) = schema.get("format")
        && format.starts_with("uint")
    {
        schema.remove("format");
    }
    if schema.get("default").is_some_and(Value::is_null) {
        schema.remove("default");
    }
    // The member that tells the variants of an enumeration apart.
    if let Some(Value::String(word)) = schema.get("const")
        && schema.get("description").is_none()
    {
        let about = format!("Always `{word}`.");
        schema.insert("description".to_owned(), json!(about));
    }
    if let Some(words) = described_words(schema) {
        schema.remove("oneOf");
        let about = schema
            .get("description")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let list: Vec<String> = words
            .iter()
            .map(|(word, about)| format!("- `{word}`: {about}"))
            .collect();
        let about = format!("{about}\n\n{}", list.join("\n"));
        let words: Vec<String> = words.into_iter().map(|(word, _)| word).collect();
        schema.insert("type".to_owned(), json!("string"));
        schema.insert("enum".to_owned(), json!(words));
        schema.insert("description".to_owned(), json!(about.trim_start()));
    } else if let Some(Value::String(about)) = schema.get("description") {
        // Line breaks of a doc comment are not line breaks of the text.
        let paragraphs: Vec<String> = about.split("\n\n").map(|text| text.replace('\n', " ")).collect();
        schema.insert("description".to_owned(), json!(paragraphs.join("\n\n")));
    }
    transform_subschemas(&mut tidy, schema);
}

/// The values of an enumeration with documented variants, each with its description.
fn described_words(schema: &Schema) -> Option<Vec<(String, String)>> {
    let variants = schema.get("oneOf")?.as_array()?;
    let words = variants.iter().map(|variant| {
        let text = |name: &str| variant.get(name).and_then(Value::as_str);
        let about = text("description").unwrap_or_default().replace('\n', " ");
        Some((text("const")?.to_owned(), about))
    });
    words.collect()
}

#[cfg(test)]
mod tests {
    use serde::Serialize;

    use super::*;

    /// What to do.
    #[derive(Serialize, JsonSchema)]
    #[serde(rename_all = "snake_case")]
    #[allow(dead_code)]
    enum Word {
        /// Go
        /// on.
        GoOn,
        /// Stop.
        Stop,
    }

    #[derive(Serialize, JsonSchema)]
    #[allow(dead_code)]
    struct Row {
        /// How
        /// many.
        count: usize,
        word: Option<Word>,
    }

    #[test]
    fn what_is_written_has_all_members_and_words_with_their_meaning() {
        let mut components = Components::new();
        let row = components.answer(Shape::new::<Row>("Row"));
        assert_eq!(row, reference("Row"));
        let schemas = components.finish();
        assert_eq!(
            schemas["Row"],
            json!({
                "type": "object",
                "properties": {
                    "count": {"type": "integer", "minimum": 0, "description": "How many."},
                    "word": {"anyOf": [reference("Word"), {"type": "null"}]},
                },
                "required": ["count", "word"],
            })
        );
        assert_eq!(
            schemas["Word"],
            json!({
                "type": "string",
                "enum": ["go_on", "stop"],
                "description": "What to do.\n\n- `go_on`: Go on.\n- `stop`: Stop.",
            })
        );
    }

    #[test]
    fn what_is_read_may_leave_out_what_may_be_null() {
        let mut components = Components::new();
        components.body(Shape::new::<Row>("Row"));
        assert_eq!(components.finish()["Row"]["required"], json!(["count"]));
    }
}
