//! A whole store in another database and in a file.

use std::path::Path;

use super::{company, stderr, stdout};
use crate::support::postgres::PostgresServer;
use crate::support::program::Program;

fn new_database() -> String {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(PostgresServer::shared().new_database())
}

fn done(program: &Program, arguments: &[&str]) -> String {
    let output = program.run(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
    stdout(&output)
}

fn refused(program: &Program, arguments: &[&str]) -> String {
    let output = program.run(arguments);
    assert!(!output.status.success(), "{arguments:?}: {}", stdout(&output));
    stderr(&output)
}

/// What people and programs see of a store, with the costs of a closed month.
fn answers(program: &Program, database: &[&str]) -> Vec<String> {
    [
        &["report", "--format", "json"][..],
        &["report", "--by", "image", "--format", "csv"],
        &["export", "csv", "--month", "2026-10"],
        &["key", "list", "--format", "json"],
        &["pulls", "list", "--format", "json"],
    ]
    .iter()
    .map(|arguments| done(program, &[database, arguments].concat()))
    .collect()
}

/// A made-up company's months in an embedded database, and its configuration without the database.
#[cfg(feature = "embedded")]
fn company_in(folder: &Path) -> (String, String) {
    let kept = super::demo::kept().copied_to(&folder.join("kept"));
    let settings = std::fs::read_to_string(format!("{kept}/tare.toml")).expect("settings");
    let (without_store, _) = settings.split_once("\n[store]").expect("a section");
    let config = format!("{kept}/without-store.toml");
    std::fs::write(&config, without_store).expect("a file");
    (config, format!("{kept}/store"))
}

#[cfg(feature = "embedded")]
#[test]
fn a_copy_and_a_restored_backup_give_the_same_answers_as_their_source() {
    let program = Program::with_embedded_store();
    let folder = tempfile::tempdir().expect("a folder");
    let (config, store) = company_in(folder.path());
    let source = ["--config", &config, "--data-dir", &store];
    let with = |arguments: &[&'static str]| -> Vec<&str> {
        source.iter().copied().chain(arguments.iter().copied()).collect()
    };
    done(&program, &with(&["key", "create", "grafana"]));
    done(&program, &with(&["close", "2026-10"]));
    let before = answers(&program, &source);

    // From the embedded database to a server.
    let url = new_database();
    let copy = [&source[..], &["copy", "--to", &url]].concat();
    let said = done(&program, &copy);
    assert!(said.contains("same number of rows in every table"), "{said}");
    assert!(!said.contains(&url), "an address may hold a password: {said}");
    let server = Program::with_database(url.clone());
    assert_eq!(answers(&server, &["--config", &config]), before);
    // New rows do not collide with copied ones.
    for state in ["closed", "unchanged"] {
        let closed = server.json(&["--config", &config, "close", "2026-09", "--format", "json"]);
        let row = &closed[0];
        assert_eq!((&row["state"], &row["month"]), (&state.into(), &"2026-09".into()));
        assert!(row["total"].is_object() && row["text"].is_string(), "{row}");
    }
    let registry = company().start();
    server.crawl(registry.url());

    // A database with content is refused, and the tables are named.
    let again = refused(&program, &copy);
    assert!(
        again.contains("not empty") && again.contains("registry") && again.contains("closed_month"),
        "{again}"
    );

    // From a server to another one, and back to a folder.
    let second = new_database();
    done(&server, &["copy", "--to", &second]);
    let copied = Program::with_database(second);
    assert_eq!(copied.report(), server.report());
    let back = folder.path().join("back");
    let back = back.to_str().expect("a path");
    done(&program, &["copy", "--from", &url, "--to", back]);
    let report = program.json(&["--data-dir", back, "report", "--format", "json"]);
    assert_eq!(report, server.report());

    // To an archive and back.
    let archive = folder.path().join("tare.gz");
    let archive = archive.to_str().expect("a path");
    done(&program, &[&source[..], &["backup", archive]].concat());
    let exists = refused(&program, &[&source[..], &["backup", archive]].concat());
    assert!(exists.contains("exists"), "{exists}");
    let restored = folder.path().join("restored");
    let restored = restored.to_str().expect("a path");
    let target = ["--config", &config, "--data-dir", restored];
    done(&program, &[&target[..], &["restore", archive]].concat());
    assert_eq!(answers(&program, &target), before);
    let occupied = refused(&program, &[&target[..], &["restore", archive]].concat());
    assert!(occupied.contains("not empty"), "{occupied}");
}

#[test]
fn an_archive_that_is_damaged_restores_nothing() {
    let registry = company().start();
    let program = Program::with_database(new_database());
    program.crawl(registry.url());
    let folder = tempfile::tempdir().expect("a folder");
    let archive = folder.path().join("tare.gz");
    let path = archive.to_str().expect("a path");
    done(&program, &["backup", path]);
    let whole = std::fs::read(&archive).expect("an archive");

    let target = Program::with_database(new_database());
    for (content, said) in [
        (&whole[..whole.len() / 2], "cut off"),
        (&whole[..whole.len() - 9], "cannot be restored"),
        (b"PK\x03\x04 something else", "not an archive of tare backup"),
        (b"", "not an archive of tare backup"),
    ] {
        std::fs::write(&archive, content).expect("written");
        let message = refused(&target, &["restore", path]);
        let is_named =
            message.contains(said) || (said == "cut off" && message.contains("cannot be restored"));
        assert!(is_named && message.contains("tare.gz"), "{said}: {message}");
    }
    // Nothing of it is left, so the whole archive can be restored.
    std::fs::write(&archive, &whole).expect("written");
    done(&target, &["restore", path]);
    assert_eq!(target.report(), program.report());
}

#[test]
fn a_place_that_is_no_database_is_refused_without_repeating_a_password() {
    let program = Program::with_database(new_database());
    for place in [
        "mysql://me:hunter2@host/tare",
        "postgres://me:hunter2@127.0.0.1:1/tare",
    ] {
        let said = refused(&program, &["copy", "--to", place]);
        assert!(!said.contains("hunter2"), "{said}");
        assert!(said.contains("--to") || said.contains("the target"), "{said}");
    }
}
