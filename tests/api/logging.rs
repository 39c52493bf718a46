//! What the service logs of requests and crawls, as operators look for it.

use serde_json::Value;
use sqlx::{ConnectOptions as _, Connection as _, Executor as _};

use super::{company, name_of};
use crate::support::postgres::PostgresServer;
use crate::support::program::Program;

/// Runs a statement behind the back of the service.
fn run_sql(url: &str, statement: &'static str) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let options: sqlx::postgres::PgConnectOptions = url.parse().expect("a URL");
        let mut connection = options.connect().await.expect("a connection");
        connection.execute(statement).await.expect("a result");
        connection.close().await.expect("an orderly end");
    });
}

fn new_database() -> String {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(PostgresServer::shared().new_database())
}

#[test]
fn the_id_of_an_internal_error_leads_to_its_cause_in_the_log() {
    for (format, level) in [("text", "info"), ("text", "error"), ("json", "info")] {
        let url = new_database();
        let program = Program::with_database(url.clone())
            .variable("TARE_LOG_FORMAT", format)
            .variable("TARE_LOG_LEVEL", level);
        let service = program.serve(&["--role", "api"]);
        run_sql(&url, "ALTER TABLE crawl RENAME TO crawl_gone");

        let answer = service.get("/v1/crawls?limit=7");
        let problem = answer.problem(500, "internal");
        assert!(!answer.text().contains("relation"), "{problem}");
        let id = problem["request_id"].as_str().expect("an id");
        let line = service.said(id);
        match format {
            "json" => {
                let line: Value = serde_json::from_str(&line).expect("JSON");
                assert_eq!(line["level"], "ERROR");
                let cause = line["error"].as_str().expect("a cause");
                assert!(cause.contains("relation \"crawl\" does not exist"), "{line}");
                let request = &line["spans"][0];
                assert_eq!(request["name"], "request", "{line}");
                assert_eq!(request["request_id"], id, "{line}");
                assert_eq!(request["method"], "GET", "{line}");
                assert_eq!(request["route"], "/v1/crawls", "{line}");
            }
            _ => {
                for part in [
                    "ERROR",
                    "does not exist",
                    "method=\"GET\"",
                    "route=\"/v1/crawls\"",
                ] {
                    assert!(line.contains(part), "{part}: {line}");
                }
            }
        }
    }
}

#[test]
fn each_answer_is_one_line_at_the_level_debug() {
    let program = Program::with_database(new_database())
        .variable("TARE_LOG_FORMAT", "json")
        .variable("TARE_LOG_LEVEL", "debug");
    let service = program.serve(&["--role", "api"]);
    let answer = service.get("/v1/crawls/7");
    let line: Value = serde_json::from_str(&service.said(answer.header("x-request-id"))).expect("JSON");
    assert_eq!(line["message"], "request answered", "{line}");
    assert_eq!(line["status"], 404, "{line}");
    assert!(line["milliseconds"].is_u64(), "{line}");
    assert_eq!(line["path"], "/v1/crawls/7", "{line}");
    assert_eq!(line["spans"][0]["route"], "/v1/crawls/{id}", "{line}");
}

#[test]
fn the_lines_of_a_crawl_name_it_and_its_registry() {
    let (registry, program) = company();
    let program = program
        .variable("TARE_LOG_FORMAT", "json")
        .variable("TARE_LOG_LEVEL", "trace");
    let service = program.serve(&["--registry", registry.url()]);
    let requested = service.post("/v1/crawls", &serde_json::json!({"registry": name_of(&registry)}));
    let crawl = requested.json()["id"].clone();
    assert!(crawl.is_i64(), "{}", requested.text());
    let line: Value = serde_json::from_str(&service.said("crawl ended")).expect("JSON");
    assert_eq!(line["state"], "complete", "{line}");
    let span = &line["spans"][0];
    assert_eq!(
        (&span["name"], &span["crawl_id"]),
        (&"crawl".into(), &crawl),
        "{line}"
    );
    assert_eq!(span["registry"], name_of(&registry), "{line}");
    // A statement of the writer, which runs on a task of its own.
    let statement: Value = serde_json::from_str(&service.said("\"save_tags.insert_tag\"")).expect("JSON");
    assert_eq!(statement["spans"][0]["crawl_id"], crawl, "{statement}");
    assert!(statement["milliseconds"].is_u64(), "{statement}");
}
