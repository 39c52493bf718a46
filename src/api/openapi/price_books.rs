//! Price books.

use serde_json::Value;

use super::parts::*;

pub(super) fn schemas() -> Vec<(&'static str, Value)> {
    let row = object(
        "A price book in its edition of today.",
        naming().into_iter().chain([
            has("valid_from", day(), ""),
            has("valid_until", day(), "The last day its prices are known to hold."),
            has("is_expired", yes_or_no(), "Whether that day is past."),
        ]),
    );
    let editions = object(
        "A price book in all its editions.",
        [
            has("id", text(), ""),
            has("editions", list_of(schema("PriceBook")), "Oldest first."),
        ],
    );
    vec![
        ("PriceBookRow", row),
        ("PriceBookList", page_of("PriceBookRow")),
        ("PriceBook", book()),
        ("PriceBookEditions", editions),
    ]
}

/// What every form of a book says of itself.
fn naming() -> Vec<Member> {
    vec![
        has("id", text(), ""),
        has("version", text(), "Its edition."),
        has("title", text(), ""),
        has("provider", text(), "Who sells it."),
        has("service", text(), "What is sold."),
        has("currency", text(), "Of every price."),
        has("source", text(), "Where its prices were read."),
        has("source_date", day(), "When they were."),
    ]
}

fn book() -> Value {
    let per = || one_of_words(["day", "month"]);
    let unit = || one_of_words(["GiB", "GB"]);
    let pool = || one_of_words(["registry", "account"]);
    let tier = object(
        "A price from one number of units to another.",
        [
            has("from", count(), ""),
            has("to", or_null(count()), "Null for no end."),
            has("price", decimal(), "For one unit."),
        ],
    );
    let rate = object(
        "What units cost.",
        [
            has("included", count(), "Units that cost nothing."),
            has("tiers", list_of(tier), ""),
        ],
    );
    let fee = || {
        object(
            "A flat fee.",
            [
                has("price", decimal(), ""),
                has("per", per(), ""),
                has("each", one_of_words(["registry", "seat"]), ""),
            ],
        )
    };
    let storage = object(
        "What stored bytes cost.",
        [
            has("meter", text(), "Its name on the bill."),
            has("per", per(), "What its price is for."),
            has("window", per(), "What it is reckoned over."),
            has("pool", pool(), "Whose bytes count together."),
            has("rate", rate.clone(), ""),
        ],
    );
    let class = object(
        "Another class of storage.",
        [
            has("name", text(), ""),
            has("charge", storage.clone(), ""),
            has("retrieval", decimal(), "What reading a unit back costs."),
            has("minimum_days", count(), ""),
        ],
    );
    let replicas = object(
        "What each further region costs.",
        [
            has("fee", or_null(fee()), ""),
            has("storage", or_null(storage.clone()), ""),
        ],
    );
    let zone = object(
        "Where bytes go.",
        [
            has("name", text(), ""),
            has("meter", text(), ""),
            has("rate", rate, ""),
        ],
    );
    let transfer = object(
        "What moved bytes cost.",
        [
            has("unit", unit(), ""),
            has("pool", pool(), ""),
            has("zones", list_of(zone), ""),
        ],
    );
    let limits = object(
        "What the plan allows; null for no limit.",
        [
            has("storage", or_null(bytes()), ""),
            has("repositories", or_null(count()), ""),
        ],
    );
    object(
        "A price book in one edition.",
        naming().into_iter().chain([
            has(
                "family",
                text(),
                "Plans of one family are compared with each other.",
            ),
            has("valid_from", day(), ""),
            has("valid_until", day(), "The last day its prices are known to hold."),
            has("unit", unit(), "The unit of stored bytes."),
            has(
                "month",
                one_of_words(["calendar_days", "hours_730", "days_30.4"]),
                "What counts as a month.",
            ),
            has("fee", or_null(fee()), ""),
            has("storage", storage, ""),
            has("classes", list_of(class), ""),
            has("replicas", or_null(replicas), ""),
            has("transfer", transfer, ""),
            has("limits", limits, ""),
            has(
                "features",
                list_of(text()),
                "What the plan has that others may lack.",
            ),
            has("notes", list_of(text()), ""),
        ]),
    )
}
