//! Notifications of registries: pulls, counted when they happen.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde_json::Value;

use crate::api::access::Access;
use crate::api::call::Call;
use crate::api::openapi::Shape;
use crate::api::operation::{AnswerForm, Operation};
use crate::api::problem::{INVALID_BODY, Invalid, Place, Problem};
use crate::api::reply::Reply;
use crate::api::snapshot::unknown_registry;
use crate::identity::Scope;
use crate::oci::RegistryName;
use crate::pulls::read_notifications;

/// The media types of CNCF Distribution's notifications, and plain JSON.
const MEDIA_TYPES: &[&str] = &[
    "application/json",
    "application/vnd.docker.distribution.events.v1+json",
    "application/vnd.docker.distribution.events.v2+json",
];

pub(super) fn operations() -> Vec<Operation> {
    let mut notify = Operation::post(
        "/v1/registries/{registry}/events",
        "notify_of_pulls",
        "Counts pulls from registry notifications",
        (
            Shape::written("Notifications", notifications_schema),
            AnswerForm::json::<CountedNotifications>("CountedNotifications"),
        ),
        |call| Box::pin(notify(call)),
    )
    .group("pulls")
    .about(
        "An endpoint for the notifications of CNCF Distribution and of registries built on it. An event that is \
         sent twice counts once. Events other than pulls and invalid events are skipped, because \
         the registry would resend rejected ones. Pulls older than `retention.pull_events` are skipped too, because \
         they may have been counted before.",
    )
    .access(Access::Needs(Scope::Ingest));
    notify.body_types = MEDIA_TYPES;
    notify.answer.status = 202;
    notify.answer.about = "The number of counted pulls";
    vec![notify]
}

/// The schema of registry notifications. Only its envelope is checked; invalid events are skipped.
fn notifications_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "description": "An envelope as CNCF Distribution sends it.",
        "type": "object",
        "properties": {
            "events": {
                "type": "array",
                "items": {},
                "description": "Events with `id`, `timestamp`, `action`, `target` and `request`. Others are skipped.",
            },
        },
        "required": ["events"],
    })
}

/// The number of counted pulls.
#[derive(Serialize, JsonSchema)]
struct CountedNotifications {
    /// The pulls of images that were not known before.
    pulls: u64,
    /// The events that are not pulls by GET, that come from Tare itself, or that are invalid.
    skipped: u64,
}

async fn notify(call: Call) -> Result<HttpResponse, Problem> {
    let name = call.values.text("registry").unwrap_or_default();
    let registry: RegistryName = name.parse().map_err(|_| unknown_registry(name))?;
    if !call.caller.sees(&registry) {
        return Err(unknown_registry(name));
    }
    let envelope: Value = call.read_body()?;
    let metered = read_notifications(&envelope).ok_or_else(|| {
        let missing = Invalid {
            place: Place::Body,
            name: "events".to_owned(),
            detail: "expected an object with a list `events`".to_owned(),
        };
        Problem::invalid(&INVALID_BODY, vec![missing])
    })?;
    let skipped = metered.skipped;
    let counted = call
        .api
        .query_store(move |store| async move { store.meter_pulls(&registry, &metered).await })
        .await?;
    let counted = counted.ok_or_else(|| unknown_registry(name))?;
    let reply = Reply::json(&CountedNotifications {
        pulls: counted.pulls,
        skipped: skipped + counted.outdated,
    })?
    .with_status(StatusCode::ACCEPTED);
    call.reply(reply)
}
