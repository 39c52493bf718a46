//! The questions that analysts ask first, each answered by one request to the demo and checked against figures that come from
//! elsewhere.

use std::collections::BTreeMap;
use std::process::Child;
use std::str::FromStr as _;
use std::sync::OnceLock;

use rust_decimal::Decimal;
use serde_json::Value;

use crate::support::keeper::at_the_end;
use crate::support::program::Program;
use crate::support::service::Service;

/// The last day of the demo's year.
const TODAY: &str = "2026-11-20";

/// The demo as a user starts it, once for all questions.
pub fn demo() -> &'static Service {
    static DEMO: OnceLock<(Service, Child)> = OnceLock::new();
    let (service, _) = DEMO.get_or_init(|| {
        let program = Program::with_embedded_store();
        let service = program.demo(TODAY);
        let stop = format!("kill {}; rm -rf \"$0\"", service.process_id());
        (service, at_the_end(&stop, &program.keep()))
    });
    service
}

fn amount(money: &Value) -> Decimal {
    Decimal::from_str(money["amount"].as_str().expect("an amount")).expect("a decimal")
}

fn items(answer: &Value) -> &Vec<Value> {
    answer["items"].as_array().expect("a list")
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().expect("a text")
}

/// The rows of a month's CSV export.
fn export(month: &str) -> Vec<BTreeMap<String, String>> {
    let answer = demo().get(&format!("/v1/exports/csv?month={month}")).text();
    let mut reader = csv::Reader::from_reader(answer.as_bytes());
    reader.deserialize().map(|row| row.expect("a row")).collect()
}

/// The sum of an export's costs by a column.
fn sums(rows: &[BTreeMap<String, String>], column: &str) -> BTreeMap<String, Decimal> {
    let mut sums = BTreeMap::new();
    for row in rows {
        *sums.entry(row[column].clone()).or_default() += Decimal::from_str(&row["cost"]).expect("a decimal");
    }
    sums
}

/// Every image of every repository, from the lists of the repositories.
fn all_images() -> Vec<Value> {
    let mut images = Vec::new();
    for row in items(&demo().json("/v1/repositories?limit=1000")) {
        let (registry, repository) = (text(row, "registry"), text(row, "repository").replace('/', "%2F"));
        let list = demo().json(&format!(
            "/v1/repositories/{registry}/{repository}/images?limit=1000"
        ));
        images.extend(items(&list).iter().cloned());
    }
    images
}

#[test]
fn what_did_each_team_cost_in_the_last_six_months() {
    let answer = demo().json("/v1/costs?window=2026-05-01,2026-11-01&step=month&aggregate=team");
    let mut asked: BTreeMap<(String, String), Decimal> = BTreeMap::new();
    for row in items(&answer) {
        let key = (
            text(row, "start")[..7].to_owned(),
            text(&row["keys"], "team").replace("__unassigned__", ""),
        );
        asked.insert(key, amount(&row["cost"]));
    }
    let mut exported = BTreeMap::new();
    for month in ["2026-05", "2026-06", "2026-07", "2026-08", "2026-09", "2026-10"] {
        for (team, cost) in sums(&export(month), "team") {
            exported.insert((month.to_owned(), team), cost);
        }
    }
    assert_eq!(asked, exported);
    assert!(
        answer["steps"]
            .as_array()
            .expect("steps")
            .iter()
            .all(|step| step["complete"] == true)
    );
}

#[test]
fn which_ten_repositories_move_first() {
    let answer = demo().json("/v1/savings?limit=10");
    let first: Vec<&str> = items(&answer).iter().map(|row| text(row, "repository")).collect();
    let all = demo().json("/v1/repositories?limit=1000");
    let mut rows: Vec<(Decimal, i64, &str)> = items(&all)
        .iter()
        .filter(|row| row["verdict"] == "switch")
        .map(|row| {
            let saved = amount(&row["cost"]["alpine"]["joint_saving"]["expected"]);
            let bytes = row["alpine"]["joint_saving_bytes"]["expected"]
                .as_i64()
                .expect("bytes");
            (-saved, -bytes, text(row, "repository"))
        })
        .collect();
    rows.sort();
    let expected: Vec<&str> = rows.iter().take(10).map(|(_, _, name)| *name).collect();
    assert_eq!(first, expected);
}

#[test]
fn what_did_a_repository_cost_in_october() {
    let exported = sums(&export("2026-10"), "repository");
    let (name, cost) = exported
        .iter()
        .max_by_key(|(_, cost)| **cost)
        .expect("a repository");
    let answer = demo().json(&format!(
        "/v1/costs?window=2026-10&aggregate=repository&repository={name}"
    ));
    assert_eq!(items(&answer).len(), 1);
    assert_eq!(amount(&answer["totals"][0]["cost"]), *cost);
}

#[test]
fn which_images_are_older_than_ninety_days() {
    let answer = demo().json("/v1/images?created_before=90d&limit=1000&sort=created");
    // Ninety days before the demo's last day.
    let old = all_images();
    let old = old.iter().filter(|image| {
        image["created"]
            .as_str()
            .is_some_and(|created| created < "2026-08-22")
    });
    assert_eq!(items(&answer).len(), old.count());
    let ages: Vec<&str> = items(&answer).iter().map(|row| text(row, "created")).collect();
    assert!(!ages.is_empty() && ages.is_sorted(), "{ages:?}");
}

#[test]
fn which_images_were_never_pulled_is_said_to_be_unknown_without_counted_pulls() {
    let answer = demo().json("/v1/images?not_pulled_since=30d");
    let counted = items(&demo().json("/v1/repositories?limit=1000"))
        .iter()
        .filter(|row| {
            matches!(
                row["cost"]["pulls"]["source"].as_str(),
                Some("imported" | "metered")
            )
        })
        .count();
    assert_eq!(counted, 0, "the demo's pulls are assumed");
    assert_eq!(answer["count"], 0);
    let note = answer["notes"][0].as_str().expect("a note");
    assert!(
        note.contains(&format!("{} images are left out", all_images().len())),
        "{note}"
    );
    assert!(note.contains("tare pulls import"), "{note}");
}

#[test]
fn which_images_are_built_on_a_base() {
    let answer = demo().json("/v1/images?base=node&limit=1000");
    let is_node = |image: &&Value| {
        image["base"]["runtime"]
            .as_str()
            .is_some_and(|name| name.starts_with("node:"))
    };
    let all = all_images();
    let expected = all.iter().filter(is_node).count();
    assert!(expected > 0);
    assert_eq!(answer["count"], expected);
    assert!(items(&answer).iter().all(|image| is_node(&image)));
    let none = demo().json("/v1/images?base=nodee");
    let note = none["notes"][0].as_str().expect("a note");
    assert!(
        note.starts_with("base=nodee matches nothing; similar: node:"),
        "{note}"
    );
}

#[test]
fn how_much_is_not_assigned_to_a_cost_centre() {
    let answer = demo().json("/v1/costs?window=2026-10&cost_centre=__unassigned__");
    let exported = sums(&export("2026-10"), "cost_centre");
    let asked = answer["totals"]
        .as_array()
        .expect("totals")
        .first()
        .map_or(Decimal::ZERO, |sum| amount(&sum["cost"]));
    assert_eq!(asked, exported.get("").copied().unwrap_or_default());
}

#[test]
fn a_month_for_excel() {
    let answer = demo().get("/v1/exports/xlsx?month=2026-10");
    assert_eq!((answer.status, &answer.body[..2]), (200, &b"PK"[..]));
}

#[test]
fn what_grew_most_since_october() {
    let answer = demo().json("/v1/changes?window=2026-10-01,2026-12-01&sort=-difference&limit=1000");
    let at = |query: &str| -> BTreeMap<String, (Decimal, i64)> {
        let list = demo().json(&format!("/v1/repositories?limit=1000&{query}"));
        let rows = items(&list).iter();
        rows.map(|row| {
            let bytes = row["attributed_bytes"].as_i64().expect("bytes");
            (
                text(row, "repository").to_owned(),
                (amount(&row["cost"]["month"]), bytes),
            )
        })
        .collect()
    };
    let (before, after) = (at("as_of=2026-10-01T00:00:00Z"), at(""));
    let mut last = Decimal::MAX;
    for row in items(&answer) {
        let cost = &row["cost"];
        let because = &cost["because"];
        let causes = ["pulls", "bytes", "prices", "new_or_gone"].map(|cause| amount(&because[cause]));
        let difference = amount(&cost["difference"]);
        assert_eq!(causes.iter().sum::<Decimal>(), difference, "{row}");
        assert_eq!(amount(&cost["after"]) - amount(&cost["before"]), difference);
        assert!(difference <= last, "sorted by what grew most");
        last = difference;
        let name = text(&row["keys"], "repository");
        if name == "__unassigned__" {
            continue;
        }
        let known = after.get(name).copied().unwrap_or_default();
        assert_eq!(
            (amount(&cost["after"]), row["attributed_bytes"]["after"].as_i64()),
            (known.0, Some(known.1)),
            "{name}"
        );
        let known = before.get(name).copied().unwrap_or_default();
        assert_eq!(
            (
                amount(&cost["before"]),
                row["attributed_bytes"]["before"].as_i64()
            ),
            (known.0, Some(known.1)),
            "{name}"
        );
    }
    let sum: Decimal = items(&answer)
        .iter()
        .map(|row| amount(&row["cost"]["difference"]))
        .sum();
    assert_eq!(amount(&answer["totals"][0]["difference"]), sum);
    let by_team = demo().json("/v1/changes?window=2026-10-01,2026-12-01&aggregate=team");
    let teams: Decimal = items(&by_team)
        .iter()
        .map(|row| amount(&row["cost"]["difference"]))
        .sum();
    assert_eq!(teams, sum);
}

#[test]
fn what_is_over_its_budget_and_which_plan_is_cheaper() {
    let answer = demo().json("/v1/summary?group_by=cost_centre");
    let budgeted = items(&answer)
        .iter()
        .filter(|row| row["budgets"].as_array().is_some_and(|own| !own.is_empty()));
    for row in budgeted {
        let metrics = demo().get("/metrics").text();
        let label = format!("cost_centre=\"{}\"", text(row, "key"));
        assert!(
            metrics
                .lines()
                .any(|line| line.contains("budget") && line.contains(&label)),
            "{label}"
        );
    }
    let registry = demo().json("/v1/registries");
    let plan = &items(&registry)[0]["cost"]["cheaper_plan"];
    assert!(plan.is_null() || !text(plan, "book").is_empty(), "{plan}");
}

#[test]
fn what_does_deleting_all_but_ten_tags_free() {
    let answer = demo().json("/v1/clean-up?keep_newest=10&limit=1000");
    let freed = |answer: &Value| answer["totals"]["freed_bytes"].as_i64().expect("bytes");
    let sum: i64 = items(&answer)
        .iter()
        .map(|row| row["freed_bytes"].as_i64().expect("bytes"))
        .sum();
    assert_eq!(freed(&answer), sum, "the rows add up to what the registry frees");
    for row in items(&answer) {
        let dated = row["kept_tags"].as_u64().expect("a number");
        assert!(
            row["deleted_tags"].as_array().is_some_and(Vec::is_empty) || dated >= 10,
            "{row}"
        );
    }
    assert_eq!(freed(&demo().json("/v1/clean-up?keep_newest=100000")), 0);
    // Of one repository without any tag, all goes that nothing else reaches.
    let rows = demo().json("/v1/repositories?sort=-exclusive&limit=1");
    let row = &items(&rows)[0];
    let one = demo().json(&format!(
        "/v1/clean-up?keep_newest=0&repository={}",
        text(row, "repository")
    ));
    let own = &items(&one)[0];
    if own["kept_tags"] == 0 {
        assert_eq!(own["freed_alone_bytes"], row["exclusive_bytes"]);
        assert_eq!(freed(&one), row["exclusive_bytes"].as_i64().expect("bytes"));
    }
}
