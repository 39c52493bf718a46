//! Questions about other assumptions.

use serde_json::{Value, json};

use super::parts::*;
use crate::units::Currency;

/// The schemas, where these are the ids of the price books at hand.
pub(super) fn schemas(books: &[&str]) -> Vec<(&'static str, Value)> {
    let effort = closed(object(
        "What moving one repository takes.",
        [
            has("days", not_negative(), "Days of work."),
            has(
                "day_rate",
                closed(object(
                    "What a day costs.",
                    [
                        has("amount", not_negative(), ""),
                        has(
                            "currency",
                            json!({"type": "string", "enum": currencies()}),
                            "By ISO 4217.",
                        ),
                    ],
                )),
                "",
            ),
        ],
    ));
    let pattern = json!({"type": "string", "pattern": "^[a-z0-9._/*?-]{1,255}$"});
    let mut patterns = list_of(pattern);
    patterns["maxItems"] = json!(1000);
    let share = json!({"type": "string", "pattern": "^(0(\\.[0-9]{1,9})?|1(\\.0{1,9})?)$"});
    let question = closed(object(
        "What is to be otherwise. What is not given stays as it is.",
        [
            may_have(
                "repositories",
                or_null(patterns),
                "The repositories that the question is about, by names and globs: `team-a/**`. By default all.",
            ),
            may_have(
                "switch",
                one_of_words(["verdict", "all", "chosen"]),
                "Which repositories switch. `verdict`: those of `repositories` whose verdict says so (the default); \
                 `all`: every one that can; `chosen`: those of `repositories` that can, whatever their verdicts.",
            ),
            may_have(
                "pulls_per_month",
                or_null(json!({"type": "integer", "minimum": 0, "maximum": 1_000_000_000})),
                "How often each repository is pulled.",
            ),
            may_have(
                "cold_share",
                or_null(share),
                "Which share of pulls finds a node without the base: 0 to 1.",
            ),
            may_have(
                "price_book",
                or_null(json!({"type": "string", "enum": books})),
                "The price book of all registries.",
            ),
            may_have(
                "alpine_release",
                or_null(json!({"type": "string", "pattern": "^[0-9]{1,4}\\.[0-9]{1,4}$"})),
                "The release of Alpine to move to. Where a base is not known on it, its size on another stands in; \
                 `notes` and each registry's `alpine.wanted_release` say for how many images.",
            ),
            may_have("effort", or_null(effort), "What moving one repository takes."),
        ],
    ));
    let answer = object(
        "",
        [
            has("registries", list_of(schema("RegistryRow")), ""),
            has(
                "repositories",
                list_of(schema("RepositoryRow")),
                "As many as were asked for.",
            ),
            has("totals", schema("Group"), "The sums over all repositories."),
            has(
                "notes",
                list_of(schema("Note")),
                "What a reader must know about the figures.",
            ),
            has(
                "alpine_releases",
                list_of(text()),
                "The releases of Alpine on which bases are known, oldest first.",
            ),
        ],
    );
    let answer = all_of(
        "The answers under these assumptions.",
        [answer, schema("Grounds")],
    );
    vec![("WhatIfQuestion", question), ("WhatIfAnswer", answer)]
}

/// The same object, with no other members than these.
fn closed(mut schema: Value) -> Value {
    schema["additionalProperties"] = json!(false);
    schema
}

/// A decimal number from zero.
fn not_negative() -> Value {
    json!({"type": "string", "pattern": "^[0-9]{1,9}(\\.[0-9]{1,9})?$"})
}

/// The currencies that amounts can be in.
fn currencies() -> Vec<&'static str> {
    let letters = || 'A'..='Z';
    let codes =
        letters().flat_map(|a| letters().flat_map(move |b| letters().map(move |c| format!("{a}{b}{c}"))));
    codes
        .filter_map(|code| code.parse::<Currency>().ok())
        .map(Currency::code)
        .collect()
}
