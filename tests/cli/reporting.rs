use std::process::Stdio;

use serde_json::json;

use super::{company, stderr, stdout};
use crate::end_to_end::with_new_database;

#[test]
fn the_same_figures_in_every_format() {
    let registry = company().start();
    let program = with_new_database();
    program.crawl(registry.url());

    let document = program.report();
    let totals = &document["registries"][0];
    assert_eq!((&totals["repositories"], &totals["tags"]), (&json!(2), &json!(3)));
    let rows = document["repositories"].as_array().expect("a list");
    let sum: u64 = rows
        .iter()
        .map(|row| row["attributed_bytes"].as_u64().expect("a number"))
        .sum();
    assert_eq!(totals["stored_bytes"], sum, "the shares add up to what is stored");

    let csv = program.run(&["report", "--format", "csv", "--sort", "name"]);
    let csv = stdout(&csv);
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines.len(), 3);
    assert!(
        lines[0].starts_with("registry,repository,tags,images,logical_bytes,"),
        "{csv}"
    );
    let web = rows
        .iter()
        .find(|row| row["repository"] == "team-b/web")
        .expect("a row");
    let share = lines[2].split(',').nth(7).expect("the eighth column");
    assert_eq!(share, web["attributed_bytes"].to_string(), "{csv}");

    let table = stdout(&program.run(&["report", "--view", "storage", "--limit", "1"]));
    assert!(table.contains("Adding up all tags gives"), "{table}");
    assert!(table.contains("other 1 repositor"), "{table}");
}

#[test]
fn a_registry_can_be_chosen_and_an_unknown_one_is_refused() {
    let (one, two) = (company().start(), company().start());
    let program = with_new_database();
    program.run(&["crawl", one.url(), two.url()]);
    let all = program.report();
    assert_eq!(all["registries"].as_array().map(Vec::len), Some(2));
    let chosen = program.json(&["report", "--format", "json", "--registry", two.url()]);
    let name = two.url().strip_prefix("http://").expect("plain http");
    assert_eq!(chosen["registries"].as_array().map(Vec::len), Some(1));
    assert_eq!(chosen["registries"][0]["registry"], name);
    assert_eq!(chosen["repositories"].as_array().map(Vec::len), Some(2));

    let unknown = program.run(&["report", "--registry", "reg.example.com"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(
        stderr(&unknown).contains(name),
        "it says which there are: {}",
        stderr(&unknown)
    );
}

#[test]
fn where_nothing_was_crawled_the_first_step_is_named() {
    let report = with_new_database().run(&["report"]);
    assert_eq!(report.status.code(), Some(1));
    assert!(stderr(&report).contains("tare crawl"), "{}", stderr(&report));
    assert_eq!(stdout(&report), "");
}

#[test]
fn a_reader_that_leaves_early_is_no_failure() {
    let registry = company().start();
    let program = with_new_database();
    program.crawl(registry.url());
    let mut child = program
        .command(&["report"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()));
}
