//! Kubernetes' events of pulled images (`kubectl get events -A -o json`, or one event a line as exporters write them).
//!
//! The kubelet writes an event with the reason `Pulled` and a message for people; an image that the node had already is
//! `… already present on machine`. The message is not a part of Kubernetes' API; its beginning has been the same since 2017.
//! A cluster keeps events for an hour unless told otherwise, and has the pulls of its own nodes only.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::collector::Collector;
use super::fault::PullFileFault;
use super::file::{PullEvents, PullFile, PullUnit};
use super::json::{parsed, rows};
use crate::oci::{Digest, RepositoryName, Tag};
use crate::pulls::event::{PullEvent, key};

/// What the message of a pull begins with. Source: kubelet, `pkg/kubelet/images/image_manager.go`.
const PULLED: &str = "Successfully pulled image \"";

/// The registry of images that name none. Source: containerd's normalisation of references.
const DEFAULT_REGISTRY: &str = "docker.io";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    metadata: Option<Metadata>,
    reason: Option<String>,
    /// The message in `v1`.
    message: Option<String>,
    /// The message in `events.k8s.io/v1`.
    note: Option<String>,
    count: Option<u64>,
    deprecated_count: Option<u64>,
    series: Option<Series>,
    last_timestamp: Option<String>,
    deprecated_last_timestamp: Option<String>,
    event_time: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    uid: Option<String>,
    creation_timestamp: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Series {
    count: Option<u64>,
    last_observed_time: Option<String>,
}

pub(super) fn read(file: PullFile<'_>) -> Result<PullEvents, PullFileFault> {
    let mut pulls = Collector::new(file);
    rows(file, &["items"], &mut |row, lines| {
        let event: Event = parsed(row, lines)?;
        take(&event, lines.line_of(row), &mut pulls)
    })?;
    pulls.finish(PullUnit::Images)
}

fn take(event: &Event, line: u64, pulls: &mut Collector<'_>) -> Result<(), PullFileFault> {
    let message = event
        .message
        .as_deref()
        .or(event.note.as_deref())
        .unwrap_or_default();
    // Exporters and older kubelets put the container in front.
    let image = message
        .split_once(PULLED)
        .and_then(|(_, rest)| rest.split_once('"'))
        .map(|(image, _)| image);
    let (Some("Pulled"), Some(image)) = (event.reason.as_deref(), image) else {
        pulls.skipped.other_operations += 1;
        return Ok(());
    };
    let file = pulls.file.name;
    let Some(parts) = Parts::of(image) else {
        return Err(PullFileFault::in_cell(
            file,
            line,
            "message",
            image,
            "give whole events; the image is HOST/REPOSITORY:TAG or HOST/REPOSITORY@DIGEST",
        ));
    };
    if !parts
        .registry
        .eq_ignore_ascii_case(pulls.file.login_server.as_str())
    {
        pulls.skipped.other_registries += 1;
        return Ok(());
    }
    let series = event.series.as_ref();
    let metadata = event.metadata.as_ref();
    let time = [
        series.and_then(|series| series.last_observed_time.as_deref()),
        event.last_timestamp.as_deref(),
        event.deprecated_last_timestamp.as_deref(),
        event.event_time.as_deref(),
        metadata.and_then(|metadata| metadata.creation_timestamp.as_deref()),
    ];
    let time = time.into_iter().flatten().next().unwrap_or_default();
    let at = time.parse::<DateTime<Utc>>().map_err(|_| {
        PullFileFault::in_cell(
            file,
            line,
            "lastTimestamp",
            time,
            "give the time in UTC, such as 2026-11-23T09:30:00Z",
        )
    })?;
    pulls.covers(at.date_naive());
    let count = series.and_then(|series| series.count);
    let count = count.or(event.count).or(event.deprecated_count);
    let uid = metadata.and_then(|metadata| metadata.uid.as_deref());
    pulls.pull(PullEvent {
        key: match uid {
            Some(uid) => key(&["kubernetes", uid]),
            None => pulls.key_of_line(line),
        },
        repository: parts.repository,
        tag: parts.tag,
        digest: parts.digest,
        day: at.date_naive(),
        // Events of one kind are merged into one with a count, which older ones may lack.
        count: count.unwrap_or(1).max(1),
    });
    Ok(())
}

/// The parts of an image as a pod names it.
struct Parts {
    registry: String,
    repository: RepositoryName,
    tag: Option<Tag>,
    digest: Option<Digest>,
}

impl Parts {
    fn of(image: &str) -> Option<Self> {
        let (name, digest) = match image.split_once('@') {
            Some((name, digest)) => (name, Some(digest.parse().ok()?)),
            None => (image, None),
        };
        let (registry, rest) = match name.split_once('/') {
            Some((host, rest)) if host.contains(['.', ':']) || host == "localhost" => (host, rest.to_owned()),
            Some(_) => (DEFAULT_REGISTRY, name.to_owned()),
            None => (DEFAULT_REGISTRY, format!("library/{name}")),
        };
        let (repository, tag) = match rest.rsplit_once(':') {
            Some((repository, tag)) => (repository, Some(tag.parse().ok()?)),
            None => (rest.as_str(), None),
        };
        let tag = match (tag, digest.is_some()) {
            (None, false) => "latest".parse().ok(),
            (tag, _) => tag,
        };
        Some(Self {
            registry: registry.to_owned(),
            repository: repository.parse().ok()?,
            tag,
            digest,
        })
    }
}
