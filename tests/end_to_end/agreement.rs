//! One order and one set of sums on every interface, on the demo's registry with a PostgreSQL server.

use std::collections::HashMap;

use rust_decimal::Decimal;
use serde_json::Value;
use sqlx::{Connection as _, PgConnection, Row as _};
use tare::demo::{self, SETTINGS};
use tokio::runtime::Runtime;

use crate::support::postgres::PostgresServer;
use crate::support::program::Program;
use crate::support::service::Service;

/// How many repositories a reader looks at first.
const FIRST: usize = 10;

/// The demo's company, crawled into a PostgreSQL server, and its service.
struct Demo {
    runtime: Runtime,
    database: String,
    program: Program,
    config: String,
    service: Service,
}

impl Demo {
    fn start(metrics: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let registry = demo::serve().expect("the demo's registry");
        let database = runtime.block_on(PostgresServer::shared().new_database());
        let program = Program::with_database(database.clone());
        let file = program.home().join("demo.toml");
        std::fs::write(&file, format!("{SETTINGS}\n{metrics}")).expect("settings");
        let config = file.display().to_string();
        let program = program.variable("TARE_CONFIG", &config);
        program.crawl(registry.url());
        let service = program.serve(&[]);
        Self {
            runtime,
            database,
            program,
            config,
            service,
        }
    }

    /// The rows of an SQL query.
    fn sql(&self, query: &'static str) -> Vec<sqlx::postgres::PgRow> {
        self.runtime.block_on(async {
            let mut connection = PgConnection::connect(&self.database).await.expect("a database");
            sqlx::query(query).fetch_all(&mut connection).await.expect("rows")
        })
    }

    /// The records of a CSV answer, each by the names of its columns.
    fn csv(&self, path: &str) -> Vec<HashMap<String, String>> {
        records(&self.service.get(path).text())
    }
}

fn records(text: &str) -> Vec<HashMap<String, String>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader
        .deserialize()
        .map(|record| record.expect("a record"))
        .collect()
}

fn names<'v>(rows: impl IntoIterator<Item = &'v Value>) -> Vec<String> {
    let names = rows
        .into_iter()
        .map(|row| row["repository"].as_str().expect("a name").to_owned());
    names.take(FIRST).collect()
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap_or_else(|error| panic!("{text:?}: {error}"))
}

fn amount(money: &Value) -> Decimal {
    decimal(money["amount"].as_str().expect("an amount"))
}

fn array(value: &Value) -> &Vec<Value> {
    value.as_array().expect("a list")
}

#[test]
fn every_interface_names_the_same_first_ten() {
    let demo = Demo::start(&format!("[metrics]\nrepositories = {FIRST}\n"));
    let savings = demo.service.json("/v1/savings");
    let first = names(array(&savings["items"]));
    assert_eq!(first.len(), FIRST);

    let best = array(&savings["items"]);
    let saved: Vec<Decimal> = best
        .iter()
        .map(|row| amount(&row["cost"]["alpine"]["joint_saving"]["expected"]))
        .collect();
    assert!(saved.is_sorted_by(|a, b| a >= b), "money decides: {saved:?}");

    let list = demo.service.json("/v1/repositories?sort=-cost_saving");
    assert_eq!(names(array(&list["items"])), first, "the list of repositories");
    let csv = |text: &[HashMap<String, String>]| -> Vec<String> {
        text.iter()
            .map(|row| row["repository"].clone())
            .take(FIRST)
            .collect()
    };
    assert_eq!(
        csv(&demo.csv("/v1/savings?format=csv")),
        first,
        "the CSV of savings"
    );

    let report = demo.program.report();
    assert_eq!(names(array(&report["repositories"])), first, "tare report");
    let output = demo
        .program
        .run(&["report", "--format", "csv", "--sort", "cost_saving"]);
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert_eq!(csv(&records(&text)), first, "tare report as CSV");

    let rows = demo.sql("SELECT repository FROM finance.v_saving ORDER BY rank LIMIT 10");
    let sql: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(sql, first, "SQL");

    let metrics = demo.service.get("/metrics").text();
    let mut measured: Vec<String> = metrics
        .lines()
        .filter_map(|line| line.strip_prefix("tare_repository_monthly_saving_usd{"))
        .filter_map(|line| Some(line.split_once("repository=\"")?.1.split('"').next()?.to_owned()))
        .filter(|name| name != "(other)")
        .collect();
    measured.sort();
    let mut sorted = first.clone();
    sorted.sort();
    assert_eq!(measured, sorted, "the series of the metrics");
}

#[test]
fn rows_add_up_to_the_totals_and_numbers_of_repositories_agree() {
    let demo = Demo::start("");
    let summary = demo.service.json("/v1/summary");
    let registry = &demo.service.json("/v1/registries")["items"][0];
    let savings = demo.service.json("/v1/savings?limit=1000");
    let repositories = demo.service.json("/v1/repositories?limit=1000");

    // What the rows save and what stays behind is what the registry saves.
    let rows = array(&savings["items"]);
    let bytes = |row: &Value| {
        row["alpine"]["joint_saving_bytes"]["expected"]
            .as_i64()
            .expect("bytes")
    };
    let behind = &savings["stays_behind"];
    let sum = rows.iter().map(bytes).sum::<i64>() + behind["saving_bytes"].as_i64().expect("bytes");
    assert_eq!(
        sum,
        registry["alpine"]["saving_bytes"]["expected"]
            .as_i64()
            .expect("bytes")
    );
    assert_eq!(savings["totals"]["joint_saving_bytes"], sum);
    let money = rows
        .iter()
        .map(|row| amount(&row["cost"]["alpine"]["joint_saving"]["expected"]))
        .sum::<Decimal>()
        + amount(&behind["savings"][0]);
    assert_eq!(money, amount(&registry["cost"]["alpine"]["saving"]["expected"]));
    let csv = demo.csv("/v1/savings?format=csv");
    assert_eq!(csv.last().expect("a row")["repository"], "(stays behind)");
    let column = |name: &str| csv.iter().map(|row| decimal(&row[name])).sum::<Decimal>();
    assert_eq!(column("joint_saving_bytes_expected"), Decimal::from(sum));
    assert_eq!(column("joint_saving_expected"), money);

    // What is worth it is the same number with the same saving on every interface.
    let headline = &summary["headline"];
    let worth_it = headline["repositories"].as_u64().expect("a number");
    let of_worth = |rows: &[Value]| rows.iter().filter(|row| row["worth"] == "worth_it").count() as u64;
    assert!(worth_it > 0);
    assert_eq!(of_worth(rows), worth_it);
    assert_eq!(
        registry["cost"]["alpine"]["worth"]["worth_it"]["repositories"],
        worth_it
    );
    let saving = amount(&registry["cost"]["alpine"]["worth_it_saving"]["expected"]);
    assert_eq!(amount(&headline["costs"][0]["worth_it_saving"]), saving);
    let parts = array(&repositories["items"])
        .iter()
        .map(|row| amount(&row["cost"]["alpine"]["worth_it_saving"]["expected"]));
    assert_eq!(parts.sum::<Decimal>(), saving);
    let report = demo.program.report();
    assert_eq!(&report["headline"], headline);
    let text = demo.program.run(&["report"]).stdout;
    let text = String::from_utf8(text)
        .expect("UTF-8")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    assert!(
        text.starts_with(headline["text"].as_str().expect("a text")),
        "{text}"
    );
    let groups = demo.service.json("/v1/summary?group_by=team");
    let parts = array(&groups["items"])
        .iter()
        .map(|row| amount(&row["costs"][0]["worth_it_saving"]));
    assert_eq!(parts.sum::<Decimal>(), saving);

    // A repository that saves nothing is not advised without saying so.
    for row in array(&repositories["items"]) {
        let saved = amount(&row["cost"]["alpine"]["joint_saving"]["expected"]);
        if row["verdict"] == "switch" && saved.round_dp(2) <= Decimal::ZERO {
            assert_eq!(row["worth"], "saves_nothing", "{}", row["repository"]);
        }
        assert_eq!(
            row["worth"].is_null(),
            row["verdict"] != "switch",
            "{}",
            row["repository"]
        );
    }

    // The number of repositories is one number.
    let all = array(&repositories["items"]).len() as u64;
    let verdicts = registry["alpine"]["verdicts"].as_object().expect("numbers");
    assert_eq!(registry["repositories"], all);
    assert_eq!(verdicts.values().filter_map(Value::as_u64).sum::<u64>(), all);
    assert_eq!(summary["totals"]["repositories"], all);
    assert_eq!(savings["totals"]["repositories"], all);
    assert_eq!(array(&report["repositories"]).len() as u64, all);
    let sources = registry["cost"]["pulls_sources"].as_object().expect("numbers");
    assert_eq!(sources.values().filter_map(Value::as_u64).sum::<u64>(), all);
    let counted = demo.sql("SELECT count(*), max(registry.repositories), count(worth) FILTER (WHERE worth = 'worth_it'), \
        sum(repository.worth_it_saving_expected), max(registry.worth_it_saving_expected), max(registry.worth_it_repositories) \
        FROM finance.v_repository AS repository JOIN finance.v_registry AS registry USING (registry)");
    let row = &counted[0];
    assert_eq!(row.get::<i64, _>(0), i64::try_from(all).expect("few"));
    assert_eq!(i64::from(row.get::<i32, _>(1)), i64::try_from(all).expect("few"));
    assert_eq!(row.get::<i64, _>(2), i64::try_from(worth_it).expect("few"));
    assert_eq!(row.get::<Decimal, _>(3), saving);
    assert_eq!(row.get::<Decimal, _>(4), saving);
    assert_eq!(
        i64::from(row.get::<i32, _>(5)),
        i64::try_from(worth_it).expect("few")
    );

    // No pull was counted, so nearly all of the bill is an assumption, and the headline says so.
    let share = registry["cost"]["assumed_pulls_share"].as_str().expect("a share");
    assert!(decimal(share) > Decimal::new(9, 1), "{share}");
    assert_eq!(headline["costs"][0]["assumed_pulls_share"], share);
    assert!(
        headline["text"]
            .as_str()
            .expect("a text")
            .contains("pulls are as assumed"),
        "{headline}"
    );
    drop(demo.config);
}
