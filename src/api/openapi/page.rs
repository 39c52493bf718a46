//! The documentation as a page: plain HTML generated from the document, without scripts.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::api::problem::{KINDS, Problem};

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;\
color:#1b1f24;background:#fff}h2{margin-top:3rem;border-bottom:1px solid #d0d7de}h3{margin-top:2rem}\
code{font:.9em ui-monospace,monospace;background:#f0f2f5;padding:.1em .3em;border-radius:3px}\
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.3rem .6rem .3rem 0;\
border-bottom:1px solid #e5e8eb}.method{font-weight:700;text-transform:uppercase}\
@media(prefers-color-scheme:dark){body{color:#e6e8ea;background:#15181c}code{background:#252a31}\
h2,th,td{border-color:#363c44}a{color:#7ab8ff}}";

/// The content security policy of the page: only its own style.
pub(in crate::api) fn content_security_policy() -> String {
    let hash = STANDARD.encode(Sha256::digest(STYLE));
    format!("default-src 'none'; style-src 'sha256-{hash}'; frame-ancestors 'none'; base-uri 'none'")
}

/// A page with a title, a sentence and links, each with its text and address.
pub(in crate::api) fn simple_page(title: &str, sentence: &str, links: &[(&str, &str)]) -> String {
    let mut html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>{0} · Tare</title><style>{STYLE}</style><h1>{0}</h1><p>{1}</p><p>",
        escaped(title),
        escaped(sentence)
    );
    for (place, (text, address)) in links.iter().enumerate() {
        let between = if place > 0 { " · " } else { "" };
        let _ = write!(
            html,
            "{between}<a href=\"{}\">{}</a>",
            escaped(address),
            escaped(text)
        );
    }
    html.push_str("</p></html>");
    html
}

/// The page.
///
/// # Errors
/// Never: the document is JSON.
pub(in crate::api) fn page(document: &[u8]) -> Result<String, Problem> {
    let document: Value = serde_json::from_slice(document).map_err(Problem::internal)?;
    let mut html = String::from("<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">");
    html.push_str("<meta name=\"viewport\" content=\"width=device-width\"><title>Tare: the service</title>");
    let _ = write!(html, "<style>{STYLE}</style><h1>Tare: the service</h1>");
    let _ = write!(html, "<p>{}</p>", prose(&document["info"]["description"]));
    html.push_str(
        "<p>The same for programs: <a href=\"openapi.json\">/openapi.json</a> (OpenAPI 3.1). On this page: \
         <a href=\"#access\">access</a>, <a href=\"#operations\">operations</a>, \
         <a href=\"#schemas\">schemas</a>, <a href=\"#problems\">problems</a>.</p>",
    );
    html.push_str(
        "<h2 id=\"access\">Access</h2><p>Operations that need a scope require one of these. Keys and tokens are sent in the \
         header <code>Authorization: Bearer …</code>.</p><table><tr><th>What<th>Provider<th>Meaning",
    );
    for (name, scheme) in members(&document["components"]["securitySchemes"]) {
        let _ = write!(
            html,
            "<tr><td>{}<td>{}<td>{}",
            escaped(name),
            escaped(text(&scheme["openIdConnectUrl"])),
            prose(&scheme["description"])
        );
    }
    html.push_str("</table><h2 id=\"operations\">Operations</h2>");
    for (path, methods) in members(&document["paths"]) {
        for (method, operation) in members(methods) {
            write_operation(&mut html, path, method, operation);
        }
    }
    html.push_str("<h2 id=\"schemas\">Schemas</h2>");
    for (name, schema) in members(&document["components"]["schemas"]) {
        let _ = write!(html, "<h3 id=\"schema-{0}\">{0}</h3>", escaped(name));
        write_schema(&mut html, schema);
    }
    html.push_str("<h2 id=\"problems\">Problems</h2><table><tr><th>Status<th>Kind<th>What to do");
    for kind in KINDS {
        let _ = write!(
            html,
            "<tr id=\"{}\"><td>{}<td>{}<td>{}",
            kind.name,
            kind.status,
            escaped(kind.title),
            marked(kind.advice)
        );
    }
    html.push_str("</table></html>");
    Ok(html)
}

fn write_operation(html: &mut String, path: &str, method: &str, operation: &Value) {
    let id = text(&operation["operationId"]);
    let _ = write!(
        html,
        "<h3 id=\"{0}\"><span class=\"method\">{1}</span> <code>{2}</code></h3><p>{3}.</p><p>{4}</p>",
        escaped(id),
        escaped(method),
        escaped(path),
        prose(&operation["summary"]),
        prose(&operation["description"])
    );
    let parameters = operation["parameters"].as_array().map_or(&[][..], Vec::as_slice);
    if !parameters.is_empty() {
        html.push_str("<table><tr><th>Parameter<th>In<th>Value<th>Meaning");
        for parameter in parameters {
            let _ = write!(
                html,
                "<tr><td><code>{}</code><td>{}<td>{}<td>{}",
                escaped(text(&parameter["name"])),
                escaped(text(&parameter["in"])),
                kind_of(&parameter["schema"]),
                prose(&parameter["description"])
            );
        }
        html.push_str("</table>");
    }
    let body = &operation["requestBody"]["content"]["application/json"]["schema"];
    if !body.is_null() {
        let _ = write!(html, "<p>Body: {}</p>", kind_of(body));
    }
    html.push_str("<p>Answers: ");
    for (status, response) in members(&operation["responses"]) {
        let _ = write!(html, "<code>{}</code> ", escaped(status));
        for (media_type, content) in members(&response["content"]) {
            let _ = write!(html, "{} {} ", escaped(media_type), kind_of(&content["schema"]));
        }
    }
    html.push_str("</p>");
}

fn write_schema(html: &mut String, schema: &Value) {
    let _ = write!(html, "<p>{}</p>", prose(&schema["description"]));
    let mut rows = members(&schema["properties"]).peekable();
    if rows.peek().is_none() {
        let _ = write!(html, "<p>{}</p>", kind_of(schema));
        return;
    }
    html.push_str("<table><tr><th>Member<th>Value<th>Meaning");
    for (name, member) in rows {
        let _ = write!(
            html,
            "<tr><td><code>{}</code><td>{}<td>{}",
            escaped(name),
            kind_of(member),
            prose(&member["description"])
        );
    }
    html.push_str("</table>");
}

/// A short description of a value.
fn kind_of(schema: &Value) -> String {
    if let Some(target) = schema["$ref"].as_str() {
        let name = escaped(target.rsplit('/').next().unwrap_or_default());
        return format!("<a href=\"#schema-{name}\">{name}</a>");
    }
    if let Some(word) = schema["const"].as_str() {
        return format!("<code>{}</code>", escaped(word));
    }
    if let Some(words) = schema["enum"].as_array() {
        let words: Vec<String> = words
            .iter()
            .map(|word| format!("<code>{}</code>", escaped(text(word))))
            .collect();
        return words.join(" ");
    }
    let choices = [&schema["anyOf"], &schema["oneOf"]]
        .into_iter()
        .find_map(Value::as_array);
    if let Some(choices) = choices {
        return choices.iter().map(kind_of).collect::<Vec<_>>().join(" or ");
    }
    let mut words = match &schema["type"] {
        Value::String(kind) => escaped(kind),
        Value::Array(kinds) => kinds
            .iter()
            .map(|kind| escaped(text(kind)))
            .collect::<Vec<_>>()
            .join(" or "),
        _ => String::new(),
    };
    if !schema["items"].is_null() {
        let _ = write!(words, " of {}", kind_of(&schema["items"]));
    }
    for (key, label) in [
        ("format", ""),
        ("minimum", "from "),
        ("maximum", "to "),
        ("default", "by default "),
        ("pattern", "like "),
    ] {
        match &schema[key] {
            Value::Null => {}
            Value::String(value) => {
                let _ = write!(words, ", {label}<code>{}</code>", escaped(value));
            }
            value => {
                let _ = write!(words, ", {label}{}", escaped(&value.to_string()));
            }
        }
    }
    let properties: Vec<String> = members(&schema["properties"])
        .map(|(name, member)| format!("<code>{}</code>: {}", escaped(name), kind_of(member)))
        .collect();
    if !properties.is_empty() {
        let _ = write!(words, " with {}", properties.join("; "));
    }
    words
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn prose(value: &Value) -> String {
    marked(text(value))
}

/// Text with the parts between backquotes as code.
fn marked(text: &str) -> String {
    text.split('`')
        .enumerate()
        .map(|(place, part)| match place % 2 {
            0 => escaped(part),
            _ => format!("<code>{}</code>", escaped(part)),
        })
        .collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_shown_and_never_run() {
        assert_eq!(marked("a `<b>` c"), "a <code>&lt;b&gt;</code> c");
        assert_eq!(escaped("\"&\""), "&quot;&amp;&quot;");
    }
}
