//! Notifications of registries.

use serde_json::{Value, json};

use super::parts::*;

pub(super) fn schemas() -> Vec<(&'static str, Value)> {
    let envelope = object(
        "An envelope as CNCF Distribution sends it.",
        [has(
            "events",
            json!({"type": "array", "items": {}}),
            "Each with `id`, `timestamp`, `action`, `target` and `request`; whatever else one may be, it is skipped.",
        )],
    );
    let counted = object(
        "What was counted.",
        [
            has("pulls", count(), "Pulls of images that were not known before."),
            has(
                "skipped",
                count(),
                "Events about something else than pulls by GET, Tare's own, and those that make no sense.",
            ),
        ],
    );
    vec![("Notifications", envelope), ("CountedNotifications", counted)]
}
