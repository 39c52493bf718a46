//! The service itself: health and problems.

use serde_json::{Value, json};

use super::parts::*;

pub(super) fn schemas() -> Vec<(&'static str, Value)> {
    let invalid = object(
        "Something wrong in one place of a request.",
        [
            has("in", one_of_words(["query", "header", "body"]), ""),
            has("name", text(), "The parameter, or the place in the body."),
            has("detail", text(), "What is wrong, and what would be right."),
        ],
    );
    let problem = object(
        "An error, as RFC 9457 has it.",
        [
            has("type", text(), "The kind of problem, which /docs explains."),
            has("title", text(), "The kind in words."),
            has("status", count(), "The status of the answer."),
            has("detail", text(), "What is wrong here, and what would be right."),
            has("instance", text(), "The path that was asked for."),
            has("request_id", text(), "The name of the request in the log."),
            may_have(
                "errors",
                list_of(invalid),
                "Each thing that is wrong, where it can be told apart.",
            ),
        ],
    );
    let health = object("The process lives.", [has("status", one_of_words(["alive"]), "")]);
    let readiness = object(
        "The service can answer.",
        [
            has("status", one_of_words(["ready"]), ""),
            has(
                "oldest_figures_seconds",
                or_null(count()),
                "How old the oldest registry's figures are; null where nothing has been crawled.",
            ),
        ],
    );
    let openapi =
        json!({"type": "object", "description": "An OpenAPI 3.1 document.", "required": ["openapi"]});
    vec![
        ("Problem", problem),
        ("Health", health),
        ("Readiness", readiness),
        ("OpenApi", openapi),
    ]
}
