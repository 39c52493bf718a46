//! What a wrong input gets: what was wrong, where, and what would be right.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::{Duration, Instant};

use super::alpine::crawled;
use super::{company, stderr, stdout};
use crate::end_to_end::with_new_database;
use crate::support::program::Program;

/// A program whose database is never needed.
fn without_database() -> Program {
    Program::with_database("postgres://tare:hunter2@127.0.0.1:1/tare".to_owned())
}

/// The message of a command that fails with this status and prints no result.
fn refusal(program: &Program, status: i32, arguments: &[&str]) -> String {
    let output = program.run(arguments);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(status), "{arguments:?}: {said}");
    assert_eq!(stdout(&output), "", "{arguments:?}");
    said
}

#[test]
fn a_database_server_that_does_not_listen_is_named_at_once() {
    let begin = Instant::now();
    let said = refusal(&without_database(), 1, &["report"]);
    assert!(said.contains("cannot connect to 127.0.0.1:1: "), "{said}");
    assert!(said.contains("refused") && !said.contains("hunter2"), "{said}");
    assert!(begin.elapsed() < Duration::from_secs(8), "{:?}", begin.elapsed());
}

#[test]
fn a_registry_that_speaks_the_other_scheme_is_told_apart() {
    let registry = company().start();
    let host = registry.url().trim_start_matches("http://").to_owned();
    let program = with_new_database();
    let output = program.run(&["crawl", &format!("https://{host}")]);
    let said = stderr(&output);
    let expected = format!("{host} answers http, not https: write http://{host}");
    assert!(said.contains(&expected), "{said}");
    assert!(!said.contains("attempts"), "it is not tried again: {said}");

    // A server that expects TLS says so in plain text, as Go's and nginx's do.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let host = listener.local_addr().expect("an address").to_string();
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let _ = stream.read(&mut [0; 4096]);
            let body = "Client sent an HTTP request to an HTTPS server.\n";
            let head = format!(
                "HTTP/1.0 400 Bad Request\r\nContent-Length: {}\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all((head + body).as_bytes());
        }
    });
    let said = stderr(&program.run(&["crawl", &format!("http://{host}")]));
    let expected = format!("{host} answers https, not http: write https://{host}");
    assert!(said.contains(&expected), "{said}");
}

#[test]
fn a_registry_that_cannot_be_reached_is_one_line_without_further_advice() {
    let program = with_new_database().variable("TARE_CRAWL_MAX_ATTEMPTS", "1");
    let output = program.run(&["crawl", "http://127.0.0.1:1"]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert_eq!(stdout(&output), "", "there is nothing to see");
    let said = stderr(&output);
    let lines: Vec<&str> = said.lines().filter(|line| line.contains("127.0.0.1:1")).collect();
    assert_eq!(lines.len(), 1, "{said}");
    assert!(
        lines[0].contains("not reached") && lines[0].contains("refused"),
        "{said}"
    );
}

#[test]
fn a_query_is_no_part_of_a_registrys_address() {
    for address in [
        "example.com/foo?bar",
        "https://example.com?x=1",
        "example.com/a?b=c&d=e",
    ] {
        let said = refusal(&without_database(), 2, &["crawl", address]);
        assert!(
            said.contains("no query") && said.contains("--repository"),
            "{said}"
        );
    }
}

#[test]
fn an_address_to_listen_on_has_an_ip_address_and_a_port() {
    for (given, example) in [
        ("18877", "127.0.0.1:18877"),
        (":18877", "127.0.0.1:18877"),
        ("localhost:9000", "127.0.0.1:9000"),
        ("0.0.0.0", "127.0.0.1:8080"),
        ("127.0.0.1:99999", "127.0.0.1:8080"),
    ] {
        let expected = format!("expected ADDRESS:PORT with an IP address, such as {example}");
        for command in ["serve", "demo"] {
            let said = refusal(&without_database(), 2, &[command, "--listen", given]);
            assert!(said.contains(&expected), "{command} {given}: {said}");
            assert!(!said.contains("invalid type"), "{said}");
        }
    }
    let program = without_database();
    let file = program.home().join("tare.toml");
    fs::write(&file, "[serve]\nlisten = 18877\n").expect("a file");
    let said = refusal(
        &program,
        2,
        &["--config", file.to_str().expect("a path"), "config"],
    );
    assert!(
        said.contains("serve.listen") && said.contains("127.0.0.1:18877"),
        "{said}"
    );
}

#[test]
fn an_error_of_the_system_is_said_once() {
    let said = refusal(
        &without_database(),
        2,
        &["--config", "/nowhere/tare.toml", "config"],
    );
    assert_eq!(said.matches("No such file").count(), 1, "{said}");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let said = refusal(&with_new_database(), 1, &["serve", "--listen", &address]);
    assert_eq!(said.matches("in use").count(), 1, "{said}");
    assert!(said.contains(&address), "{said}");
}

#[test]
fn numbers_and_times_are_described() {
    for (arguments, expected) in [
        (&["report", "--limit", "abc"][..], "expected a whole number"),
        (&["report", "--limit", "1.5"], "expected a whole number"),
        (
            &["key", "create", "x", "--expires-in-days", "0"],
            "expected a whole number from 1 to 3650",
        ),
        (
            &["key", "create", "x", "--expires-in-days", "soon"],
            "expected a whole number from 1 to 3650",
        ),
        (
            &["crawls", "list", "--limit", "many"],
            "expected a whole number from 1 to",
        ),
        (&["crawls", "cancel", "last"], "expected the number of a crawl"),
        (
            &[
                "pulls",
                "import",
                "f",
                "--registry",
                "r.example",
                "--read-at",
                "monday",
            ],
            "2026-11-30T12:00:00Z",
        ),
        (
            &["crawl", "r.example", "--concurrency", "many"],
            "a whole number from",
        ),
    ] {
        let said = refusal(&without_database(), 2, arguments);
        assert!(said.contains(expected), "{arguments:?}: {said}");
        assert!(!said.contains("invalid digit"), "{said}");
    }
}

#[test]
fn an_unknown_image_is_answered_with_near_names_only() {
    let said = refusal(crawled(), 2, &["explain", "nosuch/repo:1"]);
    assert!(said.contains("tare report lists the repositories"), "{said}");
    assert!(!said.contains("did you mean"), "{said}");
    let said = refusal(crawled(), 2, &["explain", "storefornt"]);
    assert!(
        said.contains("did you mean") && said.contains("shop/storefront:"),
        "{said}"
    );
    let suggested = said.split("did you mean").nth(1).expect("suggestions");
    let others = ["checkout", "invoicing", "geocoder", "node"];
    assert!(!others.iter().any(|other| suggested.contains(other)), "{said}");
}

#[test]
fn a_wrong_price_book_is_the_same_fault_with_the_same_status_everywhere() {
    let program = crawled();
    let folder = tempfile::tempdir().expect("a folder");
    let book = folder.path().join("ours.toml");
    fs::write(
        &book,
        "id = \"ours\"\nextends = \"aws-ecr\"\nversion = \"1\"\nvalid_until = \"soon\"\n",
    )
    .expect("a file");
    let book = book.to_str().expect("a path");
    let settings = folder.path().join("tare.toml");
    fs::write(&settings, format!("[prices]\nbooks = [\"{book}\"]\n")).expect("a file");
    let settings = settings.to_str().expect("a path");
    for arguments in [
        &["--config", settings, "report"][..],
        &["--config", settings, "config"],
        &["--config", settings, "prices", "list"],
        &["prices", "check", book],
    ] {
        let said = refusal(program, 2, arguments);
        assert!(
            said.contains("ours.toml") && said.contains("valid_until"),
            "{arguments:?}: {said}"
        );
    }
    // And so is an unknown book.
    fs::write(
        folder.path().join("tare.toml"),
        "[prices]\nbook = \"azure-premium\"\n",
    )
    .expect("a file");
    for command in ["report", "config", "status"] {
        let said = refusal(program, 2, &["--config", settings, command]);
        let meant = "did you mean `azure-container-registry-premium`?";
        assert!(
            said.contains("prices.book") && said.contains(meant),
            "{command}: {said}"
        );
    }
    let missing = refusal(program, 2, &["prices", "check", "/nowhere.toml"]);
    assert!(missing.contains("cannot read /nowhere.toml"), "{missing}");
}

#[test]
fn a_service_that_does_not_listen_is_named() {
    let program = without_database().variable("TARE_SERVE_LISTEN", "127.0.0.1:1");
    let said = refusal(&program, 1, &["ready"]);
    assert!(said.contains("nobody listens on 127.0.0.1:1"), "{said}");
    assert!(!said.contains("tcp connect error"), "{said}");
}

#[test]
fn a_month_that_has_not_begun_is_neither_exported_nor_closed() {
    for arguments in [
        &["export", "csv", "--month", "2999-01"][..],
        &["export", "focus", "--month", "2999-01"],
        &["close", "2999-01"],
        &["close", "2999-01", "--even-if-assumed"],
    ] {
        let said = refusal(&without_database(), 2, arguments);
        assert!(said.contains("2999-01 has not begun"), "{arguments:?}: {said}");
    }
}

#[test]
fn a_group_is_spelt_in_one_way() {
    let said = refusal(&without_database(), 2, &["report", "--group-by", "teams"]);
    let help = stdout(&without_database().run(&["report", "--help"]));
    for text in [said, help] {
        assert!(
            text.contains("cost_centre") && !text.contains("cost-centre"),
            "{text}"
        );
    }
}
