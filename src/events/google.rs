//! Notifications of Google Artifact Registry that Pub/Sub pushes.
//!
//! Sources: Google Cloud's documentation, "Configure Pub/Sub notifications" of Artifact Registry and "Push subscriptions" of
//! Pub/Sub (2026).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::event::EventAction;
use super::reader::{Reader, SkipReason, Time, Told, text};
use crate::pulls::event_key;

/// Reads a pushed message. False if it is none.
pub(super) fn read(reader: &mut Reader<'_>, document: &Value) -> bool {
    let Some(data) = text(document, "/message/data") else {
        return false;
    };
    let decoded = STANDARD.decode(data).ok();
    let Some(message) = decoded.and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok()) else {
        reader.skip(SkipReason::Invalid);
        return true;
    };
    let action = match text(&message, "/action") {
        Some("INSERT") => EventAction::Push,
        Some("DELETE") => EventAction::Delete,
        _ => {
            reader.skip(SkipReason::NotRecorded);
            return true;
        }
    };
    let id = text(document, "/message/messageId").or_else(|| text(document, "/message/message_id"));
    let time = text(document, "/message/publishTime").or_else(|| text(document, "/message/publish_time"));
    // `HOST/REPOSITORY@DIGEST` and `HOST/REPOSITORY:TAG`. A repository has no colon and no at sign.
    let by_digest = text(&message, "/digest").and_then(|name| name.split_once('@'));
    let by_tag = text(&message, "/tag").and_then(|name| {
        let (path, tag) = name.rsplit_once(':')?;
        (!tag.contains('/')).then_some((path, tag))
    });
    let Some((host, repository)) = by_tag.or(by_digest).and_then(|(path, _)| path.split_once('/')) else {
        reader.skip(SkipReason::Invalid);
        return true;
    };
    if host != reader.registry.as_str() {
        reader.skip(SkipReason::OtherRegistry);
        return true;
    }
    reader.tell(&Told {
        action,
        repository: Some(repository),
        tag: by_tag.map(|(_, tag)| tag),
        // A tag that is taken away leaves the manifest.
        digest: by_digest
            .map(|(_, digest)| digest)
            .filter(|_| action == EventAction::Push || by_tag.is_none()),
        at: Time::from_text(time),
        key: id.map(|id| event_key(&["event of pub/sub", id])),
    });
    true
}
