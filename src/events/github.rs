//! Webhooks of GitHub about packages in its Container registry.
//!
//! Source: GitHub's documentation, "Webhook events and payloads": `package` and `registry_package` (2026).

use serde_json::Value;

use super::event::EventAction;
use super::reader::{Reader, SkipReason, Time, Told, text};
use crate::pulls::event_key;

/// Reads a webhook. False if it is none.
pub(super) fn read(reader: &mut Reader<'_>, document: &Value) -> bool {
    // The test of a new webhook.
    if document.get("zen").is_some() && document.get("hook_id").is_some() {
        reader.skip(SkipReason::NotRecorded);
        return true;
    }
    let package = document
        .get("package")
        .or_else(|| document.get("registry_package"));
    let Some(package) = package.filter(|package| package.is_object()) else {
        return false;
    };
    let is_container =
        text(package, "/package_type").is_some_and(|kind| kind.eq_ignore_ascii_case("container"));
    let is_push = matches!(text(document, "/action"), Some("published" | "updated"));
    if !is_container || !is_push {
        reader.skip(SkipReason::NotRecorded);
        return true;
    }
    let version = package.get("package_version").unwrap_or(&Value::Null);
    let repository = repository(package);
    let tag = text(version, "/container_metadata/tag/name").filter(|tag| !tag.is_empty());
    // The name of a version of a container is its digest.
    let digest = text(version, "/container_metadata/tag/digest").filter(|digest| !digest.is_empty());
    let digest = digest.or_else(|| text(version, "/version"));
    let time = text(version, "/updated_at").or_else(|| text(package, "/updated_at"));
    let id = version.get("id").and_then(Value::as_u64);
    reader.tell(&Told {
        action: EventAction::Push,
        repository: repository.as_deref(),
        tag,
        digest,
        at: Time::from_text(time),
        key: id.zip(time).map(|(id, time)| {
            let tag = tag.unwrap_or_default();
            event_key(&["event of github", &id.to_string(), tag, time])
        }),
    });
    true
}

/// The repository of a package: in lower case, as its registry has it.
fn repository(package: &Value) -> Option<String> {
    let namespace = text(package, "/namespace").or_else(|| text(package, "/owner/login"))?;
    let name = text(package, "/name")?;
    Some(format!("{namespace}/{name}").to_ascii_lowercase())
}
