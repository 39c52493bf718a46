//! Webhooks of Docker Hub about pushes.
//!
//! Source: Docker's documentation, "Webhooks" of Docker Hub (2026). There is none for deletions.

use serde_json::Value;

use super::event::EventAction;
use super::reader::{Reader, Time, Told, text};
use crate::pulls::event_key;

/// Reads a webhook. False if it is none.
pub(super) fn read(reader: &mut Reader<'_>, document: &Value) -> bool {
    let Some(push) = document.get("push_data").filter(|push| push.is_object()) else {
        return false;
    };
    let repository = text(document, "/repository/repo_name");
    let tag = text(push, "/tag");
    let seconds = push.get("pushed_at").and_then(Value::as_i64);
    reader.tell(&Told {
        action: EventAction::Push,
        repository,
        tag,
        digest: None,
        at: Time::from_seconds(seconds),
        key: seconds.map(|seconds| {
            let (repository, tag) = (repository.unwrap_or_default(), tag.unwrap_or_default());
            event_key(&["event of docker hub", repository, tag, &seconds.to_string()])
        }),
    });
    true
}
