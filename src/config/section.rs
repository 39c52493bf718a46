//! What settings there are, learnt from the sections' own structs, so that nothing is listed twice.

use serde::de::{self, DeserializeOwned, Deserializer, Visitor};
use serde::{Serialize, forward_to_deserialize_any};
use toml::{Table, Value};

/// A section of the configuration: a struct whose fields are its settings.
pub(super) trait Section: DeserializeOwned + Serialize {
    /// The section's name in the file.
    const NAME: &'static str;
    /// Whether there may be any number of it, as `[[name]]`.
    const REPEATED: bool = false;

    /// Settings that must be given, with some valid value, so that others can be checked one by one.
    fn required() -> Table {
        Table::new()
    }

    /// What is wrong with the section as a whole, or beside the sections of its kind that come before it: the setting and
    /// what would be right. Each value by itself has been checked already.
    fn problems(&self, _earlier: &[Self]) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

/// A check of a section as [`Section::problems`] has it.
pub(super) fn problem<T, E: ToString>(
    field: &'static str,
    checked: Result<T, E>,
) -> Option<(&'static str, String)> {
    checked.err().map(|error| (field, error.to_string()))
}

/// A section as the layers see it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub(super) name: &'static str,
    pub(super) repeated: bool,
    pub(super) fields: &'static [&'static str],
    check: fn(&str, Value) -> Result<(), String>,
}

impl Shape {
    pub(super) fn from_section<S: Section>() -> Self {
        Self {
            name: S::NAME,
            repeated: S::REPEATED,
            fields: field_names::<S>(),
            check: |field, value| {
                let mut table = S::required();
                table.insert(field.to_owned(), value);
                S::deserialize(table)
                    .map(drop)
                    .map_err(|error| error.message().to_owned())
            },
        }
    }

    /// The setting's name as messages call it.
    pub(super) fn key(&self, field: &str) -> String {
        format!("{}.{field}", self.name)
    }

    /// Whether a value will do for a field, or what would be right instead.
    pub(super) fn check(&self, field: &str, value: Value) -> Result<(), String> {
        (self.check)(field, value)
    }
}

/// The names of a struct's fields, as its derived `Deserialize` declares them.
fn field_names<S: Section>() -> &'static [&'static str] {
    let mut names: &'static [&'static str] = &[];
    // It fails by design, once the names are known.
    let _ = S::deserialize(NamesOnly(&mut names));
    names
}

struct NamesOnly<'a>(&'a mut &'static [&'static str]);

impl<'de> Deserializer<'de> for NamesOnly<'_> {
    type Error = de::value::Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
        Err(de::Error::custom("only the names of fields are known"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        *self.0 = fields;
        self.deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}
