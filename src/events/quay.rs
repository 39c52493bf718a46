//! Webhooks of Quay about pushes (`repository_push`).
//!
//! Source: Red Hat Quay's documentation, "Repository notifications" (2026). They have neither an id nor a time nor a digest,
//! and there is none for deletions.

use serde_json::Value;

use super::event::EventAction;
use super::reader::{Reader, SkipReason, Time, Told, text};

/// Reads a webhook. False if it is none.
pub(super) fn read(reader: &mut Reader<'_>, document: &Value) -> bool {
    let (Some(repository), Some(_)) = (text(document, "/repository"), text(document, "/docker_url")) else {
        return false;
    };
    let Some(tags) = document.get("updated_tags").and_then(Value::as_array) else {
        // A build, a scan or a mirror.
        reader.skip(SkipReason::NotRecorded);
        return true;
    };
    for tag in tags {
        reader.tell(&Told {
            action: EventAction::Push,
            repository: Some(repository),
            tag: tag.as_str(),
            digest: None,
            at: Time::Unsaid,
            key: None,
        });
    }
    true
}
