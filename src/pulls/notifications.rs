//! Notifications that a registry sends for each event, as CNCF Distribution and Harbor's own registry do.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;

use super::event::{EventKey, OWN_AGENT, PullEvent, key};
use crate::oci::{Digest, RepositoryName};

/// The media types of indexes. A client pulls the index and then one of its images; counting both would count twice.
const LISTS: [&str; 2] = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
];

/// The largest layer that a notification can tell of: 1 PiB. Our choice: far above any layer, and sums of such sizes stay
/// within the range of the counters.
const LARGEST_BLOB: u64 = 1 << 50;

/// What notifications say about pulls.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MeteredPulls {
    /// Images that were pulled.
    pub pulls: Vec<PullEvent>,
    /// Layers and configurations that were served for them.
    pub blobs: Vec<ServedBlob>,
    /// Events about something else, and invalid events.
    pub skipped: u64,
}

/// A layer or configuration that was served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServedBlob {
    /// Identifies the event if it is sent twice.
    pub key: EventKey,
    /// The repository.
    pub repository: RepositoryName,
    /// The day, in UTC.
    pub day: NaiveDate,
    /// How large it is. A notification shows neither a download that broke off nor a part of a layer nor an answer 304,
    /// so sums are upper bounds.
    pub bytes: u64,
}

/// Reads an envelope of notifications (`{"events": […]}`). `None` if the value is no envelope. An invalid event is
/// skipped: if it were refused, the registry would send it again and again and its queue would stop.
pub fn read_notifications(envelope: &Value) -> Option<MeteredPulls> {
    let events = envelope.get("events")?.as_array()?;
    let mut metered = MeteredPulls::default();
    for event in events {
        if metered.add(event) != Metering::Counted {
            metered.skipped += 1;
        }
    }
    Some(metered)
}

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metering {
    /// It is a pull, or a layer that was served for one.
    Counted,
    /// It moves nothing, or Tare's own request caused it.
    NotCounted,
    /// It lacks a member, or a member makes no sense.
    Invalid,
}

impl MeteredPulls {
    /// Adds the pull that a notification tells of.
    pub fn add(&mut self, event: &Value) -> Metering {
        if !moves_something(event) {
            return Metering::NotCounted;
        }
        match read(event) {
            Some(Read::Pull(pull)) => self.pulls.push(pull),
            Some(Read::Blob(blob)) => self.blobs.push(blob),
            None => return Metering::Invalid,
        }
        Metering::Counted
    }
}

enum Read {
    Pull(PullEvent),
    Blob(ServedBlob),
}

fn text<'v>(value: &'v Value, pointer: &str) -> Option<&'v str> {
    value.pointer(pointer).and_then(Value::as_str)
}

/// Whether an event is about a pull that moves an image or a part of one.
fn moves_something(event: &Value) -> bool {
    // A HEAD request makes an event as well, and moves nothing.
    let is_get = text(event, "/action") == Some("pull") && text(event, "/request/method") == Some("GET");
    let is_own = text(event, "/request/useragent").is_some_and(|agent| agent.starts_with(OWN_AGENT));
    let is_list = text(event, "/target/mediaType").is_some_and(|media_type| LISTS.contains(&media_type));
    is_get && !is_own && !is_list
}

fn read(event: &Value) -> Option<Read> {
    let target = event.get("target")?;
    let agent = text(event, "/request/useragent").unwrap_or_default();
    let media_type = text(target, "/mediaType").unwrap_or_default();
    let id = text(event, "/id")?;
    let name = text(target, "/repository")?;
    let repository = name.parse().ok()?;
    let at = text(event, "/timestamp")?.parse::<DateTime<Utc>>().ok();
    let at = at.filter(|at| *at >= DateTime::UNIX_EPOCH)?;
    let day = at.date_naive();
    let digest: Option<Digest> = text(target, "/digest").and_then(|digest| digest.parse().ok());
    if media_type.contains("manifest") {
        return Some(Read::Pull(PullEvent {
            key: key(&["notification", id]),
            repository,
            tag: text(target, "/tag").and_then(|tag| tag.parse().ok()),
            digest,
            day,
            count: 1,
        }));
    }
    let size = target.get("size").or_else(|| target.get("length"))?;
    let bytes = size.as_u64().filter(|bytes| *bytes <= LARGEST_BLOB)?;
    let client = text(event, "/request/addr").map(|address| {
        // The port differs from connection to connection.
        address.rsplit_once(':').map_or(address, |(host, _)| host)
    });
    // A client that asks for a part of a layer and then for all of it (podman, of zstd:chunked layers) makes an event of the
    // full size each time.
    let key = match (&digest, client) {
        (Some(digest), Some(client)) => key(&[
            "notification of a blob",
            name,
            &digest.to_string(),
            client,
            agent,
            &at.timestamp().to_string(),
        ]),
        _ => key(&["notification", id]),
    };
    Some(Read::Blob(ServedBlob {
        key,
        repository,
        day,
        bytes,
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::oci::Tag;

    const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

    fn event(id: &str, method: &str, agent: &str, media_type: &str) -> Value {
        json!({
            "id": id, "timestamp": "2026-11-03T23:59:59.5+01:00", "action": "pull",
            "target": {"mediaType": media_type, "size": 4711, "repository": "team/api", "tag": "1.0",
                       "digest": Digest::sha256_of(b"x")},
            "request": {"method": method, "useragent": agent, "addr": "10.0.0.1"},
        })
    }

    /// Vendors: Distribution, Harbor.
    #[test]
    fn a_pull_counts_once_and_its_layers_are_weighed() {
        let metered = read_notifications(&json!({"events": [
            event("1", "GET", "containerd/1.7", LISTS[0]),
            event("2", "GET", "containerd/1.7", MANIFEST),
            event("3", "GET", "containerd/1.7", "application/octet-stream"),
        ]}))
        .unwrap();
        assert_eq!(
            (metered.pulls.len(), metered.blobs.len(), metered.skipped),
            (1, 1, 1)
        );
        let pull = &metered.pulls[0];
        assert_eq!(pull.repository.as_str(), "team/api");
        assert_eq!(pull.tag.as_ref().map(Tag::as_str), Some("1.0"));
        assert_eq!(pull.day.to_string(), "2026-11-03");
        assert_eq!(metered.blobs[0].bytes, 4711);
        assert_ne!(metered.blobs[0].key, pull.key);
    }

    /// Vendors: Distribution.
    #[test]
    fn a_layer_that_a_client_reads_in_parts_is_served_once() {
        let served = |id: &str, address: &str, time: &str| {
            let mut event = event(id, "GET", "podman/4", "application/octet-stream");
            event["request"]["addr"] = json!(address);
            event["timestamp"] = json!(time);
            event
        };
        let metered = read_notifications(&json!({"events": [
            served("1", "10.0.0.1:40000", "2026-11-03T10:00:00.1Z"),
            served("2", "10.0.0.1:40001", "2026-11-03T10:00:00.9Z"),
            served("3", "10.0.0.2:40000", "2026-11-03T10:00:00.5Z"),
            served("4", "10.0.0.1:40000", "2026-11-03T10:00:01Z"),
        ]}))
        .unwrap();
        let keys: std::collections::HashSet<_> = metered.blobs.iter().map(|blob| blob.key).collect();
        assert_eq!((metered.blobs.len(), keys.len()), (4, 3));
    }

    #[test]
    fn what_moves_nothing_or_makes_no_sense_is_skipped_and_never_refused() {
        let mut push = event("4", "GET", "docker", MANIFEST);
        push["action"] = json!("push");
        let mut nameless = event("5", "GET", "docker", MANIFEST);
        nameless["target"]["repository"] = json!("../../etc");
        let metered = read_notifications(&json!({"events": [
            event("1", "HEAD", "docker", MANIFEST),
            event("2", "GET", "registry-tare/0.1.0", MANIFEST),
            push, nameless, json!(7), json!({}),
        ]}))
        .unwrap();
        assert_eq!(
            (metered.pulls.len(), metered.blobs.len(), metered.skipped),
            (0, 0, 6)
        );
        assert_eq!(read_notifications(&json!({"event": []})), None);
    }

    #[test]
    fn a_size_that_no_layer_has_is_skipped() {
        let of_size = |size: Value| {
            let mut event = event("1", "GET", "containerd/1.7", "application/octet-stream");
            event["target"]["size"] = size;
            let mut metered = MeteredPulls::default();
            (metered.add(&event), metered.blobs.len())
        };
        for nonsense in [
            json!(i64::MAX),
            json!(u64::MAX),
            json!(-1),
            json!(1e300),
            json!("7"),
            json!(LARGEST_BLOB + 1),
        ] {
            assert_eq!(of_size(nonsense.clone()), (Metering::Invalid, 0), "{nonsense}");
        }
        assert_eq!(of_size(json!(LARGEST_BLOB)), (Metering::Counted, 1));
    }
}
