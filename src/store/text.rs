//! Hostile text for PostgreSQL, which accepts any character but NUL.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::Value;

/// Replaces a NUL character.
const REPLACEMENT: &str = "\u{fffd}";

/// The text without NUL characters.
pub(super) fn clean(text: &str) -> Cow<'_, str> {
    if text.contains('\0') {
        Cow::Owned(text.replace('\0', REPLACEMENT))
    } else {
        Cow::Borrowed(text)
    }
}

/// A value as JSON that `jsonb` accepts: no NUL in any text or key.
pub(super) fn json(value: &impl Serialize) -> String {
    let text = serde_json::to_string(value).unwrap_or_default();
    // An escaped backslash before `u0000` also gets here; the slow path is correct for both.
    if text.contains("\\u0000") {
        without_nul(serde_json::to_value(value).unwrap_or_default()).to_string()
    } else {
        text
    }
}

fn without_nul(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(clean(&text).into_owned()),
        Value::Array(items) => items.into_iter().map(without_nul).collect(),
        Value::Object(entries) => entries
            .into_iter()
            .map(|(key, value)| (clean(&key).into_owned(), without_nul(value)))
            .collect(),
        other => other,
    }
}

/// An array literal of numbers. `UNNEST` flattens nested arrays, so inner arrays are passed as text.
pub(super) fn numbers(items: impl IntoIterator<Item = i64>) -> String {
    let items: Vec<_> = items.into_iter().map(|item| item.to_string()).collect();
    format!("{{{}}}", items.join(","))
}

/// An array literal of texts.
pub(super) fn texts<'a>(items: impl IntoIterator<Item = &'a str>) -> String {
    let items: Vec<_> = items
        .into_iter()
        .map(|item| format!("\"{}\"", clean(item).replace('\\', "\\\\").replace('"', "\\\"")))
        .collect();
    format!("{{{}}}", items.join(","))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn nul_goes_and_everything_else_stays() {
        assert_eq!(clean("a\0b"), "a\u{fffd}b");
        assert_eq!(
            json(&BTreeMap::from([("k\0", "a\0b"), ("plain", "\\u0000")])),
            "{\"k\u{fffd}\":\"a\u{fffd}b\",\"plain\":\"\\\\u0000\"}"
        );
    }

    #[test]
    fn array_literals_quote_what_would_end_them() {
        assert_eq!(numbers([1, -2]), "{1,-2}");
        assert_eq!(texts([]), "{}");
        assert_eq!(texts(["a,b", "}\"\\"]), r#"{"a,b","}\"\\"}"#);
    }
}
