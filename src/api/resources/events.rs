//! Events of registries: pulls are counted at once, pushes and deletions are stored as questions to the registry.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use actix_web::http::header::HeaderName;
use actix_web::http::{Method, StatusCode};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde_json::{Value, json};

use crate::api::access::Access;
use crate::api::call::Call;
use crate::api::intake::{NotStored, Stored};
use crate::api::openapi::Shape;
use crate::api::operation::{AnswerForm, Content, Operation};
use crate::api::parameter::{Form, Parameter};
use crate::api::problem::{INVALID_BODY, Invalid, Place, Problem};
use crate::api::reply::Reply;
use crate::api::snapshot::unknown_registry;
use crate::events::{Envelope, ReadEvents, SkipReason, Skipped, read_envelope};
use crate::metrics::EventOutcome;
use crate::oci::{RegistryName, RepositoryName};
use crate::store::AcceptedEvents;

/// The media types in which vendors send events.
const MEDIA_TYPES: &[&str] = &[
    "application/json",
    "application/vnd.docker.distribution.events.v1+json",
    "application/vnd.docker.distribution.events.v2+json",
    "application/cloudevents+json",
    "application/cloudevents-batch+json",
];

/// Where events are sent to.
pub(in crate::api) const PATH: &str = "/v1/registries/{registry}/events";

/// The maximum size of an envelope, in bytes. Our choice: Event Grid sends 1 MB at most, and GitHub sends an image's labels.
const LARGEST_ENVELOPE: usize = 4 * 1024 * 1024;
/// How long a registry is asked to wait while too many questions are pending, in seconds. Our choice.
const WAIT_FOR_QUESTIONS: u64 = 30;
/// How long a registry is asked to wait while too many envelopes arrive, in seconds. Our choice.
const WAIT_FOR_ENVELOPES: u64 = 2;
/// How long a registry is asked to wait while the database does not take events, in seconds. Our choice.
const WAIT_FOR_DATABASE: u64 = 5;

pub(super) fn operations() -> Vec<Operation> {
    let key = || {
        let about = "A key, or the secret of the registry, for senders that can set no header.";
        [Parameter::new("key", Form::Text, about)]
    };
    let mut notify = Operation::post(
        PATH,
        "notify_of_pulls",
        "Takes events that registries send: pushes, deletions and pulls",
        (
            Shape::written("Notifications", notifications_schema),
            AnswerForm::json::<CountedNotifications>("CountedNotifications"),
        ),
        |call| Box::pin(notify(call)),
    )
    .group("pulls")
    .about(
        "An endpoint for the events of CNCF Distribution and of registries built on it, of Azure Container Registry (webhooks \
         and Event Grid, also as CloudEvents), Harbor, Amazon ECR (EventBridge), GitHub packages, Google Artifact Registry \
         (Pub/Sub), Quay and Docker Hub. Events are stored before this answers. A pull counts at once. After a push or deletion \
         the registry is asked for that tag or manifest; what the event says is never believed. An event that is sent twice \
         counts once. Invalid events are skipped and counted, because the registry would resend rejected ones. Pulls older \
         than `retention.pull_events` are skipped too, because they may have been counted before. Too many pending questions \
         are answered 503 with `Retry-After`. The validation event of Azure Event Grid is answered 200 with \
         `validationResponse`, and `OPTIONS` as the handshake of CloudEvents webhooks demands. Besides a key, the secret in `[registry.events]` is accepted.",
    )
    .access(Access::Events)
    .query(key());
    notify.body_types = MEDIA_TYPES;
    notify.largest_body = LARGEST_ENVELOPE;
    notify.answer.status = 202;
    notify.answer.about = "What became of the events";
    // The handshake of CloudEvents webhooks, by which Azure Event Grid checks an address.
    let mut validate = Operation::get(
        PATH,
        "validate_events",
        "Says that events may be sent here",
        AnswerForm::new("text", "text/plain", Content::Text),
        |call| Box::pin(validate(call)),
    )
    .with_method(Method::OPTIONS)
    .group("pulls")
    .access(Access::Events)
    .query(key());
    validate.in_headers = vec![Parameter::new(
        "WebHook-Request-Origin",
        Form::Token(255),
        "The name of the sender.",
    )];
    validate.answer.is_cacheable = false;
    validate.is_documented = false;
    vec![notify, validate]
}

/// The schema of an envelope. Only its form is checked; invalid events are skipped.
fn notifications_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "description": "An envelope as CNCF Distribution sends it, or one of another vendor.",
        "type": ["object", "array"],
        "properties": {
            "events": {
                "type": "array",
                "items": {},
                "description": "Of CNCF Distribution: events with `id`, `timestamp`, `action`, `target` and `request`. Others \
                    are skipped.",
            },
        },
    })
}

/// What became of the events of an envelope.
#[derive(Serialize, JsonSchema)]
struct CountedNotifications {
    /// The pulls of images that were not known before.
    pulls: u64,
    /// The events that are skipped, for whatever reason but that of `refused`.
    skipped: u64,
    /// The new pushes and deletions. The registry is asked about each within seconds.
    accepted: u64,
    /// The events that were received before.
    duplicates: u64,
    /// The events about repositories that the caller may not see.
    refused: u64,
    /// The numbers of skipped and refused events by reason.
    reasons: Skipped,
}

async fn notify(call: Call) -> Result<HttpResponse, Problem> {
    let registry = registry(&call)?;
    let envelope: Value = call.read_body()?;
    let read = read_envelope(&envelope, &registry, call.api.clock.now());
    let mut read = match read {
        Ok(Envelope::Validation { code }) => {
            return call.reply(Reply::json(&json!({"validationResponse": code}))?);
        }
        Ok(Envelope::Events(read)) => read,
        Err(unknown) => {
            let missing = Invalid {
                place: Place::Body,
                name: "events".to_owned(),
                detail: unknown.to_string(),
            };
            return Err(Problem::invalid(&INVALID_BODY, vec![missing]));
        }
    };
    restrict(&call, &registry, &mut read)?;
    let mut skipped = std::mem::take(&mut read.skipped);
    let stored = call.api.intake.store(registry.clone(), read).await;
    let Stored { changes, pulls } = stored.map_err(|why| not_stored(&why))?;
    let (accepted, duplicates) = match changes {
        AcceptedEvents::Stored { accepted, duplicates } => (accepted, duplicates + pulls.known),
        AcceptedEvents::Full => {
            let detail = "too many questions to this registry are pending because of earlier events";
            return Err(Problem::unavailable(detail, WAIT_FOR_QUESTIONS));
        }
        AcceptedEvents::UnknownRegistry => return Err(unknown_registry(registry.as_str())),
    };
    if pulls.outdated > 0 {
        *skipped.entry(SkipReason::Outdated).or_default() += pulls.outdated;
    }
    let refused = skipped.get(&SkipReason::NotVisible).copied().unwrap_or(0);
    let counted = CountedNotifications {
        pulls: pulls.pulls,
        skipped: skipped.values().sum::<u64>() - refused,
        accepted,
        duplicates,
        refused,
        reasons: skipped,
    };
    count(&call, &registry, &counted);
    call.reply(Reply::json(&counted)?.with_status(StatusCode::ACCEPTED))
}

/// The registry in the path, if the caller may see it.
fn registry(call: &Call) -> Result<RegistryName, Problem> {
    let name = call.values.text("registry").unwrap_or_default();
    let registry: RegistryName = name.parse().map_err(|_| unknown_registry(name))?;
    match call.caller.sees(&registry) {
        true => Ok(registry),
        false => Err(unknown_registry(name)),
    }
}

/// Leaves out events about repositories that the caller may not see. A new repository belongs to the cost centre that the
/// settings give it.
fn restrict(call: &Call, registry: &RegistryName, read: &mut ReadEvents) -> Result<(), Problem> {
    if call.caller.sees_whole_registries() {
        return Ok(());
    }
    let snapshot = call.snapshot()?;
    let centres = &call.api.analysis.inputs().costs.centres;
    let is_visible = |repository: &RepositoryName| {
        let row = snapshot.repository(registry.as_str(), repository.as_str()).ok();
        let labels = match row {
            Some(row) => row.labels.clone(),
            None => centres.labels_of(registry, repository, &BTreeMap::new()),
        };
        call.caller
            .sees_repository(registry, labels.cost_centre.as_deref())
    };
    let all = |read: &ReadEvents| read.changes.len() + read.pulls.pulls.len() + read.pulls.blobs.len();
    let before = all(read);
    read.changes.retain(|event| is_visible(&event.repository));
    read.pulls.pulls.retain(|pull| is_visible(&pull.repository));
    read.pulls.blobs.retain(|blob| is_visible(&blob.repository));
    let refused = before - all(read);
    read.skip(SkipReason::NotVisible, refused as u64);
    Ok(())
}

/// The problem for an envelope that could not be stored. Registries send it again after a 503.
fn not_stored(why: &NotStored) -> Problem {
    match why {
        NotStored::Busy => Problem::unavailable("too many events arrive at once", WAIT_FOR_ENVELOPES),
        NotStored::Store(error) => {
            match error.is_transient() {
                true => tracing::warn!(%error, "database not available"),
                false => tracing::error!(%error, "events could not be stored"),
            }
            Problem::unavailable(
                "the database does not take events at the moment",
                WAIT_FOR_DATABASE,
            )
        }
    }
}

fn count(call: &Call, registry: &RegistryName, counted: &CountedNotifications) {
    for (outcome, events) in [
        (
            EventOutcome::Accepted,
            counted.accepted.saturating_add(counted.pulls),
        ),
        (EventOutcome::Duplicate, counted.duplicates),
        (EventOutcome::Skipped, counted.skipped),
        (EventOutcome::Refused, counted.refused),
    ] {
        call.api.counters.count_events(registry.as_str(), outcome, events);
    }
}

async fn validate(call: Call) -> Result<HttpResponse, Problem> {
    registry(&call)?;
    let mut reply = Reply::new("text/plain; charset=utf-8", Vec::new())
        .with_header(HeaderName::from_static("webhook-allowed-rate"), "*");
    if let Some(origin) = call.values.text("WebHook-Request-Origin") {
        reply = reply.with_header(HeaderName::from_static("webhook-allowed-origin"), origin);
    }
    call.reply(reply)
}
