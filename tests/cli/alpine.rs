//! What Alpine would change, on a made-up company's registry.

use std::process::Child;
use std::sync::OnceLock;

use serde_json::Value;
use tare::demo::{self, DemoRegistry};

use super::{stderr, stdout};
use crate::end_to_end::with_new_database;
use crate::support::keeper::remove_at_the_end;
use crate::support::program::Program;

/// The company's registry, crawled once for all tests here. They only read.
pub fn crawled() -> &'static Program {
    static CRAWLED: OnceLock<(Program, DemoRegistry, Child)> = OnceLock::new();
    let (program, ..) = CRAWLED.get_or_init(|| {
        let registry = demo::serve().expect("the demo's registry");
        let program = with_new_database();
        program.crawl(registry.url());
        let keeper = remove_at_the_end(program.home());
        (program, registry, keeper)
    });
    program
}

fn number(value: &Value) -> i64 {
    value.as_i64().unwrap_or_else(|| panic!("no number: {value}"))
}

/// The three figures of an estimate, checked to be in order.
fn estimate(value: &Value) -> [i64; 3] {
    let figures = ["low", "expected", "high"].map(|key| number(&value[key]));
    assert!(figures.is_sorted(), "{value}");
    figures
}

fn rows(document: &Value, key: &str) -> Vec<Value> {
    document[key].as_array().expect("a list").clone()
}

#[test]
fn joint_savings_add_up_to_what_the_registry_saves() {
    let report = crawled().report();
    let registry = &report["registries"][0];
    let alpine = &registry["alpine"];
    let [_, saving, _] = estimate(&alpine["saving_bytes"]);
    let [_, stored, _] = estimate(&alpine["stored_bytes"]);
    assert!(saving > 0, "{alpine}");
    assert_eq!(number(&registry["stored_bytes"]) - stored, saving);
    assert!(
        number(&alpine["naive_saving_bytes"]) > saving,
        "tags share layers, so their sum promises too much: {alpine}"
    );

    let mut joint = 0;
    let mut attributed = 0;
    for row in rows(&report, "repositories") {
        let after = &row["alpine"];
        for key in ["stored_bytes", "attributed_bytes", "solo_saving_bytes"] {
            estimate(&after[key]);
        }
        let [_, own, _] = estimate(&after["joint_saving_bytes"]);
        let [_, share, _] = estimate(&after["attributed_bytes"]);
        assert_eq!(number(&row["attributed_bytes"]) - share, own, "{row}");
        joint += own;
        attributed += share;
        assert!(
            row["reason"].as_str().is_some_and(|reason| !reason.is_empty()),
            "{row}"
        );
        assert!(row["verdict"].is_string() && !row["base"].is_string(), "{row}");
        assert!(after.get("break_even_repositories").is_some(), "{row}");
    }
    assert_eq!((joint, attributed), (saving, stored));
}

#[test]
fn each_verdict_is_there_and_can_be_asked_for() {
    let program = crawled();
    let report = program.report();
    let verdicts: Vec<Value> = rows(&report, "repositories")
        .into_iter()
        .map(|row| row["verdict"].clone())
        .collect();
    for verdict in ["switch", "already_small"] {
        assert!(
            verdicts.iter().any(|other| other == verdict),
            "{verdict}: {verdicts:?}"
        );
    }
    let chosen = program.json(&[
        "report",
        "--format",
        "json",
        "--verdict",
        "switch",
        "--sort",
        "saving",
    ]);
    let rows = rows(&chosen, "repositories");
    assert!(rows.iter().all(|row| row["verdict"] == "switch"));
    let savings: Vec<i64> = rows
        .iter()
        .map(|row| number(&row["alpine"]["joint_saving_bytes"]["expected"]))
        .collect();
    assert!(savings.is_sorted_by(|a, b| a >= b), "{savings:?}");
    // What is left out is summed, so that the rows still add up.
    let others = number(&chosen["others"]["expected_joint_saving_bytes"]);
    let whole = number(&chosen["registries"][0]["alpine"]["saving_bytes"]["expected"]);
    assert_eq!(savings.iter().sum::<i64>() + others, whole);

    let wrong = program.run(&["report", "--verdict", "maybe"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(stderr(&wrong).contains("already_small"), "{}", stderr(&wrong));
}

#[test]
fn people_are_told_in_words_and_in_lines_that_fit() {
    let program = crawled();
    let table = stdout(&program.run(&["report", "--view", "alpine"]));
    let words = table.replace('\n', " ");
    assert!(words.contains("should switch. Then"), "{table}");
    assert!(words.contains("Adding up all tags would promise"), "{table}");
    let ours = table.lines().skip_while(|line| !line.contains("VERDICT"));
    for line in ours.take_while(|line| !line.is_empty()) {
        assert!(line.chars().count() <= 120, "{line}");
    }
    let csv = stdout(&program.run(&["report", "--format", "csv"]));
    let mut lines = csv.lines();
    let header = lines.next().expect("a header");
    assert!(header.ends_with(
        ",joint_saving_bytes_expected,joint_saving_bytes_high,break_even_repositories,confidence"
    ));
    assert!(
        header.contains(",attributed_bytes,verdict,reason,base,runtime,"),
        "{header}"
    );
}

#[test]
fn images_have_rows_of_their_own() {
    let program = crawled();
    let document = program.json(&["report", "--by", "image", "--format", "json"]);
    let images = rows(&document, "images");
    assert!(!images.is_empty());
    for image in &images {
        assert!(
            image["digest"]
                .as_str()
                .is_some_and(|digest| digest.starts_with("sha256:"))
        );
        assert!(
            image["tags"].as_array().is_some_and(|tags| !tags.is_empty()),
            "{image}"
        );
        assert!(
            image["verdict"].is_string() && image["platform"].is_string(),
            "{image}"
        );
        if image["verdict"] != "switch" {
            continue;
        }
        let [_, _, high] = estimate(&image["alpine"]["bytes"]);
        assert!(
            high < number(&image["compressed_bytes"]),
            "surely smaller: {image}"
        );
        assert!(
            image["alpine"]["twin"]
                .as_str()
                .is_some_and(|twin| twin.contains("alpine"))
        );
        assert!(
            image["base"]["layers"].is_u64() && image["base"]["evidence"].is_string(),
            "{image}"
        );
        assert!(
            ["A", "B", "C"].iter().any(|class| image["class"] == *class),
            "{image}"
        );
    }
    // Beside them everything else stays what it is.
    assert_eq!(document["repositories"], program.report()["repositories"]);

    let limited = stdout(&program.run(&["report", "--by", "image", "--format", "csv", "--limit", "3"]));
    assert_eq!(limited.lines().count(), 4, "{limited}");
    let table = stdout(&program.run(&["report", "--by", "image", "--limit", "20"]));
    assert!(table.contains("\nIMAGE "), "{table}");
}

/// An image of the company that should switch, as `repository:tag`.
fn switching_image(program: &Program) -> String {
    let chosen = [
        "report",
        "--by",
        "image",
        "--verdict",
        "switch",
        "--format",
        "json",
    ];
    let document = program.json(&chosen);
    let image = rows(&document, "images")
        .into_iter()
        .find(|image| image["platform"] == "linux/amd64" && image["class"] != "C")
        .expect("an image that should switch");
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    format!("{}:{}", text(&image["repository"]), text(&image["tags"][0]))
}

#[test]
fn one_image_is_explained_layer_by_layer() {
    let program = crawled();
    let name = switching_image(program);
    let text = stdout(&program.run(&["explain", &name]));
    assert!(text.contains("Verdict: switch."), "{text}");
    let change = text
        .lines()
        .find(|line| line.contains('→') && line.contains("FROM"));
    let (from, to) = change
        .and_then(|line| line.split_once('→'))
        .expect("the change in one line");
    assert!(!from.contains("alpine") && to.contains("alpine"), "{text}");

    let document = program.json(&["explain", &name, "--format", "json"]);
    let now: i64 = rows(&document, "layers")
        .iter()
        .map(|layer| number(&layer["bytes"]))
        .sum();
    assert_eq!(now, number(&document["compressed_bytes"]));
    let alpine = &document["alpine"];
    let above: i64 = rows(&document, "layers")
        .iter()
        .filter(|layer| !layer["alpine_bytes"].is_null())
        .map(|layer| estimate(&layer["alpine_bytes"])[1])
        .sum();
    let added = alpine["added_bytes"]["expected"].as_i64().unwrap_or(0);
    let [_, expected, _] = estimate(&alpine["bytes"]);
    assert_eq!(
        number(&alpine["twin_bytes"]) + above + added,
        expected,
        "the parts are the whole"
    );

    // The same by its digest, with the registry in front.
    let digest = document["digest"].as_str().expect("a digest");
    let repository = document["repository"].as_str().expect("a name");
    let registry = document["registry"].as_str().expect("a name");
    let by_digest = program.json(&[
        "explain",
        &format!("{registry}/{repository}@{digest}"),
        "--format",
        "json",
    ]);
    assert_eq!(by_digest["layers"], document["layers"]);
}

#[test]
fn an_image_that_is_not_there_is_answered_with_those_that_are_like_it() {
    let program = crawled();
    let name = switching_image(program);
    let short = name.rsplit('/').next().expect("a last part");
    let unknown = program.run(&["explain", short]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(stderr(&unknown).contains(&name), "{}", stderr(&unknown));
    let report = program.report();
    let chart = rows(&report, "repositories")
        .into_iter()
        .find(|row| row["verdict"] == "not_an_image")
        .expect("a repository of charts");
    let chart = chart["repository"].as_str().expect("a name");
    let tag = format!("{chart}:1.0.0");
    let artifact = program.run(&["explain", &tag]);
    assert!(
        stderr(&artifact).contains("not an image"),
        "{tag}: {}",
        stderr(&artifact)
    );
    let platform = program.run(&["explain", &name, "--platform", "linux/s390x"]);
    assert_eq!(platform.status.code(), Some(2));
    assert!(stderr(&platform).contains("linux/amd64"), "{}", stderr(&platform));
}

#[test]
fn the_catalogue_shows_what_is_shipped_and_what_the_registry_shows() {
    let program = crawled();
    let list = program.json(&["catalogue", "list", "node:22", "--format", "json"]);
    let list = list.as_array().expect("a list").clone();
    assert!(list.iter().any(|row| row["twin"] == "node:22-alpine"), "{list:?}");
    let grown = |row: &Value| {
        row["known_from"]
            .as_str()
            .is_some_and(|from| from.starts_with("127.0.0.1:"))
    };
    assert!(list.iter().any(grown), "{list:?}");
    let shown = stdout(&program.run(&["catalogue", "show", "node:22", "--platform", "linux/amd64"]));
    assert!(shown.contains("twin           node:22-alpine"), "{shown}");
    let unknown = program.run(&["catalogue", "show", "nothing:like-it"]);
    assert_eq!(unknown.status.code(), Some(1));

    let name = switching_image(program);
    let why = stdout(&program.run(&["catalogue", "explain", &name]));
    assert!(why.contains("% sure, by ") && why.contains("known from"), "{why}");

    // It works before anything is crawled.
    let empty = with_new_database();
    assert!(stdout(&empty.run(&["catalogue", "list", "node"])).contains("node:22"));
}

#[test]
fn a_refresh_reads_the_known_bases_and_nothing_else() {
    let registry = demo::serve().expect("the demo's registry");
    let program = with_new_database();
    let mirror = format!("{}/mirror/library", registry.url());
    let refresh = [
        "catalogue",
        "refresh",
        &mirror,
        "-r",
        "node",
        "--json",
        "--requests-per-minute",
        "0",
    ];
    let result = program.json(&refresh);
    assert_eq!(result["repositories"], 1, "{result}");
    assert!(number(&result["tags"]) > 0, "{result}");
    let report = program.report();
    let names: Vec<Value> = rows(&report, "repositories")
        .into_iter()
        .map(|row| row["repository"].clone())
        .collect();
    assert_eq!(names, ["mirror/library/node"]);
    let nowhere = program.run(&["catalogue", "refresh"]);
    assert_eq!(nowhere.status.code(), Some(2));
}

#[test]
fn the_operator_decides() {
    let program = crawled();
    let name = switching_image(program);
    let repository = name.split(':').next().expect("a repository");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("tare.toml");
    let text = format!(
        "[[verdict]]\nrepositories = [\"{repository}\"]\nverdict = \"blocked\"\nreason = \"not this year\"\n"
    );
    std::fs::write(&file, text).expect("written");
    let file = file.to_str().expect("UTF-8");
    let report = program.json(&["--config", file, "report", "--format", "json"]);
    let row = rows(&report, "repositories")
        .into_iter()
        .find(|row| row["repository"] == repository)
        .expect("the repository");
    assert_eq!(
        (&row["verdict"], &row["reason"]),
        (&"blocked".into(), &"not this year".into())
    );
    assert_eq!(
        row["alpine"]["stored_bytes"]["expected"], row["stored_bytes"],
        "it stays as it is"
    );
}

#[test]
fn the_model_is_measured_and_fitted_anew_only_where_it_is_asked_for() {
    let program = crawled();
    let document = program.json(&["evaluate", "--format", "json"]);
    assert_eq!(document["rows"][0]["class"], "all", "{document}");
    let table = stdout(&program.run(&["calibrate"]));
    assert!(table.contains("Nothing was changed"), "{table}");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("model.toml");
    let path = file.to_str().expect("UTF-8");
    let written = program.run(&["calibrate", "--output", path]);
    assert!(written.status.success(), "{}", stderr(&written));
    // What was written can be used.
    let config = folder.path().join("tare.toml");
    std::fs::write(&config, format!("[alpine]\nmodel = \"{path}\"\n")).expect("written");
    let config = config.to_str().expect("UTF-8");
    let table = stdout(&program.run(&["--config", config, "evaluate"]));
    assert!(table.contains("fitted on 127.0.0.1:"), "{table}");
}
