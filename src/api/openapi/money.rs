//! Costs, groups, savings and history.

use serde_json::{Value, json};

use super::figures::of;
use super::parts::*;

pub(super) fn schemas() -> Vec<(&'static str, Value)> {
    let mut schemas = amounts();
    schemas.push(("RegistryCost", registry_cost()));
    schemas.push(("RepositoryCost", repository_cost()));
    schemas.extend(groups());
    schemas.extend(savings());
    schemas.extend(history());
    schemas
}

fn amounts() -> Vec<(&'static str, Value)> {
    let money = object(
        "An exact amount, not rounded.",
        [
            has("amount", decimal(), "In decimal digits."),
            has(
                "currency",
                json!({"type": "string", "pattern": "^[A-Z]{3}$"}),
                "By ISO 4217.",
            ),
        ],
    );
    let estimate = object(
        "A modelled amount.",
        [
            has("low", schema("Money"), "Seldom less."),
            has("expected", schema("Money"), "The single best figure."),
            has("high", schema("Money"), "Seldom more."),
        ],
    );
    let plan = object(
        "A plan that costs less.",
        [
            has("book", text(), "Its price book."),
            has("title", text(), ""),
            has("total", schema("Money"), "What the month would cost on it."),
            has("saving", schema("Money"), "What that saves."),
            has("features_lost", list_of(text()), "What it does not have."),
            has("warnings", list_of(schema("PriceWarning")), ""),
        ],
    );
    let warning = json!({
        "type": "object",
        "description": "What must be said wherever an amount is shown; more beside `kind`, by kind.",
        "properties": {"kind": one_of_words([
            "book_expired",
            "book_not_yet_valid",
            "assumed_before",
            "assumed_after",
            "limit_exceeded",
        ])},
        "required": ["kind"],
    });
    vec![
        ("Money", money),
        ("MoneyEstimate", estimate),
        ("CheaperPlan", plan),
        ("PriceWarning", warning),
    ]
}

fn registry_cost() -> Value {
    let period = object(
        "",
        [
            has("start", day(), "The first day."),
            has("end", day(), "The day after the last."),
        ],
    );
    let book = object(
        "",
        [
            has("id", text(), ""),
            has("version", text(), "Its edition."),
            has("title", text(), ""),
            has("currency", text(), "Of every amount."),
            has("valid_until", day(), "The last day its prices are known to hold."),
        ],
    );
    let alpine = object(
        "",
        [
            has("month", schema("MoneyEstimate"), "What the month would cost."),
            has("saving", schema("MoneyEstimate"), "What would be saved."),
            has(
                "nothing_saved_because",
                or_null(text()),
                "Why nothing is saved, where nothing is.",
            ),
        ],
    );
    let clean_up = object(
        "",
        [
            has(
                "saving",
                schema("Money"),
                "What the month would cost less, at the margin.",
            ),
            has(
                "nothing_saved_because",
                or_null(text()),
                "Why nothing is saved, where nothing is.",
            ),
        ],
    );
    object(
        "What a registry costs in a calendar month at the level of its last crawl.",
        [
            has("period", period, "The month."),
            has("price_book", book, ""),
            has(
                "month",
                schema("Money"),
                "All of it: the repositories' costs and `unallocated`.",
            ),
            has("fee", schema("Money"), "Flat fees."),
            has("storage", schema("Money"), "For stored bytes."),
            has("transfer", schema("Money"), "For moved bytes."),
            may_have("unallocated", schema("Money"), "What is no repository's."),
            may_have(
                "included_worth",
                schema("Money"),
                "What quota and free allowances are worth.",
            ),
            has(
                "clean_up",
                or_null(clean_up),
                "What deleting all that no tag reaches would save; null where nothing is known of that kind.",
            ),
            has("unit", text(), "The unit of stored bytes."),
            has(
                "one_more_unit",
                schema("Money"),
                "What one more unit throughout the month would cost.",
            ),
            may_have(
                "average_unit",
                or_null(schema("Money")),
                "What a unit costs on average.",
            ),
            has("alpine", or_null(alpine), "What Alpine would change."),
            may_have(
                "cheaper_plan",
                or_null(schema("CheaperPlan")),
                "For what is stored now, where one is cheaper.",
            ),
            may_have(
                "cheaper_plan_on_alpine",
                or_null(schema("CheaperPlan")),
                "For what would be stored on Alpine.",
            ),
            has(
                "warnings",
                list_of(text()),
                "What must be said wherever an amount is shown.",
            ),
        ],
    )
}

fn repository_cost() -> Value {
    let pulls = object(
        "",
        [
            has("per_month", count(), ""),
            has(
                "source",
                one_of_words(["metered", "imported", "assumed", "none"]),
                "How that is known.",
            ),
        ],
    );
    let moved = object(
        "",
        [
            has("low", count(), ""),
            has("expected", count(), ""),
            has("high", count(), ""),
        ],
    );
    let alpine = object(
        "",
        [
            has("month", schema("MoneyEstimate"), "What the month would cost."),
            has(
                "joint_saving",
                schema("MoneyEstimate"),
                "Its part of the registry's saving.",
            ),
            has(
                "solo_saving",
                schema("MoneyEstimate"),
                "If it switches and nobody else does.",
            ),
            has(
                "payback_months",
                or_null(text()),
                "In how many months the work has paid for itself: a number, `never` or `at once`.",
            ),
        ],
    );
    let seconds = object(
        "",
        [has("now", decimal(), ""), has("alpine", or_null(decimal()), "")],
    );
    object(
        "What a repository costs in a calendar month at the level of the last crawl.",
        [
            has("month", schema("Money"), "All of it."),
            has("fee", schema("Money"), "Its part of flat fees."),
            has(
                "storage",
                schema("Money"),
                "Its part of what is paid for stored bytes.",
            ),
            has(
                "transfer",
                schema("Money"),
                "Its part of what is paid for moved bytes.",
            ),
            has("pulls", pulls, "How often it is pulled."),
            has("moved_bytes", moved, "What that moves in a month."),
            has("alpine", or_null(alpine), "What Alpine would change."),
            has(
                "pull_seconds",
                or_null(seconds),
                "How long a cold pull takes at the configured bandwidth.",
            ),
        ],
    )
}

fn groups() -> Vec<(&'static str, Value)> {
    let cost = object(
        "In one currency.",
        [
            has("month", schema("Money"), "All of it."),
            has("fee", schema("Money"), ""),
            has("storage", schema("Money"), ""),
            has("transfer", schema("Money"), ""),
            has(
                "unallocated",
                schema("Money"),
                "What of `month` is no repository's.",
            ),
            has(
                "alpine_month",
                schema("Money"),
                "If all switched that should; the single best figure.",
            ),
            has("saving", schema("Money"), "The single best figure."),
        ],
    );
    let group = object(
        "Repositories that have something in common, added up.",
        [
            has(
                "key",
                or_null(text()),
                "What they have in common; null for the unassigned, and for totals.",
            ),
            has("repositories", count(), ""),
            has("tags", count(), ""),
            has("logical_bytes", bytes(), "Each tag counted alone."),
            has("attributed_bytes", bytes(), "Their share of what is stored."),
            has(
                "joint_saving_bytes",
                signed_bytes(),
                "The drop of that share; the single best figure.",
            ),
            has("switching", count(), "How many of them should switch."),
            has(
                "costs",
                list_of(cost),
                "What they cost in a month, one entry for each currency.",
            ),
        ],
    );
    let budgets = object(
        "",
        [has(
            "budgets",
            list_of(schema("Money")),
            "What may be spent on them in a month, one entry for each currency that has a budget.",
        )],
    );
    vec![
        ("Group", group),
        (
            "BudgetedGroup",
            all_of("A group and its budget.", [schema("Group"), budgets]),
        ),
        ("Summary", page_with_totals("BudgetedGroup", "BudgetedGroup")),
    ]
}

fn savings() -> Vec<(&'static str, Value)> {
    let cumulated = object(
        "",
        [
            has(
                "cumulative_bytes",
                signed_bytes(),
                "What this repository and all before it save.",
            ),
            has(
                "cumulative",
                or_null(schema("Money")),
                "The same in money; null where the row has no costs.",
            ),
        ],
    );
    vec![
        (
            "Saving",
            all_of(
                "A repository and what it saves.",
                [schema("RepositoryRow"), cumulated],
            ),
        ),
        ("SavingList", page_with_totals("Saving", "Group")),
    ]
}

fn history() -> Vec<(&'static str, Value)> {
    let cost = object(
        "",
        [
            has("month", schema("Money"), "What a month at that level cost."),
            has("fee", or_null(schema("Money")), ""),
            has("storage", or_null(schema("Money")), ""),
            has("transfer", or_null(schema("Money")), ""),
        ],
    );
    let alpine = object(
        "",
        [has(
            "month",
            schema("MoneyEstimate"),
            "What such a month would have cost.",
        )],
    );
    let registry = object(
        "A registry as it was after a crawl, or what the key may see of it.",
        [
            has("registry", text(), ""),
            has("of", of(), "Of what the figures are."),
            has("as_of", moment(), ""),
            has("logical_bytes", bytes(), ""),
            has(
                "stored_bytes",
                bytes(),
                "Of a part: its share of what was stored.",
            ),
            has(
                "untagged_bytes",
                or_null(bytes()),
                "Of a part: its share of what no tag reached.",
            ),
            has("alpine_stored_bytes", or_null(bytes()), ""),
            has("cost", or_null(cost), "Null where it had no price book."),
            has("alpine", or_null(alpine), ""),
        ],
    );
    let month = object(
        "",
        [has("month", schema("Money"), "What a month at that level cost.")],
    );
    let ahead = object(
        "What a month to come is expected to cost.",
        [
            has("month", day(), "Its first day."),
            has("low", schema("Money"), "Seldom less than this."),
            has("expected", schema("Money"), "The single best figure."),
            has("high", schema("Money"), "Seldom more than this."),
        ],
    );
    let repository = object(
        "A repository as it was after a crawl.",
        [
            has("as_of", moment(), ""),
            has("logical_bytes", bytes(), ""),
            has("stored_bytes", bytes(), ""),
            has("exclusive_bytes", bytes(), ""),
            has("attributed_bytes", bytes(), ""),
            has("untagged_bytes", or_null(bytes()), ""),
            has("alpine_attributed_bytes", or_null(bytes()), ""),
            has("verdict", or_null(schema("Verdict")), ""),
            has("cost", or_null(month), "Null where it had no price book."),
        ],
    );
    vec![
        ("RegistryMoment", registry),
        (
            "RegistryHistory",
            all_of(
                "What was, and what is to come.",
                [
                    page_of("RegistryMoment"),
                    object(
                        "",
                        [
                            has("forecast", list_of(ahead), "The next months."),
                            has(
                                "budgets",
                                list_of(schema("Money")),
                                "What may be spent in a month on all of it, one entry for each currency that has a budget.",
                            ),
                        ],
                    ),
                ],
            ),
        ),
        ("RepositoryMoment", repository),
        ("RepositoryHistory", page_of("RepositoryMoment")),
    ]
}
