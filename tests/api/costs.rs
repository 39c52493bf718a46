use std::collections::BTreeMap;
use std::str::FromStr as _;

use rust_decimal::Decimal;
use serde_json::Value;

use super::{name_of, shared_company};

fn amount(money: &Value) -> Decimal {
    Decimal::from_str(money["amount"].as_str().expect("an amount")).expect("a decimal")
}

/// The sums of a column of a CSV file by another column.
fn sums(text: &str, by: &str, column: &str) -> BTreeMap<String, Decimal> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let headers = reader.headers().expect("headers").clone();
    let place = |name: &str| headers.iter().position(|own| own == name).expect("the column");
    let (by, column) = (place(by), place(column));
    let mut sums = BTreeMap::new();
    for record in reader.records() {
        let record = record.expect("a record");
        *sums.entry(record[by].to_owned()).or_default() +=
            Decimal::from_str(&record[column]).expect("a decimal");
    }
    sums
}

#[test]
fn costs_of_a_month_are_those_of_its_export_to_the_last_digit() {
    let (registry, program) = shared_company();
    let service = program.serve(&["--role", "api"]);
    let as_of = service.json("/v1/registries")["as_of"]
        .as_str()
        .expect("a moment")
        .to_owned();
    let month = &as_of[..7];

    let focus = service.get(&format!("/v1/exports/focus?month={month}")).text();
    let exported = sums(&focus, "ProviderName", "EffectiveCost");
    let total: Decimal = exported.values().sum();
    for step in ["day", "week", "month", "3d"] {
        let costs = service.json(&format!(
            "/v1/costs?window={month}&step={step}&aggregate=cost_centre&limit=1000"
        ));
        let rows = costs["items"].as_array().expect("rows");
        assert_eq!(
            rows.iter().map(|row| amount(&row["cost"])).sum::<Decimal>(),
            total,
            "{step}"
        );
        assert_eq!(amount(&costs["totals"][0]["cost"]), total, "{step}");
    }

    let charges = service.get(&format!("/v1/exports/csv?month={month}")).text();
    let by_centre = sums(&charges, "cost_centre", "cost");
    let costs = service.json(&format!("/v1/costs?window={month}&aggregate=cost_centre"));
    let found: BTreeMap<String, Decimal> = costs["items"]
        .as_array()
        .expect("rows")
        .iter()
        .map(|row| {
            (
                row["keys"]["cost_centre"].as_str().expect("a key").to_owned(),
                amount(&row["cost"]),
            )
        })
        .collect();
    assert_eq!(found["CC-1"], by_centre["CC-1"]);
    assert_eq!(found["__unassigned__"], by_centre[""]);
    assert!(
        !costs["steps"][0]["complete"].as_bool().expect("a flag"),
        "most of the month was not crawled"
    );
    assert!(
        !costs["steps"][0]["incomplete_because"][0]
            .as_str()
            .expect("a reason")
            .is_empty()
    );

    let two = service.json(&format!("/v1/costs?window={month}&aggregate=registry,label:team"));
    let name = name_of(registry);
    let names: Vec<&str> = two["items"]
        .as_array()
        .expect("rows")
        .iter()
        .filter_map(|row| row["name"].as_str())
        .collect();
    assert!(names.contains(&format!("{name}/a").as_str()), "{names:?}");
    assert!(
        names.contains(&format!("{name}/__unassigned__").as_str()),
        "{names:?}"
    );

    let answer = service.get(&format!(
        "/v1/costs?window={month}&aggregate=repository&format=csv"
    ));
    let by_repository = sums(&charges, "repository", "cost");
    let csv = sums(&answer.text(), "keys.repository", "cost.amount");
    assert_eq!(csv["web"], by_repository["web"]);
    // The part that is not allocated to a repository has no name in the export.
    assert_eq!(csv.get("__unassigned__"), by_repository.get(""));
}

#[test]
fn a_wrong_window_step_or_group_is_refused_with_what_would_be_right() {
    let (_registry, program) = shared_company();
    let service = program.serve(&["--role", "api"]);
    for (query, part) in [
        ("window=2031-01", "the last possible month is"),
        ("window=yesteryear", "lastmonth"),
        ("window=2026-02-01,2026-01-01", "not after its start"),
        ("window=month&step=fortnight", "expected day, week, month"),
        (
            "window=month&aggregate=colour",
            "expected one or more of registry",
        ),
        ("window=2001-01-01,2006-01-01", "the maximum is 37"),
        ("fields=colour", "no member \"colour\""),
    ] {
        let problem = service
            .get(&format!("/v1/costs?{query}"))
            .problem(400, "invalid-request");
        assert!(
            problem["detail"].as_str().expect("a detail").contains(part),
            "{query}: {problem}"
        );
    }
    for form in ["focus", "csv", "xlsx"] {
        let problem = service
            .get(&format!("/v1/exports/{form}?month=2031-01"))
            .problem(400, "invalid-request");
        let detail = problem["detail"].as_str().expect("a detail");
        assert!(
            detail.contains("2031-01 has not begun; the last possible month is"),
            "{detail}"
        );
    }
    let costs = service.json("/v1/costs?team=aa");
    assert_eq!(costs["notes"][0], "team=aa matches nothing; similar: a");
    assert_eq!(costs["items"], serde_json::json!([]));
    let chosen = service.json("/v1/costs?aggregate=team&fields=name,cost.amount");
    assert_eq!(
        chosen["items"][0].as_object().expect("a row").len(),
        2,
        "{chosen}"
    );
}
