use chrono::{DateTime, Utc};
use serde_json::Value;

use super::reader::{ReadEvents, Reader, SkipReason};
use super::{azure, cloud_event, distribution, docker_hub, ecr, github, google, harbor, quay};
use crate::oci::RegistryName;

/// The forms of envelopes that are known, for messages.
pub const KNOWN_FORMS: &str = "CNCF Distribution (`events`), Azure Container Registry and Event Grid, CloudEvents, Harbor, \
    Amazon ECR by EventBridge, GitHub packages, Google Pub/Sub, Quay, Docker Hub";

/// An envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Envelope {
    /// Events.
    Events(ReadEvents),
    /// Azure Event Grid asks whether this address wants its events; the answer repeats the code.
    Validation {
        /// The code.
        code: String,
    },
}

/// A document that is no known envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected an envelope of events in one of these forms: {KNOWN_FORMS}")]
pub struct UnknownEnvelope;

/// Reads an envelope that was sent for a registry. The vendor is recognised by the shape of the document.
///
/// # Errors
/// If the document as a whole is none of [`KNOWN_FORMS`]. A single event that makes no sense is skipped instead.
pub fn read_envelope(
    document: &Value,
    registry: &RegistryName,
    now: DateTime<Utc>,
) -> Result<Envelope, UnknownEnvelope> {
    let mut reader = Reader::new(registry, now);
    match document {
        Value::Array(events) => {
            // Event Grid and CloudEvents come in lists.
            for event in events {
                if let Some(code) = azure::validation_code(event) {
                    return Ok(Envelope::Validation { code });
                }
                if !listed(&mut reader, event) {
                    reader.skip(SkipReason::Invalid);
                }
            }
        }
        Value::Object(_) => {
            if let Some(code) = azure::validation_code(document) {
                return Ok(Envelope::Validation { code });
            }
            let readers: [fn(&mut Reader<'_>, &Value) -> bool; 9] = [
                distribution::read,
                listed,
                harbor::read,
                ecr::read,
                github::read,
                google::read,
                docker_hub::read,
                quay::read,
                azure::read_webhook,
            ];
            if !readers.into_iter().any(|read| read(&mut reader, document)) {
                return Err(UnknownEnvelope);
            }
        }
        _ => return Err(UnknownEnvelope),
    }
    Ok(Envelope::Events(reader.read))
}

/// Reads an event of the forms that may come in lists. False if it is none.
fn listed(reader: &mut Reader<'_>, event: &Value) -> bool {
    cloud_event::read(reader, event) || azure::read_event_grid(reader, event)
}
