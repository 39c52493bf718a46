//! Events of Amazon ECR that EventBridge sends to an API destination.
//!
//! Source: the Amazon ECR user guide, "Amazon ECR events and EventBridge" (2026).

use serde_json::Value;

use super::event::EventAction;
use super::reader::{Reader, SkipReason, Time, Told, text};
use crate::pulls::event_key;

/// The detail type of pushes and deletions.
const IMAGE_ACTION: &str = "ECR Image Action";

/// Reads an event of EventBridge. False if it is none.
pub(super) fn read(reader: &mut Reader<'_>, document: &Value) -> bool {
    let Some(kind) = text(document, "/detail-type") else {
        return false;
    };
    let action = match text(document, "/detail/action-type") {
        Some("PUSH") => EventAction::Push,
        Some("DELETE") => EventAction::Delete,
        _ => {
            reader.skip(SkipReason::NotRecorded);
            return true;
        }
    };
    let is_success = text(document, "/detail/result").is_none_or(|result| result == "SUCCESS");
    if kind != IMAGE_ACTION || !is_success {
        reader.skip(SkipReason::NotRecorded);
        return true;
    }
    if is_of_another(reader, document) {
        reader.skip(SkipReason::OtherRegistry);
        return true;
    }
    reader.tell(&Told {
        action,
        repository: text(document, "/detail/repository-name"),
        tag: text(document, "/detail/image-tag"),
        digest: text(document, "/detail/image-digest"),
        at: Time::from_text(text(document, "/time")),
        key: text(document, "/id").map(|id| event_key(&["event of eventbridge", id])),
    });
    true
}

/// Whether the registry is one of ECR's hosts, of another account or region than the event.
fn is_of_another(reader: &Reader<'_>, document: &Value) -> bool {
    let mut labels = reader.registry.as_str().split('.');
    let (account, service, region) = (labels.next(), labels.next(), labels.next());
    let is_ecr = service.is_some_and(|service| service.starts_with("dkr"));
    // The region of `ACCOUNT.dkr.ecr.REGION.…` is one label further than that of `ACCOUNT.dkr-ecr.REGION.…`.
    let region = match region {
        Some("ecr" | "ecr-fips") => labels.next(),
        region => region,
    };
    let differs = |said: Option<&str>, own: Option<&str>| said.is_some() && said != own;
    is_ecr && (differs(text(document, "/account"), account) || differs(text(document, "/region"), region))
}
