//! Webhooks of Harbor, in its own form and as CloudEvents.
//!
//! Sources: Harbor's documentation, "Configure webhook notifications", and `src/pkg/notifier` of its source (2026).

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::event::EventAction;
use super::reader::{Reader, SkipReason, Time, Told, text};
use crate::oci::{Digest, RepositoryName, Tag};
use crate::pulls::{PullEvent, event_key};

/// What a webhook of Harbor tells of.
#[derive(Clone, Copy)]
enum Kind {
    Change(EventAction),
    Pull,
}

/// A webhook in either form.
struct Webhook<'a> {
    kind: Kind,
    /// Identifies the webhook, with the resource.
    id: String,
    operator: &'a str,
    time: Option<DateTime<Utc>>,
    data: &'a Value,
}

/// Reads a webhook in Harbor's own form. False if it is none.
pub(super) fn read(reader: &mut Reader<'_>, document: &Value) -> bool {
    let (Some(kind), Some(data)) = (text(document, "/type"), document.get("event_data")) else {
        return false;
    };
    let kind = match kind {
        "PUSH_ARTIFACT" | "pushImage" => Kind::Change(EventAction::Push),
        "DELETE_ARTIFACT" | "deleteImage" => Kind::Change(EventAction::Delete),
        "PULL_ARTIFACT" | "pullImage" => Kind::Pull,
        _ => {
            reader.skip(SkipReason::NotRecorded);
            return true;
        }
    };
    let operator = text(document, "/operator").unwrap_or_default();
    let seconds = document.get("occur_at").and_then(Value::as_i64);
    let time = seconds.and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    match time {
        None => reader.skip(SkipReason::Invalid),
        Some(at) => resources(
            reader,
            &Webhook {
                kind,
                id: format!("{} {operator}", at.timestamp()),
                operator,
                time,
                data,
            },
        ),
    }
    true
}

/// Reads a CloudEvent of Harbor.
pub(super) fn read_cloud_event(reader: &mut Reader<'_>, kind: &str, event: &Value) {
    let kind = match kind {
        "harbor.artifact.pushed" => Kind::Change(EventAction::Push),
        "harbor.artifact.deleted" => Kind::Change(EventAction::Delete),
        "harbor.artifact.pulled" => Kind::Pull,
        _ => return reader.skip(SkipReason::NotRecorded),
    };
    match (event.get("data"), text(event, "/id")) {
        (Some(data), Some(id)) => resources(
            reader,
            &Webhook {
                kind,
                id: id.to_owned(),
                operator: text(event, "/operator").unwrap_or_default(),
                time: text(event, "/time").and_then(|time| time.parse().ok()),
                data,
            },
        ),
        _ => reader.skip(SkipReason::Invalid),
    }
}

fn resources(reader: &mut Reader<'_>, webhook: &Webhook<'_>) {
    let repository = text(webhook.data, "/repository/repo_full_name");
    let Some(resources) = webhook.data.get("resources").and_then(Value::as_array) else {
        return reader.skip(SkipReason::Invalid);
    };
    for resource in resources {
        let (tag, digest) = (text(resource, "/tag"), text(resource, "/digest"));
        let parts = [
            "event of harbor",
            &webhook.id,
            repository.unwrap_or_default(),
            tag.unwrap_or_default(),
            digest.unwrap_or_default(),
        ];
        match webhook.kind {
            Kind::Change(action) => reader.tell(&Told {
                action,
                repository,
                tag,
                digest,
                at: webhook.time.map_or(Time::Unsaid, Time::At),
                key: Some(event_key(&[
                    match action {
                        EventAction::Push => "push",
                        EventAction::Delete => "delete",
                    },
                    &hex::encode(event_key(&parts)),
                ])),
            }),
            Kind::Pull => pull(reader, webhook, repository, tag, digest, &parts),
        }
    }
}

/// Counts a pull, unless one of Harbor's own scanners pulled.
fn pull(
    reader: &mut Reader<'_>,
    webhook: &Webhook<'_>,
    repository: Option<&str>,
    tag: Option<&str>,
    digest: Option<&str>,
    parts: &[&str],
) {
    // Harbor names the robots of scanners after the scanner's registration.
    let is_scanner = webhook.operator.starts_with("robot$")
        && ["trivy", "scanner"]
            .iter()
            .any(|word| webhook.operator.to_ascii_lowercase().contains(word));
    if is_scanner {
        return reader.skip(SkipReason::NotRecorded);
    }
    let (Some(repository), Some(time)) = (
        repository.and_then(|name| name.parse::<RepositoryName>().ok()),
        webhook.time.filter(|time| *time >= DateTime::UNIX_EPOCH),
    ) else {
        return reader.skip(SkipReason::Invalid);
    };
    if reader.is_future(time) {
        return reader.skip(SkipReason::InTheFuture);
    }
    reader.read.pulls.pulls.push(PullEvent {
        key: event_key(parts),
        repository,
        tag: tag.and_then(|tag| tag.parse::<Tag>().ok()),
        digest: digest.and_then(|digest| digest.parse::<Digest>().ok()),
        day: time.date_naive(),
        count: 1,
    });
}
