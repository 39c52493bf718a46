//! What a clean-up would delete and free, as a user sees it.

use std::fs;

use serde_json::{Value, json};

use super::{stderr, stdout};
use crate::end_to_end::with_new_database;
use crate::support::faulty_registry::{Document, FaultyRegistry, image};
use crate::support::program::Program;

/// An image of a version, built in a month of 2026.
fn version(number: u64, month: u32) -> Document {
    let config = json!({
        "architecture": "amd64",
        "os": "linux",
        "created": format!("2026-{month:02}-01T00:00:00Z"),
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": []},
    });
    let own = format!("version {number}");
    let layers = image().layer("base", 1000).layer(&own, 100 + number);
    layers.config(config.to_string()).build()
}

/// Four versions of `app`, and `web` on the same base.
fn crawled() -> (FaultyRegistry, Program) {
    let registry = FaultyRegistry::holding(|content| {
        let app = content.repository("app");
        for number in 1..=4 {
            let tag = format!("v{number}");
            app.tag(&tag, version(number, u32::try_from(number).expect("a month")));
        }
        content
            .repository("web")
            .tag("1", image().layer("base", 1000).layer("web", 7));
    })
    .start();
    let program = with_new_database();
    program.crawl(registry.url());
    (registry, program)
}

/// Manifest, configuration and the layer of its own.
fn own_bytes(document: &Document, number: u64) -> u64 {
    document.size() + document.blobs[0].len() as u64 + 100 + number
}

#[test]
fn a_clean_up_says_which_tags_go_and_what_that_frees() {
    let (registry, program) = crawled();
    let answer = program.json(&[
        "cleanup",
        "--keep-newest",
        "2",
        "--repository",
        "app",
        "--format",
        "json",
    ]);
    let tags: Vec<&str> = answer["tags"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|tag| tag["tag"].as_str().expect("a tag"))
        .collect();
    assert_eq!(tags, ["v1", "v2"]);
    let freed: u64 = (1..=2)
        .map(|number| own_bytes(&version(number, u32::try_from(number).expect("a month")), number))
        .sum();
    assert_eq!(answer["freed_bytes"], json!(freed));
    assert_eq!(answer["freed_cost"], Value::Null);
    assert_eq!(
        (&answer["manifests"], &answer["untagged_manifests"]),
        (&json!(2), &json!(0))
    );
    let first = &answer["tags"][0];
    assert_eq!(first["repository"], "app");
    assert_eq!(first["digest"], json!(version(1, 1).digest()));
    assert_eq!(first["pushed_at_basis"], "image_built");
    assert!(
        registry
            .url()
            .ends_with(first["registry"].as_str().expect("a name"))
    );
    assert_eq!(
        answer["rules"],
        json!([{"rule": "keep-newest 2", "alone_bytes": freed}])
    );
    let repositories = &answer["repositories"];
    assert_eq!(
        (
            &repositories[0]["repository"],
            &repositories[0]["freed_bytes"],
            &repositories[1]
        ),
        (&json!("app"), &json!(freed), &Value::Null)
    );

    // Nothing is younger than the last crawl, and nothing is pulled as far as is known.
    let all = program.json(&["cleanup", "--older-than", "0d", "--format", "json"]);
    assert_eq!(all["tags"].as_array().map(Vec::len), Some(5));
    assert_eq!(
        all["freed_bytes"], all["stored_bytes"],
        "with its last user, the base goes too"
    );
    let kept = program.json(&[
        "cleanup",
        "--older-than",
        "0d",
        "--keep",
        "v*",
        "--format",
        "json",
    ]);
    assert_eq!(kept["tags"][0]["repository"], "web");
    let unused = program.json(&["cleanup", "--not-pulled-for", "60d", "--format", "json"]);
    assert_eq!((&unused["tags"], &unused["freed_bytes"]), (&json!([]), &json!(0)));
    let note = unused["notes"][0].as_str().expect("a note");
    assert!(note.contains("pulls of 5 tags are not counted"), "{note}");
    let nothing = program.json(&["cleanup", "--keep", "*", "--format", "json"]);
    let note = nothing["notes"][0].as_str().expect("a note");
    assert!(note.starts_with("No rule deletes anything"), "{note}");

    let unknown = program.run(&["cleanup", "--keep-newest", "2", "--repository", "nowhere"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(
        stderr(&unknown).contains("no crawled repository matches"),
        "{}",
        stderr(&unknown)
    );

    let table = stdout(&program.run(&["cleanup", "--delete", "v[12]"]));
    assert!(table.contains("2 tags and 2 manifests go"), "{table}");
    assert!(table.contains("app:v1"), "{table}");
    let csv = stdout(&program.run(&["cleanup", "--delete", "v1", "--format", "csv"]));
    assert_eq!(csv.lines().count(), 2, "{csv}");
}

#[test]
fn money_is_the_difference_of_the_bill() {
    let (_registry, program) = crawled();
    let book = ["--price-book", "aws-ecr", "--format", "json"];
    let answer = program.json(&[&["cleanup", "--keep-newest", "1"], &book[..]].concat());
    assert_eq!(answer["freed_cost"]["currency"], "USD");
    assert_eq!(answer["freed_cost"], answer["registries"][0]["freed_cost"]);
    let quota = ["--price-book", "azure-container-registry-premium"];
    let table = stdout(&program.run(&[&["cleanup", "--keep-newest", "1"], &quota[..]].concat()));
    let table = table.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        table.contains("saves nothing, because what is stored is within the included quota"),
        "{table}"
    );
}

#[test]
fn a_vendors_policy_is_simulated_and_refused_as_by_the_vendor() {
    let (_registry, program) = crawled();
    let file = program.home().join("policy.json");
    let policy = |count_unit: Value| {
        let mut selection = json!({"tagStatus": "tagged", "tagPatternList": ["v*"], "countType": "imageCountMoreThan", "countNumber": 3});
        if !count_unit.is_null() {
            selection["countUnit"] = count_unit;
        }
        json!({"rules": [{"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}]})
            .to_string()
    };
    let path = file.to_string_lossy().into_owned();
    fs::write(&file, policy(Value::Null)).expect("a file");
    let answer = program.json(&["cleanup", "--policy", &path, "--format", "json"]);
    assert_eq!(answer["tags"][0]["tag"], "v1");
    assert_eq!(answer["tags"].as_array().map(Vec::len), Some(1));
    fs::write(&file, policy(json!("days"))).expect("a file");
    let refused = program.run(&["cleanup", "--policy", &path]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        stderr(&refused).contains("rules[0].selection.countUnit"),
        "{}",
        stderr(&refused)
    );
    let written = program.run(&["cleanup", "--keep-newest", "10", "--write-policy", "acr-purge"]);
    assert!(stdout(&written).starts_with("acr purge --filter '.*:.*' --ago 0d --keep 10 --untagged"));
    let impossible = program.run(&["cleanup", "--not-pulled-for", "9d", "--write-policy", "gitlab"]);
    assert_eq!(impossible.status.code(), Some(2));
    assert!(
        stderr(&impossible).contains("it knows no pulls"),
        "{}",
        stderr(&impossible)
    );
}
