//! The demo kept in a folder, and the pieces of its output that documents show.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

use super::{stderr, stdout};
use crate::support::program::Program;

/// The last day of the demo in the documents.
const TODAY: &str = "2026-11-20";

/// A demo that ended, and what it printed. Nothing changes it any more.
pub struct KeptDemo {
    program: Program,
    printed: String,
    alpine: String,
    explained: String,
    grouped: String,
    worth_it: Value,
    october: Value,
    shown: String,
}

/// The last months of the made-up company, crawled once for all tests here.
pub fn kept() -> &'static KeptDemo {
    static KEPT: OnceLock<KeptDemo> = OnceLock::new();
    KEPT.get_or_init(|| {
        let program = Program::with_embedded_store();
        let folder = program.home().join("kept");
        let folder = folder.to_str().expect("a path");
        let run = |arguments: &[&str]| {
            let output = program.run(arguments);
            assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
            stdout(&output)
        };
        // Fewer months give the same figures of the last day, and take less time.
        let printed = run(&[
            "demo", "--once", "--as-of", TODAY, "--months", "3", "--keep", folder,
        ]);
        let config = format!("{folder}/tare.toml");
        let with = |arguments: &[&str]| run(&[&["--config", &config], arguments].concat());
        let alpine = with(&["report", "--view", "alpine"]);
        let explained = with(&["explain", "notifications/mailer:1.5"]);
        let grouped = with(&["report", "--group-by", "team"]);
        let shown = with(&["catalogue", "show", "alpine:3.24", "--platform", "linux/amd64"]);
        let json = |arguments: &[&str]| {
            let text = with(&[&["report", "--format", "json"], arguments].concat());
            serde_json::from_str(&text).expect("JSON")
        };
        let worth_it = json(&["--worth", "worth-it", "--worth", "pays_back_too_late"]);
        let october = json(&["--window", "2026-10"]);
        KeptDemo {
            worth_it,
            october,
            shown,
            printed,
            alpine,
            explained,
            grouped,
            program,
        }
    })
}

impl KeptDemo {
    /// The path of a copy that a test may change.
    pub fn copied_to(&self, folder: &Path) -> String {
        let source = self.program.home().join("kept");
        let copied = Command::new("cp")
            .arg("-a")
            .args([source.as_path(), folder])
            .status();
        assert!(copied.expect("cp").success());
        folder.to_str().expect("a path").to_owned()
    }
}

/// The code block of a document that has this line, without its indentation.
fn block<'t>(document: &'t str, line: &str) -> Vec<&'t str> {
    let lines: Vec<&str> = document.lines().collect();
    let is_code = |line: &&str| line.starts_with("    ") || line.is_empty();
    let place = lines.iter().position(|own| own.trim() == line);
    let place = place.unwrap_or_else(|| panic!("the document does not show {line:?}"));
    let before = lines[..place]
        .iter()
        .rev()
        .take_while(|line| is_code(line))
        .count();
    let code = lines[place - before..].iter().take_while(|line| is_code(line));
    code.map(|line| line.strip_prefix("    ").unwrap_or(line))
        .collect()
}

/// Checks that each line of a document's block is one of the output, in the same order. A line `…` leaves some out.
fn assert_shown(name: &str, document: &str, line: &str, output: &str) {
    let mut printed = output.lines();
    for shown in block(document, line) {
        if shown.is_empty() || shown.trim() == "…" {
            continue;
        }
        assert!(
            printed.any(|line| line == shown),
            "{name} shows a line that is not printed, or not there: {shown:?}\nThis is printed today:\n{output}"
        );
    }
}

#[test]
fn the_documents_show_what_the_demo_prints() {
    let demo = kept();
    let readme = include_str!("../../README.md");
    let model = include_str!("../../docs/model.md");
    let heading = |output: &str| {
        let line = output.lines().find(|line| line.starts_with("REPOSITORY"));
        line.expect("a table").trim().to_owned()
    };
    assert_shown("README.md", readme, &heading(&demo.printed), &demo.printed);
    assert_shown("docs/model.md", model, &heading(&demo.alpine), &demo.alpine);
    assert_shown("docs/model.md", model, "Layers", &demo.explained);
}

#[test]
fn every_table_of_a_report_begins_with_what_to_do() {
    let demo = kept();
    let headline: Vec<&str> = demo.alpine.lines().take_while(|line| !line.is_empty()).collect();
    assert!(headline[0].starts_with("Move 8 repositories: "), "{headline:?}");
    let grouped: Vec<&str> = demo.grouped.lines().take_while(|line| !line.is_empty()).collect();
    assert_eq!(grouped, headline);
}

#[test]
fn rows_can_be_chosen_by_what_their_move_is_worth() {
    let report = &kept().worth_it;
    let rows = report["repositories"].as_array().expect("rows");
    let worths: Vec<&str> = rows.iter().filter_map(|row| row["worth"].as_str()).collect();
    assert_eq!(worths.len(), rows.len());
    let count = |worth| worths.iter().filter(|own| **own == worth).count();
    assert_eq!(
        count("worth_it"),
        report["headline"]["repositories"].as_u64().expect("a number") as usize
    );
    assert_eq!(count("worth_it") + count("pays_back_too_late"), rows.len());
    let others = report["others"]["repositories"].as_u64().expect("a number") as usize;
    assert_eq!(others + rows.len(), 48, "the others are added up");
}

#[test]
fn a_report_shows_the_end_of_a_window() {
    let october = &kept().october;
    assert!(
        october["as_of"]
            .as_str()
            .is_some_and(|time| time.starts_with("2026-10-31T23:59:59")),
        "{}",
        october["as_of"]
    );
    let month = &october["registries"][0]["cost"]["period"];
    assert_eq!(month["start"], "2026-10-01");
    let bytes = |report: &Value| report["registries"][0]["stored_bytes"].as_u64();
    assert!(
        bytes(october) < bytes(&kept().worth_it),
        "the registry has grown since"
    );
}

#[test]
fn advice_names_a_numbered_release_that_the_catalogue_shows() {
    let demo = kept();
    assert!(demo.explained.contains("→ alpine:3.24"), "{}", demo.explained);
    assert!(!demo.explained.contains("alpine:latest"), "{}", demo.explained);
    let texts = serde_json::to_string(&demo.october).expect("JSON");
    assert!(texts.contains(" to alpine:3.24: ") && !texts.contains("to alpine:latest"));
    assert!(
        demo.shown.contains("also called    alpine:3.24"),
        "{}",
        demo.shown
    );
}

#[test]
fn a_generated_registry_is_served_from_a_number_of_tags_and_a_seed() {
    let program = Program::with_embedded_store();
    let arguments = [
        "demo",
        "--registry-only",
        "--tags",
        "60",
        "--seed",
        "3",
        "--listen",
        "127.0.0.1:0",
    ];
    let mut process = program
        .command(&arguments)
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut said = String::new();
    let output = process.stderr.take().expect("standard error");
    BufReader::new(output).read_line(&mut said).expect("a line");
    let address = said
        .rsplit("http://")
        .next()
        .expect("an address")
        .trim()
        .to_owned();
    let mut stream = TcpStream::connect(&address).expect("a connection");
    write!(stream, "GET /v2/_catalog HTTP/1.0\r\n\r\n").expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    process.kill().expect("it runs");
    process.wait().expect("it was started");
    assert!(said.contains("60 tags") && said.contains("seed 3"), "{said}");
    assert!(answer.contains(r#""mirror/node-22""#), "{answer}");

    let alone = program.run(&["demo", "--tags", "60"]);
    assert_eq!(alone.status.code(), Some(2));
    assert!(stderr(&alone).contains("--registry-only"), "{}", stderr(&alone));
}
