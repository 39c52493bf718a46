//! The best order of switching, on a made-up company's registry.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::alpine::crawled;
use super::{stderr, stdout};

fn plan(options: &[&str]) -> Value {
    crawled().json(&[&["plan", "--format", "json"], options].concat())
}

fn rows<'a>(document: &'a Value, key: &str) -> &'a Vec<Value> {
    document[key].as_array().expect("a list")
}

fn number(value: &Value) -> i64 {
    value.as_i64().unwrap_or_else(|| panic!("no number: {value}"))
}

fn names<'a>(rows: impl IntoIterator<Item = &'a Value>) -> BTreeSet<&'a str> {
    rows.into_iter()
        .map(|row| row["repository"].as_str().expect("a name"))
        .collect()
}

#[test]
fn a_plan_has_every_repository_that_should_switch_and_saves_no_less_than_all_of_them() {
    let plan = plan(&[]);
    let report = crawled().report();
    let should: BTreeSet<&str> = rows(&report, "repositories")
        .iter()
        .filter(|row| row["verdict"] == "switch")
        .map(|row| row["repository"].as_str().expect("a name"))
        .collect();
    let planned = rows(&plan, "repositories").iter().chain(rows(&plan, "unplanned"));
    assert_eq!(names(planned), should);
    let saving = number(&plan["saving_bytes"]["expected"]);
    let all = number(&report["registries"][0]["alpine"]["saving_bytes"]["expected"]);
    assert!(saving >= all && saving > 0, "{saving} is less than {all}");
    assert_eq!(plan["stored_bytes"], report["registries"][0]["stored_bytes"]);
}

#[test]
fn waves_add_up_and_each_day_of_work_saves_less_than_the_one_before() {
    let plan = plan(&["--waves", "3"]);
    let waves = rows(&plan, "waves");
    assert!(waves.len() <= 3 && waves.len() > 1, "{waves:?}");
    let mut total = 0;
    for wave in waves {
        let own = rows(&plan, "repositories")
            .iter()
            .filter(|row| row["wave"] == wave["wave"]);
        let saving: i64 = own.map(|row| number(&row["saving_bytes"])).sum();
        assert_eq!(json!(saving), wave["saving_bytes"]);
        total += saving;
        assert_eq!(json!(total), wave["total_saving_bytes"]["expected"]);
    }
    assert_eq!(json!(total), plan["saving_bytes"]["expected"]);
    let centres: i64 = rows(&plan, "cost_centres")
        .iter()
        .map(|row| number(&row["saving_bytes"]))
        .sum();
    assert_eq!(centres, total);
    let curve = rows(&plan, "curve");
    assert_eq!(curve.last().expect("a point")["saving_bytes"], json!(total));
    // One day is assumed for each repository, so a point's number of repositories is its effort.
    let point = |at: usize| {
        (
            number(&curve[at]["repositories"]),
            number(&curve[at]["saving_bytes"]),
        )
    };
    for at in 2..curve.len() {
        let [(days0, saved0), (days1, saved1), (days2, saved2)] = [at - 2, at - 1, at].map(point);
        let earlier = i128::from(saved1 - saved0) * i128::from(days2 - days1);
        let later = i128::from(saved2 - saved1) * i128::from(days1 - days0);
        assert!(earlier >= later, "point {at} of {curve:?}");
    }
    let note = rows(&plan, "notes").iter().any(|note| {
        note.as_str()
            .is_some_and(|note| note.contains("one day is assumed"))
    });
    assert!(note, "{plan}");
}

#[test]
fn a_plan_stays_within_the_allowed_effort() {
    let whole = plan(&[]);
    let part = plan(&["--effort", "3"]);
    let planned = rows(&part, "repositories");
    assert!(!planned.is_empty() && planned.len() <= 3, "{planned:?}");
    let first: Vec<&Value> = rows(&whole, "repositories")
        .iter()
        .take(planned.len())
        .map(|row| &row["repository"])
        .collect();
    let own: Vec<&Value> = planned.iter().map(|row| &row["repository"]).collect();
    assert_eq!(own, first, "the plan is the beginning of the whole one");
    let last = rows(&part, "unplanned")
        .iter()
        .any(|row| row["reason"] == "it comes after the allowed effort");
    assert!(last, "{part}");
    assert_eq!(plan(&["--effort", "0"])["repositories"], json!([]));
}

#[test]
fn money_follows_the_bill() {
    let priced = plan(&["--price-book", "aws-ecr"]);
    assert_eq!(priced["saving_cost"]["expected"]["currency"], "USD");
    let last = rows(&priced, "waves").last().expect("a wave");
    assert_eq!(priced["saving_cost"], last["total_saving_cost"]);
    assert_eq!(plan(&[])["saving_cost"], Value::Null);
}

#[test]
fn a_plan_is_shown_as_a_table_and_as_csv_and_refuses_what_it_cannot_use() {
    let table = stdout(&crawled().run(&["plan", "--waves", "2"]));
    assert!(table.starts_with("Switching "), "{table}");
    assert!(table.contains("WAVE"), "{table}");
    let csv = stdout(&crawled().run(&["plan", "--format", "csv"]));
    assert!(csv.starts_with("wave,step,registry,repository,"), "{csv}");
    assert_eq!(csv.lines().count(), rows(&plan(&[]), "repositories").len() + 1);
    for (options, message) in [
        (["--effort", "1e3"], "a number of days"),
        (["--effort", "many"], "a number of days"),
        (["--waves", "0"], "a number from 1 to 100"),
        (["--repository", "nowhere"], "no crawled repository matches"),
    ] {
        let refused = crawled().run(&[&["plan"], &options[..]].concat());
        assert_eq!(refused.status.code(), Some(2), "{options:?}");
        assert!(stderr(&refused).contains(message), "{}", stderr(&refused));
    }
}
