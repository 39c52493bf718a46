//! `tare doctor --recompute`.

use sqlx::{Connection as _, PgConnection};

use super::{company, stderr, stdout};
use crate::end_to_end::with_new_database;
use crate::support::program::Program;

/// Runs a statement on the database of a program.
fn execute(program: &Program, statement: &'static str) {
    let url = program.database().expect("a database").to_owned();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let mut connection = PgConnection::connect(&url).await.expect("a connection");
        let done = sqlx::raw_sql(statement).execute(&mut connection).await;
        assert!(done.expect("a statement").rows_affected() > 0, "{statement}");
    });
}

const RECOMPUTE: [&str; 2] = ["doctor", "--recompute"];

#[test]
fn saved_figures_are_those_that_the_content_gives() {
    let registry = company().start();
    let program = with_new_database();
    let nothing = program.run(&RECOMPUTE);
    assert_eq!(nothing.status.code(), Some(1));
    assert!(
        stderr(&nothing).contains("nothing has been crawled yet"),
        "{}",
        stderr(&nothing)
    );

    program.crawl(registry.url());
    let checks = program.json(&["doctor", "--recompute", "--format", "json"]);
    assert_eq!(checks["ok"], true, "{checks}");
    let checks = checks["checks"].as_array().expect("a list");
    assert_eq!(checks.len(), 2, "the answers, and the report of the registry");
    for check in checks {
        assert_eq!(check["found"], "identical, 2 repositories", "{check}");
    }
    let text = program.run(&RECOMPUTE);
    assert!(
        text.status.success() && stdout(&text).contains("identical"),
        "{}",
        stdout(&text)
    );
}

#[test]
fn a_saved_figure_that_is_different_is_named() {
    let registry = company().start();
    let program = with_new_database();
    program.crawl(registry.url());
    execute(
        &program,
        "UPDATE report_repository SET attributed_bytes = attributed_bytes + 1 WHERE repository = 'team-b/web'",
    );
    let output = program.run(&RECOMPUTE);
    assert_eq!(output.status.code(), Some(1), "{}", stdout(&output));
    let text = stdout(&output).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("team-b/web"), "{text}");
    assert!(text.contains("attributed_bytes is"), "{text}");
    assert!(!text.contains("team-a/api"), "{text}");
    assert!(stderr(&output).contains("different"), "{}", stderr(&output));

    // Content that no longer is what the answers were computed from.
    execute(
        &program,
        "UPDATE manifest SET layer_sizes = ARRAY[1001, 10] WHERE layer_sizes = ARRAY[1000, 10]::bigint[]",
    );
    let output = program.run(&RECOMPUTE);
    assert_eq!(output.status.code(), Some(1), "{}", stdout(&output));
    let text = stdout(&output).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("in the saved answers, and"), "{text}");
}

#[test]
fn answers_that_are_missing_or_old_are_not_compared() {
    let registry = company().start();
    let program = with_new_database();
    program.crawl(registry.url());
    execute(&program, "UPDATE saved_answers SET state = 'an older one'");
    let text = stdout(&program.run(&RECOMPUTE))
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    assert!(text.contains("older state"), "{text}");
    execute(&program, "DELETE FROM saved_answers");
    execute(&program, "DELETE FROM report_repository");
    execute(&program, "DELETE FROM report");
    let output = program.run(&RECOMPUTE);
    let text = stdout(&output).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(output.status.success(), "{text}");
    for words in ["no answers are saved", "no report is saved"] {
        assert!(text.contains(words), "{words}: {text}");
    }
}
