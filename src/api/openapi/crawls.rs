//! Crawls.

use serde_json::{Value, json};
use strum::VariantArray as _;

use super::parts::*;
use crate::inventory::FaultKind;
use crate::store::CrawlState;

pub(super) fn schemas() -> Vec<(&'static str, Value)> {
    let list = object(
        "Crawls, page by page.",
        [
            has(
                "items",
                list_of(schema("Crawl")),
                "The rows of this page, latest first.",
            ),
            has(
                "next_cursor",
                or_null(text()),
                "Where the next page begins; null on the last.",
            ),
            has("as_of", moment(), "When this was answered."),
        ],
    );
    let fault = object(
        "Something that could not be read.",
        [
            has(
                "repository",
                or_null(text()),
                "Null where it concerns the catalogue.",
            ),
            has("reference", or_null(text()), "The tag or digest."),
            has(
                "kind",
                one_of_words(FaultKind::VARIANTS.iter().map(|word| word.as_str())),
                "",
            ),
            has("fault", text(), "What happened."),
        ],
    );
    let with_faults = object(
        "",
        [has(
            "fault_list",
            list_of(fault),
            "The first thousand things that could not be read.",
        )],
    );
    let mut request = object(
        "Which registry is to be crawled.",
        [has(
            "registry",
            text(),
            "Its name: one that was crawled before or is configured.",
        )],
    );
    request["additionalProperties"] = json!(false);
    vec![
        ("Crawl", crawl()),
        ("CrawlList", list),
        (
            "CrawlWithFaults",
            all_of(
                "A crawl and what it could not read.",
                [schema("Crawl"), with_faults],
            ),
        ),
        ("CrawlRequest", request),
        ("CrawlEvent", event()),
    ]
}

fn crawl() -> Value {
    let requests = object(
        "Requests to the registry.",
        [
            has("total", count(), ""),
            has("get", count(), ""),
            has("head", count(), ""),
            has("retried", count(), ""),
            has(
                "rate_limited",
                count(),
                "Those that the registry turned away for being too many.",
            ),
        ],
    );
    object(
        "A crawl: who asked for it, how it stands, what it cost the registry.",
        [
            has(
                "id",
                json!({"type": "integer", "format": "int64"}),
                "Later crawls have higher ones.",
            ),
            has("registry", text(), ""),
            has(
                "state",
                one_of_words(CrawlState::VARIANTS.iter().map(|word| word.as_str())),
                "",
            ),
            has("requested_at", moment(), ""),
            has("requested_by", text(), ""),
            has("started_at", or_null(moment()), ""),
            has("finished_at", or_null(moment()), ""),
            has("repositories_done", count(), ""),
            has("repositories_total", count(), "Once they have been listed."),
            has("tags_done", count(), ""),
            has("requests", requests, ""),
            has("bytes_received", bytes(), ""),
            has(
                "waited_milliseconds",
                count(),
                "Because the registry asked for it.",
            ),
            has("faults", count(), "How many things could not be read."),
            has(
                "message",
                or_null(text()),
                "Why it did not end as one would wish.",
            ),
        ],
    )
}

fn event() -> Value {
    let data = object(
        "What happened; more beside these, by kind.",
        [
            has("at", moment(), ""),
            has(
                "kind",
                text(),
                "`queued`, `started`, `listed`, `progress`, `worker_joined`, `worker_left`, `worker_lost`, or the \
                 state that the crawl ended in, after which nothing follows.",
            ),
        ],
    );
    let data = json!({
        "type": "string",
        "contentMediaType": "application/json",
        "contentSchema": data,
    });
    object(
        "A server-sent event.",
        [
            has("id", text(), "The number of the event, for `Last-Event-ID`."),
            has("event", text(), "What kind of event it is."),
            has("data", data, "What happened, as JSON."),
        ],
    )
}
