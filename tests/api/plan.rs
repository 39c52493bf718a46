//! The best order of switching, compared with what the same choices save as a what-if.

use std::str::FromStr as _;

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::questions::demo;

fn rows<'a>(document: &'a Value, key: &str) -> &'a Vec<Value> {
    document[key].as_array().expect("a list")
}

fn number(value: &Value) -> i64 {
    value.as_i64().unwrap_or_else(|| panic!("no number: {value}"))
}

fn decimal(value: &Value) -> Decimal {
    Decimal::from_str(value.as_str().expect("a text")).expect("a decimal")
}

/// What is saved if exactly these of the repositories that should switch do.
fn saving(repositories: &[&Value]) -> i64 {
    let names: Vec<&Value> = repositories.iter().map(|row| &row["repository"]).collect();
    let answer = demo().post("/v1/whatif", &json!({"repositories": names, "switch": "verdict"}));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let answer = answer.json();
    let registries = rows(&answer, "registries").iter();
    registries
        .map(|row| number(&row["alpine"]["saving_bytes"]["expected"]))
        .sum()
}

/// As many of the repositories from one of them on as fit into an effort.
fn within<'a>(all: &[&'a Value], first: usize, mut effort: Decimal) -> Vec<&'a Value> {
    let mut chosen = Vec::new();
    for at in 0..all.len() {
        let row = all[(at + first) % all.len()];
        let own = decimal(&row["effort_days"]);
        if own <= effort {
            effort -= own;
            chosen.push(row);
        }
    }
    chosen
}

#[test]
fn each_wave_saves_what_a_what_if_says_and_no_other_choice_saves_more() {
    let plan = demo().json("/v1/plan?waves=4");
    let planned = rows(&plan, "repositories");
    let all: Vec<&Value> = planned.iter().chain(rows(&plan, "unplanned")).collect();
    assert!(rows(&plan, "waves").len() > 1, "{plan}");
    let mut chosen = Vec::new();
    for wave in rows(&plan, "waves") {
        chosen.extend(planned.iter().filter(|row| row["wave"] == wave["wave"]));
        let total = number(&wave["total_saving_bytes"]["expected"]);
        assert_eq!(saving(&chosen), total, "{wave}");
        for first in [1, 4, 9] {
            let other = within(&all, first, decimal(&wave["total_effort_days"]));
            assert!(saving(&other) <= total, "{other:?} saves more than {wave}");
        }
    }
    assert!(saving(&all) <= number(&plan["saving_bytes"]["expected"]));
}

#[test]
fn a_plan_is_limited_by_effort_and_by_repository() {
    let whole = demo().json("/v1/plan");
    let part = demo().json("/v1/plan?effort=2.5");
    assert!(decimal(&part["effort_days"]) <= decimal(&json!("2.5")), "{part}");
    assert_eq!(part["most_effort_days"], "2.5");
    let first = whole["repositories"][0]["repository"].as_str().expect("a name");
    let one = demo().json(&format!("/v1/plan?repository={first}"));
    let planned = rows(&one, "repositories").iter().chain(rows(&one, "unplanned"));
    assert_eq!(Vec::from_iter(planned.map(|row| &row["repository"])), [first]);
    let wrong = demo().get("/v1/plan?effort=some").problem(400, "invalid-request");
    assert_eq!(wrong["errors"][0]["name"], "effort");
    let none = demo().json("/v1/plan?repository=nowhere");
    assert_eq!(
        (&none["waves"], &none["saving_bytes"]["expected"]),
        (&json!([]), &json!(0))
    );
    let note = rows(&none, "notes")[0].as_str().expect("a note");
    assert!(note.contains("repository=nowhere matches nothing"), "{note}");
}
