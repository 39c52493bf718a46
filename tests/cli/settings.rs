use super::{company, stderr, stdout};
use crate::support::program::Program;

/// A program whose database nobody should need.
fn without_database() -> Program {
    Program::with_database("postgres://tare:hunter2@127.0.0.1:1/tare".to_owned())
}

#[test]
fn wrong_usage_has_a_status_of_its_own() {
    for arguments in [
        &["frobnicate"][..],
        &["crawl"],
        &["crawl", "ftp://reg.example.com"],
        &["crawl", "https://me:hunter2@reg.example.com"],
        &["crawl", "reg.example.com", "--platform", "linux"],
        &["crawl", "reg.example.com", "--concurrency", "none"],
        &["crawl", "reg.example.com", "--username", "me"],
        &["report", "--sort", "size"],
        &["report", "--format", "xml"],
        &["config", "--config", "/nowhere/tare.toml"],
    ] {
        let output = without_database().run(arguments);
        assert_eq!(
            output.status.code(),
            Some(2),
            "{arguments:?}: {}",
            stderr(&output)
        );
        assert_eq!(stdout(&output), "", "{arguments:?}");
        assert!(
            !stderr(&output).is_empty() && !stderr(&output).contains("hunter2"),
            "{arguments:?}: {}",
            stderr(&output)
        );
    }
    for arguments in [&["--help"][..], &["--version"], &["crawl", "--help"]] {
        let output = without_database().run(arguments);
        assert!(
            output.status.success() && !stdout(&output).is_empty(),
            "{arguments:?}"
        );
    }
}

#[test]
fn a_mistake_in_the_settings_is_shown_with_its_place() {
    let program = without_database();
    let file = program.home().join("tare.toml");
    std::fs::write(&file, "[crawl]\nconcurency = 3\npage_size = 0\n").expect("a file");
    let output = program.run(&["config", "--config", file.to_str().expect("a path")]);
    assert_eq!(output.status.code(), Some(2));
    let said = stderr(&output);
    for words in [
        "tare.toml:2:1: crawl.concurency: no such setting; did you mean crawl.concurrency?",
        "tare.toml:3:13: crawl.page_size: invalid value: integer `0`, expected a whole number from 1 to",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let output = without_database()
        .variable("TARE_CRAWL_PAGE_SISE", "5")
        .run(&["config"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("TARE_CRAWL_PAGE_SIZE"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn the_settings_in_force_are_shown_with_their_origin_and_without_secrets() {
    let program = without_database().variable("TARE_CRAWL_PAGE_SIZE", "5");
    // The user's own file is found without being named.
    let folder = program.home().join(".config/tare");
    std::fs::create_dir_all(&folder).expect("a folder");
    let text = "[crawl]\nconcurrency = 3\n[[registry]]\nurl = \"reg.example.com\"\ntoken = \"hunter2\"\n";
    std::fs::write(folder.join("tare.toml"), text).expect("a file");
    let output = program.run(&["config", "--log", "json"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let shown = stdout(&output);
    for (setting, origin) in [
        ("concurrency = 3", "tare.toml:2:15"),
        ("page_size = 5", "environment variable TARE_CRAWL_PAGE_SIZE"),
        ("format = \"json\"", "--log"),
        ("max_attempts = 5", "default"),
        ("token = \"********\"", "tare.toml:5:9"),
        (
            "database_url = \"postgres://tare:********@127.0.0.1:1/tare\"",
            "DATABASE_URL",
        ),
    ] {
        let found = shown
            .lines()
            .any(|line| line.starts_with(setting) && line.ends_with(origin));
        assert!(found, "{setting} # {origin}: {shown}");
    }
    assert!(!shown.contains("hunter2"));
}

#[test]
fn a_database_that_is_away_is_named_without_its_password() {
    let output = without_database()
        .variable("TARE_STORE_CONNECT_TIMEOUT", "1s")
        .run(&["report"]);
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(&output);
    assert!(
        said.contains("database is not available") && !said.contains("hunter2"),
        "{said}"
    );
}

#[test]
fn log_lines_are_json_where_json_is_wanted() {
    let registry = company().start();
    registry
        .on(|request| request.is_get("/tags/list"))
        .spoil(crate::support::faulty_registry::Spoil::Status(500));
    let program = crate::end_to_end::with_new_database().variable("TARE_CRAWL_MAX_ATTEMPTS", "1");
    let output = program.run(&["crawl", registry.url(), "--log", "json", "-v"]);
    assert_eq!(output.status.code(), Some(3));
    let said = stderr(&output);
    assert!(!said.is_empty());
    for line in said.lines() {
        assert!(serde_json::from_str::<serde_json::Value>(line).is_ok(), "{line}");
    }
}
