use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::*;
use crate::oci::Digest;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

fn now() -> DateTime<Utc> {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

fn digest() -> String {
    Digest::sha256_of(b"x").to_string()
}

/// What an envelope for this registry tells.
fn read_for(registry: &str, document: &Value) -> ReadEvents {
    match read_envelope(document, &registry.parse().unwrap(), now()) {
        Ok(Envelope::Events(read)) => read,
        other => panic!("{other:?}"),
    }
}

fn read(document: &Value) -> ReadEvents {
    read_for("reg.example.com", document)
}

/// The changes in short: `push team/api:1.0`.
fn changes(read: &ReadEvents) -> Vec<String> {
    let change = |event: &RegistryEvent| {
        let action = match event.action {
            EventAction::Push => "push",
            EventAction::Delete => "delete",
        };
        let subject = match &event.subject {
            EventSubject::Tag(tag) => format!(":{tag}"),
            EventSubject::Manifest(_) => "@".to_owned(),
            EventSubject::Repository => String::new(),
        };
        format!("{action} {}{subject}", event.repository)
    };
    read.changes.iter().map(change).collect()
}

fn skipped(read: &ReadEvents) -> Vec<(SkipReason, u64)> {
    read.skipped
        .iter()
        .map(|(reason, count)| (*reason, *count))
        .collect()
}

fn distribution(id: &str, action: &str, target: Value) -> Value {
    json!({
        "id": id, "timestamp": "2026-11-20T11:59:00.123456789Z", "action": action, "target": target,
        "request": {"id": "r", "addr": "10.0.0.1:4000", "host": "reg", "method": "PUT", "useragent": "docker/29"},
        "actor": {"name": "ci"}, "source": {"addr": "reg:5000", "instanceID": "i"},
    })
}

/// Vendors: Distribution.
#[test]
fn distribution_tells_of_tags_manifests_and_repositories() {
    let image = json!({"mediaType": MANIFEST, "digest": digest(), "size": 500, "repository": "team/api"});
    let mut tagged = image.clone();
    tagged["tag"] = json!("1.0");
    let layer =
        json!({"mediaType": "application/octet-stream", "digest": digest(), "repository": "team/api"});
    let told = read(&json!({"events": [
        distribution("1", "push", tagged),
        distribution("2", "push", image),
        distribution("3", "push", layer.clone()),
        distribution("4", "mount", layer),
        distribution("5", "delete", json!({"digest": digest(), "repository": "team/api"})),
        distribution("6", "delete", json!({"tag": "old", "repository": "team/api"})),
        distribution("7", "delete", json!({"repository": "team/gone"})),
    ]}));
    assert_eq!(
        changes(&told),
        [
            "push team/api:1.0",
            "push team/api@",
            "delete team/api@",
            "delete team/api:old",
            "delete team/gone"
        ]
    );
    assert_eq!(skipped(&told), [(SkipReason::NotRecorded, 2)]);
    assert_eq!(
        told.changes[0].key,
        read(&json!({"events": [distribution("1", "push", json!({
        "mediaType": MANIFEST, "digest": digest(), "repository": "team/api", "tag": "1.0"}))]}))
        .changes[0]
            .key
    );
}

#[test]
fn pulls_in_the_same_envelope_are_counted() {
    let mut pull = distribution(
        "1",
        "pull",
        json!({"mediaType": MANIFEST, "repository": "team/api", "size": 1}),
    );
    pull["request"]["method"] = json!("GET");
    let told = read(&json!({"events": [pull]}));
    assert_eq!(
        (told.pulls.pulls.len(), told.changes.len(), told.skipped_events()),
        (1, 0, 0)
    );
}

#[test]
fn nonsense_is_skipped_and_never_refused() {
    let target = |name: &str, tag: &str| json!({"mediaType": MANIFEST, "digest": digest(), "repository": name, "tag": tag});
    let mut ancient = distribution("5", "push", target("team/api", "1"));
    ancient["timestamp"] = json!("not a time");
    let told = read(&json!({"events": [
        distribution("1", "push", target("../../etc", "1")),
        distribution("2", "push", target("team/api", "no tag")),
        distribution("3", "push", json!({"mediaType": MANIFEST, "digest": "sha256:7", "repository": "team/api"})),
        distribution("4", "burn", target("team/api", "1")),
        ancient, json!(7), json!({}), json!(null), json!([[]]),
    ]}));
    assert_eq!(changes(&told), [""; 0]);
    assert_eq!(skipped(&told), [(SkipReason::Invalid, 9)]);
    assert_eq!(read(&json!({"events": []})), ReadEvents::default());
    for unknown in [
        json!({}),
        json!({"event": []}),
        json!(7),
        json!("events"),
        json!({"action": "push"}),
    ] {
        assert_eq!(
            read_envelope(&unknown, &"reg.example.com".parse().unwrap(), now()),
            Err(UnknownEnvelope)
        );
    }
}

#[test]
fn events_of_the_future_are_skipped_beyond_a_day() {
    let at = |after: TimeDelta| {
        let mut event = distribution(
            "1",
            "push",
            json!({"tag": "1", "repository": "team/api", "mediaType": MANIFEST}),
        );
        event["timestamp"] = json!(now() + after);
        skipped(&read(&json!({"events": [event]})))
    };
    assert_eq!(at(TimeDelta::hours(23)), []);
    assert_eq!(at(TimeDelta::days(-400)), []);
    assert_eq!(at(TimeDelta::hours(25)), [(SkipReason::InTheFuture, 1)]);
}

fn azure(action: &str, target: Value) -> Value {
    json!({
        "id": "cb8c3971-9adc-488b-xxxx", "timestamp": "2026-11-20T11:00:00.5Z", "action": action, "target": target,
        "request": {"id": "a", "host": "reg.azurecr.io", "method": "PUT", "useragent": "docker/29"},
    })
}

/// Vendors: Azure.
#[test]
fn azure_webhooks_tell_of_images_and_charts() {
    let target =
        json!({"mediaType": MANIFEST, "size": 524, "digest": digest(), "repository": "hello", "tag": "v1"});
    assert_eq!(changes(&read(&azure("push", target.clone()))), ["push hello:v1"]);
    assert_eq!(changes(&read(&azure("chart_push", target))), ["push hello:v1"]);
    let gone = json!({"mediaType": MANIFEST, "digest": digest(), "repository": "hello"});
    assert_eq!(changes(&read(&azure("delete", gone.clone()))), ["delete hello@"]);
    for other in ["ping", "quarantine"] {
        let told = read(&azure(other, gone.clone()));
        assert_eq!(skipped(&told), [(SkipReason::NotRecorded, 1)], "{other}");
    }
}

/// Vendors: Azure.
#[test]
fn event_grid_is_read_in_both_forms_and_its_validation_is_answered() {
    let target = json!({"mediaType": MANIFEST, "digest": digest(), "repository": "hello", "tag": "v1"});
    let own = json!([{
        "id": "831e1650", "topic": "/subscriptions/…", "subject": "hello:v1",
        "eventType": "Microsoft.ContainerRegistry.ImagePushed", "eventTime": "2026-11-20T11:00:00Z",
        "data": azure("push", target.clone()), "dataVersion": "2.0", "metadataVersion": "1",
    }]);
    assert_eq!(changes(&read(&own)), ["push hello:v1"]);
    let cloud = json!({
        "specversion": "1.0", "id": "831e1650", "source": "/subscriptions/…", "subject": "hello",
        "type": "Microsoft.ContainerRegistry.ImageDeleted", "time": "2026-11-20T11:00:00Z",
        "data": azure("delete", json!({"digest": digest(), "repository": "hello"})),
    });
    assert_eq!(changes(&read(&cloud)), ["delete hello@"]);
    assert_eq!(changes(&read(&json!([cloud]))), ["delete hello@"]);
    assert_eq!(read(&own).changes[0].key, read(&own).changes[0].key);

    let validation = json!([{
        "id": "2d1781af", "topic": "/subscriptions/…", "subject": "", "eventTime": "2026-11-20T11:00:00Z",
        "eventType": "Microsoft.EventGrid.SubscriptionValidationEvent",
        "data": {"validationCode": "512d38b6", "validationUrl": "https://rp-eastus2.eventgrid.example/validate"},
    }]);
    let answer = read_envelope(&validation, &"reg.azurecr.io".parse().unwrap(), now());
    assert_eq!(
        answer,
        Ok(Envelope::Validation {
            code: "512d38b6".to_owned()
        })
    );
}

fn harbor(kind: &str, operator: &str) -> Value {
    json!({
        "type": kind, "occur_at": now().timestamp() - 60, "operator": operator,
        "event_data": {
            "resources": [{"digest": digest(), "tag": "1.0", "resource_url": "reg.example.com/team/api:1.0"}],
            "repository": {"name": "api", "namespace": "team", "repo_full_name": "team/api", "repo_type": "private"},
        },
    })
}

/// Vendors: Harbor.
#[test]
fn harbor_tells_of_pushes_deletions_and_pulls_in_both_forms() {
    assert_eq!(
        changes(&read(&harbor("PUSH_ARTIFACT", "ci"))),
        ["push team/api:1.0"]
    );
    // Of a deletion only the registry knows whether the tag or the artifact went.
    let deleted = read(&harbor("DELETE_ARTIFACT", "ci"));
    assert_eq!(changes(&deleted), ["delete team/api:1.0", "delete team/api@"]);
    assert_ne!(deleted.changes[0].key, deleted.changes[1].key);
    let pulled = read(&harbor("PULL_ARTIFACT", "node"));
    assert_eq!(pulled.pulls.pulls.len(), 1);
    let scanned = read(&harbor("PULL_ARTIFACT", "robot$team+Trivy-1a2b"));
    assert_eq!(
        (scanned.pulls.pulls.len(), skipped(&scanned)),
        (0, vec![(SkipReason::NotRecorded, 1)])
    );
    assert_eq!(
        skipped(&read(&harbor("SCANNING_COMPLETED", "ci"))),
        [(SkipReason::NotRecorded, 1)]
    );

    let cloud = |kind: &str| {
        json!({
            "specversion": "1.0", "id": "66cf1ff2", "requestid": "r", "source": "/projects/1/webhook/policies/4",
            "type": kind, "datacontenttype": "application/json", "time": "2026-11-20T11:00:00Z", "operator": "ci",
            "data": harbor("PUSH_ARTIFACT", "ci")["event_data"],
        })
    };
    assert_eq!(
        changes(&read(&cloud("harbor.artifact.pushed"))),
        ["push team/api:1.0"]
    );
    assert_eq!(read(&cloud("harbor.artifact.pulled")).pulls.pulls.len(), 1);
    assert_eq!(
        skipped(&read(&cloud("harbor.quota.exceeded"))),
        [(SkipReason::NotRecorded, 1)]
    );
}

/// Vendors: ECR.
#[test]
fn ecr_tells_of_its_own_account_and_region_only() {
    let event = |action: &str, account: &str, result: &str| {
        json!({
            "version": "0", "id": "13cde686", "detail-type": "ECR Image Action", "source": "aws.ecr",
            "account": account, "time": "2026-11-20T11:00:00Z", "region": "eu-central-1", "resources": [],
            "detail": {
                "result": result, "repository-name": "team/api", "image-digest": digest(), "action-type": action,
                "image-tag": "latest", "manifest-media-type": MANIFEST,
            },
        })
    };
    for host in [
        "123456789012.dkr.ecr.eu-central-1.amazonaws.com",
        "123456789012.dkr-ecr.eu-central-1.on.aws",
    ] {
        let own = |action, account, result| read_for(host, &event(action, account, result));
        assert_eq!(
            changes(&own("PUSH", "123456789012", "SUCCESS")),
            ["push team/api:latest"]
        );
        assert_eq!(
            changes(&own("DELETE", "123456789012", "SUCCESS")),
            ["delete team/api:latest", "delete team/api@"]
        );
        let other = own("PUSH", "999999999999", "SUCCESS");
        assert_eq!(
            (changes(&other).len(), skipped(&other)),
            (0, vec![(SkipReason::OtherRegistry, 1)])
        );
        assert_eq!(
            skipped(&own("PUSH", "123456789012", "FAILURE")),
            [(SkipReason::NotRecorded, 1)]
        );
    }
    let scan =
        json!({"detail-type": "ECR Image Scan", "source": "aws.ecr", "detail": {"scan-status": "COMPLETE"}});
    assert_eq!(skipped(&read(&scan)), [(SkipReason::NotRecorded, 1)]);
}

/// Vendors: GitHub.
#[test]
fn github_tells_of_container_packages() {
    let event = |member: &str, kind: &str, tag: &str| {
        json!({
            "action": "published", member: {
                "id": 7, "name": "API", "namespace": "Example-Org", "package_type": kind, "updated_at": "2026-11-20T11:00:00Z",
                "package_version": {
                    "id": 11, "version": digest(), "updated_at": "2026-11-20T11:00:00Z",
                    "container_metadata": {"tag": {"name": tag, "digest": digest()}, "labels": {}, "manifest": {}},
                },
            },
        })
    };
    assert_eq!(
        changes(&read(&event("package", "CONTAINER", "v1"))),
        ["push example-org/api:v1"]
    );
    assert_eq!(
        changes(&read(&event("registry_package", "container", ""))),
        ["push example-org/api@"]
    );
    assert_eq!(
        skipped(&read(&event("package", "npm", "v1"))),
        [(SkipReason::NotRecorded, 1)]
    );
    let ping = json!({"zen": "Keep it logically awesome.", "hook_id": 7, "hook": {}});
    assert_eq!(skipped(&read(&ping)), [(SkipReason::NotRecorded, 1)]);
}

/// Vendors: Google.
#[test]
fn google_tells_of_images_by_full_name() {
    let message = |data: &Value| {
        json!({
            "message": {
                "data": STANDARD.encode(data.to_string()), "messageId": "136969346945", "publishTime": "2026-11-20T11:00:00Z",
                "attributes": {},
            },
            "subscription": "projects/p/subscriptions/s",
        })
    };
    let host = "europe-docker.pkg.dev";
    let image = format!("{host}/project/repository/team/api");
    let told = |data: Value| read_for(host, &message(&data));
    let (by_digest, by_tag) = (format!("{image}@{}", digest()), format!("{image}:1.0"));
    let pushed = told(json!({"action": "INSERT", "digest": by_digest, "tag": by_tag}));
    assert_eq!(changes(&pushed), ["push project/repository/team/api:1.0"]);
    assert_eq!(
        changes(&told(json!({"action": "DELETE", "digest": by_digest}))),
        ["delete project/repository/team/api@"]
    );
    assert_eq!(
        changes(&told(json!({"action": "DELETE", "tag": by_tag}))),
        ["delete project/repository/team/api:1.0"]
    );
    assert_eq!(
        skipped(&read_for(
            "us-docker.pkg.dev",
            &message(&json!({"action": "INSERT", "digest": by_digest}))
        )),
        [(SkipReason::OtherRegistry, 1)]
    );
    for nonsense in [
        json!({"action": "INSERT"}),
        json!({"action": "INSERT", "tag": "x"}),
        json!({"action": "INSERT", "digest": host}),
    ] {
        assert_eq!(
            skipped(&told(nonsense.clone())),
            [(SkipReason::Invalid, 1)],
            "{nonsense}"
        );
    }
    let broken = json!({"message": {"data": "not base64!", "messageId": "1"}});
    assert_eq!(skipped(&read(&broken)), [(SkipReason::Invalid, 1)]);
}

/// Vendors: Docker Hub, Quay.
#[test]
fn quay_and_docker_hub_tell_of_tags() {
    let quay = json!({
        "name": "api", "repository": "team/api", "namespace": "team", "docker_url": "quay.io/team/api",
        "homepage": "https://quay.io/repository/team/api", "updated_tags": ["latest", "1.0"],
    });
    let told = read(&quay);
    assert_eq!(changes(&told), ["push team/api:latest", "push team/api:1.0"]);
    assert!(
        told.changes.iter().all(|event| event.key.is_none()),
        "nothing tells two pushes apart"
    );
    let hub = json!({
        "callback_url": "https://registry.hub.docker.com/u/team/api/hook/1/",
        "push_data": {"pushed_at": now().timestamp(), "pusher": "ci", "tag": "latest"},
        "repository": {"name": "api", "namespace": "team", "repo_name": "team/api", "status": "Active"},
    });
    assert_eq!(changes(&read(&hub)), ["push team/api:latest"]);
    assert!(read(&hub).changes[0].key.is_some());
}
