//! CloudEvents 1.0, in which Azure Event Grid and Harbor can send their events.
//!
//! Sources: the CloudEvents specification 1.0.2, "JSON event format"; Microsoft Learn, "Azure Container Registry as an Event
//! Grid source" (2026); Harbor's documentation, "Configure webhook notifications" (2026).

use serde_json::Value;

use super::reader::{Reader, SkipReason, text};
use super::{azure, harbor};

/// Reads a CloudEvent. False if it is none.
pub(super) fn read(reader: &mut Reader<'_>, event: &Value) -> bool {
    if text(event, "/specversion").is_none() {
        return false;
    }
    let (id, time) = (text(event, "/id"), text(event, "/time"));
    let data = event.get("data");
    match text(event, "/type") {
        Some(kind) if kind.starts_with("Microsoft.ContainerRegistry.") => {
            azure::read_type(reader, kind, id, time, data);
        }
        Some(kind) if kind.starts_with("harbor.") => harbor::read_cloud_event(reader, kind, event),
        Some(_) => reader.skip(SkipReason::NotRecorded),
        None => reader.skip(SkipReason::Invalid),
    }
    true
}
