//! Notifications of CNCF Distribution, versions 2 and 3, and of registries that are built on it, such as GitLab's.
//!
//! Source: Distribution's documentation, "Work with notifications" (2026).

use serde_json::Value;

use super::event::EventAction;
use super::reader::{Reader, SkipReason, Time, Told, text};
use crate::oci::MediaType;
use crate::pulls::{Metering, event_key};

/// Reads an envelope (`{"events": […]}`). False if it is none.
pub(super) fn read(reader: &mut Reader<'_>, document: &Value) -> bool {
    let Some(events) = document.get("events").and_then(Value::as_array) else {
        return false;
    };
    events.iter().for_each(|event| one(reader, event));
    true
}

fn one(reader: &mut Reader<'_>, event: &Value) {
    let at = Time::from_text(text(event, "/timestamp"));
    let action = match text(event, "/action") {
        Some("push") => EventAction::Push,
        Some("delete") => EventAction::Delete,
        Some("pull") => {
            if matches!(at, Time::At(at) if reader.is_future(at)) {
                return reader.skip(SkipReason::InTheFuture);
            }
            return match reader.read.pulls.add(event) {
                Metering::Counted => {}
                Metering::NotCounted => reader.skip(SkipReason::NotRecorded),
                Metering::Invalid => reader.skip(SkipReason::Invalid),
            };
        }
        // Layers are mounted, and not manifests.
        Some("mount") => return reader.skip(SkipReason::NotRecorded),
        _ => return reader.skip(SkipReason::Invalid),
    };
    let media_type = text(event, "/target/mediaType").filter(|media_type| !media_type.is_empty());
    let is_layer = media_type.is_some_and(|media_type| !may_be_manifest(media_type));
    if action == EventAction::Push && is_layer && text(event, "/target/tag").is_none_or(str::is_empty) {
        return reader.skip(SkipReason::NotRecorded);
    }
    let id = text(event, "/id").filter(|id| !id.is_empty());
    reader.tell(&Told {
        action,
        repository: text(event, "/target/repository"),
        tag: text(event, "/target/tag"),
        digest: text(event, "/target/digest"),
        at,
        key: id.map(|id| event_key(&["event of distribution", id])),
    });
}

/// Whether a pushed document of this type may be a manifest. Registries invent types of manifests, so a word is enough.
fn may_be_manifest(media_type: &str) -> bool {
    MediaType::from_text(media_type).is_manifest()
        || media_type.contains("manifest")
        || media_type.contains("index")
}
