//! Logs and metrics of vendors: small shapes of our own, after documents and recordings.

use super::tests::{events, fault, read};
use super::*;
use crate::oci::Digest;

/// A registry's name in the file, where it is not that of [`read`].
fn of(host: &str, text: &str) -> PullEvents {
    let login_server = host.parse().unwrap();
    let file = PullFile {
        name: "pulls",
        text,
        login_server: &login_server,
    };
    match read_pulls(file, None).unwrap().1 {
        ReadPulls::Events(events) => events,
        other => panic!("{other:?}"),
    }
}

/// The repositories with tag or digest, and the counts, in the order of the file.
fn pulled(events: &PullEvents) -> Vec<(String, u64)> {
    let name = |event: &crate::pulls::PullEvent| match (&event.tag, event.digest) {
        (Some(tag), None) => format!("{}:{tag}", event.repository),
        (None, Some(digest)) => format!("{}@{}", event.repository, &digest.to_string()[..10]),
        _ => event.repository.to_string(),
    };
    events
        .events
        .iter()
        .map(|event| (name(event), event.count))
        .collect()
}

/// A record of Amazon ECR as a trail writes it.
fn trail(time: &str, name: &str, client: &str, parameters: &str, more: &str) -> String {
    let id = Digest::sha256_of(format!("{time}{client}{name}{parameters}").as_bytes());
    format!(
        r#"{{"eventVersion":"1.08","userIdentity":{{"type":"AssumedRole","principalId":"AROA:{client}"}},
            "eventTime":"2026-11-{time}Z","eventSource":"ecr.amazonaws.com","eventName":"{name}","awsRegion":"eu-central-1",
            "sourceIPAddress":"AWS Internal","userAgent":"AWS Internal","responseElements":null,
            "requestParameters":{{"registryId":"123456789012","repositoryName":"shop/api",{parameters}}},
            "eventID":"{id}","recipientAccountId":"123456789012"{more}}}"#
    )
}

/// Vendors: ECR.
#[test]
fn cloudtrail_counts_manifests_and_names_the_layers_that_were_moved() {
    let (image, layer) = (Digest::sha256_of(b"image"), Digest::sha256_of(b"layer"));
    let by_tag = r#""imageIds":[{"imageTag":"1.4"}]"#;
    let by_digest = format!(r#""imageIds":[{{"imageDigest":"{image}"}}]"#);
    let records = [
        // A tag that the same node then asks for by digest is one pull.
        trail("03T09:00:00", "BatchGetImage", "i-1", by_tag, ""),
        trail("03T09:00:01", "BatchGetImage", "i-1", &by_digest, ""),
        trail(
            "03T09:00:02",
            "GetDownloadUrlForLayer",
            "i-1",
            &format!(r#""layerDigest":"{layer}""#),
            "",
        ),
        // Another node, and the same node a minute later.
        trail("03T09:00:00", "BatchGetImage", "i-2", by_tag, ""),
        trail("03T09:01:30", "BatchGetImage", "i-1", &by_digest, ""),
        trail(
            "04T09:00:00",
            "BatchGetImage",
            "i-3",
            by_tag,
            r#","errorCode":"RepositoryNotFoundException""#,
        ),
        trail("05T09:00:00", "PutImage", "ci", r#""imageTag":"1.5""#, ""),
        r#"{"eventSource":"s3.amazonaws.com","eventName":"GetObject","eventTime":"2026-10-01T00:00:00Z"}"#
            .to_owned(),
    ];
    let host = "123456789012.dkr.ecr.eu-central-1.amazonaws.com";
    let read = of(host, &format!(r#"{{"Records":[{}]}}"#, records.join(",")));
    let digest = &image.to_string()[..10];
    let mut names = pulled(&read);
    names.sort();
    assert_eq!(
        names,
        [
            ("shop/api:1.4".to_owned(), 1),
            (format!("shop/api@{digest}"), 1),
            (format!("shop/api@{digest}"), 1)
        ]
    );
    assert_eq!(read.unit, PullUnit::Manifests);
    assert_eq!(
        read.layers.iter().map(|layer| layer.digest).collect::<Vec<_>>(),
        [layer]
    );
    assert_eq!(
        read.period.days(),
        3,
        "the 3rd to the 5th, without another service's record"
    );
    let skipped = Skipped {
        by_tag_first: 1,
        failed: 1,
        other_operations: 2,
        ..Skipped::default()
    };
    assert_eq!(read.skipped, skipped);
    // Records as lines, and as lookup-events quotes them, say the same.
    assert_eq!(
        of(host, &records.join("\n").replace('\n', " ")).events,
        read.events
    );
    let quoted: Vec<String> = records
        .iter()
        .map(|record| {
            let text = serde_json::Value::from(record.as_str());
            format!(r#"{{"EventName":"x","CloudTrailEvent":{text}}}"#)
        })
        .collect();
    let quoted = format!(r#"{{"Events":[{}]}}"#, quoted.join(","));
    assert_eq!(of(host, &quoted).events, read.events);
    // Other accounts and regions are other registries, under each form of host.
    for host in [
        "999999999999.dkr.ecr.eu-central-1.amazonaws.com",
        "123456789012.dkr.ecr.us-east-1.amazonaws.com",
        "123456789012.dkr-ecr.us-east-1.on.aws",
        "123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com",
    ] {
        let login_server = host.parse().unwrap();
        let file = PullFile {
            name: "pulls",
            text: &records[0],
            login_server: &login_server,
        };
        let fault = read_pulls(file, None).unwrap_err().to_string();
        assert!(fault.contains("no row is about this registry"), "{host}: {fault}");
    }
    assert_eq!(
        of("123456789012.dkr-ecr.eu-central-1.on.aws", &records[0])
            .events
            .len(),
        1
    );
}

/// Vendors: ECR.
#[test]
fn cloudwatch_has_a_series_for_each_repository() {
    let text = r#"{"MetricDataResults":[
        {"Id":"p","Label":"shop/api","Timestamps":["2026-11-03T00:00:00+00:00","2026-11-04T00:00:00Z"],"Values":[12.0,0.0],
         "StatusCode":"Complete"},
        {"Id":"p","Label":"RepositoryPullCount shop/web","Timestamps":["2026-11-05T00:00:00Z"],"Values":[7],
         "StatusCode":"Complete"}],"Messages":[]}"#;
    let read = events(text);
    assert_eq!(
        pulled(&read),
        [("shop/api".to_owned(), 12), ("shop/web".to_owned(), 7)]
    );
    assert_eq!(read.period.days(), 3);
    for (change, to, said) in [
        (
            "T00:00:00Z\"],",
            "T05:00:00Z\"],",
            "ask with a period of 86400 seconds",
        ),
        (
            "[12.0,0.0]",
            "[12.5,0.0]",
            "\"12.5\" is wrong; ask for the statistic Sum",
        ),
        ("[12.0,0.0]", "[12.0]", "2 timestamps and 1 values"),
        (
            "\"shop/api\"",
            "\"RepositoryPullCount\"",
            "so that each series names its repository",
        ),
        ("\"Complete\"", "\"PartialData\"", "a series is not complete"),
    ] {
        let fault = fault(&text.replacen(change, to, 1));
        assert!(fault.contains(said), "{fault}");
    }
    let unnamed =
        r#"{"Label":"RepositoryPullCount","Datapoints":[{"Timestamp":"2026-11-03T00:00:00Z","Sum":3.0}]}"#;
    assert!(fault(unnamed).contains("save an answer of aws cloudwatch get-metric-data"));
}

/// An entry of Google's audit log.
fn entry(id: &str, method: &str, path: &str, more: &str) -> String {
    format!(
        r#"{{"insertId":"{id}","timestamp":"2026-11-03T09:00:00.079183701Z","protoPayload":{{
            "@type":"type.googleapis.com/google.cloud.audit.AuditLog","serviceName":"artifactregistry.googleapis.com",
            "methodName":"{method}","resourceLocation":{{"currentLocations":["europe-west2"]}},{more}
            "request":{{"requestMethod":"GET","requestUrl":"/v2/acme/images/shop/api/{path}"}}}}}}"#
    )
}

/// Vendors: Google.
#[test]
fn googles_audit_log_counts_manifests_and_names_the_layers_that_were_moved() {
    let digest = Digest::sha256_of(b"image");
    let scanner =
        r#""authenticationInfo":{"principalEmail":"service-1@container-analysis.iam.gserviceaccount.com"},"#;
    let entries = [
        entry("a", "Docker-HeadManifest", "manifests/1.4", ""),
        entry("b", "Docker-GetManifest", &format!("manifests/{digest}"), ""),
        entry("b", "Docker-GetManifest", &format!("manifests/{digest}"), ""),
        entry("c", "Docker-ServeBlob", &format!("blobs/{digest}"), ""),
        entry(
            "d",
            "Docker-GetManifest",
            "manifests/9.9",
            r#""status":{"code":5,"message":"not found"},"#,
        ),
        entry("e", "Docker-GetManifest", "manifests/1.4", r#""status":{},"#),
        entry("f", "Docker-GetManifest", "manifests/1.4", scanner),
        entry(
            "g",
            "Docker-GetManifest",
            "manifests/1.4",
            r#""requestMetadata":{"callerSuppliedUserAgent":"registry-tare/0.1"},"#,
        ),
    ];
    let read = of("europe-west2-docker.pkg.dev", &format!("[{}]", entries.join(",")));
    assert_eq!(
        pulled(&read),
        [
            (format!("acme/images/shop/api@{}", &digest.to_string()[..10]), 1),
            ("acme/images/shop/api:1.4".to_owned(), 1)
        ]
    );
    assert_eq!(read.layers.len(), 1);
    let skipped = Skipped {
        other_operations: 1,
        repeated: 1,
        failed: 1,
        scans: 1,
        own: 1,
        ..Skipped::default()
    };
    assert_eq!(read.skipped, skipped);
    let elsewhere = of(
        "europe-west2-docker.pkg.dev",
        &format!("{}{}", entries[1], entries[5].replace("europe-west2", "us")),
    );
    assert_eq!(
        (elsewhere.events.len(), elsewhere.skipped.other_registries),
        (1, 1)
    );
}

/// Vendors: Harbor.
#[test]
fn harbors_audit_log_counts_what_was_delivered() {
    let digest = Digest::sha256_of(b"image");
    let row = |id: u32, operation: &str, resource: &str, more: &str| {
        format!(
            r#"{{"id":{id},"op_time":"2026-11-03T09:00:00.123Z","operation":"{operation}","resource":"{resource}",
                "resource_type":"artifact","username":"robot$ci"{more}}}"#
        )
    };
    let rows = [
        row(1, "pull", "shop/api:1.4", r#","operation_result":true"#),
        row(2, "pull", &format!("shop/api@{digest}"), ""),
        row(3, "pull", "shop/api:9.9", r#","operation_result":false"#),
        row(4, "create", "shop/api:1.5", r#","operation_result":true"#),
        row(1, "pull", "shop/api:1.4", r#","operation_result":true"#),
    ];
    let read = events(&format!("[{}]", rows.join(",")));
    assert_eq!(
        pulled(&read),
        [
            ("shop/api:1.4".to_owned(), 1),
            (format!("shop/api@{}", &digest.to_string()[..10]), 1)
        ]
    );
    assert_eq!(
        (
            read.skipped.failed,
            read.skipped.other_operations,
            read.skipped.repeated
        ),
        (1, 1, 1)
    );
    assert!(fault(&row(1, "pull", "shop/api", "")).contains("PROJECT/REPOSITORY:TAG"));
}

/// Vendors: Kubernetes.
#[test]
fn kubernetes_events_count_images_that_were_moved_from_this_registry() {
    let event = |uid: &str, reason: &str, message: &str, more: &str| {
        let message = serde_json::Value::from(message);
        format!(
            r#"{{"kind":"Event","metadata":{{"uid":"{uid}"}},"involvedObject":{{"kind":"Pod"}},"reason":"{reason}",
                "message":{message},"lastTimestamp":"2026-11-03T09:00:00Z"{more}}}"#
        )
    };
    let digest = Digest::sha256_of(b"image");
    let pulled_image = |image: &str| {
        format!(
            "Successfully pulled image \"{image}\" in 1.366s (1.366s including waiting). Image size: 19493207 bytes."
        )
    };
    let items = [
        event(
            "u1",
            "Pulled",
            &pulled_image("acme.azurecr.io/shop/api:1.4"),
            r#","count":3"#,
        ),
        event(
            "u2",
            "Pulled",
            &pulled_image(&format!("acme.azurecr.io/shop/api@{digest}")),
            "",
        ),
        event("u3", "Pulled", &pulled_image("acme.azurecr.io/shop/api"), ""),
        event(
            "u4",
            "Pulled",
            &format!(
                "spec.containers{{api}}: {}",
                pulled_image("acme.azurecr.io/shop/web:2")
            ),
            "",
        ),
        event(
            "u5",
            "Pulled",
            "Container image \"acme.azurecr.io/shop/api:1.4\" already present on machine",
            "",
        ),
        event(
            "u6",
            "Pulling",
            "Pulling image \"acme.azurecr.io/shop/api:1.4\"",
            "",
        ),
        event("u7", "Pulled", &pulled_image("nginx"), ""),
        event("u8", "Pulled", &pulled_image("other.azurecr.io/shop/api:1"), ""),
    ];
    let list = format!(
        r#"{{"apiVersion":"v1","kind":"List","items":[{}]}}"#,
        items.join(",")
    );
    let read = events(&list);
    let expected = [
        ("shop/api:1.4".to_owned(), 3),
        (format!("shop/api@{}", &digest.to_string()[..10]), 1),
        ("shop/api:latest".to_owned(), 1),
        ("shop/web:2".to_owned(), 1),
    ];
    assert_eq!(pulled(&read), expected);
    assert_eq!(
        (read.skipped.other_operations, read.skipped.other_registries),
        (2, 2)
    );
    // One event a line, as exporters write them.
    assert_eq!(events(&items.join("\n")).events, read.events);
    assert_eq!(
        of("docker.io", &items[6]).events[0].repository.as_str(),
        "library/nginx"
    );
    // The newer API has other names for the same.
    let newer = r#"{"metadata":{"uid":"u1"},"regarding":{"kind":"Pod"},"reason":"Pulled","eventTime":"2026-11-03T09:00:00.5Z",
        "series":{"count":4,"lastObservedTime":"2026-11-04T09:00:00.000000Z"},
        "note":"Successfully pulled image \"acme.azurecr.io/shop/api:1.4\""}"#;
    let newer = events(newer);
    assert_eq!(pulled(&newer), [("shop/api:1.4".to_owned(), 4)]);
    assert_eq!(newer.events[0].day.to_string(), "2026-11-04");
}

/// Vendors: Azure.
#[test]
fn azures_metrics_are_sums_of_the_registry() {
    let metric = |name: &str, first: &str| {
        format!(
            r#"{{"name":{{"localizedValue":"x","value":"{name}"}},"unit":"Count","timeseries":[{{"data":[
                {{"timeStamp":"2026-11-03T00:00:00Z","total":{first}}},{{"timeStamp":"2026-11-03T12:00:00Z","total":5}},
                {{"timeStamp":"2026-11-04T00:00:00Z","total":null}},{{"timeStamp":"2026-11-05T00:00:00Z"}}]}}]}}"#
        )
    };
    let totals = |text: &str| match read(text).unwrap() {
        (PullFileFormat::AzureMetrics, ReadPulls::Totals(totals)) => totals,
        other => panic!("{other:?}"),
    };
    let both = format!(
        r#"{{"interval":"P1D","value":[{},{}]}}"#,
        metric("TotalPullCount", "90.0"),
        metric("SuccessfulPullCount", "80.0")
    );
    assert_eq!((totals(&both).sum(), totals(&both).days.len()), (85, 1));
    assert_eq!(
        totals(&format!(r#"{{"value":[{}]}}"#, metric("TotalPullCount", "90.0"))).sum(),
        95
    );
    assert!(fault(&metric("TotalPullCount", "1.5")).contains("ask for the aggregation Total"));
}

#[test]
fn a_file_of_no_known_form_is_told_which_forms_are_known() {
    for text in ["[]", "{}", r#"{"pulls": 3}"#, "a,b\n1,2\n"] {
        let fault = fault(text);
        for known in [
            "ContainerRegistryRepositoryEvents",
            "CloudTrail",
            "CloudWatch",
            "Google",
            "Kubernetes",
            "--format",
        ] {
            assert!(fault.contains(known), "{text}: {fault}");
        }
    }
}
