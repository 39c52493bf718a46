//! Webhooks of Azure Container Registry, and its events by Azure Event Grid.
//!
//! Sources: Microsoft Learn, "Webhook reference" of Azure Container Registry, "Azure Container Registry as an Event Grid
//! source" and "Webhook event delivery" (2026).

use serde_json::Value;

use super::event::EventAction;
use super::reader::{Reader, SkipReason, Time, Told, text};
use crate::pulls::event_key;

/// The type of the event by which Event Grid checks an address.
const VALIDATION: &str = "Microsoft.EventGrid.SubscriptionValidationEvent";

/// The code of a validation event; `None` if it is another event.
pub(super) fn validation_code(event: &Value) -> Option<String> {
    let kind = text(event, "/eventType").or_else(|| text(event, "/type"))?;
    let code = text(event, "/data/validationCode").filter(|_| kind == VALIDATION)?;
    Some(code.to_owned())
}

/// Reads an event in Event Grid's own form. False if it is none.
pub(super) fn read_event_grid(reader: &mut Reader<'_>, event: &Value) -> bool {
    let Some(kind) = text(event, "/eventType") else {
        return false;
    };
    let time = text(event, "/eventTime");
    read_type(reader, kind, text(event, "/id"), time, event.get("data"));
    true
}

/// Reads the data of an event of this type, in Event Grid's own form or as a CloudEvent.
pub(super) fn read_type(
    reader: &mut Reader<'_>,
    kind: &str,
    id: Option<&str>,
    time: Option<&str>,
    data: Option<&Value>,
) {
    let action = match kind.rsplit('.').next() {
        Some("ImagePushed" | "ChartPushed") => EventAction::Push,
        Some("ImageDeleted" | "ChartDeleted") => EventAction::Delete,
        _ => return reader.skip(SkipReason::NotRecorded),
    };
    match data {
        Some(data) => tell(reader, action, id, time, data),
        None => reader.skip(SkipReason::Invalid),
    }
}

/// Reads the document of a webhook. False if it is none.
pub(super) fn read_webhook(reader: &mut Reader<'_>, document: &Value) -> bool {
    let Some(action) = text(document, "/action") else {
        return false;
    };
    let has_target = document.get("target").is_some_and(Value::is_object);
    let action = match action {
        "push" | "chart_push" if has_target => EventAction::Push,
        "delete" | "chart_delete" if has_target => EventAction::Delete,
        // A test of the address, and an image that is not released yet.
        "ping" | "quarantine" => {
            reader.skip(SkipReason::NotRecorded);
            return true;
        }
        _ => return false,
    };
    let (id, time) = (text(document, "/id"), text(document, "/timestamp"));
    tell(reader, action, id, time, document);
    true
}

fn tell(reader: &mut Reader<'_>, action: EventAction, id: Option<&str>, time: Option<&str>, data: &Value) {
    reader.tell(&Told {
        action,
        repository: text(data, "/target/repository"),
        // A chart of Helm 2 has a version in its place.
        tag: text(data, "/target/tag").or_else(|| text(data, "/target/version")),
        digest: text(data, "/target/digest"),
        at: Time::from_text(time),
        key: id.map(|id| event_key(&["event of azure", id])),
    });
}
