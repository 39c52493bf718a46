//! Output for programs, and files about the program: JSON, completions, manual pages, the version.

use serde_json::Value;

use super::alpine::crawled;
use super::{company, stderr, stdout};
use crate::end_to_end::with_new_database;
use crate::support::program::Program;

#[test]
fn every_listing_is_there_as_json() {
    let program = crawled();
    let list = |arguments: &[&str]| -> Value { program.json(&[arguments, &["--format", "json"]].concat()) };
    let books = list(&["prices", "list"]);
    assert!(
        books
            .as_array()
            .expect("a list")
            .iter()
            .any(|book| book["id"] == "aws-ecr")
    );
    let pulls = list(&["pulls", "list"]);
    assert!(pulls["files"].is_array() && pulls["months"].is_array(), "{pulls}");
    let settings = list(&["config"]);
    let crawl = settings["sections"]
        .as_array()
        .expect("a list")
        .iter()
        .find(|section| section["section"] == "crawl")
        .expect("a section");
    let attempts = crawl["settings"]
        .as_array()
        .expect("a list")
        .iter()
        .find(|setting| setting["setting"] == "max_attempts")
        .expect("a setting");
    assert_eq!(
        (&attempts["value"], &attempts["source"]),
        (&5.into(), &"default".into())
    );
    let bases = list(&["catalogue", "show", "node:22"]);
    assert!(bases.as_array().is_some_and(|rows| !rows.is_empty()), "{bases}");
    let matches = list(&["catalogue", "explain", "shop/storefront"]);
    assert!(
        matches["candidates"]
            .as_array()
            .is_some_and(|rows| !rows.is_empty()),
        "{matches}"
    );
    assert!(list(&["key", "list"]).is_array());
    let key = list(&["key", "create", "grafana"]);
    assert!(key["key"].as_str().is_some_and(|key| key.len() > 30), "{key}");
    assert_eq!(
        (&key["name"], &key["state"]),
        (&"grafana".into(), &"valid".into())
    );
    assert_eq!(list(&["key", "list"])[0]["id"], key["id"]);
    let book = program.home().join("book.toml");
    std::fs::write(&book, include_str!("../../config/price-books/aws-ecr.toml")).expect("a file");
    let book = list(&["prices", "check", book.to_str().expect("a path")]);
    assert_eq!(
        (&book["id"], &book["currency"]),
        (&"aws-ecr".into(), &"USD".into())
    );
    let checks = list(&["doctor"]);
    assert_eq!(checks["ok"], true, "{checks}");
    assert!(
        checks["checks"]
            .as_array()
            .expect("a list")
            .iter()
            .any(|check| check["check"] == "database")
    );
}

#[test]
fn status_says_how_old_figures_are_and_what_comes_next() {
    let registry = company().start();
    let program = with_new_database();
    let before = stdout(&program.run(&["status"]));
    assert!(before.contains("tare crawl https://"), "{before}");
    program.crawl(registry.url());
    let name = registry.url().trim_start_matches("http://");

    let text = stdout(&program.run(&["status"]));
    for words in [name, "complete", "0 minutes", "no schedule"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let status = program.json(&["status", "--format", "json"]);
    let row = &status["registries"][0];
    assert_eq!(row["registry"], name);
    assert_eq!(
        (&row["is_complete"], &row["last_state"]),
        (&true.into(), &"complete".into())
    );
    assert!(row["next_crawl"].is_null() && row["current_crawl"].is_null() && row["pulls"].is_null());

    // A registry of the configuration has a schedule and a price book, also before its first crawl.
    let file = program.home().join("tare.toml");
    let text = format!(
        "[prices]\nbook = \"aws-ecr\"\n[[registry]]\nurl = \"{}\"\nschedule = \"30 3 * * *\"\n\
         [[registry]]\nurl = \"new.example.com\"\n",
        registry.url()
    );
    std::fs::write(&file, text).expect("a file");
    let configured = [
        "--config",
        file.to_str().expect("a path"),
        "status",
        "--format",
        "json",
    ];
    let status = program.json(&configured);
    let rows = status["registries"].as_array().expect("a list");
    let find = |name: &str| rows.iter().find(|row| row["registry"] == name).expect("a row");
    assert!(find(name)["next_crawl"].is_string() && find(name)["price_book"] == "aws-ecr");
    assert!(find("new.example.com")["last_crawl"].is_null());
}

#[test]
fn completions_and_manual_pages_need_no_settings() {
    let program = Program::with_database("postgres://127.0.0.1:1/tare".to_owned())
        .variable("TARE_CONFIG", "/nowhere/tare.toml");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = program.run(&["completions", shell]);
        assert!(output.status.success(), "{shell}: {}", stderr(&output));
        let script = stdout(&output);
        assert!(
            script.contains("price-book") && script.contains("catalogue"),
            "{shell}"
        );
    }
    let folder = program.home().join("man/man1");
    let output = program.run(&["man", "--output", folder.to_str().expect("a path")]);
    assert!(output.status.success(), "{}", stderr(&output));
    for page in ["tare.1", "tare-report.1", "tare-catalogue-show.1", "tare-copy.1"] {
        let text = std::fs::read_to_string(folder.join(page)).expect(page);
        assert!(
            text.contains(".SH SYNOPSIS") && text.contains("Examples"),
            "{page}: {text}"
        );
    }
}

#[test]
fn the_version_names_its_commit() {
    let version = stdout(&Program::with_database(String::new()).run(&["--version"]));
    let version = version.trim();
    let rest = version
        .strip_prefix(concat!("tare ", env!("CARGO_PKG_VERSION"), " (commit "))
        .and_then(|rest| rest.strip_suffix(')'))
        .unwrap_or_else(|| panic!("{version}"));
    let (commit, date) = rest.split_once(", ").expect("a commit and its date");
    let is_commit = commit.len() == 10 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_date = date.parse::<chrono::NaiveDate>().is_ok();
    assert!(
        (is_commit && is_date) || (commit, date) == ("unknown", "unknown"),
        "{version}"
    );
}
